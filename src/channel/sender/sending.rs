use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Context, Poll};

use bytes::Bytes;

use super::{Sender, Stage};
use crate::channel::Position;
use crate::channel::line::{Holder, Place};
use crate::channel::state::State;
use crate::error::{Refusal, TrySendError};

/// The future of [`Sender::send`].
#[must_use = "futures do nothing unless you `.await` or poll them"]
pub struct Sending<'a> {
    turn: Turn<'a>,
    chunk: Bytes,
}

/// The wait of a future for its turn to send an item. It is given up when it is dropped.
pub(super) struct Turn<'a> {
    sender: &'a Sender,
    place: Option<Place>,
    /// Times that it may yet look again by itself before it sleeps.
    looks: u8,
}

impl<'a> Sending<'a> {
    #[inline]
    pub(super) fn new(sender: &'a Sender, chunk: Bytes) -> Self {
        Self { turn: Turn::new(sender), chunk }
    }
}

impl Future for Sending<'_> {
    type Output = Result<Position, TrySendError>;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Self { turn, chunk } = &mut *self;
        if turn.place.is_none() && !turn.sender.is_due_to_yield() {
            if let Some(position) = turn.sender.push_freely(chunk) {
                return Poll::Ready(Ok(position));
            }
        }
        let queued = turn.poll(cx, |state| state.push(chunk));
        queued.map_err(|refusal| refusal.of(std::mem::take(chunk)))
    }
}

impl fmt::Debug for Sending<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sending").field("bytes", &self.chunk.len()).finish_non_exhaustive()
    }
}

impl<'a> Turn<'a> {
    #[inline]
    pub(super) fn new(sender: &'a Sender) -> Self {
        Self { sender, place: None, looks: LOOKS }
    }

    #[cold]
    #[inline(never)]
    fn leave(&mut self) {
        let Self { sender, place, .. } = self;
        sender.waiting.fetch_sub(1, Ordering::Relaxed);
        sender.shared.with(|state| state.leave_line(place));
    }

    /// Queues an item by `push` when its turn has come.
    #[inline(never)]
    pub(super) fn poll(
        &mut self,
        cx: &Context<'_>,
        push: impl FnMut(&mut State) -> Position,
    ) -> Poll<Result<Position, Refusal>> {
        let Self { sender, place, looks } = self;
        if sender.stage == Stage::Ended {
            return Poll::Ready(Err(Refusal::Closed));
        }
        let may_pass = sender.may_pass_now();
        let moving = Moving { waiting: &sender.waiting, had_place: place.is_some(), place };
        let result = sender.shared.poll_turn(cx, moving.place, Holder::Item, may_pass, push);
        drop(moving);
        match result {
            Poll::Ready(position) => Poll::Ready(position.map(|position| sender.sent(position))),
            Poll::Pending => {
                sender.end_streak();
                // Its place is kept: to look again costs less than to sleep and be woken by another
                // thread. Where others of the handle wait too, who is woken first is polled first.
                let is_alone = sender.waiting.load(Ordering::Relaxed) == 1;
                if *looks > 0 && is_alone && sender.shared.with(|state| state.is_soon(*place)) {
                    *looks -= 1;
                    cx.waker().wake_by_ref();
                }
                Poll::Pending
            }
        }
    }
}

/// A place that is being taken or left. Counts the future among those of its handle that wait, also where
/// somebody is woken meanwhile who panics.
struct Moving<'a> {
    waiting: &'a AtomicU32,
    had_place: bool,
    place: &'a mut Option<Place>,
}

impl Drop for Moving<'_> {
    #[inline]
    fn drop(&mut self) {
        match (self.had_place, self.place.is_some()) {
            (false, true) => drop(self.waiting.fetch_add(1, Ordering::Relaxed)),
            (true, false) => drop(self.waiting.fetch_sub(1, Ordering::Relaxed)),
            _ => {}
        }
    }
}

impl Drop for Turn<'_> {
    #[inline]
    fn drop(&mut self) {
        if self.place.is_some() {
            self.leave();
        }
    }
}

/// Times that a sender looks again before it sleeps.
const LOOKS: u8 = 2;
