//! Apart from the other subjects: who uses it has an allocator that counts.
#![allow(dead_code, unreachable_pub)]

use std::hint::black_box;
use std::mem::forget;
use std::sync::atomic::Ordering::Relaxed;

use allocation_counter::measure;
use bytes::Bytes;
use flow_controlled_writer::{FlowControlledWriter, Watermarks};
use futures::SinkExt;
use tokio::io::{AsyncWriteExt, BufWriter};
use tokio_util::codec::{BytesCodec, FramedWrite};

use crate::subjects::OURS;
use crate::subjects::drain::done;
use crate::subjects::hand::{HAND, Hand};
use crate::support::null::Null;

/// What one contestant asks of the heap, in bytes where nothing else is said.
pub struct Figures {
    pub name: &'static str,
    /// The value itself, which is not on the heap, without the inner writer.
    pub value: usize,
    pub fresh: i64,
    /// After one small message that was flushed.
    pub idle: i64,
    /// After a burst in chunks of each of [`BURSTS`] was queued and drained.
    pub after_burst: [i64; 2],
    /// For each byte of payload in messages of each of [`STALLED`], where the writer takes nothing.
    /// `None` for one that does not hold so much.
    pub stalled: Option<[f64; 5]>,
    /// Allocations for 1000 messages, each flushed.
    pub ping_pong: u64,
    /// Allocations for 1000 messages that are flushed together.
    pub streaming: u64,
}

/// Measures all contestants with `burst` bytes, ours first.
pub fn figures(burst: usize) -> [Figures; 4] {
    [
        of::<FlowControlledWriter<Null>>(OURS, burst),
        of::<FramedWrite<Null, BytesCodec>>("FramedWrite", burst),
        of::<BufWriter<Null>>("BufWriter", burst),
        of::<Hand<Null>>(HAND, burst),
    ]
}

/// A contestant. Its writer is never pending, or always.
trait Holder {
    fn new(writer: Null) -> Self;

    /// Lets it hold whatever is queued, if it can.
    fn unbounded(self) -> Option<Self>
    where
        Self: Sized;

    fn queue(&mut self, chunk: Bytes);

    fn flush_all(&mut self);
}

fn of<H: Holder>(name: &'static str, burst: usize) -> Figures {
    let (_, fresh) = live(|| H::new(Null::new()));
    let (_, idle) = live(|| {
        let mut holder = H::new(Null::new());
        holder.queue(chunk(MESSAGE));
        holder.flush_all();
        holder
    });
    Figures {
        name,
        value: size_of::<H>() - size_of::<Null>(),
        fresh,
        idle,
        after_burst: BURSTS.map(|size| after_burst::<H>(burst, size)),
        // No power of two, at which a buffer that doubles is just full.
        stalled: stalled::<H>(burst / 3),
        ping_pong: allocations::<H>(1),
        streaming: allocations::<H>(1000),
    }
}

/// Returns what `make` makes, and the heap that it holds, without that of the null writer.
fn live<H>(make: impl FnOnce() -> H) -> (H, i64) {
    let of_writer = measure(|| forget(black_box(Null::new()))).bytes_current;
    let mut made = None;
    let used = measure(|| made = Some(make()));
    (made.expect("it was made"), used.bytes_current - of_writer)
}

fn after_burst<H: Holder>(burst: usize, size: usize) -> i64 {
    let (_, live) = live(|| {
        let writer = Null::gated();
        let allowance = writer.allowance();
        let Some(mut holder) = H::new(writer).unbounded() else {
            // It holds no burst: it writes as much through.
            let mut holder = H::new(Null::new());
            (0..burst / size).for_each(|_| holder.queue(chunk(size)));
            holder.flush_all();
            return holder;
        };
        (0..burst / size).for_each(|_| holder.queue(chunk(size)));
        allowance.store(usize::MAX, Relaxed);
        holder.flush_all();
        holder
    });
    live
}

fn stalled<H: Holder>(payload: usize) -> Option<[f64; 5]> {
    H::new(Null::new()).unbounded()?;
    Some(STALLED.map(|size| {
        let (_, live) = live(|| {
            let mut holder = H::new(Null::gated()).unbounded()?;
            (0..payload / size).for_each(|_| holder.queue(chunk(size)));
            Some(holder)
        });
        live as f64 / (payload / size * size) as f64
    }))
}

/// Counts the allocations for 1000 messages with a flush after each `batch` of them, once all has
/// settled.
fn allocations<H: Holder>(batch: usize) -> u64 {
    let mut holder = H::new(Null::new());
    let message = chunk(MESSAGE);
    let mut run = || {
        for index in 1..=1000 {
            holder.queue(message.clone());
            if index % batch == 0 {
                holder.flush_all();
            }
        }
    };
    (0..20).for_each(|_| run());
    measure(&mut run).count_total
}

fn chunk(size: usize) -> Bytes {
    Bytes::from(vec![b'x'; size])
}

impl Holder for FlowControlledWriter<Null> {
    fn new(writer: Null) -> Self {
        Self::new(writer)
    }

    fn unbounded(mut self) -> Option<Self> {
        self.set_watermarks(Watermarks::new(0, usize::MAX));
        Some(self)
    }

    fn queue(&mut self, chunk: Bytes) {
        done(self.feed(chunk));
    }

    fn flush_all(&mut self) {
        done(self.flush());
    }
}

impl Holder for BufWriter<Null> {
    fn new(writer: Null) -> Self {
        Self::new(writer)
    }

    fn unbounded(self) -> Option<Self> {
        None
    }

    fn queue(&mut self, chunk: Bytes) {
        done(self.write_all(&chunk));
    }

    fn flush_all(&mut self) {
        done(self.flush());
    }
}

impl Holder for FramedWrite<Null, BytesCodec> {
    fn new(writer: Null) -> Self {
        Self::new(writer, BytesCodec::new())
    }

    fn unbounded(mut self) -> Option<Self> {
        self.set_backpressure_boundary(usize::MAX);
        Some(self)
    }

    fn queue(&mut self, chunk: Bytes) {
        done(self.feed(chunk));
    }

    fn flush_all(&mut self) {
        done(SinkExt::<Bytes>::flush(self));
    }
}

impl Holder for Hand<Null> {
    fn new(writer: Null) -> Self {
        writer.into()
    }

    fn unbounded(self) -> Option<Self> {
        Some(self)
    }

    fn queue(&mut self, chunk: Bytes) {
        self.push(chunk);
    }

    fn flush_all(&mut self) {
        done(self.flush());
    }
}

const MESSAGE: usize = 64;
/// Lengths of the chunks of a burst.
pub const BURSTS: [usize; 2] = [64, 4096];
/// Lengths of the messages of a stalled queue.
pub const STALLED: [usize; 5] = [16, 64, 256, 1024, 4096];
