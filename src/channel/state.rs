mod driving;
mod sending;

use std::io;
use std::task::Waker;

use bytes::Buf;

use self::driving::Seat;
pub(super) use self::driving::Step;
pub(super) use self::sending::{FlushWait, Readiness};
use super::waiters::Waiters;
use crate::chunk_queue::ChunkQueue;
use crate::events::Outbox;
use crate::stats::Stats;
use crate::watermarks::{Flow, Watermarks};
use crate::write_buffer::{Gate, WriteBuffer};

/// What all ends of a channel share, under its lock.
///
/// It calls nobody: wakers go out in [`Wakes`] and foreign bytes through the arguments and results,
/// to be woken and dropped without the lock. `sending.rs` has the verbs of the senders and
/// `driving.rs` those of the driver; after each of them comes [`settle`](Self::settle), but after
/// `push_freely`, which leaves nothing to settle.
#[derive(Debug)]
pub(super) struct State {
    /// What was sent and the driver has not taken.
    queue: ChunkQueue,
    /// What the driver has taken and the inner writer has not, as last reported.
    taken: usize,
    /// Chunks of sinks that were told to be ready, and then another sender paused the channel.
    /// They are behind `queue` and before whatever is sent next.
    parked: ChunkQueue,
    /// Up to below this buffer size a chunk comes in with nothing but the count to look at.
    /// Invariant: as [`update_free_below`](Self::update_free_below) leaves it, whenever the lock is
    /// free.
    free_below: usize,
    gate: Gate,
    life: Life,
    /// Senders that have not ended.
    handles: usize,
    /// Those who wait for their turn to send.
    line: Waiters<Waits>,
    /// Those who wait for a flush, with the position in the stream up to which. Invariant: in
    /// ascending order.
    flushes: Waiters<u64>,
    /// Those who wait for the end.
    closings: Waiters<()>,
    seat: Seat,
    /// A waker that was replaced.
    retired: Option<Waker>,
    /// The position behind all that was accepted, in bytes since the writer was made.
    accepted: u64,
    /// The position up to which the inner writer has taken, as last reported.
    written: u64,
    /// The position up to which the inner writer was flushed.
    flushed: Option<u64>,
    /// Bytes that were discarded before the writer became a channel.
    discarded: u64,
    write_calls: u64,
    peak_buffer_size: usize,
}

/// Where a channel is in its life. Each state may follow those before it, but no other one
/// `Ended` or `Failed`.
///
/// | state | send | flush | the driver |
/// |---|---|---|---|
/// | `Open` | accepted | waits | drains |
/// | `Closing` | closed | waits | drains, flushes and shuts the inner writer down |
/// | `Aborted` | closed | closed for what was discarded | shuts the inner writer down |
/// | `Ended` | closed | done, or closed for what was discarded | has returned the inner writer |
/// | `Failed` | error | error | has returned the error, or was dropped |
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Life {
    Open,
    Closing,
    Aborted,
    Ended,
    Failed(io::ErrorKind),
}

/// What stands in the line of those who wait to send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Waits {
    /// A future: it comes when it is woken, or lets the next one know when it is dropped.
    Future,
    /// A handle that was polled for an item. It may have lost interest, so nobody waits for it.
    Item,
    /// A handle that was polled to write a slice, likewise.
    Slice,
}

/// What is woken, told or dropped once the lock is released.
#[must_use]
pub(super) struct Wakes {
    pub(super) driver: Option<Waker>,
    pub(super) sender: Option<Turn>,
    pub(super) events: Outbox,
    /// Dropped only.
    _retired: Option<Waker>,
}

/// Whose turn it is to send.
pub(super) enum Turn {
    /// A future, which is waited for: the next one is woken after it has sent or left.
    Future(Waker),
    /// A handle, which is not: whoever wakes it settles again, for the next one.
    Handle(Waker),
}

/// What a channel that was aborted or has ended leaves behind, outside of the lock.
#[must_use]
pub(super) struct Remains {
    /// What the driver has not taken, in order.
    queues: [ChunkQueue; 2],
    line: Waiters<Waits>,
    flushes: Waiters<u64>,
    closings: Waiters<()>,
}

impl State {
    /// Takes over the gate, the totals and the phase of a writer.
    pub(super) fn new(buffer: &mut WriteBuffer) -> Self {
        let stats = buffer.stats();
        let taken = buffer.buffer_size();
        let mut gate = buffer.take_gate();
        gate.keep_events();
        let accepted = stats.written_bytes + taken as u64;
        Self {
            queue: buffer.new_queue(),
            taken,
            parked: ChunkQueue::with_coalesce_threshold(0),
            free_below: 0,
            gate,
            life: match buffer.failure() {
                Some(kind) => Life::Failed(kind),
                None if buffer.is_open() => Life::Open,
                None => Life::Closing,
            },
            handles: 1,
            line: Waiters::new(),
            flushes: Waiters::new(),
            closings: Waiters::new(),
            seat: Seat::Driving,
            retired: None,
            accepted,
            written: stats.written_bytes,
            flushed: None,
            discarded: stats.enqueued_bytes - accepted,
            write_calls: stats.write_calls,
            peak_buffer_size: stats.peak_buffer_size,
        }
    }

    /// Brings the pause state up to date and finds out who is to be woken for what has changed.
    #[inline]
    pub(super) fn settle(&mut self) -> Option<Wakes> {
        let wakes = if self.is_calm() { None } else { self.settle_all() };
        self.update_free_below();
        wakes
    }

    /// Finds out what can be sent without a look at anybody: nothing where the driver waits for
    /// bytes, or items wait for room. Whoever stands in line has been woken by now if it is its turn.
    #[inline]
    fn update_free_below(&mut self) {
        let is_free =
            self.life == Life::Open && self.parked.is_empty() && !self.seat.is_waiting_for_bytes();
        self.free_below = if is_free { self.gate.free_below() } else { 0 };
    }

    /// Tells whether nothing can have changed but the count.
    #[inline]
    fn is_calm(&self) -> bool {
        self.gate.is_wide_open(self.buffer_size(), 0)
            && self.parked.is_empty()
            && self.line.is_empty()
            && self.retired.is_none()
            && matches!(self.seat, Seat::Driving)
            && !self.gate.has_events()
    }

    #[inline(never)]
    fn settle_all(&mut self) -> Option<Wakes> {
        self.update();
        let (driver, sender) = (self.call_driver(), self.call_sender());
        let (events, retired) = (self.gate.take_events(), self.retired.take());
        let is_nothing =
            driver.is_none() && sender.is_none() && retired.is_none() && events.is_empty();
        (!is_nothing).then_some(Wakes { driver, sender, events, _retired: retired })
    }

    #[inline]
    pub(super) fn buffer_size(&self) -> usize {
        self.taken + self.queue.remaining()
    }

    pub(super) fn is_paused(&self) -> bool {
        !self.parked.is_empty() || self.gate.flow_at(self.buffer_size()) == Flow::Paused
    }

    pub(super) fn is_open(&self) -> bool {
        self.life == Life::Open
    }

    pub(super) fn watermarks(&self) -> Watermarks {
        self.gate.watermarks()
    }

    pub(super) fn set_watermarks(&mut self, watermarks: Watermarks) {
        self.gate.set_watermarks(watermarks, self.buffer_size());
    }

    pub(super) fn stats(&self) -> Stats {
        Stats {
            enqueued_bytes: self.accepted + self.discarded,
            written_bytes: self.written,
            write_calls: self.write_calls,
            pauses: self.gate.pauses(),
            peak_buffer_size: self.peak_buffer_size,
        }
    }

    /// Ends sending for all. Returns those who waited to send.
    pub(super) fn close(&mut self) -> Waiters<Waits> {
        if self.life == Life::Open {
            self.life = Life::Closing;
        }
        self.line.take()
    }

    /// Discards all that is not written. Returns how many bytes that are.
    pub(super) fn abort(&mut self) -> (usize, Remains) {
        if !matches!(self.life, Life::Open | Life::Closing) {
            return (0, self.remains());
        }
        self.life = Life::Aborted;
        let discarded = self.buffer_size() + self.parked.remaining();
        let remains = self.remains();
        (discarded, remains)
    }

    /// Ends the channel.
    pub(super) fn end(&mut self, failure: Option<io::ErrorKind>) -> Remains {
        self.life = failure.map_or(Life::Ended, Life::Failed);
        let closings = self.closings.take();
        Remains { closings, ..self.remains() }
    }

    /// Empties the channel.
    fn remains(&mut self) -> Remains {
        self.taken = 0;
        let fresh = ChunkQueue::with_coalesce_threshold(self.queue.coalesce_threshold());
        Remains {
            queues: [std::mem::replace(&mut self.queue, fresh), std::mem::take(&mut self.parked)],
            line: self.line.take(),
            flushes: self.flushes.take(),
            closings: Waiters::new(),
        }
    }

    /// Applies the pause rule to the present size and queues what was parked as far as it allows.
    #[inline]
    fn update(&mut self) {
        self.gate.update(self.buffer_size());
        while !self.parked.is_empty() && self.gate.flow() == Flow::Accepting {
            let length = self.parked.chunk().len();
            if !self.gate.admits(self.buffer_size(), length) {
                break;
            }
            // Small ones were copied when they were parked, so nothing foreign is dropped here.
            self.queue.push(self.parked.copy_to_bytes(length));
            let size = self.buffer_size();
            self.peak_buffer_size = self.peak_buffer_size.max(size);
            self.gate.update(size);
        }
    }

    /// Takes the waker of the first in line if it is its turn.
    #[inline]
    fn call_sender(&mut self) -> Option<Turn> {
        let waits = self.line.first()?.goal;
        let is_turn = self.is_accepting() && (waits != Waits::Slice || self.slice_room() > 0);
        if !is_turn {
            return None;
        }
        match waits {
            Waits::Future => self.line.first()?.waker.take().map(Turn::Future),
            Waits::Item | Waits::Slice => self.line.pop().map(Turn::Handle),
        }
    }

    /// Tells whether chunks are taken, as of the last update.
    #[inline]
    fn is_accepting(&self) -> bool {
        self.gate.flow() == Flow::Accepting && self.parked.is_empty()
    }

    /// Keeps a waker to be dropped without the lock.
    fn retire(&mut self, waker: Option<Waker>) {
        debug_assert!(waker.is_none() || self.retired.is_none());
        if waker.is_some() {
            self.retired = waker;
        }
    }
}

impl Remains {
    /// Wakes all who waited. Must not be called under the lock.
    pub(super) fn wake(self) -> [ChunkQueue; 2] {
        self.line.wake();
        self.flushes.wake();
        self.closings.wake();
        self.queues
    }
}
