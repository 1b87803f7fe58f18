mod append;
mod frames;

use bytes::{Buf, Bytes};

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
