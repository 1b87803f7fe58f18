use std::pin::Pin;

use allocation_counter::measure;
use bytes::{Buf, BufMut, Bytes, BytesMut};
use flow_controlled_writer::{Builder, ChunkQueue, FlowControlledWriter, Watermarks};
use futures::Sink;
use tokio::io::AsyncWrite;

use crate::{Peer, context, done};

/// From this payload on the bound holds.
const FROM: usize = 32 * 1024;

/// Feeds a queue until it holds `to` bytes, and from `FROM` on compares the heap that it costs
/// with what it holds, each time that it has grown by a hundredth. Returns the worst ratio.
fn worst_ratio(to: usize, mut queue: impl FnMut() -> usize) -> f64 {
    let (mut size, mut live, mut worst) = (0, 0, 0.0_f64);
    while size < to {
        let next = (size + size / 100).max(FROM);
        let used = measure(|| {
            while size < next {
                size = queue();
            }
        });
        live += used.bytes_current;
        worst = worst.max(live as f64 / size as f64);
    }
    worst
}

fn unbounded() -> FlowControlledWriter<Peer> {
    FlowControlledWriter::with_watermarks(Peer::Stalls, Watermarks::new(0, usize::MAX))
}

fn send(writer: &mut FlowControlledWriter<Peer>, chunk: Bytes) -> usize {
    Pin::new(&mut *writer).start_send(chunk).expect("never paused");
    writer.buffer_size()
}

fn message(length: usize) -> Bytes {
    let message = Bytes::from(vec![1; length]);
    // The first clone of a vector-made chunk allocates the count that all of them share.
    drop(message.clone());
    message
}

#[track_caller]
fn assert_bounded(ratio: f64, what: &str) {
    assert!(ratio <= 1.1, "{ratio:.3} times the payload: {what}");
}

#[test]
fn merged_messages_cost_a_tenth_more_than_their_payload() {
    for (length, to) in [(1, 1), (16, 8), (64, 64), (100, 64), (500, 64), (1000, 64), (1023, 64)] {
        let message = message(length);
        let mut writer = unbounded();
        let ratio = worst_ratio(to << 20, || send(&mut writer, message.clone()));
        assert_bounded(ratio, &format!("chunks of {length}"));
        let mut writer = unbounded();
        let ratio = worst_ratio(to << 20, || {
            done(Pin::new(&mut writer).poll_write(&mut context(), &message));
            writer.buffer_size()
        });
        assert_bounded(ratio, &format!("writes of {length}"));
    }
}

#[test]
fn merged_messages_of_mixed_lengths_cost_a_tenth_more_than_their_payload() {
    let message = message(1024);
    let mut random = fastrand::Rng::with_seed(34);
    let mut writer = unbounded();
    let ratio = worst_ratio(64 << 20, || send(&mut writer, message.slice(..random.usize(1..1024))));
    assert_bounded(ratio, "chunks");
}

#[test]
fn kept_chunks_cost_a_tenth_more_than_their_payload() {
    for length in [1024, 1100, 1536, 2048, 4096, 16_384] {
        let mut writer = unbounded();
        let ratio = worst_ratio(64 << 20, || send(&mut writer, vec![1; length].into()));
        assert_bounded(ratio, &format!("vectors of {length}"));
        let mut writer = unbounded();
        let ratio = worst_ratio(64 << 20, || {
            send(&mut writer, Bytes::copy_from_slice(&[1; 16_384][..length]))
        });
        assert_bounded(ratio, &format!("copies of {length}"));
        let mut writer = unbounded();
        let ratio = worst_ratio(64 << 20, || {
            let mut chunk = BytesMut::with_capacity(length);
            chunk.put_bytes(1, length);
            send(&mut writer, chunk.freeze())
        });
        assert_bounded(ratio, &format!("frozen blocks of {length}"));
    }
}

#[test]
fn a_header_before_each_kept_chunk_costs_a_tenth_more_than_their_payload() {
    let header = message(32);
    for length in [4096, 16_384] {
        let mut writer = unbounded();
        let ratio = worst_ratio(64 << 20, || {
            send(&mut writer, header.clone());
            send(&mut writer, vec![1; length].into())
        });
        assert_bounded(ratio, &format!("bodies of {length}"));
    }
}

/// Encodes frames of 1 to `longest` bytes; the encoder writes them by `put`.
fn worst_ratio_of_frames(longest: usize, put: impl Fn(&mut BytesMut, usize)) -> f64 {
    let mut random = fastrand::Rng::with_seed(8);
    let mut queue = ChunkQueue::new();
    worst_ratio(4 << 20, || {
        let length = random.usize(1..=longest);
        queue
            .encode_with(|block| {
                put(block, length);
                Ok::<_, ()>(())
            })
            .expect("cannot fail");
        queue.remaining()
    })
}

#[test]
fn frames_of_varying_sizes_cost_a_tenth_more_than_their_payload() {
    let frame = vec![1; 200_000];
    for longest in [1, 10, 100, 600, 1000, 1500, 4000, 30_000, 200_000] {
        let reserved = worst_ratio_of_frames(longest, |block, length| {
            block.reserve(length);
            block.put_slice(&frame[..length]);
        });
        assert_bounded(reserved, &format!("reserved frames up to {longest}"));
        let grown = worst_ratio_of_frames(longest, |block, length| {
            for piece in frame[..length].chunks(50) {
                block.put_slice(piece);
            }
        });
        assert_bounded(grown, &format!("grown frames up to {longest}"));
    }
}

/// Streams to a peer that reads, so that the queue expects blocks of 64 KiB from then on, and then
/// makes the peer stall.
fn streamed_before(message: &Bytes) -> FlowControlledWriter<Peer> {
    let cx = &mut context();
    let mut writer = FlowControlledWriter::new(Peer::DRAINS);
    for _ in 0..10_000 {
        done(Pin::new(&mut writer).poll_ready(cx));
        send(&mut writer, message.clone());
    }
    done(Pin::new(&mut writer).poll_flush(cx));
    writer.set_watermarks(Watermarks::new(0, usize::MAX));
    *writer.get_mut() = Peer::Stalls;
    writer
}

#[test]
fn a_queue_that_stalls_after_streaming_costs_a_tenth_more_than_its_payload() {
    for (length, to) in [(16, 1), (64, 4), (1000, 64)] {
        let message = message(length);
        let mut writer = streamed_before(&message);
        let ratio = worst_ratio(to << 20, || {
            let size = send(&mut writer, message.clone());
            assert!(Pin::new(&mut writer).poll_flush(&mut context()).is_pending());
            size
        });
        assert_bounded(ratio, &format!("chunks of {length}"));
    }
}

#[test]
fn a_message_that_stalls_after_streaming_does_not_hold_a_large_block() {
    let message = message(100);
    let mut writer = streamed_before(&message);
    let used = measure(|| {
        send(&mut writer, message.clone());
        assert!(Pin::new(&mut writer).poll_flush(&mut context()).is_pending());
    });
    assert!(used.bytes_current <= 2048 + 512, "{} bytes", used.bytes_current);
}

#[test]
fn a_queue_that_stalls_late_after_streaming_gives_the_rest_of_its_block_back() {
    let message = message(100);
    let mut writer = streamed_before(&message);
    let used = measure(|| {
        while send(&mut writer, message.clone()) < 10_000 {}
        assert!(Pin::new(&mut writer).poll_flush(&mut context()).is_pending());
    });
    assert!(used.bytes_current <= 11_000, "{} bytes for 10 000", used.bytes_current);
}

/// A kept chunk is queued; an encoder reserves a lot and fails. What it reserved must not stay.
#[test]
fn a_frame_that_fails_does_not_hold_what_it_reserved() {
    let mut queue = ChunkQueue::new();
    let used = measure(|| {
        queue.push(vec![1; 4096]);
        let failed = queue.encode_with(|block| {
            block.reserve(1 << 20);
            Err::<(), _>("half a frame")
        });
        assert_eq!(failed, Err("half a frame"));
    });
    assert!(used.bytes_current <= 4096 + 2048 + 512, "{} bytes", used.bytes_current);
}

/// The list of the chunks grows by a share of its length. By a number, each send would in the end
/// cost a copy of the whole list.
#[test]
fn a_stalled_queue_of_kept_chunks_seldom_grows_its_list() {
    let chunk = message(4096);
    let mut writer = unbounded();
    let used = measure(|| {
        for _ in 0..100_000 {
            send(&mut writer, chunk.clone());
        }
    });
    assert_eq!(writer.queued_chunks(), 100_000);
    assert!(used.count_total <= 50, "{} allocations", used.count_total);
}

/// Chunks that were kept, or copied apart because they are large, say nothing about how much the
/// next cycle will copy.
#[test]
fn a_message_after_a_drained_large_one_costs_a_small_block() {
    for large in [66_561, 100_000, 1 << 20] {
        let mut queue = ChunkQueue::new();
        queue.extend_from_slice(&vec![1; large]);
        queue.advance(large);
        queue.push(vec![1; large]);
        queue.advance(large);
        let used = measure(|| queue.extend_from_slice(b"small"));
        assert!(used.bytes_total <= 1024, "{} bytes after {large}", used.bytes_total);
    }
}

/// Each chunk is sent to a peer that takes nothing, and each poll looks for what could be given back.
#[test]
fn a_stalled_queue_that_is_polled_for_each_chunk_seldom_moves_what_it_holds() {
    for (threshold, length) in [(0, 32), (0, 4096), (1024, 100)] {
        let chunk = message(length);
        let marks = Watermarks::new(0, usize::MAX);
        let options = Builder::new().watermarks(marks).coalesce_threshold(threshold);
        let mut writer = options.build(Peer::Stalls);
        let used = measure(|| {
            for _ in 0..10_000 {
                send(&mut writer, chunk.clone());
                assert!(Pin::new(&mut writer).poll_flush(&mut context()).is_pending());
            }
        });
        assert!(used.count_total <= 1000, "{} allocations, chunks of {length}", used.count_total);
    }
}

/// A byte leaves in each second poll; the other ones take nothing.
#[test]
fn a_stalled_queue_that_drains_byte_by_byte_seldom_moves_what_it_holds() {
    for length in [1000, 60_000, 1 << 20] {
        let mut writer = unbounded();
        send(&mut writer, vec![1; length].into());
        send(&mut writer, vec![2; 1000].into());
        let options = Builder::new().watermarks(Watermarks::new(0, usize::MAX));
        let mut copied = options.coalesce_threshold(usize::MAX).build(Peer::Stalls);
        send(&mut copied, vec![1; length].into());
        for writer in [&mut writer, &mut copied] {
            let first = length / 30;
            let used = measure(|| {
                for at_most in std::iter::once(first).chain([1; 800]) {
                    *writer.get_mut() = Peer::TakesOnce { at_most };
                    assert!(Pin::new(&mut *writer).poll_flush(&mut context()).is_pending());
                    assert!(Pin::new(&mut *writer).poll_flush(&mut context()).is_pending());
                }
            });
            assert!(used.count_total <= 10, "{} allocations of {length}", used.count_total);
        }
    }
}
