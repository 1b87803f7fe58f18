use std::io::{self, IoSlice};
use std::task::{Context, Poll, ready};

use bytes::{Bytes, BytesMut};

use super::{Readiness, Sender, Stage};
use crate::channel::Position;
use crate::channel::line::Holder;
use crate::channel::state::State;
#[cfg(feature = "codec")]
use crate::chunk_queue::ChunkQueue;
use crate::error::Refusal;
use crate::write_buffer::Way;

/// What the `Sink` and `AsyncWrite` interfaces do: a handle that is polled waits in its own name.
impl Sender {
    /// Waits for a turn on behalf of the handle.
    pub(crate) fn poll_turn(&mut self, cx: &Context<'_>) -> Poll<Result<(), Refusal>> {
        if self.readiness == Readiness::Told {
            return Poll::Ready(self.with_open(|state| state.check_open()));
        }
        if self.stage == Stage::Ended {
            return Poll::Ready(Err(Refusal::Closed));
        }
        let may_pass = self.may_pass_now();
        let turn = self.shared.poll_turn(cx, &mut self.place, Holder::Interest, may_pass, |_| ());
        if turn.is_pending() {
            self.end_streak();
        }
        ready!(turn)?;
        self.readiness = Readiness::Told;
        Poll::Ready(Ok(()))
    }

    /// Lets an item in if that is possible at once. It is [queued](Self::queue) then. Nothing else of this
    /// handle waits meanwhile, which an item would overtake: it is borrowed for this one.
    #[cfg(feature = "codec")]
    pub(crate) fn try_turn(&mut self) -> Result<(), Refusal> {
        self.with_open(|state| state.admit(Way::InTurn, 0))
    }

    /// Lets an item in: one for which the handle was told to be ready, or one that nobody asked for,
    /// past a pause. It is [queued](Self::queue) then, whatever others do in between.
    pub(crate) fn start(&mut self) -> Result<(), Refusal> {
        match std::mem::replace(&mut self.readiness, Readiness::Unknown) {
            Readiness::Told => Ok(()),
            Readiness::Unknown => self.with_open(|state| state.admit(Way::PastPause, 0)),
        }
    }

    /// Queues what `item` holds as one item that was let in.
    #[cfg(feature = "codec")]
    pub(crate) fn queue_all(&self, item: &mut ChunkQueue) -> Result<Position, Refusal> {
        item.seal();
        self.queue(|state| state.append(item))
    }

    /// Queues an item that was let in, by `push`.
    fn queue(&self, push: impl FnOnce(&mut State) -> Position) -> Result<Position, Refusal> {
        let position = self.with_open(|state| {
            state.check_open()?;
            Ok(push(state))
        })?;
        Ok(self.sent(position))
    }

    pub(in crate::channel) fn start_item(&mut self, mut chunk: Bytes) -> io::Result<()> {
        if self.push_freely(&mut chunk).is_some() {
            self.readiness = Readiness::Unknown;
            return Ok(());
        }
        let started = match self.start() {
            // Nothing needs no room.
            Err(Refusal::Full) if chunk.is_empty() => Ok(()),
            started => started,
        };
        let queued = started.and_then(|()| self.queue(|state| state.push(&mut chunk)));
        queued.map(drop).map_err(|refusal| refusal.of_item(chunk))
    }

    /// Takes the slices as one item when its turn has come.
    pub(in crate::channel) fn poll_copy(
        &mut self,
        cx: &Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let total = slices.iter().fold(0_usize, |total, slice| total.saturating_add(slice.len()));
        if total == 0 {
            return Poll::Ready(Ok(0));
        }
        ready!(self.poll_turn(cx))?;
        self.readiness = Readiness::Unknown;
        let length = total.min(LARGEST_ITEM);
        if length <= COPIED_UNDER_LOCK {
            self.queue(|state| state.append_slices(slices))?;
        } else {
            let mut copy = copy(slices, length);
            self.queue(|state| state.push(&mut copy))?;
        }
        Poll::Ready(Ok(length))
    }

    /// Waits for a flush on behalf of the handle. One that was given up goes on, unless the handle
    /// has sent in between.
    pub(crate) fn poll_flush_handle(&mut self, cx: &Context<'_>) -> Poll<io::Result<()>> {
        let last = *self.last.get_mut();
        if self.flush.goal.is_some_and(|goal| goal < last) {
            self.shared.with(|state| state.leave_flushes(&mut self.flush));
        }
        self.shared.poll_flush(cx, &mut self.flush)
    }

    /// Ends the handle and waits for a flush of what was sent.
    pub(crate) fn poll_end(&mut self, cx: &Context<'_>) -> Poll<io::Result<()>> {
        if self.stage == Stage::Open {
            self.stage = Stage::Ended;
            let place = &mut self.place;
            // At once: what is woken then may panic.
            self.shared.with(|state| {
                state.leave_line(place);
                state.remove_handle();
            });
        }
        self.poll_flush_handle(cx)
    }

    /// Gives the turn up for which the handle waits.
    #[cfg(feature = "codec")]
    pub(crate) fn leave_line(&mut self) {
        if self.place.is_some() {
            let place = &mut self.place;
            self.shared.with(|state| state.leave_line(place));
        }
    }
}

/// Copies the first `length` bytes of `slices`, of which there are as many.
fn copy(slices: &[IoSlice<'_>], length: usize) -> Bytes {
    let mut copy = BytesMut::with_capacity(length);
    for slice in slices {
        copy.extend_from_slice(&slice[..slice.len().min(length - copy.len())]);
    }
    copy.freeze()
}

/// The most bytes that one write takes as an item: larger than the frames of usual protocols.
const LARGEST_ITEM: usize = 1024 * 1024;
/// Bytes that are copied under the lock: no more than half a microsecond.
const COPIED_UNDER_LOCK: usize = 8 * 1024;
