mod accept;
mod control;
mod handle;
mod inspect;
mod waiting;

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;

use super::refusal::Refusal;
use super::shared::Shared;
use super::state::{FlushWait, Readiness, State};
use super::sync::Arc;
use super::waiters::Place;

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
///
/// # Examples
///
/// ```
/// use bytes::Bytes;
/// use flow_controlled_writer::FlowControlledWriter;
/// use futures::{StreamExt, stream};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let (sender, driver) = FlowControlledWriter::new(Vec::new()).into_channel();
/// let driver = tokio::spawn(driver);
///
/// // `forward` closes its sink at the end, which ends this handle alone.
/// let words = stream::iter(["one ", "two "]).map(|word| Ok(Bytes::from(word)));
/// words.forward(sender.clone()).await?;
/// sender.send("three").await?;
/// drop(sender);
/// assert_eq!(driver.await??, b"one two three");
/// # Ok(())
/// # }
/// ```
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

    /// Queues a chunk if that concerns nobody else. Returns whether it did.
    #[inline]
    fn push_freely(&self, chunk: &mut Bytes) -> bool {
        self.stage == Stage::Open && self.shared.push_freely(chunk)
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
