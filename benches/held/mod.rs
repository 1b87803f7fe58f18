//! What a writer, a queue or a channel holds at the end of each way that bytes may take, beside the
//! most that it may hold. Who uses it has an allocator that counts.
#![allow(unreachable_pub)]

mod allocations;
mod bytes;
mod connections;
mod frames;

use ::bytes::{Buf, Bytes};
use allocation_counter::measure;
use flow_controlled_writer::{ChunkQueue, FlowControlledWriter, Watermarks};
use futures::FutureExt;
use tokio::io::AsyncWrite;

/// One way, and what is held at its end.
pub struct Row {
    pub what: String,
    pub holds: f64,
    pub bound: f64,
}

pub fn all() -> Vec<Row> {
    let parts = [
        bytes::gone(),
        bytes::stalled(),
        frames::stalled(),
        connections::broadcasts(),
        connections::channels(),
        allocations::of_the_thread(),
        allocations::steady(),
    ];
    parts.into_iter().flatten().collect()
}

pub fn row(what: impl Into<String>, holds: f64, bound: f64) -> Row {
    Row { what: what.into(), holds, bound }
}

/// Returns what `make` makes, and the heap that is there because of it, when the thread needs nothing
/// any more of what it keeps for all writers.
pub fn held<T>(make: impl FnOnce() -> T) -> (T, f64) {
    idle();
    let mut made = None;
    let used = measure(|| {
        made = Some(make());
        idle();
    });
    (made.expect("it was made"), used.bytes_current as f64)
}

/// Sends small messages until the thread has given back what it kept.
pub fn idle() {
    let mut queue = ChunkQueue::new();
    (0..200).for_each(|_| ping(&mut queue));
}

pub fn ping(queue: &mut ChunkQueue) {
    queue.extend_from_slice(b"a message");
    queue.advance(queue.remaining());
}

/// Writes until the inner writer takes no more.
pub fn stall<W: AsyncWrite + Unpin>(writer: &mut FlowControlledWriter<W>) {
    let mut before = usize::MAX;
    while writer.buffer_size() < before {
        before = writer.buffer_size();
        assert!(writer.flush().now_or_never().is_none());
    }
}

pub fn unbounded<W: AsyncWrite>(inner: W) -> FlowControlledWriter<W> {
    FlowControlledWriter::with_watermarks(inner, Watermarks::new(0, usize::MAX))
}

pub fn shared(size: usize) -> Bytes {
    let chunk = Bytes::from(vec![1; size]);
    // The first clone of a vector-made chunk allocates the count that all of them share.
    drop(chunk.clone());
    chunk
}

/// What may stay with a writer or channel.
pub const LITTLE: f64 = 1536.0;
