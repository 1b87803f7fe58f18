mod handle;
mod waiting;

use std::fmt;
use std::future::poll_fn;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;

use bytes::Bytes;

use self::waiting::{Flushing, Waiting};
use super::refusal::Refusal;
use super::shared::Shared;
use super::state::{FlushWait, Readiness, State, Waits};
use super::sync::Arc;
use super::waiters::Place;
use crate::error::TrySendError;
use crate::stats::Stats;
use crate::watermarks::Watermarks;

/// Sends to a channel. Made by
/// [`FlowControlledWriter::into_channel`](crate::FlowControlledWriter::into_channel), and cloned
/// for each producer.
///
/// All methods take `&self`. A sender is also a [`Sink<Bytes>`](futures_sink::Sink) and an
/// [`AsyncWrite`](tokio::io::AsyncWrite). Closing it by one of these interfaces flushes and ends
/// this handle alone, as it must be where several streams are forwarded into clones, while
/// [`close`](Self::close) ends the channel for all. Clones of a handle that has ended have ended,
/// too.
///
/// # Order
///
/// What one handle sends keeps its order. Those who wait for the channel to resume are served in
/// the order in which they began to wait; one that comes while it is not paused need not queue
/// behind them.
///
/// A future of [`send`](Self::send) or [`ready`](Self::ready) that has begun to wait holds its
/// place in the line: poll it until it is done, or drop it.
///
/// # Drop behavior
///
/// When the last handle is dropped or closed the channel ends: the driver writes what is queued,
/// flushes the inner writer, shuts it down and returns it.
pub struct Sender {
    shared: Arc<Shared>,
    stage: Stage,
    /// The place in line of the `Sink` and `AsyncWrite` interfaces.
    place: Option<Place>,
    readiness: Readiness,
    /// The flush of the `Sink` and `AsyncWrite` interfaces.
    flush: FlushWait,
    /// Whether this handle has sent since that flush began.
    sent: AtomicBool,
}

/// Whether a handle counts among those that keep the channel open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Open,
    Ended,
}

impl Sender {
    /// Makes the first handle, which the shared state has counted already.
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        Self::at(Stage::Open, shared)
    }

    /// Queues a chunk as soon as the channel is not paused. Does not wait for it to be written.
    ///
    /// A chunk below the coalesce threshold is copied, a larger one is not.
    ///
    /// # Errors
    ///
    /// Returns the chunk in [`TrySendError::Closed`] if the channel is or becomes closed, and in
    /// [`TrySendError::Full`] if the chunk would take the buffer over its cap
    /// ([`Builder::max_buffer_size`](crate::Builder::max_buffer_size)).
    ///
    /// # Cancel safety
    ///
    /// A dropped future leaves nothing behind: the chunk was not queued, and its place in the line
    /// goes to the next one. A chunk that is still wanted is cheap to clone before.
    ///
    /// # Examples
    ///
    /// ```
    /// use flow_controlled_writer::FlowControlledWriter;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let (sender, driver) = FlowControlledWriter::new(Vec::new()).into_channel();
    /// sender.send("hello, ").await?;
    /// sender.clone().send("world").await?;
    /// drop(sender);
    /// assert_eq!(driver.await?, b"hello, world");
    /// # Ok(())
    /// # }
    /// ```
    pub async fn send(&self, chunk: impl Into<Bytes>) -> Result<(), TrySendError> {
        let mut chunk = chunk.into();
        let mut wait = Waiting::new(self, State::leave_line);
        let sent = poll_fn(|cx| {
            self.with_open(|state| state.poll_send(cx, &mut wait.place, &mut chunk))
                .unwrap_or_else(|refusal| Poll::Ready(Err(refusal)))
        });
        let result = sent.await;
        self.note_sent();
        result.map_err(|refusal| refusal.of(chunk))
    }

    /// Queues a chunk if that is possible at once.
    ///
    /// An empty chunk is accepted and queues nothing.
    ///
    /// # Errors
    ///
    /// Returns the chunk in [`TrySendError::Full`] if the channel is paused or the chunk would
    /// take it over its cap or budget, and in [`TrySendError::Closed`] if it is closed.
    pub fn try_send(&self, chunk: impl Into<Bytes>) -> Result<(), TrySendError> {
        let mut chunk = chunk.into();
        let result = self.with_open(|state| state.try_send(&mut chunk)).and_then(|result| result);
        self.note_sent();
        result.map_err(|refusal| refusal.of(chunk))
    }

    /// Waits until the channel is not paused. Another sender may pause it again before this one
    /// has sent.
    ///
    /// # Errors
    ///
    /// Returns an error if the channel is or becomes closed: of the kind with which the inner
    /// writer failed, or else [`BrokenPipe`](io::ErrorKind::BrokenPipe).
    ///
    /// # Cancel safety
    ///
    /// A dropped future leaves nothing behind: its place in the line goes to the next one.
    pub async fn ready(&self) -> io::Result<()> {
        let mut wait = Waiting::new(self, State::leave_line);
        let turn = poll_fn(|cx| {
            self.with_open(|state| state.poll_ready(cx, &mut wait.place, Waits::Future))
                .unwrap_or_else(|refusal| Poll::Ready(Err(refusal)))
        });
        Ok(turn.await?)
    }

    /// Waits until all that was sent by any handle before the first poll is written and the inner
    /// writer flushed, also while others go on sending.
    ///
    /// # Errors
    ///
    /// Returns an error if that cannot be any more: of the kind with which the inner writer failed,
    /// or [`BrokenPipe`](io::ErrorKind::BrokenPipe) if the driver was dropped or what was sent was
    /// discarded by [`abort`](Self::abort).
    ///
    /// # Cancel safety
    ///
    /// A dropped future changes nothing: what was sent is written and flushed all the same.
    pub async fn flush(&self) -> io::Result<()> {
        let mut flush = Flushing::new(self);
        poll_fn(|cx| self.shared.with(|state| state.poll_flush(cx, &mut flush.wait))).await
    }

    /// Ends sending for all handles. The driver writes what is queued, flushes the inner writer,
    /// shuts it down and returns it.
    pub fn close(&self) {
        self.shared.with(State::close).wake();
    }

    /// Waits until the driver has ended: after all was written and the inner writer shut down,
    /// after a failure, or because it was dropped.
    ///
    /// # Cancel safety
    ///
    /// A dropped future changes nothing.
    pub async fn closed(&self) {
        let mut wait = Waiting::new(self, State::leave_closings);
        poll_fn(|cx| self.shared.with(|state| state.poll_closed(cx, &mut wait.place))).await;
    }

    /// Discards all that is not written, also what waits in sinks, and ends sending for all
    /// handles. Returns the bytes discarded.
    ///
    /// The driver shuts the inner writer down and returns it. A chunk of which the inner writer
    /// has taken a part is cut there.
    pub fn abort(&self) -> usize {
        let (discarded, remains) = self.shared.with(State::abort);
        remains.wake();
        discarded
    }

    /// Changes the watermarks. The channel pauses or resumes by the new ones at once.
    pub fn set_watermarks(&self, watermarks: Watermarks) {
        self.shared.with(|state| state.set_watermarks(watermarks));
    }

    /// Tells whether nothing can be sent by this handle any more: the channel was closed, aborted
    /// or has failed, or the handle has ended.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.stage == Stage::Ended || !self.shared.with(|state| state.is_open())
    }

    /// Returns the bytes that were sent and that the inner writer has not accepted: queued, or
    /// taken by the driver and not yet written.
    ///
    /// The count is exact at every moment, and read without a lock.
    #[must_use]
    #[inline]
    pub fn buffer_size(&self) -> usize {
        self.shared.buffer_size()
    }

    /// Tells whether the channel makes its senders wait.
    #[must_use]
    pub fn is_paused(&self) -> bool {
        self.shared.with(|state| state.is_paused())
    }

    /// Returns the watermarks.
    #[must_use]
    pub fn watermarks(&self) -> Watermarks {
        self.shared.with(|state| state.watermarks())
    }

    /// Returns the totals since the writer was made.
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.shared.with(|state| state.stats())
    }

    fn at(stage: Stage, shared: Arc<Shared>) -> Self {
        Self {
            shared,
            stage,
            place: None,
            readiness: Readiness::Unknown,
            flush: FlushWait::default(),
            sent: AtomicBool::new(false),
        }
    }

    /// Lets a handle that has not ended work on the state.
    fn with_open<R>(&self, act: impl FnOnce(&mut State) -> R) -> Result<R, Refusal> {
        match self.stage {
            Stage::Open => Ok(self.shared.with(act)),
            Stage::Ended => Err(Refusal::Closed),
        }
    }

    /// Takes note that a flush which has begun does not cover all that this handle has sent.
    #[inline]
    fn note_sent(&self) {
        // Most often it is set already; reading it does not take the cache line from others.
        if !self.sent.load(Ordering::Relaxed) {
            self.sent.store(true, Ordering::Relaxed);
        }
    }
}

impl Clone for Sender {
    fn clone(&self) -> Self {
        if self.stage == Stage::Open {
            self.shared.with(State::add_handle);
        }
        Self::at(self.stage, Arc::clone(&self.shared))
    }
}

impl Drop for Sender {
    fn drop(&mut self) {
        self.leave_line();
        let Self { shared, stage, flush, .. } = self;
        shared.with(|state| {
            state.leave_flushes(flush);
            if *stage == Stage::Open {
                state.remove_handle();
            }
        });
    }
}

impl fmt::Debug for Sender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sender")
            .field("stage", &self.stage)
            .field("buffer_size", &self.buffer_size())
            .finish_non_exhaustive()
    }
}
