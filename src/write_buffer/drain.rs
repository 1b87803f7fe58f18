use std::io::{self, IoSlice};
use std::mem;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::AsyncWrite;

use super::offer::Offer;
use super::{PauseWatch, Phase, WriteBuffer};
use crate::error::{self, Refusal};
use crate::events::guarded;
use crate::watermarks::Flow;

impl WriteBuffer {
    /// Waits until the writer is not paused; drains while it is.
    #[inline]
    pub(crate) fn poll_ready<W: AsyncWrite + ?Sized>(
        &mut self,
        inner: Pin<&mut W>,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        if self.takes_freely(0) { Poll::Ready(Ok(())) } else { self.poll_resume(inner, cx) }
    }

    #[inline(never)]
    fn poll_resume<W: AsyncWrite + ?Sized>(
        &mut self,
        inner: Pin<&mut W>,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        self.check_open()?;
        self.update();
        let result = self.poll_guarded(cx, |this, cx| {
            this.poll_drain_to(Self::is_accepting, inner, cx, &mut Calls::new())
        });
        if result.is_ready() {
            self.waiting = None;
        } else if !self.waiting.as_ref().is_some_and(|waiting| waiting.will_wake(cx.waker())) {
            self.waiting = Some(cx.waker().clone());
        }
        result
    }

    /// Drains until the queue is empty.
    pub(crate) fn poll_drain<W: AsyncWrite + ?Sized>(
        &mut self,
        inner: Pin<&mut W>,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        self.check_not_failed()?;
        self.poll_guarded(cx, |this, cx| {
            this.poll_drain_to(Self::is_empty, inner, cx, &mut Calls::new())
        })
    }

    /// Drains until the inner writer has taken something or the queue is empty.
    pub(crate) fn poll_progress<W: AsyncWrite + ?Sized>(
        &mut self,
        inner: Pin<&mut W>,
        cx: &mut Context<'_>,
        calls: &mut Calls,
    ) -> Poll<io::Result<()>> {
        self.check_not_failed()?;
        let before = self.buffer_size();
        let goal = |this: &Self| this.is_empty() || this.buffer_size() < before;
        self.poll_guarded(cx, |this, cx| this.poll_drain_to(goal, inner, cx, calls))
    }

    /// Flushes the inner writer.
    pub(crate) fn poll_flush_inner<W: AsyncWrite + ?Sized>(
        &mut self,
        mut inner: Pin<&mut W>,
        cx: &mut Context<'_>,
        calls: &mut Calls,
    ) -> Poll<io::Result<()>> {
        self.check_not_failed()?;
        self.poll_guarded(cx, |this, cx| {
            this.poll_inner(cx, calls, |cx| inner.as_mut().poll_flush(cx))
        })
    }

    /// Drains until the queue is empty, then flushes the inner writer.
    pub(crate) fn poll_flush<W: AsyncWrite + ?Sized>(
        &mut self,
        mut inner: Pin<&mut W>,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        if self.phase != Phase::Open && (self.is_flushed() || self.failure().is_some()) {
            return Poll::Ready(Ok(self.check_not_failed()?));
        }
        self.poll_guarded(cx, |this, cx| {
            let calls = &mut Calls::new();
            ready!(this.poll_drain_to(Self::is_empty, inner.as_mut(), cx, calls))?;
            this.poll_inner(cx, calls, |cx| inner.as_mut().poll_flush(cx))
        })
    }

    /// Drains until the queue is empty, flushes the inner writer and shuts it down, each once.
    ///
    /// The phase remembers how far it came, so that a call after `Pending` goes on from there.
    pub(crate) fn poll_shutdown<W: AsyncWrite + ?Sized>(
        &mut self,
        mut inner: Pin<&mut W>,
        cx: &mut Context<'_>,
        calls: &mut Calls,
    ) -> Poll<io::Result<()>> {
        self.poll_guarded(cx, |this, cx| {
            loop {
                let next = match this.phase {
                    Phase::Open => Phase::Draining,
                    Phase::Draining => {
                        ready!(this.poll_drain_to(Self::is_empty, inner.as_mut(), cx, calls))?;
                        Phase::Flushing
                    }
                    Phase::Flushing => {
                        ready!(this.poll_inner(cx, calls, |cx| inner.as_mut().poll_flush(cx)))?;
                        Phase::ShuttingDown
                    }
                    Phase::ShuttingDown => {
                        ready!(this.poll_inner(cx, calls, |cx| inner.as_mut().poll_shutdown(cx)))?;
                        Phase::Shut
                    }
                    Phase::Shut => return Poll::Ready(Ok(())),
                    Phase::Failed(kind) => {
                        return Poll::Ready(Err(Refusal::Failed(kind).into()));
                    }
                };
                this.enter(next);
            }
        })
    }

    /// Polls by `poll`, which may call the inner writer, and sees to what holds for all such polls: a
    /// panic fails the writer, time may be over, those who wait are woken and events told.
    #[inline]
    pub(super) fn poll_guarded<T>(
        &mut self,
        cx: &mut Context<'_>,
        poll: impl FnOnce(&mut Self, &mut Context<'_>) -> Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        let guard = Unwinding { buffer: self };
        let mut result = poll(&mut *guard.buffer, cx);
        if result.is_pending() {
            let watch = guard.buffer.gate.watch();
            result = guard.buffer.poll_late(cx, watch).map(Err);
        }
        guard.buffer.settle(Some(cx));
        mem::forget(guard);
        result
    }

    /// Waits for what may last too long: for the inner writer, or for the end of the pause that `watch`
    /// knows of. It is looked at after the inner writer was asked, so that time in which nobody
    /// polled is not held against one that is ready again.
    pub(crate) fn poll_late(&mut self, cx: &mut Context<'_>, watch: PauseWatch) -> Poll<io::Error> {
        let (error, event) = ready!(self.clock.poll_late(cx, watch, self.buffer_size()));
        if let Some(event) = event {
            self.gate.note(event);
        }
        Poll::Ready(self.fail(error))
    }

    /// Tells whether a pause may last too long.
    pub(crate) fn limits_pauses(&self) -> bool {
        self.clock.limits_pauses()
    }

    /// The drain loop: writes the queue until `goal` is reached.
    #[inline]
    fn poll_drain_to<W: AsyncWrite + ?Sized>(
        &mut self,
        goal: impl Fn(&Self) -> bool,
        mut inner: Pin<&mut W>,
        cx: &mut Context<'_>,
        calls: &mut Calls,
    ) -> Poll<io::Result<()>> {
        while !goal(self) {
            ready!(self.poll_write_queue(&[], inner.as_mut(), cx, calls))?;
        }
        Poll::Ready(Ok(()))
    }

    /// The step of the drain: peek, write, trim. Offers the queue and what lies `behind` it in one
    /// call. Returns how much of what lies behind was taken; nothing if the inner writer was
    /// interrupted.
    ///
    /// Every byte that leaves the writer passes here.
    #[inline(always)]
    pub(super) fn poll_write_queue<W: AsyncWrite + ?Sized>(
        &mut self,
        behind: &[IoSlice<'_>],
        inner: Pin<&mut W>,
        cx: &mut Context<'_>,
        calls: &mut Calls,
    ) -> Poll<io::Result<usize>> {
        ready!(calls.poll_next(cx));
        self.write_calls += 1;
        let Offer { bytes: offered, answer } =
            Offer::make(&self.queue, behind, self.promised, inner, cx);
        let written = match answer {
            Poll::Ready(Ok(written)) if (1..=offered).contains(&written) => written,
            answer => {
                ready!(self.poll_without_progress(answer, offered, calls))?;
                return Poll::Ready(Ok(0));
            }
        };
        calls.taken += written;
        self.promised = 0;
        let queued = if behind.is_empty() { written } else { written.min(self.buffer_size()) };
        self.written_bytes += written as u64;
        self.trim(queued);
        Poll::Ready(Ok(written - queued))
    }

    /// The end of a step in which the inner writer took nothing, or says that it took more than it
    /// was offered. `Ok` where the step is to be made again.
    #[inline(never)]
    fn poll_without_progress(
        &mut self,
        answer: Poll<io::Result<usize>>,
        offered: usize,
        calls: &Calls,
    ) -> Poll<io::Result<()>> {
        let error = match answer {
            Poll::Pending => {
                self.promised = offered;
                self.clock.wait();
                self.queue.wait(calls.taken);
                return Poll::Pending;
            }
            Poll::Ready(Err(error)) if error.kind() == io::ErrorKind::Interrupted => {
                return Poll::Ready(Ok(()));
            }
            Poll::Ready(Err(error)) => self.fail(error),
            Poll::Ready(Ok(0)) => self.fail(error::write_zero()),
            Poll::Ready(Ok(reported)) => {
                self.written_bytes += offered as u64;
                self.trim(offered.min(self.buffer_size()));
                self.fail(error::over_report(reported, offered))
            }
        };
        Poll::Ready(Err(error))
    }

    #[inline]
    pub(super) fn is_accepting(&self) -> bool {
        self.gate.flow() == Flow::Accepting
    }

    /// Calls the inner writer's flush or shutdown, again where it was interrupted.
    ///
    /// The first call is made also where the queue took all calls of this poll, so that a drain
    /// which ends with the last of them needs no other poll.
    #[inline]
    fn poll_inner(
        &mut self,
        cx: &mut Context<'_>,
        calls: &mut Calls,
        mut call: impl FnMut(&mut Context<'_>) -> Poll<io::Result<()>>,
    ) -> Poll<io::Result<()>> {
        calls.left = calls.left.saturating_sub(1);
        loop {
            match call(cx) {
                Poll::Pending => {
                    self.clock.wait();
                    return Poll::Pending;
                }
                Poll::Ready(Ok(())) => {
                    self.progress();
                    return Poll::Ready(Ok(()));
                }
                Poll::Ready(Err(error)) if error.kind() == io::ErrorKind::Interrupted => {
                    ready!(calls.poll_next(cx));
                }
                Poll::Ready(Err(error)) => return Poll::Ready(Err(self.fail(error))),
            }
        }
    }

    #[cold]
    #[inline(never)]
    fn poll_panicked(&mut self) {
        let _ = self.fail(error::panicked());
        self.wake_behind_panic();
    }

    /// Wakes who waits for a writer that a panic has failed.
    pub(super) fn wake_behind_panic(&mut self) {
        if let Some(waiting) = self.waiting.take() {
            guarded(|| waiting.wake());
        }
    }
}

/// The calls of the inner writer that one poll may still make.
pub(crate) struct Calls {
    left: u32,
    /// The bytes that the inner writer has taken in this poll.
    taken: usize,
}

impl Calls {
    pub(crate) fn new() -> Self {
        Self { left: CALLS_PER_POLL, taken: 0 }
    }

    /// Takes one call; after the last one the task is woken to go on in its next poll.
    #[inline]
    fn poll_next(&mut self, cx: &Context<'_>) -> Poll<()> {
        if self.left == 0 {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        self.left -= 1;
        Poll::Ready(())
    }
}

/// A poll that calls foreign code. Dropped by a panic only.
struct Unwinding<'a> {
    buffer: &'a mut WriteBuffer,
}

impl Drop for Unwinding<'_> {
    #[inline(always)]
    fn drop(&mut self) {
        self.buffer.poll_panicked();
    }
}

/// Inner writes in one poll: an inner writer that is always ready must not keep its thread.
const CALLS_PER_POLL: u32 = 32;
