//! The size of a long queue.
use std::collections::VecDeque;
use std::future::poll_fn;
use std::hint::black_box;
use std::iter::repeat_n;
use std::pin::Pin;
use std::sync::atomic::Ordering::Relaxed;

use buf_list::BufList;
use bytes::{Buf, Bytes};
use flow_controlled_writer::{Builder, Watermarks};
use futures::FutureExt;

use super::OURS;
use crate::support::entry::{Case, Entry};
use crate::support::null::Null;

/// Push a chunk and ask for the size, behind `depth` queued chunks.
pub fn case(depth: usize) -> Case {
    let pushes = rivals_pushes(depth);
    of(depth, pushes, vec![ours(depth, pushes), naive(depth, pushes), buf_list(depth, pushes)])
}

/// Makes the case of ours alone, with many pushes at any depth.
pub fn ours_alone(depth: usize) -> Case {
    of(depth, MOST_PUSHES, vec![ours(depth, MOST_PUSHES)])
}

/// Makes the case of the rivals alone.
pub fn rivals(depth: usize) -> Case {
    let pushes = rivals_pushes(depth);
    of(depth, pushes, vec![naive(depth, pushes), buf_list(depth, pushes)])
}

fn rivals_pushes(depth: usize) -> usize {
    (WALKED / depth).clamp(8, MOST_PUSHES)
}

fn of(depth: usize, pushes: usize, entries: Vec<Entry>) -> Case {
    Case { size: depth, chunks: pushes, entries, label: depth.to_string() }
}

fn ours(depth: usize, pushes: usize) -> Entry {
    let gate = Null::gated();
    let allowance = gate.allowance();
    let mut writer =
        Builder::new().watermarks(Watermarks::new(0, usize::MAX)).coalesce_threshold(0).build(gate);
    for _ in 0..depth {
        writer.try_send(CHUNK).expect("never paused");
    }
    Entry::with_state(
        OURS,
        writer,
        move |writer| {
            for _ in 0..pushes {
                writer.try_send(CHUNK).expect("never paused");
                black_box(writer.buffer_size());
            }
        },
        move |writer| {
            allowance.store(writer.buffer_size() - depth * CHUNK.len(), Relaxed);
            while writer.buffer_size() > depth * CHUNK.len() {
                let drained = poll_fn(|cx| Pin::new(&mut *writer).poll_drain(cx)).now_or_never();
                assert!(drained.is_none(), "the gate closes before the queue is empty");
            }
        },
    )
}

fn naive(depth: usize, pushes: usize) -> Entry {
    let queue: VecDeque<Bytes> = repeat_n(CHUNK, depth).collect();
    Entry::with_state(
        NAIVE,
        queue,
        move |queue| {
            for _ in 0..pushes {
                queue.push_back(CHUNK);
                black_box(queue.iter().map(Bytes::len).sum::<usize>());
            }
        },
        move |queue| queue.truncate(depth),
    )
}

fn buf_list(depth: usize, pushes: usize) -> Entry {
    let list: BufList = repeat_n(CHUNK, depth).collect();
    Entry::with_state(
        BUF_LIST,
        list,
        move |list| {
            for _ in 0..pushes {
                list.push_chunk(CHUNK);
                black_box(list.remaining());
            }
        },
        move |list| list.advance((list.num_chunks() - depth) * CHUNK.len()),
    )
}

const CHUNK: Bytes = Bytes::from_static(&[b'x'; 32]);
/// Chunks that a rival which counts them all walks over in a batch, at least.
const WALKED: usize = 1_000_000;
const MOST_PUSHES: usize = 1000;
/// Depths of the queue, in chunks.
pub const DEPTHS: [usize; 4] = [1_000, 10_000, 100_000, 1_000_000];

pub const NAIVE: &str = "VecDeque, summed";
pub const BUF_LIST: &str = "buf-list";
