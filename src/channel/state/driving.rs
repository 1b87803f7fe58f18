use std::task::{Context, Waker};

use super::{Life, State};
use crate::write_buffer::WriteBuffer;

/// Where the driver is.
#[derive(Debug)]
pub(super) enum Seat {
    /// In its poll, or not yet polled: it looks at the state again before it waits.
    Driving,
    Waiting {
        waker: Waker,
        until: Until,
    },
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
}

/// What the driver does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub(in crate::channel) enum Step {
    /// Write some of what it has taken.
    Write,
    /// Discard what it has taken.
    Discard,
    /// Flush the inner writer, while so many bytes wait.
    Flush { waiting: usize },
    /// Shut the inner writer down.
    Shutdown,
    /// Wait until it is woken.
    Wait,
}

impl Seat {
    #[inline]
    pub(super) fn is_waiting_for_bytes(&self) -> bool {
        matches!(self, Self::Waiting { until: Until::Work | Until::Bytes, .. })
    }
}

/// What the driver does.
impl State {
    /// Takes note of what the inner writer has taken, and returns what the driver does next. What
    /// is queued is taken once all that was taken before is written.
    #[inline]
    pub(in crate::channel) fn next(&mut self, buffer: &mut WriteBuffer, cx: &Context<'_>) -> Step {
        self.report(buffer);
        self.update();
        let is_aborted = self.life == Life::Aborted;
        let is_done = self.buffer_size() == 0;
        if is_aborted && !buffer.is_empty() {
            return Step::Discard;
        }
        if is_done && self.life != Life::Open {
            return Step::Shutdown;
        }
        if self.is_flush_due() || (is_done && self.written > self.flushed.unwrap_or(0)) {
            self.sit(cx, if is_done { Until::Bytes } else { Until::Abort });
            return Step::Flush { waiting: self.buffer_size() };
        }
        if is_done {
            self.sit(cx, Until::Work);
            return Step::Wait;
        }
        if buffer.is_empty() {
            buffer.swap_queue(&mut self.queue);
            self.taken = buffer.buffer_size();
        }
        Step::Write
    }

    /// Takes note of an inner writer that takes no more for now.
    pub(in crate::channel) fn wait_for_writer(&mut self, buffer: &WriteBuffer, cx: &Context<'_>) {
        self.report(buffer);
        self.sit(cx, Until::Flush);
    }

    /// Takes note of what the inner writer has taken.
    #[inline]
    pub(in crate::channel) fn report(&mut self, buffer: &WriteBuffer) {
        let stats = buffer.stats();
        self.written = stats.written_bytes;
        self.write_calls = stats.write_calls;
        if self.life != Life::Aborted {
            self.taken = buffer.buffer_size();
        }
    }

    /// Takes note of a flush of the inner writer. Returns one of those who waited for it; it is
    /// called again for the next one.
    pub(in crate::channel) fn flushed(&mut self, buffer: &WriteBuffer) -> Option<Waker> {
        let position = buffer.stats().written_bytes;
        self.flushed = Some(position);
        let is_done = self.flushes.first().is_some_and(|first| first.goal <= position);
        if is_done { self.flushes.pop() } else { None }
    }

    /// Takes the waker of the driver if it waits for what there is to do.
    #[inline]
    pub(super) fn call_driver(&mut self) -> Option<Waker> {
        if !self.is_driver_called() {
            return None;
        }
        match std::mem::replace(&mut self.seat, Seat::Driving) {
            Seat::Waiting { waker, .. } => Some(waker),
            Seat::Driving => None,
        }
    }

    /// Tells whether there is what the driver waits for.
    #[inline]
    fn is_driver_called(&self) -> bool {
        let Seat::Waiting { until, .. } = self.seat else { return false };
        let is_aborted = self.life == Life::Aborted;
        match until {
            Until::Work => !self.queue.is_empty() || self.life != Life::Open || self.is_flush_due(),
            Until::Flush => is_aborted || self.is_flush_due(),
            Until::Bytes => is_aborted || !self.queue.is_empty(),
            Until::Abort => is_aborted,
        }
    }

    /// Tells whether someone waits for a flush of no more than what is written.
    fn is_flush_due(&self) -> bool {
        self.flushes.peek().is_some_and(|first| first.goal <= self.written)
    }

    fn sit(&mut self, cx: &Context<'_>, until: Until) {
        let waker = match std::mem::replace(&mut self.seat, Seat::Driving) {
            Seat::Waiting { waker, .. } if waker.will_wake(cx.waker()) => waker,
            Seat::Waiting { waker, .. } => {
                self.retire(Some(waker));
                cx.waker().clone()
            }
            Seat::Driving => cx.waker().clone(),
        };
        self.seat = Seat::Waiting { waker, until };
    }
}
