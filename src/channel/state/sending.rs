use std::io::{self, IoSlice};
use std::task::{Context, Poll, ready};

use bytes::Bytes;

use super::{Life, State, Waits};
use crate::channel::refusal::Refusal;
use crate::channel::waiters::Place;
use crate::watermarks::Flow;

/// Whether a handle was told that it may send an item, and has not sent one since.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::channel) enum Readiness {
    Unknown,
    Told,
}

/// How far the wait for a flush has come.
#[derive(Debug, Default)]
pub(in crate::channel) struct FlushWait {
    /// The position that is to be flushed; `None` before the first poll.
    position: Option<u64>,
    place: Option<Place>,
}

impl FlushWait {
    pub(in crate::channel) fn is_waiting(&self) -> bool {
        self.place.is_some()
    }
}

/// What the senders do.
impl State {
    /// Queues a chunk if that is possible at once.
    pub(in crate::channel) fn try_send(&mut self, chunk: &mut Bytes) -> Result<(), Refusal> {
        self.check_open()?;
        if chunk.is_empty() {
            return Ok(());
        }
        self.notice_budget();
        if !self.is_accepting() || !self.gate.reserve(self.buffer_size(), chunk.len()) {
            return Err(Refusal::Full);
        }
        self.push(chunk);
        Ok(())
    }

    /// Queues a chunk if nothing but the count comes of it: there is nobody to wake and nothing to
    /// [settle](Self::settle). Returns whether it did.
    #[inline]
    pub(in crate::channel) fn push_freely(&mut self, chunk: &mut Bytes) -> bool {
        let is_free = chunk.len() < self.free_below.saturating_sub(self.buffer_size());
        if is_free {
            self.push(chunk);
        }
        is_free
    }

    /// Queues a chunk when it is its turn.
    pub(in crate::channel) fn poll_send(
        &mut self,
        cx: &Context<'_>,
        place: &mut Option<Place>,
        chunk: &mut Bytes,
    ) -> Poll<Result<(), Refusal>> {
        ready!(self.poll_ready(cx, place, Waits::Future))?;
        if !self.gate.admits(self.buffer_size(), chunk.len()) {
            return Poll::Ready(Err(Refusal::Full));
        }
        self.push(chunk);
        Poll::Ready(Ok(()))
    }

    /// Waits for a turn to send.
    #[inline]
    pub(in crate::channel) fn poll_ready(
        &mut self,
        cx: &Context<'_>,
        place: &mut Option<Place>,
        waits: Waits,
    ) -> Poll<Result<(), Refusal>> {
        self.check_open()?;
        self.notice_budget();
        if !self.is_turn_of(*place) {
            return self.wait(cx, place, waits);
        }
        self.leave_line(place);
        Poll::Ready(Ok(()))
    }

    /// Queues the item of a sink.
    ///
    /// Between `poll_ready` and this another sender may have paused the channel. Such an item is
    /// parked, as if it were still waited for; one that nobody asked for is queued all the same.
    pub(in crate::channel) fn start_send(
        &mut self,
        chunk: &mut Bytes,
        readiness: Readiness,
    ) -> Result<(), Refusal> {
        self.check_open()?;
        if !self.gate.admits(self.buffer_size(), chunk.len()) {
            return Err(Refusal::Full);
        }
        let lost_its_turn = readiness == Readiness::Told && self.gate.flow() == Flow::Paused;
        if lost_its_turn || !self.parked.is_empty() {
            self.accepted += chunk.len() as u64;
            self.parked.push(if chunk.len() < self.queue.coalesce_threshold() {
                Bytes::copy_from_slice(chunk)
            } else {
                std::mem::take(chunk)
            });
        } else {
            self.push(chunk);
        }
        Ok(())
    }

    /// Copies as much of the slices as there is room for, when it is their turn.
    pub(in crate::channel) fn poll_write(
        &mut self,
        cx: &Context<'_>,
        place: &mut Option<Place>,
        slices: &[IoSlice<'_>],
    ) -> Poll<Result<usize, Refusal>> {
        self.check_open()?;
        if slices.iter().all(|slice| slice.is_empty()) {
            return Poll::Ready(Ok(0));
        }
        let before = self.buffer_size();
        self.gate.update_for_slice(before);
        let mut room = self.slice_room();
        if !self.is_turn_of(*place) || (room == 0 && before > 0) {
            return self.wait(cx, place, Waits::Slice);
        }
        if room == 0 {
            return Poll::Ready(Err(Refusal::Full));
        }
        for slice in slices {
            let part = &slice[..slice.len().min(room)];
            self.queue.extend_from_slice(part);
            room -= part.len();
        }
        self.leave_line(place);
        self.pushed(before);
        Poll::Ready(Ok(self.buffer_size() - before))
    }

    /// Waits until all that was sent before the first poll is written and flushed.
    pub(in crate::channel) fn poll_flush(
        &mut self,
        cx: &Context<'_>,
        wait: &mut FlushWait,
    ) -> Poll<io::Result<()>> {
        let position = match (wait.position, self.life) {
            (Some(position), _) => position,
            (None, Life::Open | Life::Closing) => self.accepted,
            (None, Life::Aborted | Life::Ended) => self.written,
            (None, Life::Failed(kind)) => return Poll::Ready(Err(Refusal::Failed(kind).into())),
        };
        wait.position = Some(position);
        let result = match self.life {
            _ if self.flushed >= Some(position) => Ok(()),
            Life::Failed(kind) => Err(Refusal::Failed(kind).into()),
            Life::Aborted | Life::Ended if position > self.written => Err(Refusal::Closed.into()),
            _ => {
                let retired = self.flushes.wait(&mut wait.place, position, cx.waker());
                self.retire(retired);
                return Poll::Pending;
            }
        };
        self.leave_flushes(wait);
        Poll::Ready(result)
    }

    /// Waits until the driver has ended.
    pub(in crate::channel) fn poll_closed(
        &mut self,
        cx: &Context<'_>,
        place: &mut Option<Place>,
    ) -> Poll<()> {
        if matches!(self.life, Life::Ended | Life::Failed(_)) {
            return Poll::Ready(());
        }
        let retired = self.closings.wait(place, (), cx.waker());
        self.retire(retired);
        Poll::Pending
    }

    #[inline]
    pub(in crate::channel) fn leave_line(&mut self, place: &mut Option<Place>) {
        if place.is_none() {
            return;
        }
        let retired = self.line.leave(place);
        self.retire(retired);
    }

    /// Gives up the wait for a flush; the next one begins anew.
    pub(in crate::channel) fn leave_flushes(&mut self, wait: &mut FlushWait) {
        wait.position = None;
        let retired = self.flushes.leave(&mut wait.place);
        self.retire(retired);
    }

    pub(in crate::channel) fn leave_closings(&mut self, place: &mut Option<Place>) {
        let retired = self.closings.leave(place);
        self.retire(retired);
    }

    pub(in crate::channel) fn add_handle(&mut self) {
        self.handles += 1;
    }

    /// Takes a handle out of those that can send. After the last one the channel ends.
    pub(in crate::channel) fn remove_handle(&mut self) {
        self.handles -= 1;
        if self.handles == 0 && self.life == Life::Open {
            self.life = Life::Closing;
        }
    }

    /// Returns the room for a slice. Where the high mark leaves none for anything, a slice is an
    /// item to an empty channel.
    pub(super) fn slice_room(&self) -> usize {
        let size = self.buffer_size();
        let limits = self.gate.limits();
        if size == 0 && limits.room(0) == 0 {
            return self.gate.cap().min(LARGEST_ITEM);
        }
        limits.room(size).min(LARGEST_ITEM)
    }

    /// Moves a chunk to the queue. A small one is copied, and left to the caller.
    #[inline]
    fn push(&mut self, chunk: &mut Bytes) {
        let before = self.buffer_size();
        if chunk.len() < self.queue.coalesce_threshold() {
            self.queue.extend_from_slice(chunk);
        } else {
            self.queue.push(std::mem::take(chunk));
        }
        self.pushed(before);
    }

    /// Takes note of bytes that were queued.
    #[inline]
    fn pushed(&mut self, before: usize) {
        let size = self.buffer_size();
        self.accepted += (size - before) as u64;
        self.peak_buffer_size = self.peak_buffer_size.max(size);
    }

    /// Tells whether the holder of a place, or a newcomer, may send.
    #[inline]
    fn is_turn_of(&self, place: Option<Place>) -> bool {
        self.is_accepting() && place.is_none_or(|place| self.line.is_woken(place))
    }

    fn wait<T>(&mut self, cx: &Context<'_>, place: &mut Option<Place>, waits: Waits) -> Poll<T> {
        let retired = self.line.wait(place, waits, cx.waker());
        self.retire(retired);
        Poll::Pending
    }

    /// Applies the pause rule once more where others may have changed what is left of the budget.
    #[inline]
    fn notice_budget(&mut self) {
        if self.gate.is_limited() {
            self.gate.update(self.buffer_size());
        }
    }

    #[inline]
    fn check_open(&self) -> Result<(), Refusal> {
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

/// Bytes that are copied under the lock at the most: some ten microseconds.
const LARGEST_ITEM: usize = 64 * 1024;
