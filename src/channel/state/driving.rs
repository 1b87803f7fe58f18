use std::task::Waker;

use bytes::Buf;

use super::{Life, State};
use crate::channel::waiters::Caller;
use crate::chunk_queue::ChunkQueue;
use crate::write_buffer::{PauseWatch, WriteBuffer};

/// Where the driver is.
#[derive(Debug)]
pub(super) enum Seat {
    /// In its poll, or not yet polled: it looks at the state again before it waits, most likely by the
    /// waker that it had.
    Driving(Option<Waker>),
    Waiting(Waker, Until),
}

/// What a driver that waits is woken for, apart from the inner writer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Until {
    /// Anything to do.
    Work,
    /// A flush, or an abort: the inner writer does not take more.
    Flush,
    /// Bytes, or an abort: the inner writer is being flushed.
    Bytes,
    /// An abort: the inner writer is being flushed, while bytes wait.
    Abort,
    /// As `Flush`, or a pause, whose time is to be watched.
    FlushOrPause,
    /// As `Abort`, or a pause, likewise.
    AbortOrPause,
}

/// What becomes of what the driver has taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hand {
    Still,
    /// The inner writer may be taking some of it.
    Writing,
    /// It was aborted while the inner writer was taking some: so many bytes were left.
    Discarded(usize),
}

/// What the driver does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub(in crate::channel) enum Step {
    /// Write some of what it has taken.
    Write,
    /// Discard what it has taken.
    Discard,
    /// Flush the inner writer.
    Flush,
    /// Shut the inner writer down.
    Shutdown,
    /// Wait until it is woken.
    Wait,
    /// Let others have their turn, then look again.
    Yield,
}

impl Seat {
    #[inline]
    pub(super) fn is_waiting_for_bytes(&self) -> bool {
        matches!(self, Self::Waiting(_, Until::Work | Until::Bytes))
    }

    pub(super) fn into_waker(self) -> Option<Waker> {
        match self {
            Self::Driving(waker) => waker,
            Self::Waiting(waker, _) => Some(waker),
        }
    }
}

/// What the driver does.
impl State {
    /// Takes note of what the inner writer has taken, and returns what the driver does next. What
    /// is queued is taken once all that was taken before is written. Of those called in line `woken` were
    /// woken.
    #[inline]
    pub(in crate::channel) fn next(
        &mut self,
        buffer: &mut WriteBuffer,
        caller: &mut Caller<'_>,
        woken: u64,
    ) -> Step {
        self.report(buffer);
        self.leave_seat();
        let size = self.buffer_size();
        if self.life == Life::Aborted && !buffer.is_empty() {
            return Step::Discard;
        }
        if size == 0 && self.life != Life::Open {
            return Step::Shutdown;
        }
        if self.is_flush_due()
            || (size == 0 && self.totals.written_bytes > self.totals.flushed_bytes)
        {
            let until = self.until_flushed(buffer);
            self.sit(caller, until);
            return Step::Flush;
        }
        if size == 0 {
            if self.watch_line(woken) {
                return Step::Yield;
            }
            self.sit(caller, Until::Work);
            return Step::Wait;
        }
        if buffer.is_empty() {
            self.hand_over(buffer);
        }
        self.hand = Hand::Writing;
        Step::Write
    }

    /// Gives the driver what is queued, in exchange for its empty queue, in the place of which whoever held the
    /// driver may have put another.
    #[inline]
    fn hand_over(&mut self, buffer: &mut WriteBuffer) {
        self.start = self.accepted();
        buffer.queue_mut().set_options_of(&self.queue);
        std::mem::swap(&mut self.queue, buffer.queue_mut());
        self.taken = buffer.buffer_size();
    }

    /// Returns what the driver is woken for while the inner writer is being flushed.
    fn until_flushed(&mut self, buffer: &WriteBuffer) -> Until {
        match self.buffer_size() {
            0 => Until::Bytes,
            _ if self.is_pause_to_come(buffer) => Until::AbortOrPause,
            _ => Until::Abort,
        }
    }

    /// Takes note of an inner writer that takes no more for now. Returns the pauses so far.
    pub(in crate::channel) fn wait_for_writer(
        &mut self,
        buffer: &WriteBuffer,
        caller: &mut Caller<'_>,
    ) -> PauseWatch {
        self.report(buffer);
        if buffer.is_stalled() {
            self.queue.wait(0);
        }
        let watches = self.is_pause_to_come(buffer);
        self.sit(caller, if watches { Until::FlushOrPause } else { Until::Flush });
        self.gate.watch()
    }

    /// Tells whether a pause is to be waited for, to watch its time.
    fn is_pause_to_come(&mut self, buffer: &WriteBuffer) -> bool {
        self.gate.update(self.buffer_size());
        buffer.limits_pauses() && self.is_accepting()
    }

    /// Returns the pauses so far.
    pub(in crate::channel) fn pause_watch(&self) -> PauseWatch {
        self.gate.watch()
    }

    /// Takes note of what the inner writer has taken.
    #[inline]
    pub(in crate::channel) fn report(&mut self, buffer: &WriteBuffer) {
        self.note_peak();
        self.totals.written_bytes = buffer.written();
        self.totals.write_calls = buffer.write_calls();
        let left = buffer.buffer_size();
        let hand = std::mem::replace(&mut self.hand, Hand::Still);
        if self.life != Life::Aborted || hand == Hand::Writing {
            // Whoever held the driver may have put bytes before those that were sent.
            self.written = self.written.max(self.start.saturating_sub(left as u64));
        }
        match (self.life, hand) {
            (Life::Aborted, Hand::Writing) => {
                self.hand = Hand::Discarded(left);
                self.taken = 0;
            }
            (Life::Aborted, other) => self.hand = other,
            _ => {
                // Likewise.
                self.totals.beside += left.saturating_sub(self.taken) as u64;
                self.taken = left;
            }
        }
    }

    /// Takes out what is queued for a driver that has stopped.
    pub(in crate::channel) fn take_unsent(&mut self) -> ChunkQueue {
        self.start = self.accepted();
        self.taken += self.queue.remaining();
        self.take_queue()
    }

    /// Discards what the driver has taken. `None` while the inner writer may take some of it.
    pub(in crate::channel) fn discard_taken(&mut self) -> Option<usize> {
        match self.hand {
            Hand::Writing => None,
            Hand::Still => Some(std::mem::take(&mut self.taken)),
            Hand::Discarded(left) => {
                self.hand = Hand::Still;
                Some(left)
            }
        }
    }

    /// Takes note of a flush of the inner writer.
    pub(in crate::channel) fn flushed(&mut self) {
        self.totals.flushed_bytes = self.totals.written_bytes;
        self.flushed = Some(self.written);
        self.served.extend(self.flushes.take_up_to(self.written));
    }

    /// Takes note of a driver that has stopped or is gone, with what is to be told of it. Tells whether what it
    /// has taken was discarded.
    pub(in crate::channel) fn stop(&mut self, buffer: &mut WriteBuffer) -> bool {
        self.report(buffer);
        self.gate.note_all(buffer.take_events());
        self.life == Life::Aborted
    }

    /// Begins a pause anew that lasts, for another inner writer.
    pub(in crate::channel) fn restart_pause(&mut self) {
        self.gate.restart_pause();
    }

    /// Takes the waker of the driver if it waits for what there is to do.
    #[inline]
    pub(super) fn call_driver(&mut self) -> Option<Waker> {
        if !self.is_driver_called() {
            return None;
        }
        std::mem::replace(&mut self.seat, Seat::Driving(None)).into_waker()
    }

    /// Takes note of a driver that polls.
    fn leave_seat(&mut self) {
        if let Seat::Waiting(..) = self.seat {
            let waker = std::mem::replace(&mut self.seat, Seat::Driving(None)).into_waker();
            self.seat = Seat::Driving(waker);
        }
    }

    /// Tells whether there is what the driver waits for.
    #[inline]
    fn is_driver_called(&self) -> bool {
        let Seat::Waiting(_, until) = self.seat else { return false };
        let is_aborted = self.life == Life::Aborted;
        match until {
            Until::Work => {
                !self.queue.is_empty()
                    || self.life != Life::Open
                    || self.is_flush_due()
                    || self.is_watch_due()
            }
            Until::Flush => is_aborted || self.is_flush_due(),
            Until::Bytes => is_aborted || !self.queue.is_empty() || self.is_watch_due(),
            Until::Abort => is_aborted,
            Until::FlushOrPause => is_aborted || self.is_flush_due() || !self.is_accepting(),
            Until::AbortOrPause => is_aborted || !self.is_accepting(),
        }
    }

    /// Tells whether bytes may leave soon: the driver does not wait for the inner writer.
    pub(super) fn is_moving(&self) -> bool {
        matches!(self.seat, Seat::Driving(_) | Seat::Waiting(_, Until::Work))
    }

    /// Tells whether others in line wait for one that was called to an empty channel.
    fn is_watch_due(&self) -> bool {
        self.is_accepting() && self.line.unanswered().is_some()
    }

    /// Sees to it that one who was called to an empty channel and does not come, though all others had
    /// their turn since the driver last polled, stops nobody behind it. Returns whether the driver is
    /// to look again when they had.
    ///
    /// It is not held against one who is only about to be woken: of the futures of a task, those are polled
    /// first that were woken first.
    pub(in crate::channel) fn watch_line(&mut self, woken: u64) -> bool {
        let is_due = self.is_watch_due();
        let unanswered = self.line.unanswered();
        if is_due && self.watched == unanswered && unanswered <= Some(woken) {
            self.line.pass_over();
        }
        self.watched = self.line.unanswered();
        is_due
    }

    /// Tells whether someone waits for a flush of no more than what is written.
    fn is_flush_due(&self) -> bool {
        self.flushes.first().is_some_and(|goal| goal <= self.written)
    }

    fn sit(&mut self, caller: &mut Caller<'_>, until: Until) {
        let seat = std::mem::replace(&mut self.seat, Seat::Driving(None));
        let waker = match seat.into_waker() {
            Some(mut known) => {
                let retired = caller.renew(&mut known);
                self.retire(retired);
                Some(known)
            }
            None => caller.take(),
        };
        // If there is none, somebody has called the driver since its poll began, which polls again.
        if let Some(waker) = waker {
            self.seat = Seat::Waiting(waker, until);
        }
    }
}
