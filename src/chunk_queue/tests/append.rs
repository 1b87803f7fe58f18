use bytes::{Buf, BufMut, Bytes};

use super::contents;
use crate::chunk_queue::ChunkQueue;
use crate::chunk_queue::append::LONG_RUN;

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

/// The address of each slice.
fn addresses(queue: &ChunkQueue) -> Vec<*const u8> {
    queue.slices().map(<[u8]>::as_ptr).collect()
}

#[test]
fn long_runs_become_chunks_of_their_own_and_short_ones_are_merged() {
    for (length, chunks) in [(1, 1), (LONG_RUN - 1, 1), (LONG_RUN, 3), (2 * LONG_RUN, 3)] {
        let (mut queue, mut other) = (ChunkQueue::new(), ChunkQueue::new());
        other.extend_from_slice(&vec![1; length]);
        queue.append(&mut other);
        // What stands at the end of a block of copied bytes has others merged behind it.
        let is_merged = queue.run == length;
        assert_eq!(is_merged, chunks == 1, "{length} bytes");
        assert_eq!(contents(queue), vec![1; length]);
    }
}

/// Sealed bytes are appended under a lock, and were copied before.
#[test]
fn sealed_bytes_are_appended_without_a_copy_where_that_would_be_a_long_one() {
    let encoded = |length: usize, behind: &'static str| {
        let mut queue = ChunkQueue::new();
        queue
            .encode_with(|block| {
                block.put_bytes(1, length);
                Ok::<_, ()>(())
            })
            .expect("cannot fail");
        queue.push(behind);
        queue
    };
    for (length, behind) in [(LONG_RUN, ""), (9000, ""), (20_000, ""), (20_000, "behind")] {
        let mut item = encoded(length, behind);
        let sent = item.remaining();
        item.seal();
        let sealed = addresses(&item)[0];
        let mut queue = ChunkQueue::new();
        queue.append(&mut item);
        assert_eq!((addresses(&queue)[0], queue.remaining()), (sealed, sent), "{length} bytes");
    }
    let mut short = encoded(LONG_RUN - 1, "");
    let before = addresses(&short);
    short.seal();
    assert_eq!(addresses(&short), before, "it is copied once");
}
