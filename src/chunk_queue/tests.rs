use bytes::{Buf, BufMut, Bytes};

use super::ChunkQueue;

fn contents(queue: ChunkQueue) -> Vec<u8> {
    queue.into_iter().flatten().collect()
}

#[test]
fn keeps_order_through_merged_and_kept_chunks() {
    let mut queue = ChunkQueue::with_coalesce_threshold(5);
    let mut sent = Vec::new();
    for length in [1, 4, 5, 9, 2, 3, 0, 6, 1] {
        let chunk = vec![b'a' + length as u8; length];
        sent.extend_from_slice(&chunk);
        queue.push(chunk);
        assert_eq!(queue.remaining(), sent.len());
    }
    assert_eq!(queue.chunk_count(), 6);
    assert_eq!(contents(queue), sent);
}

#[test]
fn empty_chunks_are_ignored() {
    let mut queue = ChunkQueue::with_coalesce_threshold(0);
    queue.push(Bytes::new());
    queue.push(&b"a"[..]);
    queue.push(Bytes::new());
    queue.extend_from_slice(b"");
    assert_eq!((queue.remaining(), queue.chunk_count()), (1, 1));
}

#[test]
fn a_kept_chunk_is_not_copied() {
    let chunk = Bytes::from(vec![1; 2048]);
    let address = chunk.as_ptr();
    let mut queue = ChunkQueue::new();
    queue.push(chunk);
    assert_eq!(queue.chunk().as_ptr(), address);
}

#[test]
fn advance_trims_exactly_across_chunks() {
    for cut in 0..=20 {
        let mut queue = ChunkQueue::with_coalesce_threshold(4);
        for chunk in ["one", "three", "x", "fourth", "tail!"] {
            queue.push(chunk);
        }
        queue.advance(cut);
        assert_eq!(queue.remaining(), 20 - cut);
        assert_eq!(contents(queue), &b"onethreexfourthtail!"[cut..]);
    }
}

#[test]
#[should_panic(expected = "cannot advance by 4 bytes: 3 are queued")]
fn advance_beyond_the_end_panics() {
    let mut queue = ChunkQueue::new();
    queue.push("abc");
    queue.advance(4);
}

#[test]
fn a_roll_back_removes_exactly_what_was_appended_since() {
    let chunks = ["one", "three", "x", "fourth", "end", "seventh"];
    for marked in 0..=chunks.len() {
        for drained in [0, 2] {
            let mut queue = ChunkQueue::with_coalesce_threshold(4);
            queue.extend(chunks[..marked].iter().map(|chunk| Bytes::from(*chunk)));
            queue.advance(drained.min(queue.remaining()));
            let before: Vec<u8> = queue.slices().flatten().copied().collect();
            let size = queue.remaining();
            queue.extend(chunks[marked..].iter().map(|chunk| Bytes::from(*chunk)));
            queue.extend_from_slice(&[7; 3000]);
            drop(queue.roll_back(size));
            assert_eq!(queue.remaining(), before.len());
            queue.push("+");
            assert_eq!(contents(queue), [&before[..], b"+"].concat());
        }
    }
}

#[test]
fn appending_a_queue_moves_all_and_leaves_it_empty() {
    let mut queue = ChunkQueue::with_coalesce_threshold(4);
    let mut other = ChunkQueue::with_coalesce_threshold(4);
    let mut sent = Vec::new();
    for round in 0..5_u8 {
        for (target, chunks) in [(0, ["ab", "longer", "c"]), (1, ["x", "yz", "another"])] {
            let target = if target == 0 { &mut queue } else { &mut other };
            target.extend(chunks.map(Bytes::from));
            target.extend_from_slice(&vec![round; usize::from(round) * 700]);
        }
        other.advance(1);
        sent.extend([b"ablongerc".to_vec(), vec![round; usize::from(round) * 700]].concat());
        sent.extend([b"yzanother".to_vec(), vec![round; usize::from(round) * 700]].concat());
        queue.append(&mut other);
        assert_eq!((other.remaining(), other.chunk_count()), (0, 0));
        assert_eq!(queue.remaining(), sent.len());
    }
    assert_eq!(contents(queue), sent);
}

#[test]
fn copy_to_bytes_takes_from_the_front() {
    let mut queue = ChunkQueue::with_coalesce_threshold(0);
    queue.push("abc");
    queue.push("def");
    assert_eq!(queue.copy_to_bytes(2), "ab");
    assert_eq!(queue.copy_to_bytes(3), "cde");
    assert_eq!(queue.copy_to_bytes(1), "f");
    assert!(queue.is_empty());
}

#[test]
fn an_encoder_that_fails_leaves_nothing() {
    let mut queue = ChunkQueue::new();
    queue.push("before");
    let result = queue.encode_with(|block| {
        block.put_slice(b"half");
        Err::<(), _>(())
    });
    assert_eq!(result, Err(()));
    assert_eq!(contents(queue), b"before");
}

#[test]
fn an_encoder_that_panics_leaves_nothing() {
    let mut queue = ChunkQueue::new();
    queue.push("before");
    let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        queue.encode_with(|block| -> Result<(), ()> {
            block.put_slice(b"half");
            panic!("on purpose")
        })
    }));
    assert!(panicked.is_err());
    assert_eq!(queue.remaining(), 6);
    assert_eq!(contents(queue), b"before");
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
    assert!(encode(&mut queue, 10) <= super::KEPT_BLOCK);
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
fn large_and_small_slices_keep_order() {
    let mut queue = ChunkQueue::new();
    let mut sent = Vec::new();
    for (index, length) in [10, 2_000, 100_000, 7, 66_560, 66_561, 1].into_iter().enumerate() {
        let slice = vec![index as u8; length];
        queue.extend_from_slice(&slice);
        sent.extend_from_slice(&slice);
    }
    assert_eq!(contents(queue), sent);
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

#[test]
fn bytes_of_a_kept_chunk_are_taken_out_without_a_copy() {
    let chunk = Bytes::from(vec![7; 3000]);
    for length in [1, 2999, 3000] {
        let mut queue = ChunkQueue::new();
        queue.push(chunk.clone());
        queue.push("behind");
        let taken = queue.copy_to_bytes(length);
        assert_eq!((taken.as_ptr(), taken.len()), (chunk.as_ptr(), length));
        assert_eq!(queue.remaining(), 3006 - length);
    }
}

#[test]
fn a_drained_tail_is_reused_in_place() {
    let mut queue = ChunkQueue::new();
    for round in 0..1000_u32 {
        queue.extend_from_slice(&[round as u8; 100]);
        assert_eq!(queue.chunk(), [round as u8; 100]);
        queue.advance(100);
        assert_eq!(queue.chunk_count(), 0);
    }
}

#[test]
fn debug_shows_counts_and_not_the_payload() {
    let mut queue = ChunkQueue::new();
    queue.push("secret");
    assert_eq!(
        format!("{queue:?}"),
        "ChunkQueue { bytes: 6, chunks: 1, coalesce_threshold: 1024 }"
    );
}
