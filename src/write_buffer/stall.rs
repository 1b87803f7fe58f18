use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::{Instant, Sleep, sleep_until};

use crate::events;

/// Watches for an inner writer that takes nothing for too long while bytes wait.
///
/// Invariant: there is a deadline only between a `Pending` with bytes queued and the next byte
/// taken; there is a timer only while bytes are queued.
#[derive(Debug, Default)]
pub(super) struct StallClock {
    /// How long nothing may be taken; `None` is for ever.
    timeout: Option<Duration>,
    deadline: Option<Instant>,
    /// Fires at the deadline or, while that moves on, at an earlier one, and is then set anew:
    /// progress costs no work on the timer.
    timer: Option<Pin<Box<Sleep>>>,
}

impl StallClock {
    pub(super) fn new(timeout: Option<Duration>) -> Self {
        Self { timeout, deadline: None, timer: None }
    }

    /// Takes note of bytes that were taken from the queue, of which `left` bytes remain.
    #[inline]
    pub(super) fn progress(&mut self, left: usize) {
        self.deadline = None;
        if left == 0 {
            self.timer = None;
        }
    }

    /// Waits for the deadline after a `Pending` with `size` bytes queued, and starts the clock
    /// where it does not run. Ready with the error when the time is over.
    pub(super) fn poll_stalled(&mut self, cx: &mut Context<'_>, size: usize) -> Poll<io::Error> {
        let Some(timeout) = self.timeout.filter(|_| size > 0) else { return Poll::Pending };
        let now = Instant::now();
        if self.deadline.is_none() {
            self.deadline = now.checked_add(timeout);
        }
        // A time too far away to be counted is for ever.
        let Some(deadline) = self.deadline else { return Poll::Pending };
        let timer = self.timer.get_or_insert_with(|| Box::pin(sleep_until(deadline)));
        while timer.as_mut().poll(cx).is_ready() {
            if timer.deadline() >= deadline {
                events::stalled(timeout, size);
                let text = format!("the inner writer accepted nothing for {timeout:?}");
                return Poll::Ready(io::Error::new(io::ErrorKind::TimedOut, text));
            }
            timer.as_mut().reset(deadline);
        }
        Poll::Pending
    }
}
