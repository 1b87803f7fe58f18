use std::future::Future;
use std::io;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::{Instant, Sleep, sleep_until};

use super::Options;
use crate::events::Event;
use crate::watermarks::Flow;

/// How long a writer was paused.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct PauseWatch {
    /// When the pause that lasts began.
    since: Option<Instant>,
    /// The pauses before it.
    before: Duration,
}

impl PauseWatch {
    pub(super) fn changed(&mut self, flow: Flow) {
        let since = (flow == Flow::Paused).then(Instant::now);
        *self = Self { since, before: self.total() };
    }

    /// Returns the length of all pauses, also of the one that lasts.
    pub(crate) fn total(&self) -> Duration {
        self.before + self.since.map_or(Duration::ZERO, |since| since.elapsed())
    }
}

/// Watches for an inner writer that takes nothing for too long while anything waits for it, and for a
/// pause that lasts too long.
#[derive(Debug)]
pub(super) struct Clock {
    /// How long nothing may be taken; `None` is for ever.
    stall_timeout: Option<Duration>,
    /// How long a pause may last.
    pause_timeout: Option<Duration>,
    /// When the inner writer has stalled. Invariant: there is one only between a `Pending` of the
    /// inner writer and the next byte that it takes, or the end of its flush or shutdown.
    stalled_at: Option<Instant>,
    /// Fires at the next deadline or, while that moves on, at an earlier time, and is then set anew:
    /// progress costs no work on the timer. Nothing of it is looked at after a panic.
    timer: Option<AssertUnwindSafe<Pin<Box<Sleep>>>>,
}

impl Clock {
    pub(super) fn new(options: &Options) -> Self {
        Self {
            stall_timeout: options.stall_timeout,
            pause_timeout: options.pause_timeout,
            stalled_at: None,
            timer: None,
        }
    }

    pub(super) fn limits_pauses(&self) -> bool {
        self.pause_timeout.is_some()
    }

    /// Takes note of an inner writer for which something waits.
    pub(super) fn wait(&mut self) {
        if let Some(timeout) = self.stall_timeout.filter(|_| self.stalled_at.is_none()) {
            // A time too far away to be counted is for ever.
            self.stalled_at = Instant::now().checked_add(timeout);
        }
    }

    /// Takes note of an inner writer that has taken bytes, or has ended a flush or a shutdown.
    #[inline]
    pub(super) fn progress(&mut self) {
        self.stalled_at = None;
    }

    /// Stops the timer: nothing waits.
    #[inline]
    pub(super) fn rest(&mut self) {
        if self.timer.is_some() {
            self.timer = None;
        }
    }

    /// Waits for what comes first of all that may last too long. Ready with the error when the time
    /// is over, and with what is to be told of it.
    pub(super) fn poll_late(
        &mut self,
        cx: &mut Context<'_>,
        pause: PauseWatch,
        size: usize,
    ) -> Poll<(io::Error, Option<Event>)> {
        let pause_ends = match (pause.since, self.pause_timeout) {
            (Some(since), Some(timeout)) => since.checked_add(timeout),
            _ => None,
        };
        let Some(deadline) = self.stalled_at.into_iter().chain(pause_ends).min() else {
            return Poll::Pending;
        };
        let timer =
            self.timer.get_or_insert_with(|| AssertUnwindSafe(Box::pin(sleep_until(deadline))));
        if timer.deadline() > deadline {
            timer.as_mut().reset(deadline);
        }
        while timer.as_mut().poll(cx).is_ready() {
            if timer.deadline() >= deadline {
                return Poll::Ready(match self.stall_timeout {
                    Some(timeout) if self.stalled_at == Some(deadline) => {
                        let text = format!("the inner writer accepted nothing for {timeout:?}");
                        (timed_out(text), Some(Event::Stalled { timeout, size }))
                    }
                    _ => (timed_out("the writer was paused for too long".into()), None),
                });
            }
            timer.as_mut().reset(deadline);
        }
        Poll::Pending
    }
}

fn timed_out(text: String) -> io::Error {
    io::Error::new(io::ErrorKind::TimedOut, text)
}
