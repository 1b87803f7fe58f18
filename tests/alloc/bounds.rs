//! What stays allocated, and beside how few bytes: bursts that end in every way, frames of encoders
//! that ask for much, queues that were deep before they stalled.
use std::future::Future;
use std::io;
use std::pin::{Pin, pin};

use allocation_counter::measure;
use bytes::{Buf, BufMut, Bytes, BytesMut};
use flow_controlled_writer::{Builder, ChunkQueue, FlowControlledWriter, Watermarks};
use tokio::io::{AsyncWrite, AsyncWriteExt};

use crate::{Peer, context, done, forget_spare};

/// What may stay of a burst, in bytes.
const IDLE: i64 = 1536;

fn unbounded(peer: Peer, threshold: usize) -> FlowControlledWriter<Peer> {
    let marks = Watermarks::new(0, usize::MAX);
    Builder::new().watermarks(marks).coalesce_threshold(threshold).build(peer)
}

fn shared(length: usize) -> Bytes {
    let chunk = Bytes::from(vec![7; length]);
    drop(chunk.clone());
    chunk
}

/// A way in which a burst goes.
type End = fn(&mut ChunkQueue);

/// Their list alone, 40 bytes a chunk, stayed for good.
#[test]
fn a_burst_of_kept_chunks_leaves_nothing_behind_whichever_way_it_goes() {
    let chunk = shared(2048);
    let ends: [(&str, End); 4] = [
        ("advance", |queue| queue.advance(queue.remaining())),
        ("advance by parts", |queue| {
            while !queue.is_empty() {
                queue.advance(queue.remaining().min(100_000));
            }
        }),
        ("clear", ChunkQueue::clear),
        ("copy", |queue| {
            while !queue.is_empty() {
                queue.copy_to_bytes(2048);
            }
        }),
    ];
    for (name, end) in ends {
        let mut queue = ChunkQueue::new();
        let used = measure(|| {
            (0..100_000).for_each(|_| queue.push(chunk.clone()));
            end(&mut queue);
            forget_spare();
        });
        assert!(used.bytes_current <= IDLE, "{} bytes after {name}", used.bytes_current);
    }
    let mut writer = unbounded(Peer::Stalls, 1024);
    let used = measure(|| {
        (0..100_000).for_each(|_| writer.try_send(chunk.clone()).expect("never paused"));
        writer.abort();
        forget_spare();
    });
    assert!(used.bytes_current <= IDLE, "{} bytes after an abort", used.bytes_current);
}

/// A frame of 100 000 chunks that fails in the end, behind few bytes.
#[test]
fn what_a_failed_item_was_made_of_does_not_stay() {
    let chunk = shared(2048);
    for queued in [0, 10, 5000] {
        let mut writer = unbounded(Peer::Stalls, 1024);
        writer.try_send(vec![1; queued]).expect("never paused");
        let used = measure(|| {
            let failed = writer.try_append(|dst| {
                (0..100_000).for_each(|_| dst.push(chunk.clone()));
                dst.extend_from_slice(&[1; 100_000]);
                Err::<(), _>("too late")
            });
            assert!(failed.is_err());
            forget_spare();
        });
        assert_eq!(writer.buffer_size(), queued);
        assert!(used.bytes_current <= IDLE, "{} bytes behind {queued}", used.bytes_current);
    }
}

/// Ten bytes of a block of a mebibyte are still queued when a frame fails behind them. Its block stayed.
#[test]
fn a_failure_behind_the_rest_of_a_large_frame_does_not_hold_its_block() {
    let mut queue = ChunkQueue::new();
    let used = measure(|| {
        queue
            .encode_with(|block| {
                block.put_bytes(1, 1 << 20);
                Ok::<_, ()>(())
            })
            .expect("cannot fail");
        queue.advance((1 << 20) - 10);
        let failed = queue.encode_with(|block| {
            block.put_bytes(2, 100);
            Err::<(), _>(())
        });
        assert!(failed.is_err());
        queue.advance(queue.remaining());
        forget_spare();
    });
    assert!(used.bytes_current <= IDLE, "{} bytes", used.bytes_current);
    let later = measure(|| {
        for _ in 0..1000 {
            queue.extend_from_slice(&[1; 100]);
            queue.advance(100);
        }
    });
    let kept = used.bytes_current + later.bytes_current;
    assert!(kept <= IDLE, "{kept} bytes after further messages");
}

/// Appends a frame.
type Encode = Box<dyn FnMut(&mut BytesMut)>;

/// 1000 frames of 20 bytes, however the encoder comes to them.
#[test]
fn encoders_that_ask_for_more_than_they_write_cost_no_more_than_others() {
    const FRAME: [u8; 20] = [7; 20];
    let reserves = |count: usize| {
        move |block: &mut BytesMut| {
            block.reserve(count);
            block.put_slice(&FRAME);
        }
    };
    let resizes = |block: &mut BytesMut| {
        let before = block.len();
        block.resize(before + 4096, 0);
        block[before..before + 20].copy_from_slice(&FRAME);
        block.truncate(before + 20);
    };
    let mut scratch = BytesMut::new();
    let unsplits = move |block: &mut BytesMut| {
        scratch.put_slice(&FRAME);
        block.unsplit(scratch.split());
    };
    let encoders: [(&str, Encode); 6] = [
        ("reserves 20", Box::new(reserves(20))),
        ("reserves 64", Box::new(reserves(64))),
        ("reserves 2048", Box::new(reserves(2048))),
        ("reserves 8192", Box::new(reserves(8192))),
        ("resizes to a maximum and truncates", Box::new(resizes)),
        ("unsplits a block of its own", Box::new(unsplits)),
    ];
    for (name, mut encode) in encoders {
        let mut queue = ChunkQueue::new();
        let mut held = 0;
        let used = measure(|| {
            for _ in 0..1000 {
                queue
                    .encode_with(|block| {
                        encode(block);
                        Ok::<_, ()>(())
                    })
                    .expect("cannot fail");
            }
            held = queue.remaining();
            forget_spare();
        });
        assert_eq!(held, 20_000);
        let bound = 22_000 + IDLE;
        assert!(used.bytes_current <= bound, "{} bytes: {name}", used.bytes_current);
        assert!(queue.chunk_count() <= 40, "{} chunks: {name}", queue.chunk_count());
    }
}

/// A million chunks, of which ten are left when the inner writer stalls.
#[test]
fn a_queue_that_stalls_after_it_was_deeper_costs_what_is_left() {
    let chunk = shared(1024);
    for (chunks, left) in [(1_000_000, 10), (1_000_000, 100), (256, 1), (1000, 4)] {
        for threshold in [0, 2048] {
            let mut writer = unbounded(Peer::DRAINS, threshold);
            let used = measure(|| {
                (0..chunks).for_each(|_| writer.try_send(chunk.clone()).expect("never paused"));
                drain_and_stall(&mut writer, left * 1024);
                forget_spare();
            });
            let size = (left * 1024) as i64;
            let bound = if threshold > 0 { size } else { 0 } + size / 10 + IDLE;
            let current = used.bytes_current;
            assert!(current <= bound, "{current} bytes for {left} of {chunks}, {threshold}");
        }
    }
}

/// Drains to `left` bytes, up to 100 000 a call; then the inner writer stalls.
fn drain_and_stall(writer: &mut FlowControlledWriter<Peer>, left: usize) {
    while writer.buffer_size() > left {
        let at_most = (writer.buffer_size() - left).min(100_000);
        *writer.get_mut() = Peer::Takes { at_most, gathers: true };
        let target = writer.buffer_size() - at_most;
        writer.set_watermarks(Watermarks::new(target, target));
        done(Pin::new(&mut *writer).poll_ready(&mut context()));
    }
    writer.set_watermarks(Watermarks::new(0, usize::MAX));
    *writer.get_mut() = Peer::Stalls;
    assert!(Pin::new(&mut *writer).poll_flush(&mut context()).is_pending());
    assert_eq!(writer.buffer_size(), left);
}

/// The last byte of a block, of a frame and of a large copied slice.
#[test]
fn the_last_byte_of_a_large_block_does_not_hold_it() {
    for length in [1500, 20_000, 64 * 1024, 1 << 20] {
        let mut writer = unbounded(Peer::DRAINS, usize::MAX);
        let used = measure(|| {
            writer.try_send(vec![1; length]).expect("never paused");
            drain_and_stall(&mut writer, 1);
            forget_spare();
        });
        assert!(used.bytes_current <= IDLE + 1, "{} of {length}", used.bytes_current);
    }
}

/// The same with others behind it, where the inner writer stalls after it took something.
#[test]
fn the_last_byte_of_a_large_block_before_others_does_not_hold_it() {
    for (length, others) in [(20_000, 10), (64 * 1024, 10), (1 << 20, 10), (1 << 20, 40)] {
        let mut writer = unbounded(Peer::TakesOnce { at_most: length - 1 }, usize::MAX);
        let used = measure(|| {
            writer.try_send(vec![1; length]).expect("never paused");
            (0..others).for_each(|_| writer.try_send(vec![2; 1000]).expect("never paused"));
            assert!(Pin::new(&mut writer).poll_flush(&mut context()).is_pending());
            forget_spare();
        });
        assert_eq!(writer.buffer_size(), 1 + others * 1000);
        let bound = others as i64 * 1100 + IDLE;
        assert!(used.bytes_current <= bound, "{} of {length}", used.bytes_current);
    }
}

/// A million chunks, of which twenty are left by a poll that ends with a stall.
#[test]
fn a_queue_that_stalls_in_the_poll_that_drained_it_costs_what_is_left() {
    let chunk = shared(1024);
    let mut writer = unbounded(Peer::TakesOnce { at_most: 0 }, 0);
    let used = measure(|| {
        (0..100_000).for_each(|_| writer.try_send(chunk.clone()).expect("never paused"));
        while writer.buffer_size() > 20 * 1024 {
            let at_most = (writer.buffer_size() - 20 * 1024).min(128 * 1024);
            *writer.get_mut() = Peer::TakesOnce { at_most };
            assert!(Pin::new(&mut writer).poll_flush(&mut context()).is_pending());
        }
        forget_spare();
    });
    assert!(used.bytes_current <= 2048 + IDLE, "{} bytes", used.bytes_current);
}

/// By a loop of one's own.
#[test]
fn a_queue_alone_that_stalls_costs_what_is_left() {
    for (length, left) in [(1 << 20, 1), (1 << 20, 5000), (64 * 1024, 100)] {
        let mut queue = ChunkQueue::with_coalesce_threshold(usize::MAX);
        let used = measure(|| {
            queue.push(vec![1; length]);
            let mut peer = Peer::TakesOnce { at_most: length - left };
            let cx = &mut context();
            assert_eq!(done(queue.poll_write_to(Pin::new(&mut peer), cx)), length - left);
            assert!(queue.poll_write_to(Pin::new(&mut peer), cx).is_pending());
            forget_spare();
        });
        let bound = left as i64 * 11 / 10 + IDLE;
        assert!(used.bytes_current <= bound, "{} for {left}", used.bytes_current);
    }
}

/// What an encoder hands over may be a cut of a large block, and shows only its own length.
#[test]
fn a_cut_of_a_larger_block_does_not_hold_that() {
    for (length, frames, leaves) in [(20, 1, true), (1500, 1, true), (1500, 200, false)] {
        let mut queue = ChunkQueue::new();
        let used = measure(|| {
            for _ in 0..frames {
                let encoded = queue.encode_with(|block| {
                    let mut scratch = BytesMut::with_capacity(65_536);
                    scratch.put_bytes(7, length);
                    block.unsplit(scratch.split());
                    Ok::<_, ()>(())
                });
                encoded.expect("cannot fail");
            }
            if leaves {
                queue.advance(queue.remaining());
            }
            forget_spare();
        });
        let bound = queue.remaining() as i64 * 11 / 10 + IDLE;
        assert!(used.bytes_current <= bound, "{} for {length}", used.bytes_current);
    }
}

/// Bursts of lists that are longer than a thread keeps, again and again.
#[test]
fn a_thread_keeps_no_list_of_a_burst() {
    let chunk = shared(2048);
    let mut queue = ChunkQueue::new();
    let used = measure(|| {
        for _ in 0..20 {
            (0..100_000).for_each(|_| queue.push(chunk.clone()));
            queue.advance(queue.remaining());
        }
    });
    assert!(used.bytes_current <= 1024 * 40 + IDLE, "{} bytes", used.bytes_current);
    forget_spare();
}

/// 63 KiB of each slice were copied for a peer that reads nothing.
#[test]
fn a_write_of_a_large_slice_to_a_peer_that_takes_nothing_costs_no_heap() {
    let slice = vec![1; 4 << 20];
    let mut writer = FlowControlledWriter::new(Peer::Stalls);
    let used = measure(|| {
        let cx = &mut context();
        let mut writing = pin!(writer.write_all(&slice));
        for _ in 0..10 {
            assert!(writing.as_mut().poll(cx).is_pending());
        }
    });
    assert_eq!(used.bytes_current, 0);
    assert_eq!(writer.buffer_size(), 0);
    let written = Pin::new(&mut writer).poll_write(&mut context(), &slice[..32_767]);
    assert_eq!(done(written), 32_767);
}

/// After streaming, few bytes stall: in the half of the senders, and in that of the driver.
#[test]
fn a_channel_that_stalls_after_streaming_costs_what_it_holds() {
    for (length, stalled) in [(64, 2), (1000, 2), (2000, 2), (64, 12), (1000, 12), (2000, 100)] {
        let chunk = shared(length);
        let (sender, mut driver) = FlowControlledWriter::new(Switch).into_channel();
        let used = measure(|| {
            let cx = &mut context();
            for _ in 0..10_000 {
                while pin!(sender.send(chunk.clone())).poll(cx).is_pending() {
                    assert!(Pin::new(&mut driver).poll(cx).is_pending());
                }
            }
            while sender.buffer_size() > 0 {
                assert!(Pin::new(&mut driver).poll(cx).is_pending());
            }
            STALLS.set(true);
            for _ in 0..stalled {
                sender.try_send(vec![1; 128]).expect("not paused");
                assert!(Pin::new(&mut driver).poll(cx).is_pending());
            }
            forget_spare();
        });
        let size = stalled as i64 * 128;
        assert_eq!(sender.buffer_size() as i64, size);
        STALLS.set(false);
        let bound = 2816 + size;
        assert!(used.bytes_current <= bound, "{} bytes for {size}", used.bytes_current);
    }
}

std::thread_local! {
    static STALLS: std::cell::Cell<bool> = const { std::cell::Cell::new(false) };
}

/// An inner writer that takes all, or nothing while `STALLS` is set.
struct Switch;

impl AsyncWrite for Switch {
    fn poll_write(
        self: Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
        buf: &[u8],
    ) -> std::task::Poll<io::Result<usize>> {
        if STALLS.get() {
            return std::task::Poll::Pending;
        }
        std::task::Poll::Ready(Ok(buf.len()))
    }

    fn poll_flush(
        self: Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<io::Result<()>> {
        std::task::Poll::Ready(Ok(()))
    }

    fn poll_shutdown(
        self: Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<io::Result<()>> {
        std::task::Poll::Ready(Ok(()))
    }
}
