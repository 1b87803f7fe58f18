use std::io::{self, IoSlice};
use std::task::Poll;

use bytes::Bytes;

use super::{Life, State};
use crate::channel::Position;
use crate::channel::line::{Holder, Place};
use crate::channel::waiters::{Caller, Ticket};
use crate::chunk_queue::ChunkQueue;
use crate::error::Refusal;
use crate::write_buffer::Way;

/// How far the wait for a flush has come.
#[derive(Debug, Default)]
pub(in crate::channel) struct FlushWait {
    /// The position that is to be flushed; `None` before the first poll.
    pub(in crate::channel) goal: Option<Position>,
    ticket: Option<Ticket<Position>>,
}

impl FlushWait {
    pub(in crate::channel) fn until(goal: Position) -> Self {
        Self { goal: Some(goal), ticket: None }
    }
}

/// What the senders do.
impl State {
    /// Queues a chunk if that concerns nobody else. Returns the position behind it.
    #[inline]
    pub(in crate::channel) fn push_freely(&mut self, chunk: &mut Bytes) -> Option<Position> {
        self.is_settled = chunk.len() < self.free_below.saturating_sub(self.buffer_size());
        self.is_settled.then(|| self.push(chunk))
    }

    /// Queues a chunk. A small one is copied, and left to the caller.
    #[inline]
    pub(in crate::channel) fn push(&mut self, chunk: &mut Bytes) -> Position {
        self.queue.push_from(chunk);
        self.accepted()
    }

    /// Queues all that `item` holds, as one item.
    pub(in crate::channel) fn append(&mut self, item: &mut ChunkQueue) -> Position {
        self.queue.append(item);
        self.accepted()
    }

    /// Queues a copy of the slices, as one item.
    pub(in crate::channel) fn append_slices(&mut self, slices: &[IoSlice<'_>]) -> Position {
        for slice in slices {
            self.queue.extend_from_slice(slice);
        }
        self.accepted()
    }

    /// Lets an item of `length` bytes in at once, if that is possible this way. Whoever is told so queues
    /// it.
    pub(in crate::channel) fn admit(&mut self, way: Way, length: usize) -> Result<(), Refusal> {
        self.check_open()?;
        let size = self.buffer_size();
        self.gate.update(size);
        let is_in_turn = way == Way::PastPause || self.line.lets_pass();
        if is_in_turn && self.gate.admits(way, size, length) { Ok(()) } else { Err(Refusal::Full) }
    }

    /// Waits for a turn to send. A newcomer that `may_pass` goes ahead of those in line, and one that
    /// only looks does not join them.
    #[inline]
    pub(in crate::channel) fn poll_turn(
        &mut self,
        caller: &mut Caller<'_>,
        place: &mut Option<Place>,
        holder: Holder,
        may_pass: bool,
    ) -> Poll<Result<(), Refusal>> {
        self.check_open()?;
        self.gate.update(self.buffer_size());
        let is_accepting = self.is_accepting();
        if (may_pass || place.is_some()) && self.line.come(*place, is_accepting) {
            if place.is_some() {
                self.leave_line(place);
            }
            return Poll::Ready(Ok(()));
        }
        if !caller.is_looking() {
            let retired = self.line.wait(place, holder, caller);
            self.retire(retired);
        }
        Poll::Pending
    }

    /// Tells whether the first in line may soon have its turn: the inner writer is taking bytes. While
    /// the channel is not paused it is called anyway.
    pub(in crate::channel) fn is_soon(&self, place: Option<Place>) -> bool {
        !self.is_accepting()
            && self.is_moving()
            && place.is_some_and(|place| self.line.is_first(place))
    }

    /// Waits until all that was sent before the first poll is written and flushed.
    pub(in crate::channel) fn poll_flush(
        &mut self,
        caller: &mut Caller<'_>,
        wait: &mut FlushWait,
    ) -> Poll<io::Result<()>> {
        let goal = match (wait.goal, self.life) {
            (Some(goal), _) => goal,
            (None, Life::Open | Life::Closing) => self.accepted(),
            (None, Life::Aborted | Life::Ended) => self.written,
            (None, Life::Failed(kind)) => return Poll::Ready(Err(Refusal::Failed(kind).into())),
        };
        wait.goal = Some(goal);
        let result = match self.life {
            _ if self.flushed >= Some(goal) => Ok(()),
            Life::Failed(kind) => Err(Refusal::Failed(kind).into()),
            Life::Aborted | Life::Ended if goal > self.written => Err(Refusal::Closed.into()),
            _ => {
                let retired = self.flushes.wait(&mut wait.ticket, goal, caller);
                self.retire(retired);
                return Poll::Pending;
            }
        };
        self.leave_flushes(wait);
        Poll::Ready(result)
    }

    /// Waits until the driver has ended. The result tells how.
    pub(in crate::channel) fn poll_closed(
        &mut self,
        caller: &mut Caller<'_>,
        ticket: &mut Option<Ticket<()>>,
    ) -> Poll<io::Result<()>> {
        match self.life {
            Life::Ended => Poll::Ready(Ok(())),
            Life::Failed(kind) => Poll::Ready(Err(Refusal::Failed(kind).into())),
            Life::Open | Life::Closing | Life::Aborted => {
                let retired = self.closings.wait(ticket, (), caller);
                self.retire(retired);
                Poll::Pending
            }
        }
    }

    pub(in crate::channel) fn leave_line(&mut self, place: &mut Option<Place>) {
        let retired = self.line.leave(place);
        self.retire(retired);
    }

    /// Gives up the wait for a flush; the next one begins anew.
    pub(in crate::channel) fn leave_flushes(&mut self, wait: &mut FlushWait) {
        wait.goal = None;
        let retired = self.flushes.leave(&mut wait.ticket);
        self.retire(retired);
    }

    pub(in crate::channel) fn leave_closings(&mut self, ticket: &mut Option<Ticket<()>>) {
        let retired = self.closings.leave(ticket);
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
}
