mod drain;
#[cfg(feature = "codec")]
mod encode;
mod gate;
mod offer;
mod options;
#[cfg(feature = "time")]
mod stall;

use std::fmt;
use std::io;

use bytes::{Buf, Bytes};

pub(crate) use self::drain::Calls;
#[cfg(feature = "codec")]
pub(crate) use self::encode::{Encoded, Refusal};
pub(crate) use self::gate::Gate;
pub(crate) use self::options::Options;
#[cfg(feature = "time")]
use self::stall::StallClock;
use crate::chunk_queue::ChunkQueue;
use crate::error::{self, TrySendError};
use crate::events;
use crate::stats::Stats;
use crate::watermarks::{Flow, Watermarks};

/// The engine: a queue, the gate before it and the phase of its life.
///
/// It owns no writer. `drain.rs` adds the methods that borrow one for the time of a poll.
pub(crate) struct WriteBuffer {
    queue: ChunkQueue,
    gate: Gate,
    phase: Phase,
    #[cfg(feature = "time")]
    stall: StallClock,
    /// Bytes that the inner writer accepted.
    written_bytes: u64,
    /// Bytes that an abort removed.
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
        Self {
            queue: ChunkQueue::with_coalesce_threshold(options.coalesce_threshold),
            gate: Gate::new(options),
            phase: Phase::Open,
            #[cfg(feature = "time")]
            stall: StallClock::new(options.stall_timeout),
            written_bytes: 0,
            discarded_bytes: 0,
            write_calls: 0,
            peak_buffer_size: 0,
        }
    }

    /// Queues a chunk if the writer is neither paused nor closed nor at its cap.
    #[inline]
    pub(crate) fn try_send(&mut self, chunk: Bytes) -> Result<(), TrySendError> {
        if self.takes_freely(chunk.len()) {
            self.queue.push(chunk);
            return Ok(());
        }
        self.try_send_checked(chunk)
    }

    fn try_send_checked(&mut self, chunk: Bytes) -> Result<(), TrySendError> {
        self.update();
        if self.phase != Phase::Open {
            return Err(TrySendError::Closed(chunk));
        }
        let refused =
            self.gate.flow() == Flow::Paused || !self.gate.reserve(self.buffer_size(), chunk.len());
        if refused && !chunk.is_empty() {
            return Err(TrySendError::Full(chunk));
        }
        self.queue.push(chunk);
        self.update();
        Ok(())
    }

    /// Queues a chunk unless the writer is closed or at its cap; a paused one takes it.
    #[inline]
    pub(crate) fn start_send(&mut self, chunk: Bytes) -> io::Result<()> {
        if self.takes_freely(chunk.len()) {
            self.queue.push(chunk);
            return Ok(());
        }
        self.start_send_checked(chunk)
    }

    fn start_send_checked(&mut self, chunk: Bytes) -> io::Result<()> {
        match self.phase {
            Phase::Open if self.gate.admits(self.buffer_size(), chunk.len()) => {}
            Phase::Open => return Err(TrySendError::Full(chunk).into()),
            Phase::Failed(kind) => return Err(io::Error::new(kind, TrySendError::Closed(chunk))),
            _ => return Err(TrySendError::Closed(chunk).into()),
        }
        self.queue.push(chunk);
        self.update();
        Ok(())
    }

    /// Drops the queue and closes the writer. Returns the bytes discarded.
    pub(crate) fn abort(&mut self) -> usize {
        let discarded = self.buffer_size();
        self.peak_buffer_size = self.peak_buffer_size.max(discarded);
        self.discarded_bytes += discarded as u64;
        self.queue.clear();
        if self.phase == Phase::Open {
            self.enter(Phase::Draining);
        }
        self.progress();
        self.update();
        discarded
    }

    pub(crate) fn set_watermarks(&mut self, watermarks: Watermarks) {
        self.gate.set_watermarks(watermarks, self.queue.remaining());
    }

    /// Gives the queue out. Its bytes no longer count in the budget.
    pub(crate) fn into_queue(mut self) -> ChunkQueue {
        std::mem::take(&mut self.queue)
    }

    /// Takes the gate out, for an owner that checks what comes in by itself.
    pub(crate) fn take_gate(&mut self) -> Gate {
        std::mem::replace(&mut self.gate, Gate::unlimited())
    }

    /// Exchanges the queue for another one.
    pub(crate) fn swap_queue(&mut self, queue: &mut ChunkQueue) {
        std::mem::swap(&mut self.queue, queue);
    }

    /// Appends chunks unchecked, for an owner that checks what comes in by itself.
    pub(crate) fn extend(&mut self, chunks: impl IntoIterator<Item = Bytes>) {
        self.queue.extend(chunks);
    }

    /// Returns an empty queue with the same options.
    pub(crate) fn new_queue(&self) -> ChunkQueue {
        ChunkQueue::with_coalesce_threshold(self.queue.coalesce_threshold())
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
        self.gate.limits().until_pause(self.gate.flow_at(size), size)
    }

    pub(crate) fn bytes_until_resume(&self) -> usize {
        let size = self.buffer_size();
        self.gate.limits().until_resume(self.gate.flow_at(size), size)
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

    pub(crate) fn stats(&self) -> Stats {
        let size = self.buffer_size();
        Stats {
            enqueued_bytes: self.written_bytes + self.discarded_bytes + size as u64,
            written_bytes: self.written_bytes,
            write_calls: self.write_calls,
            pauses: self.gate.pauses(),
            peak_buffer_size: self.peak_buffer_size.max(size),
        }
    }

    /// Tells whether bytes can be queued with nothing but their count to update, as they mostly can.
    #[inline]
    fn takes_freely(&self, count: usize) -> bool {
        self.gate.is_wide_open(self.buffer_size(), count)
    }

    /// Removes bytes that the inner writer has taken.
    #[inline(always)]
    fn trim(&mut self, count: usize) {
        if self.buffer_size() > self.peak_buffer_size {
            self.peak_buffer_size = self.buffer_size();
        }
        self.queue.advance(count);
        self.progress();
        self.update();
    }

    /// Carries the present size over to the budget and to the pause state.
    #[inline]
    fn update(&mut self) {
        self.gate.update(self.queue.remaining());
    }

    /// Restarts the stall clock: bytes have left the queue.
    #[inline]
    fn progress(&mut self) {
        #[cfg(feature = "time")]
        self.stall.progress(self.queue.remaining());
    }

    /// Goes on to a later phase. None of them accepts bytes.
    fn enter(&mut self, phase: Phase) {
        self.phase = phase;
        self.gate.shut();
    }

    fn fail(&mut self, error: io::Error) -> io::Error {
        events::failed(&error, self.buffer_size());
        self.enter(Phase::Failed(error.kind()));
        error
    }

    /// Lets through what may happen until the shutdown has begun.
    #[inline]
    fn check_open(&self) -> io::Result<()> {
        if self.phase == Phase::Open { Ok(()) } else { Err(self.not_open()) }
    }

    #[cold]
    fn not_open(&self) -> io::Error {
        match self.phase {
            Phase::Failed(kind) => error::failed_before(kind),
            _ => error::closed(),
        }
    }

    /// Lets through what may happen until a failure.
    #[inline]
    fn check_not_failed(&self) -> io::Result<()> {
        match self.phase {
            Phase::Failed(kind) => Err(error::failed_before(kind)),
            _ => Ok(()),
        }
    }
}

#[cfg(feature = "tracing")]
impl Drop for WriteBuffer {
    fn drop(&mut self) {
        if !self.queue.is_empty() {
            events::dropped(self.buffer_size());
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
            .finish()
    }
}
