use std::io::IoSlice;
use std::pin::Pin;

use allocation_counter::measure;
use bytes::{Buf, BufMut, Bytes};
use flow_controlled_writer::{ChunkQueue, FlowControlledWriter, Watermarks};
use futures::Sink;
use tokio::io::AsyncWrite;

use crate::{Peer, context, done, forget_spare, steady};

const MESSAGES: usize = 10_000;

fn peers() -> [Peer; 3] {
    [
        Peer::DRAINS,
        Peer::Takes { at_most: usize::MAX, gathers: false },
        Peer::Takes { at_most: 700, gathers: true },
    ]
}

#[test]
fn ping_pong_by_writes_allocates_nothing() {
    let message = [1; 1000];
    let cx = &mut context();
    for peer in peers() {
        for length in [1, 16, 17, 64, 100, 500, 512, 999, 1000] {
            let mut writer = FlowControlledWriter::new(peer);
            let used = steady(MESSAGES, || {
                done(Pin::new(&mut writer).poll_write(cx, &message[..length]));
                done(Pin::new(&mut writer).poll_flush(cx));
            });
            assert_eq!(used.count_total, 0, "{length} bytes");
        }
    }
}

#[test]
fn ping_pong_by_gathered_writes_allocates_nothing() {
    let message = [1; 1000];
    let slices = [IoSlice::new(&message[..30]), IoSlice::new(&message[..600])];
    let cx = &mut context();
    for peer in peers() {
        let mut writer = FlowControlledWriter::new(peer);
        let used = steady(MESSAGES, || {
            done(Pin::new(&mut writer).poll_write_vectored(cx, &slices));
            done(Pin::new(&mut writer).poll_flush(cx));
        });
        assert_eq!(used.count_total, 0);
    }
}

#[test]
fn ping_pong_by_chunks_allocates_nothing() {
    let message = Bytes::from(vec![1; 1 << 20]);
    let cx = &mut context();
    for peer in peers() {
        for length in [1, 16, 64, 500, 1000, 1023, 1024, 4096, 20_000] {
            let mut writer = FlowControlledWriter::new(peer);
            let used = steady(MESSAGES, || {
                done(Pin::new(&mut writer).poll_ready(cx));
                Pin::new(&mut writer).start_send(message.slice(..length)).expect("ready");
                while Pin::new(&mut writer).poll_flush(cx).is_pending() {}
            });
            assert_eq!(used.count_total, 0, "{length} bytes");
        }
    }
}

#[test]
fn ping_pong_of_mixed_sizes_allocates_nothing() {
    let message = Bytes::from(vec![1; 4096]);
    let cx = &mut context();
    let mut random = fastrand::Rng::with_seed(34);
    let mut writer = FlowControlledWriter::new(Peer::DRAINS);
    let used = steady(MESSAGES, || {
        let chunk = message.slice(..random.usize(16..=1000));
        Pin::new(&mut writer).start_send(chunk).expect("ready");
        done(Pin::new(&mut writer).poll_flush(cx));
    });
    assert_eq!(used.count_total, 0);
}

#[test]
fn ping_pong_of_frames_allocates_nothing() {
    for length in [1, 16, 64, 500, 900] {
        let mut queue = ChunkQueue::new();
        let used = steady(MESSAGES, || {
            let frame = [1; 1000];
            queue
                .encode_with(|block| {
                    block.extend_from_slice(&frame[..length]);
                    Ok::<_, ()>(())
                })
                .expect("cannot fail");
            queue.advance(length);
        });
        assert_eq!(used.count_total, 0, "{length} bytes");
    }
}

#[test]
fn writing_through_allocates_nothing() {
    let message = vec![1; 1 << 20];
    let cx = &mut context();
    for length in [65_537, 1 << 20] {
        let mut writer = FlowControlledWriter::new(Peer::DRAINS);
        let used = steady(1000, || {
            done(Pin::new(&mut writer).poll_write(cx, &message[..length]));
        });
        assert_eq!(used.count_total, 0, "{length} bytes");
    }
}

/// Some messages are always queued, and what comes in takes the place of what has left.
#[test]
fn a_queue_that_never_runs_empty_allocates_nothing() {
    for (length, ahead) in [(10, 3), (10, 100), (100, 2), (100, 9), (300, 2), (500, 1)] {
        let mut queue = ChunkQueue::new();
        (0..ahead).for_each(|_| queue.extend_from_slice(&[1; 500][..length]));
        let used = steady(MESSAGES, || {
            queue.extend_from_slice(&[1; 500][..length]);
            queue.advance(length);
        });
        assert_eq!(used.count_total, 0, "{length} bytes behind {ahead} others");
    }
}

/// A larger queue, in the block of its thread: what is queued moves to the front of it once as much has left.
#[test]
fn a_longer_queue_that_never_runs_empty_allocates_nothing() {
    let message = [1; 1000];
    for ahead in [5, 20, 30] {
        let mut queue = ChunkQueue::new();
        for _ in 0..10 {
            (0..100).for_each(|_| queue.extend_from_slice(&message));
            queue.advance(queue.remaining());
        }
        (0..ahead).for_each(|_| queue.extend_from_slice(&message));
        let used = steady(MESSAGES, || {
            queue.extend_from_slice(&message);
            queue.advance(message.len());
        });
        assert_eq!(used.count_total, 0, "behind {ahead} others");
        forget_spare();
    }
}

/// The list of a queue that holds many is that of its thread, and that of a queue that holds few is its own.
#[test]
fn cycles_of_kept_chunks_allocate_nothing() {
    let chunk = Bytes::from(vec![1; 2048]);
    for counts in [&[1][..], &[6], &[7], &[12], &[13], &[200], &[1, 200], &[200, 6, 7, 12]] {
        let mut queue = ChunkQueue::new();
        let mut counts = counts.iter().cycle();
        let used = steady(1000, || {
            (0..*counts.next().expect("cycled")).for_each(|_| queue.push(chunk.clone()));
            queue.advance(queue.remaining());
        });
        assert_eq!(used.count_total, 0, "{counts:?}");
    }
}

/// Streams chunks of these lengths, in turn, with a `poll_ready` before each and no flush, and
/// returns the allocations of `MESSAGES` of them.
fn streamed(peer: Peer, lengths: &[usize]) -> u64 {
    let message = Bytes::from(vec![1; 1 << 20]);
    let cx = &mut context();
    let mut writer = FlowControlledWriter::new(peer);
    let mut lengths = lengths.iter().cycle();
    let used = steady(MESSAGES, || {
        while Pin::new(&mut writer).poll_ready(cx).is_pending() {}
        let length = *lengths.next().expect("cycled");
        Pin::new(&mut writer).start_send(message.slice(..length)).expect("ready");
    });
    used.count_total
}

#[test]
fn streams_of_small_messages_allocate_once_in_hundreds() {
    for length in [1, 16, 64] {
        let count = streamed(Peer::DRAINS, &[length]);
        assert!(count * 1000 <= 5 * MESSAGES as u64, "{count} allocations, {length} bytes");
    }
    let message = [1; 64];
    let cx = &mut context();
    let mut writer = FlowControlledWriter::new(Peer::DRAINS);
    let used = steady(MESSAGES, || {
        assert_eq!(done(Pin::new(&mut writer).poll_write(cx, &message)), 64);
    });
    assert!(used.count_total * 1000 <= 5 * MESSAGES as u64, "{} by writes", used.count_total);
}

/// A stall slows a queue down until it has run empty, and not for ever.
#[test]
fn a_stream_after_a_stall_allocates_no_more_than_others() {
    let message = [1; 64];
    let cx = &mut context();
    let mut writer = FlowControlledWriter::new(Peer::Stalls);
    assert_eq!(done(Pin::new(&mut writer).poll_write(cx, &message)), 64);
    assert!(Pin::new(&mut writer).poll_flush(cx).is_pending());
    *writer.get_mut() = Peer::DRAINS;
    let used = steady(MESSAGES, || {
        assert_eq!(done(Pin::new(&mut writer).poll_write(cx, &message)), 64);
    });
    assert!(used.count_total * 1000 <= 5 * MESSAGES as u64, "{}", used.count_total);
}

#[test]
fn streams_of_kept_chunks_allocate_far_below_once_a_chunk() {
    for lengths in [&[1024][..], &[4096], &[16 * 1024], &[32, 16 * 1024]] {
        let count = streamed(Peer::DRAINS, lengths);
        assert!(count * 10 <= MESSAGES as u64, "{count} allocations, chunks of {lengths:?}");
    }
}

#[test]
fn streams_of_frames_allocate_once_in_dozens() {
    for (length, per_thousand) in [(16, 3), (64, 5), (500, 30), (1000, 50)] {
        let frame = [1; 1000];
        let mut queue = ChunkQueue::new();
        let used = steady(MESSAGES, || {
            queue
                .encode_with(|block| {
                    block.extend_from_slice(&frame[..length]);
                    Ok::<_, ()>(())
                })
                .expect("cannot fail");
            if queue.remaining() > 65_536 {
                queue.advance(queue.remaining());
            }
        });
        let bound = per_thousand * MESSAGES as u64 / 1000;
        assert!(used.count_total <= bound, "{} allocations, {length} bytes", used.count_total);
    }
}

/// What cycles have needed is kept for some time: small messages between large cycles do not make the
/// next of them start with small blocks.
#[test]
fn a_cycle_after_small_ones_still_fills_the_block_of_its_thread() {
    let message = [1; 100];
    let mut queue = ChunkQueue::new();
    let mut cycle = |messages: usize| {
        for _ in 0..messages {
            queue.extend_from_slice(&message);
        }
        queue.advance(queue.remaining());
    };
    for _ in 0..10 {
        cycle(300);
    }
    for _ in 0..7 {
        cycle(1);
    }
    let used = measure(|| cycle(140));
    assert_eq!(used.count_total, 0);
}

/// An encoder reserves what it needs; to reserve for it what a huge frame has needed would cost as
/// much for each of the small ones behind it.
#[test]
fn small_frames_behind_a_huge_one_cost_no_more_than_a_block_each() {
    let mut queue = ChunkQueue::new();
    for length in [200_000, 10, 10] {
        let used = measure(|| {
            queue
                .encode_with(|block| {
                    block.extend_from_slice(&vec![1; length]);
                    Ok::<_, ()>(())
                })
                .expect("cannot fail");
        });
        if length == 10 {
            assert!(used.bytes_total <= 66_560, "{} bytes", used.bytes_total);
        }
    }
}

/// Cycles that fill a small block and end with a kept chunk leave no block behind. What they have
/// copied must not be added up: the next message would find a block for all of it.
#[test]
fn what_cycles_with_kept_chunks_copy_is_not_added_up() {
    let mut queue = ChunkQueue::new();
    let mut cycle = |copied: usize, kept: usize| {
        queue.extend_from_slice(&[1; 4096][..copied]);
        queue.push(vec![1; kept]);
        queue.advance(copied + kept);
    };
    for _ in 0..100 {
        cycle(1024, 4096);
    }
    cycle(3000, 0);
    let used = measure(|| cycle(10, 0));
    assert!(used.bytes_total <= 4096, "{} bytes", used.bytes_total);
}

/// A socket takes nothing in one poll of each frame, at first or later, as when a reader wakes the task.
/// The block was taken for that of a stalled peer, freed, and allocated anew for the next frame: with
/// glibc a page fault for each 4 KiB.
#[test]
fn large_frames_to_a_peer_that_is_full_for_a_moment_use_one_block() {
    const LENGTH: usize = 1 << 20;
    let cx = &mut context();
    for taken_before in [0, LENGTH * 7 / 8] {
        let mut writer = FlowControlledWriter::new(Peer::Stalls);
        let used = steady(20, || {
            let frame = writer.try_append(|dst| {
                dst.encode_with(|block| {
                    block.put_bytes(1, LENGTH);
                    Ok::<_, ()>(())
                })
            });
            frame.expect("not paused");
            let marks = writer.watermarks();
            if taken_before > 0 {
                *writer.get_mut() = Peer::Takes { at_most: taken_before, gathers: true };
                writer.set_watermarks(Watermarks::new(LENGTH - taken_before, LENGTH - 1));
                done(Pin::new(&mut writer).poll_ready(cx));
            }
            assert_eq!(writer.buffer_size(), LENGTH - taken_before);
            *writer.get_mut() = Peer::Stalls;
            assert!(Pin::new(&mut writer).poll_flush(cx).is_pending());
            *writer.get_mut() = Peer::DRAINS;
            done(Pin::new(&mut writer).poll_flush(cx));
            writer.set_watermarks(marks);
        });
        let limit = 20 * LENGTH as u64 / 4;
        assert!(used.bytes_total < limit, "{} bytes after {taken_before}", used.bytes_total);
        forget_spare();
    }
}
