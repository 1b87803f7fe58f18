mod accept;
#[cfg(feature = "time")]
mod clock;
mod drain;
mod gate;
#[cfg(not(feature = "time"))]
mod no_clock;
mod offer;
mod options;
mod write;

use std::fmt;
use std::io;
use std::mem;
use std::task::{Context, Waker};

use bytes::Buf;

pub(crate) use self::accept::AppendError;
use self::clock::Clock;
pub(crate) use self::clock::PauseWatch;
pub(crate) use self::drain::Calls;
pub(crate) use self::gate::{Gate, Way};
#[cfg(not(feature = "time"))]
use self::no_clock as clock;
pub(crate) use self::options::Options;
use crate::chunk_queue::ChunkQueue;
use crate::error::Refusal;
use crate::events::{Event, Outbox};
use crate::stats::Stats;
use crate::watermarks::{Flow, Watermarks};

/// The engine: a queue, the gate before it and the phase of its life.
///
/// It owns no writer. `drain.rs` adds the methods that borrow one for the time of a poll, `write.rs`
/// those that are given a borrowed slice beside it, `accept.rs` those that only queue.
///
/// Foreign code is called where all is counted, and last: owners of chunks are dropped after the
/// count, tasks woken after that, events told at the end. A panic that comes out of a poll fails the
/// writer, as nobody knows what the inner writer had taken by then.
pub(crate) struct WriteBuffer {
    /// Dropped before the queue: what owns a chunk finds the budget without it.
    gate: Gate,
    queue: ChunkQueue,
    phase: Phase,
    /// The task that waits for the writer to resume; it is woken also when that is not the doing of
    /// the inner writer.
    waiting: Option<Waker>,
    /// The bytes that the inner writer was offered when it last answered `Pending`, 0 if it has
    /// answered otherwise since. It may insist on being offered as many again.
    promised: usize,
    clock: Clock,
    /// Bytes that the inner writer accepted.
    written_bytes: u64,
    /// Bytes that were accepted and then removed.
    discarded_bytes: u64,
    write_calls: u64,
    /// Largest size seen before bytes left the queue; `stats` adds the present size.
    peak_buffer_size: usize,
}

/// Where a writer is in its life. Each phase follows the one before it, or `Failed` follows.
///
/// | phase | send | drain | flush | shutdown goes on with |
/// |---|---|---|---|---|
/// | `Open` | accepted | yes | yes | `Draining` |
/// | `Draining` | closed | yes | yes | the queue, then a flush of the inner writer |
/// | `Flushing` | closed | empty | yes | the flush |
/// | `ShuttingDown` | closed | empty | done | the shutdown of the inner writer |
/// | `Shut` | closed | empty | done | done |
/// | `Failed` | error | error | error | error |
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Open,
    Draining,
    Flushing,
    ShuttingDown,
    Shut,
    Failed(io::ErrorKind),
}

impl WriteBuffer {
    pub(crate) fn new(options: &Options) -> Self {
        Self::with_queue(options, ChunkQueue::new(), 0)
    }

    /// Goes on where another one was taken apart: with its queue, behind `written` bytes.
    pub(crate) fn with_queue(options: &Options, mut queue: ChunkQueue, written: u64) -> Self {
        queue.set_options(options.coalesce_threshold);
        let mut buffer = Self {
            queue,
            gate: Gate::new(options),
            phase: Phase::Open,
            waiting: None,
            promised: 0,
            clock: Clock::new(options),
            written_bytes: written,
            discarded_bytes: 0,
            write_calls: 0,
            peak_buffer_size: 0,
        };
        buffer.update();
        buffer.settle(None);
        buffer
    }

    /// Drops the queue and closes the writer. Returns the bytes discarded.
    pub(crate) fn abort(&mut self) -> usize {
        let discarded = self.buffer_size();
        if self.phase == Phase::Open {
            self.enter(Phase::Draining);
        }
        self.peak_buffer_size = self.peak_buffer_size.max(discarded);
        self.discarded_bytes += discarded as u64;
        let fresh = self.queue.like();
        let removed = mem::replace(&mut self.queue, fresh);
        self.promised = 0;
        if discarded > 0 {
            // The timer stays: who flushes or shuts down may wait for nothing else.
            self.clock.progress();
        }
        self.update();
        self.settle(None);
        drop(removed);
        discarded
    }

    pub(crate) fn set_watermarks(&mut self, watermarks: Watermarks) {
        self.gate.set_watermarks(watermarks, self.queue.remaining());
        self.settle(None);
    }

    /// Gives the queue out. Its bytes no longer count in the budget.
    pub(crate) fn into_queue(mut self) -> ChunkQueue {
        mem::take(&mut self.queue)
    }

    /// Takes the gate out, for an owner that checks what comes in by itself.
    pub(crate) fn take_gate(&mut self) -> Gate {
        mem::replace(&mut self.gate, Gate::unlimited())
    }

    /// Takes what is to be told, for an owner that tells it.
    pub(crate) fn take_events(&mut self) -> Outbox {
        self.gate.take_events()
    }

    /// Tells whether the inner writer has taken nothing in a whole poll since the queue was last empty.
    pub(crate) fn is_stalled(&self) -> bool {
        self.queue.is_stalled()
    }

    /// Opens what has failed, for another inner writer.
    pub(crate) fn reopen(&mut self) {
        self.phase = Phase::Open;
        self.promised = 0;
        self.progress();
        self.gate.reopen();
    }

    /// Gives the queue to an owner that checks what comes in by itself.
    pub(crate) fn queue_mut(&mut self) -> &mut ChunkQueue {
        &mut self.queue
    }

    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }

    #[inline]
    pub(crate) fn buffer_size(&self) -> usize {
        self.queue.remaining()
    }

    pub(crate) fn queued_chunks(&self) -> usize {
        self.queue.chunk_count()
    }

    pub(crate) fn is_paused(&self) -> bool {
        self.gate.flow_at(self.buffer_size()) == Flow::Paused
    }

    pub(crate) fn bytes_until_pause(&self) -> usize {
        let size = self.buffer_size();
        self.gate.marks().until_pause(self.gate.flow_at(size), size)
    }

    pub(crate) fn bytes_until_resume(&self) -> usize {
        let size = self.buffer_size();
        self.gate.marks().until_resume(self.gate.flow_at(size), size)
    }

    /// Tells whether chunks can be sent.
    pub(crate) fn is_open(&self) -> bool {
        self.phase == Phase::Open
    }

    /// Tells whether a shutdown has come as far as to have flushed the inner writer.
    pub(crate) fn is_flushed(&self) -> bool {
        matches!(self.phase, Phase::ShuttingDown | Phase::Shut)
    }

    /// Returns the kind of the error by which the writer failed.
    pub(crate) fn failure(&self) -> Option<io::ErrorKind> {
        match self.phase {
            Phase::Failed(kind) => Some(kind),
            _ => None,
        }
    }

    pub(crate) fn watermarks(&self) -> Watermarks {
        self.gate.watermarks()
    }

    /// Returns the position up to which the inner writer has accepted.
    #[inline]
    pub(crate) fn written(&self) -> u64 {
        self.written_bytes
    }

    #[inline]
    pub(crate) fn write_calls(&self) -> u64 {
        self.write_calls
    }

    pub(crate) fn stats(&self) -> Stats {
        let size = self.buffer_size();
        Stats {
            enqueued_bytes: self.written_bytes + self.discarded_bytes + size as u64,
            written_bytes: self.written_bytes,
            write_calls: self.write_calls,
            pauses: self.gate.pauses(),
            peak_buffer_size: self.peak_buffer_size.max(size),
            #[cfg(feature = "time")]
            paused_time: self.gate.watch().total(),
        }
    }

    /// Tells whether bytes can be queued with nothing but their count to update, as they mostly can.
    #[inline]
    fn takes_freely(&self, count: usize) -> bool {
        self.gate.is_wide_open(self.buffer_size(), count)
    }

    /// Removes bytes that the inner writer has taken. Owners of chunks are dropped last.
    #[inline(always)]
    fn trim(&mut self, count: usize) {
        if self.buffer_size() > self.peak_buffer_size {
            self.peak_buffer_size = self.buffer_size();
        }
        let spent = self.queue.trim(count);
        self.progress();
        self.update();
        self.queue.drop_spent(spent);
    }

    /// Carries the present size over to the budget and to the pause state.
    #[inline]
    fn update(&mut self) {
        self.gate.update(self.queue.remaining());
    }

    /// Takes note of an inner writer that has taken something, or has ended what it was asked for.
    #[inline]
    fn progress(&mut self) {
        self.clock.progress();
        if self.queue.is_empty() {
            self.clock.rest();
        }
    }

    /// Wakes who waits for the writer to resume, if it has or cannot any more, and tells what there
    /// is to tell. The task that polls need not be woken.
    #[inline]
    fn settle(&mut self, polling: Option<&Context<'_>>) {
        if self.waiting.is_some() || self.gate.has_events() {
            self.wake_and_tell(polling);
        }
    }

    #[cold]
    #[inline(never)]
    fn wake_and_tell(&mut self, polling: Option<&Context<'_>>) {
        let is_over = self.phase != Phase::Open || self.gate.flow() == Flow::Accepting;
        let waiting = if is_over { self.waiting.take() } else { None };
        let events = self.gate.take_events();
        let is_polling = |waker: &Waker| polling.is_some_and(|cx| waker.will_wake(cx.waker()));
        if let Some(waiting) = waiting.filter(|waker| !is_polling(waker)) {
            waiting.wake();
        }
        events.tell();
    }

    /// Goes on to a later phase. None of them accepts bytes.
    fn enter(&mut self, phase: Phase) {
        self.phase = phase;
        self.gate.shut();
    }

    fn fail(&mut self, error: io::Error) -> io::Error {
        self.enter(Phase::Failed(error.kind()));
        self.gate.note(Event::Failed { kind: error.kind(), unsent: self.buffer_size() });
        error
    }

    /// Lets through what may happen until the shutdown has begun.
    #[inline]
    fn check_open(&self) -> Result<(), Refusal> {
        if self.phase == Phase::Open { Ok(()) } else { Err(self.refusal()) }
    }

    #[cold]
    fn refusal(&self) -> Refusal {
        self.failure().map_or(Refusal::Closed, Refusal::Failed)
    }

    /// Lets through what may happen until a failure.
    #[inline]
    fn check_not_failed(&self) -> Result<(), Refusal> {
        match self.phase {
            Phase::Failed(kind) => Err(Refusal::Failed(kind)),
            _ => Ok(()),
        }
    }
}

#[cfg(feature = "tracing")]
impl Drop for WriteBuffer {
    fn drop(&mut self) {
        if !self.queue.is_empty() {
            crate::events::dropped(self.buffer_size());
        }
    }
}

impl fmt::Debug for WriteBuffer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WriteBuffer")
            .field("queue", &self.queue)
            .field("gate", &self.gate)
            .field("phase", &self.phase)
            .field("stats", &self.stats())
            .finish_non_exhaustive()
    }
}
