mod driving;
mod sending;

use std::io;
use std::mem;
use std::task::Waker;

use bytes::Buf;

pub(super) use self::driving::Step;
use self::driving::{Hand, Seat};
pub(super) use self::sending::FlushWait;
use super::Position;
use super::line::Line;
use super::waiters::{Waiters, wake_all};
use crate::chunk_queue::ChunkQueue;
use crate::error::Refusal;
use crate::events::Outbox;
use crate::stats::Stats;
use crate::watermarks::{Flow, Watermarks};
use crate::write_buffer::{Gate, WriteBuffer};

/// What all ends of a channel share, under its lock.
///
/// It calls nobody: wakers and events go out in [`Wakes`] and foreign bytes through the arguments and
/// results, to be woken, told and dropped without the lock. `sending.rs` has the verbs of the senders and
/// `driving.rs` those of the driver; after each of them comes [`settle`](Self::settle).
///
/// Totals are not kept for each push: they follow from where `queue` starts in the stream.
#[derive(Debug)]
pub(super) struct State {
    /// What was sent and the driver has not taken.
    queue: ChunkQueue,
    /// The position at which `queue` starts.
    start: Position,
    /// What the driver has taken and the inner writer has not, as last reported.
    taken: usize,
    hand: Hand,
    /// Up to below this buffer size bytes come in with nobody to wake and nothing else to look at.
    free_below: usize,
    /// Whether nothing but the size has changed since the last [`settle`](Self::settle).
    is_settled: bool,
    gate: Gate,
    life: Life,
    /// Senders that have not ended.
    handles: usize,
    /// Those who wait for their turn to send.
    line: Line,
    /// The call in line for whose answer the driver has waited for a poll already.
    watched: Option<u64>,
    /// Those who wait for a flush, with the position in the stream up to which.
    flushes: Waiters<Position>,
    /// Those who wait for the end.
    closings: Waiters<()>,
    seat: Seat,
    /// Those who have waited for what is over now, to be woken.
    served: Vec<Waker>,
    /// Wakers that were replaced or given up, to be dropped.
    retired: Vec<Waker>,
    /// The position up to which the inner writer has taken, as last reported.
    written: Position,
    /// The position up to which the inner writer was flushed.
    flushed: Option<Position>,
    totals: Totals,
}

/// What is only counted.
#[derive(Clone, Copy, Debug, Default)]
struct Totals {
    /// Bytes that the inner writer has taken.
    written_bytes: u64,
    /// Bytes that it had taken when it was last flushed.
    flushed_bytes: u64,
    /// Bytes that were accepted and are not in the stream: discarded before the writer became a
    /// channel, or put in by whoever held the driver.
    beside: u64,
    write_calls: u64,
    /// Largest size seen before bytes left; `stats` adds the present size.
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

/// What is woken, dropped and told once the lock is released.
#[must_use]
pub(super) struct Wakes {
    driver: Option<Waker>,
    sender: Option<Waker>,
    served: Vec<Waker>,
    retired: Vec<Waker>,
    events: Outbox,
}

impl State {
    /// Takes over the gate, the totals and the phase of a writer.
    pub(super) fn new(buffer: &mut WriteBuffer) -> Self {
        let stats = buffer.stats();
        let taken = buffer.buffer_size();
        let start = stats.written_bytes + taken as u64;
        Self {
            queue: buffer.queue_mut().halve(),
            start,
            taken,
            hand: Hand::Still,
            free_below: 0,
            is_settled: false,
            life: match buffer.failure() {
                Some(kind) => Life::Failed(kind),
                None if buffer.is_open() => Life::Open,
                None => Life::Closing,
            },
            gate: buffer.take_gate(),
            handles: 1,
            line: Line::default(),
            watched: None,
            flushes: Waiters::new(),
            closings: Waiters::new(),
            seat: Seat::Driving(None),
            served: Vec::new(),
            retired: Vec::new(),
            written: stats.written_bytes,
            flushed: None,
            totals: Totals {
                written_bytes: stats.written_bytes,
                // What the inner writer has taken before is not known to be flushed.
                flushed_bytes: 0,
                beside: stats.enqueued_bytes - start,
                write_calls: stats.write_calls,
                peak_buffer_size: stats.peak_buffer_size,
            },
        }
    }

    /// Begins what may change anything.
    #[inline]
    pub(super) fn unsettle(&mut self) {
        self.is_settled = false;
    }

    /// Brings the pause state up to date and finds out who is to be woken for what has changed.
    #[inline]
    pub(super) fn settle(&mut self) -> Option<Wakes> {
        if self.is_settled { None } else { self.settle_all() }
    }

    #[inline(never)]
    fn settle_all(&mut self) -> Option<Wakes> {
        self.gate.update(self.buffer_size());
        let sender = if self.is_accepting() {
            self.line.call()
        } else {
            self.line.pause();
            None
        };
        let driver = self.call_driver();
        let (served, retired) = (mem::take(&mut self.served), mem::take(&mut self.retired));
        let events = self.gate.take_events();
        let is_free =
            self.life == Life::Open && self.line.is_calm() && !self.seat.is_waiting_for_bytes();
        self.free_below = if is_free { self.gate.free_below() } else { 0 };
        let is_nothing = driver.is_none()
            && sender.is_none()
            && served.is_empty()
            && retired.is_empty()
            && events.is_empty();
        (!is_nothing).then_some(Wakes { driver, sender, served, retired, events })
    }

    #[inline]
    pub(super) fn buffer_size(&self) -> usize {
        self.taken + self.queue.remaining()
    }

    /// Returns the position behind all that was accepted.
    #[inline]
    pub(super) fn accepted(&self) -> Position {
        self.start + self.queue.remaining() as u64
    }

    pub(super) fn coalesce_threshold(&self) -> usize {
        self.queue.coalesce_threshold()
    }

    pub(super) fn written(&self) -> Position {
        self.written
    }

    pub(super) fn is_paused(&self) -> bool {
        self.gate.flow_at(self.buffer_size()) == Flow::Paused || !self.line.lets_pass()
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
        let totals = &self.totals;
        Stats {
            enqueued_bytes: self.accepted() + totals.beside,
            written_bytes: totals.written_bytes,
            write_calls: totals.write_calls,
            pauses: self.gate.pauses(),
            peak_buffer_size: totals.peak_buffer_size.max(self.buffer_size()),
            #[cfg(feature = "time")]
            paused_time: self.gate.watch().total(),
        }
    }

    /// Ends sending for all.
    pub(super) fn close(&mut self) {
        if self.life == Life::Open {
            self.life = Life::Closing;
        }
        self.served.extend(self.line.take());
    }

    /// Discards all that the driver has not taken, which is returned, and what it has taken unless it is
    /// writing. Returns how many bytes that are.
    pub(super) fn abort(&mut self) -> (usize, ChunkQueue) {
        self.note_peak();
        if !matches!(self.life, Life::Open | Life::Closing) {
            return (0, self.clear());
        }
        self.life = Life::Aborted;
        let discarded = self.queue.remaining();
        (discarded + self.discard_taken().unwrap_or(0), self.clear())
    }

    /// Ends the channel, if it has not ended yet. Returns what the driver has not taken.
    pub(super) fn end(&mut self, failure: Option<io::ErrorKind>) -> ChunkQueue {
        self.note_peak();
        if !matches!(self.life, Life::Ended | Life::Failed(_)) {
            self.life = failure.map_or(Life::Ended, Life::Failed);
        }
        self.taken = 0;
        let waker = mem::replace(&mut self.seat, Seat::Driving(None)).into_waker();
        self.retire(waker);
        self.served.extend(self.closings.take());
        self.clear()
    }

    /// Empties the channel, but for what the driver has taken.
    fn clear(&mut self) -> ChunkQueue {
        self.served.extend(self.line.take());
        self.served.extend(self.flushes.take());
        // It is not in the stream any more.
        self.totals.beside += self.queue.remaining() as u64;
        self.take_queue()
    }

    fn take_queue(&mut self) -> ChunkQueue {
        let fresh = self.queue.like();
        mem::replace(&mut self.queue, fresh)
    }

    /// Tells whether items are taken, as of the last update.
    #[inline]
    fn is_accepting(&self) -> bool {
        self.gate.flow() == Flow::Accepting
    }

    /// Takes note of the size before bytes leave.
    #[inline]
    fn note_peak(&mut self) {
        let size = self.buffer_size();
        if size > self.totals.peak_buffer_size {
            self.totals.peak_buffer_size = size;
        }
    }

    /// Keeps a waker to be dropped without the lock.
    fn retire(&mut self, waker: Option<Waker>) {
        self.retired.extend(waker);
    }

    #[inline]
    pub(super) fn check_open(&self) -> Result<(), Refusal> {
        if self.life == Life::Open { Ok(()) } else { Err(self.refusal()) }
    }

    #[cold]
    fn refusal(&self) -> Refusal {
        match self.life {
            Life::Failed(kind) => Refusal::Failed(kind),
            _ => Refusal::Closed,
        }
    }
}

impl Wakes {
    /// Tells whether it wakes one who was called in line.
    pub(super) fn is_call(&self) -> bool {
        self.sender.is_some()
    }

    /// Wakes and tells. Must not be called under the lock.
    #[inline(never)]
    pub(super) fn wake(self) {
        let Self { driver, sender, served, retired, events } = self;
        wake_all(driver.into_iter().chain(sender).chain(served));
        drop(retired);
        events.tell();
    }
}
