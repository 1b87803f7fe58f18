mod accept;
mod control;
mod handle;
mod inspect;
mod sending;

use std::fmt;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

pub use self::sending::Sending;
use super::Position;
use super::line::Place;
use super::shared::Shared;
use super::state::{FlushWait, State};
use super::sync::Arc;
use crate::error::Refusal;

/// Sends to a channel. Made by
/// [`FlowControlledWriter::into_channel`](crate::FlowControlledWriter::into_channel), and cloned
/// for each producer.
///
/// All methods take `&self`. A sender is also a [`Sink<Bytes>`](futures_sink::Sink) and an
/// [`AsyncWrite`](tokio::io::AsyncWrite). Closing it by one of these interfaces flushes and ends
/// this handle alone, as it must be where several streams are forwarded into clones, while
/// [`close_channel`](Self::close_channel) ends the channel for all. Clones of a handle that has ended
/// have ended, too.
///
/// What is sent by one call is one item: the bytes of others lie before or behind it.
///
/// # Order
///
/// What one handle sends keeps its order, also when its futures wait side by side. Those who wait are
/// served in the order in which they began to; see [the module](super) for newcomers.
///
/// A future that has begun to wait holds its place in the line: poll it until it is done, or drop it.
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
    /// The position of the last item that this handle has sent.
    last: AtomicU64,
    /// Futures of this handle that wait with an item.
    waiting: AtomicU32,
    /// Items sent since this handle has last waited or yielded.
    streak: AtomicU32,
}

/// Whether a handle counts among those that keep the channel open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Open,
    Ended,
}

/// Whether a handle was told that it may send an item, and has not sent one since.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Readiness {
    Unknown,
    Told,
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
            last: AtomicU64::new(0),
            waiting: AtomicU32::new(0),
            streak: AtomicU32::new(0),
        }
    }

    /// Lets a handle that has not ended work on the state.
    fn with_open<R>(
        &self,
        act: impl FnOnce(&mut State) -> Result<R, Refusal>,
    ) -> Result<R, Refusal> {
        match self.stage {
            Stage::Open => self.shared.with(act),
            Stage::Ended => Err(Refusal::Closed),
        }
    }

    /// Tells whether no item of this handle waits, which one that is sent now would overtake.
    #[inline]
    fn may_pass(&self) -> bool {
        self.waiting.load(Ordering::Relaxed) == 0
    }

    /// Tells whether an item that comes now need not get in line. One that is due to yield does: it is
    /// called at once if the channel is not paused, and what this handle sends meanwhile stays behind it.
    #[inline]
    fn may_pass_now(&self) -> bool {
        self.may_pass() && !self.is_due_to_yield()
    }

    /// Tells whether this handle has sent so much without a wait that others should have a turn.
    #[inline]
    fn is_due_to_yield(&self) -> bool {
        self.streak.load(Ordering::Relaxed) >= LONGEST_STREAK
    }

    fn end_streak(&self) {
        self.streak.store(0, Ordering::Relaxed);
    }

    /// Takes note of an item that was sent.
    #[inline]
    fn sent(&self, position: Position) -> Position {
        // Handles are seldom shared, so these need not be locked instructions; a count that is lost does
        // no harm.
        self.last.store(position, Ordering::Relaxed);
        self.streak.store(self.streak.load(Ordering::Relaxed).wrapping_add(1), Ordering::Relaxed);
        position
    }
}

impl Clone for Sender {
    fn clone(&self) -> Self {
        // Before it is counted: what is woken then may panic.
        let clone = Self::at(self.stage, Arc::clone(&self.shared));
        if self.stage == Stage::Open {
            self.shared.with(State::add_handle);
        }
        clone
    }
}

impl Drop for Sender {
    fn drop(&mut self) {
        let Self { shared, stage, place, flush, .. } = self;
        // At once: what is woken then may panic.
        shared.with(|state| {
            state.leave_line(place);
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

/// Items that a handle sends in a row before it yields: some ten microseconds.
const LONGEST_STREAK: u32 = 256;
