use std::pin::Pin;
use std::task::Poll;

use allocation_counter::measure;
use bytes::{Buf, Bytes};
use flow_controlled_writer::{Builder, ChunkQueue, FlowControlledWriter, Watermarks};
use futures::Sink;
use tokio::io::AsyncWrite;

use crate::{Peer, context, done, forget_spare};

/// What an idle writer may keep, in bytes.
const IDLE: i64 = 1536;
/// The burst, in bytes.
const BURST: usize = 160 * 1024 * 1024;

#[test]
fn a_fresh_writer_holds_no_heap() {
    let made = measure(|| {
        let writers = (
            FlowControlledWriter::new(Peer::DRAINS),
            FlowControlledWriter::with_watermarks(Peer::DRAINS, Watermarks::with_high(1 << 30)),
            Builder::new().hard_limit(1 << 20).coalesce_threshold(9).build(Peer::DRAINS),
            ChunkQueue::new(),
        );
        std::hint::black_box(&writers);
    });
    assert_eq!((made.count_total, made.bytes_total), (0, 0));
}

#[test]
fn sends_of_nothing_and_flushes_of_nothing_hold_no_heap() {
    let mut writer = FlowControlledWriter::new(Peer::DRAINS);
    let cx = &mut context();
    let used = measure(|| {
        writer.try_send(Bytes::new()).expect("an empty chunk");
        done(Pin::new(&mut writer).poll_write(cx, &[]));
        done(Pin::new(&mut writer).poll_ready(cx));
        done(Pin::new(&mut writer).poll_flush(cx));
        done(Pin::new(&mut writer).poll_shutdown(cx));
    });
    assert_eq!((used.count_total, used.bytes_total), (0, 0));
}

fn pool() -> Bytes {
    let pool = Bytes::from(vec![7; 1 << 20]);
    // The first clone of a vector-made chunk allocates the count that all of them share.
    drop(pool.clone());
    pool
}

/// Sends the burst to a writer whose peer stalls, then lets the peer read by pieces of `at_most`
/// bytes and returns the heap that stays.
fn kept_after_a_burst(
    at_most: usize,
    gathers: bool,
    mut send: impl FnMut(&mut FlowControlledWriter<Peer>),
) -> i64 {
    let mut kept = 0;
    let used = measure(|| {
        let marks = Watermarks::new(0, usize::MAX);
        let mut writer = FlowControlledWriter::with_watermarks(Peer::Stalls, marks);
        let cx = &mut context();
        let queued = measure(|| {
            while writer.buffer_size() < BURST {
                send(&mut writer);
            }
            assert!(Pin::new(&mut writer).poll_flush(cx).is_pending());
        });
        *writer.get_mut() = Peer::Takes { at_most, gathers };
        let drained = measure(|| while Pin::new(&mut writer).poll_flush(cx).is_pending() {});
        assert_eq!(writer.buffer_size(), 0);
        kept = queued.bytes_current + drained.bytes_current;
    });
    assert_eq!(used.bytes_current, 0, "dropped, it leaves nothing");
    kept
}

#[test]
fn after_a_burst_at_most_a_kilobyte_and_a_half_stays() {
    let pool = pool();
    for at_most in [usize::MAX, 1 << 20, 100_001] {
        for gathers in [true, false] {
            for length in [1000, 1024, 4096, 65_536, 1 << 20] {
                let kept = kept_after_a_burst(at_most, gathers, |writer| {
                    let chunk = pool.slice(..length);
                    Pin::new(writer).start_send(chunk).expect("not paused");
                });
                assert!(kept <= IDLE, "{kept} bytes after chunks of {length}");
            }
            for length in [900, 30_000, 200_000] {
                let kept = kept_after_a_burst(at_most, gathers, |writer| {
                    let write = Pin::new(writer).poll_write(&mut context(), &pool[..length]);
                    assert!(matches!(write, Poll::Ready(Ok(taken)) if taken == length));
                });
                assert!(kept <= IDLE, "{kept} bytes after writes of {length}");
            }
        }
    }
}

#[test]
fn after_bursts_that_drain_as_they_come_at_most_a_kilobyte_and_a_half_stays() {
    let pool = pool();
    let cx = &mut context();
    for length in [16, 1000, 1024, 30_000, 1 << 20] {
        let mut writer = FlowControlledWriter::new(Peer::DRAINS);
        let used = measure(|| {
            for _ in 0..BURST / 16 / length {
                done(Pin::new(&mut writer).poll_ready(cx));
                Pin::new(&mut writer).start_send(pool.slice(..length)).expect("ready");
            }
            done(Pin::new(&mut writer).poll_flush(cx));
            forget_spare();
        });
        assert!(used.bytes_current <= IDLE, "{} bytes, chunks of {length}", used.bytes_current);
    }
}

#[test]
fn after_frames_of_any_size_at_most_a_kilobyte_and_a_half_stays() {
    for length in [1, 63, 64, 65, 1000, 1023, 1024, 1025, 2000, 70_000] {
        for frames in [1, 2, 100] {
            let mut queue = ChunkQueue::new();
            let used = measure(|| {
                for _ in 0..frames {
                    encode(&mut queue, length);
                }
                queue.advance(queue.remaining());
                forget_spare();
            });
            let kept = used.bytes_current;
            assert!(kept <= IDLE, "{kept} bytes after {frames} frames of {length}");
        }
    }
}

#[test]
fn a_cleared_or_aborted_queue_gives_its_memory_back() {
    let mut queue = ChunkQueue::new();
    let mut writer = FlowControlledWriter::new(Peer::Stalls);
    let used = measure(|| {
        for length in [1, 900, 5000, 100_000] {
            queue.extend_from_slice(&[0; 100_000][..length]);
            let chunk = vec![0; length];
            Pin::new(&mut writer).start_send(chunk.into()).expect("open");
        }
        queue.clear();
        writer.abort();
    });
    assert!(used.bytes_current <= 2 * IDLE, "{} bytes", used.bytes_current);
}

/// A thread keeps no block for frames of this size, however often they come.
#[test]
fn after_frames_above_four_mebibytes_at_most_a_kilobyte_and_a_half_stays() {
    let mut queue = ChunkQueue::new();
    let used = measure(|| {
        for _ in 0..10 {
            encode(&mut queue, 5 << 20);
            queue.advance(5 << 20);
        }
    });
    assert!(used.bytes_current <= IDLE, "{} bytes", used.bytes_current);
}

/// A queue that expects much starts a large block for a frame; the frame turns out to be empty.
#[test]
fn after_a_frame_of_nothing_at_most_a_kilobyte_and_a_half_stays() {
    let mut queue = ChunkQueue::new();
    for _ in 0..100 {
        encode(&mut queue, 1000);
    }
    queue.advance(queue.remaining());
    let used = measure(|| encode(&mut queue, 0));
    assert!(used.bytes_current <= IDLE, "{} bytes", used.bytes_current);
}

fn encode(queue: &mut ChunkQueue, length: usize) {
    queue
        .encode_with(|block| {
            block.resize(block.len() + length, 1);
            Ok::<_, ()>(())
        })
        .expect("cannot fail");
}
