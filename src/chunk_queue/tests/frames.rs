use std::panic::{AssertUnwindSafe, catch_unwind};

use bytes::{Buf, BufMut, BytesMut};

use super::contents;
use crate::chunk_queue::{ChunkQueue, KEPT_BLOCK};

/// Neither in the queue nor in the block, where it would go out before what comes next.
#[test]
fn an_encoder_that_fails_or_panics_leaves_nothing() {
    for (panics, first) in [(false, "before"), (true, "before"), (false, ""), (true, "")] {
        let mut queue = ChunkQueue::new();
        queue.push(first);
        let encoded = catch_unwind(AssertUnwindSafe(|| {
            queue.encode_with(|block| {
                block.put_slice(b"half");
                if panics {
                    panic!("on purpose");
                }
                Err::<(), _>(())
            })
        }));
        assert_eq!(encoded.ok(), if panics { None } else { Some(Err(())) });
        assert_eq!(queue.remaining(), first.len());
        queue.push("behind");
        assert_eq!(contents(queue), format!("{first}behind").as_bytes());
    }
}

#[test]
fn an_encoder_that_removes_bytes_is_counted_exactly() {
    let mut queue = ChunkQueue::new();
    queue.push("before");
    queue
        .encode_with(|block| {
            block.truncate(2);
            Ok::<_, ()>(())
        })
        .expect("did not fail");
    assert_eq!(queue.remaining(), 2);
    assert_eq!(contents(queue), b"be");
}

#[test]
fn frames_of_any_size_keep_order_and_count() {
    let mut queue = ChunkQueue::new();
    let mut sent = Vec::new();
    for (index, length) in
        [1, 700, 64, 70_000, 3, 40_000, 40_000, 200_000, 5].into_iter().enumerate()
    {
        let frame = vec![index as u8; length];
        queue
            .encode_with(|block| {
                block.reserve(frame.len());
                block.put_slice(&frame);
                Ok::<_, ()>(())
            })
            .expect("did not fail");
        sent.extend_from_slice(&frame);
        assert_eq!(queue.remaining(), sent.len());
    }
    assert_eq!(contents(queue), sent);
}

#[test]
fn a_small_frame_behind_a_kept_chunk_is_encoded_in_place() {
    let mut queue = ChunkQueue::new();
    queue.push(vec![1; 4096]);
    let address = queue.encode_with(|block| {
        block.put_slice(b"frame");
        Ok::<_, ()>(block.as_ptr())
    });
    assert_eq!(queue.slices().last().map(<[u8]>::as_ptr), address.ok());
}

/// Appends a frame of `length` bytes and returns the room that its encoder found.
fn encode(queue: &mut ChunkQueue, length: usize) -> usize {
    let found = queue.encode_with(|block| {
        let room = block.capacity() - block.len();
        block.resize(block.len() + length, b'x');
        Ok::<_, ()>(room)
    });
    found.expect("did not fail")
}

/// Whether in the block or apart from it: an encoder that finds no room makes the block grow, and
/// all that is queued in it is copied.
#[test]
fn a_frame_of_the_usual_size_finds_room() {
    for length in [16, 60, 63, 64, 700, 1500, 3000] {
        let mut queue = ChunkQueue::new();
        encode(&mut queue, length);
        for _ in 0..200 {
            let room = encode(&mut queue, length);
            assert!(room >= length, "{room} bytes for {length}");
        }
    }
}

#[test]
fn a_large_frame_is_forgotten_after_some_small_ones() {
    let mut queue = ChunkQueue::new();
    encode(&mut queue, 60_000);
    for _ in 0..200 {
        encode(&mut queue, 10);
        queue.clear();
    }
    assert!(encode(&mut queue, 10) <= KEPT_BLOCK);
}

#[test]
fn a_frame_that_fails_does_not_split_what_is_merged() {
    let mut queue = ChunkQueue::new();
    for _ in 0..10 {
        queue.push("merged");
        let failed = queue.encode_with(|block| {
            block.put_slice(b"half");
            Err::<(), _>(())
        });
        assert_eq!(failed, Err(()));
    }
    assert_eq!((queue.chunk_count(), queue.remaining()), (1, 60));
}

#[test]
fn a_large_frame_stays_in_the_block_that_it_was_written_to() {
    let mut queue = ChunkQueue::new();
    queue.extend_from_slice(&[1; 512]);
    queue.push(vec![3; 4096]);
    let address = queue
        .encode_with(|block| {
            block.put_bytes(2, 100_000);
            Ok::<_, ()>(block.as_ptr())
        })
        .expect("cannot fail");
    assert_eq!(queue.slices().last().map(<[u8]>::as_ptr), Some(address));
}

/// An encoder that reserves more than it writes is given a block with that much room, or one apart, from then on:
/// else the block and all that is queued in it would be copied again and again.
#[test]
fn an_encoder_that_reserves_too_much_seldom_exchanges_the_block() {
    for reserved in [20, 64, 300, 1000, 2048, 8192] {
        let mut queue = ChunkQueue::new();
        let mut exchanged = 0;
        for _ in 0..1000 {
            let frame = queue.encode_with(|block| {
                let (held, address) = (block.len(), block.as_ptr());
                block.reserve(reserved);
                block.put_slice(&[7; 20]);
                Ok::<_, ()>(held > 0 && block.as_ptr() != address)
            });
            exchanged += usize::from(frame == Ok(true));
        }
        assert!(exchanged <= 5, "{exchanged} of 1000 with {reserved} bytes");
    }
}

/// Encodes a frame of `length` bytes into room for `capacity`. Tells whether it stays there.
fn is_adopted(queue: &mut ChunkQueue, length: usize, capacity: usize) -> bool {
    let address = queue.encode_with(|block| {
        *block = BytesMut::with_capacity(capacity);
        block.put_bytes(1, length);
        Ok::<_, ()>(block.as_ptr())
    });
    queue.slices().last().map(<[u8]>::as_ptr) == address.ok()
}

/// A frame that was written apart from the queue stays in its block where that wastes little, or will not for
/// long.
#[test]
fn a_frame_stays_in_a_block_that_it_mostly_fills() {
    // Behind others no more than a thirty-second part may be wasted, alone most of it.
    let apart = |length: usize, capacity: usize, is_alone: bool| {
        let mut queue = ChunkQueue::new();
        queue.frame_room = 70_000;
        if !is_alone {
            queue.push(vec![1; 4096]);
            queue.wait(0);
        }
        is_adopted(&mut queue, length, capacity)
    };
    for (length, capacity, behind, alone) in [
        (64_000, 64_000, true, true),
        (64_000, 65_000, true, true),
        (64_000, 66_001, false, true),
        (4000, 19_000, false, true),
        (4000, 21_000, false, false),
        (KEPT_BLOCK, KEPT_BLOCK, false, false),
    ] {
        let stays = (apart(length, capacity, false), apart(length, capacity, true));
        assert_eq!(stays, (behind, alone), "{length} of {capacity}");
    }
}
