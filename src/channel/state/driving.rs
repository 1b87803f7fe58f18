use std::task::{Context, Waker};

use bytes::Buf;

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
    /// Bytes to take, or an abort: it is in a flush of the inner writer.
    Bytes,
    /// An abort: it has bytes to write.
    Abort,
}

/// What the driver has to do with the bytes that it has taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub(in crate::channel) enum Standing {
    Valid,
    Aborted,
}

/// What the driver does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub(in crate::channel) enum Step {
    /// Write what it has taken.
    Write,
    /// Flush the inner writer, while so many bytes wait.
    Flush { waiting: usize },
    /// Shut the inner writer down.
    Shutdown,
    /// Wait until it is woken.
    Wait,
}

/// What the driver does.
impl State {
    /// Takes note of what the inner writer has taken.
    pub(in crate::channel) fn report(&mut self, buffer: &WriteBuffer) -> Standing {
        let stats = buffer.stats();
        self.written = stats.written_bytes;
        self.write_calls = stats.write_calls;
        if self.life == Life::Aborted {
            return Standing::Aborted;
        }
        self.taken = buffer.buffer_size();
        Standing::Valid
    }

    /// Takes note of an inner writer that takes no more for now.
    pub(in crate::channel) fn wait_for_writer(
        &mut self,
        buffer: &WriteBuffer,
        cx: &Context<'_>,
    ) -> Standing {
        let standing = self.report(buffer);
        if standing == Standing::Valid {
            self.sit(cx, Until::Abort);
        }
        standing
    }

    /// Returns what the driver does next, which has written all that it had taken.
    pub(in crate::channel) fn next(&mut self, buffer: &mut WriteBuffer, cx: &Context<'_>) -> Step {
        debug_assert!(buffer.is_empty());
        let _ = self.report(buffer);
        self.update();
        if self.queue.is_empty() && self.life != Life::Open {
            return self.drive(Step::Shutdown);
        }
        if self.is_flush_due() {
            let waiting = self.queue.remaining();
            self.sit(cx, if waiting == 0 { Until::Bytes } else { Until::Abort });
            return Step::Flush { waiting };
        }
        if !self.queue.is_empty() {
            buffer.swap_queue(&mut self.queue);
            self.taken = buffer.buffer_size();
            return self.drive(Step::Write);
        }
        if self.written > self.flushed.unwrap_or(0) {
            self.sit(cx, Until::Bytes);
            return Step::Flush { waiting: 0 };
        }
        self.sit(cx, Until::Work);
        Step::Wait
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
        let Seat::Waiting { until, .. } = self.seat else { return None };
        let aborted = self.life == Life::Aborted;
        let is_called = match until {
            Until::Abort => aborted,
            Until::Bytes => aborted || !self.queue.is_empty(),
            Until::Work => self.life != Life::Open || !self.queue.is_empty() || self.is_flush_due(),
        };
        if !is_called {
            return None;
        }
        match std::mem::replace(&mut self.seat, Seat::Driving) {
            Seat::Waiting { waker, .. } => Some(waker),
            Seat::Driving => None,
        }
    }

    /// Tells whether someone waits for a flush of no more than what is written.
    fn is_flush_due(&mut self) -> bool {
        self.flushes.first().is_some_and(|first| first.goal <= self.written)
    }

    fn drive(&mut self, step: Step) -> Step {
        if let Seat::Waiting { waker, .. } = std::mem::replace(&mut self.seat, Seat::Driving) {
            self.retire(Some(waker));
        }
        step
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
