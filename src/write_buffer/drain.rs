use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Buf;
use tokio::io::AsyncWrite;

use super::offer::Offer;
use super::{Phase, WriteBuffer};
use crate::error;
use crate::watermarks::{Flow, Limits};

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
        self.poll_drain_to(Self::is_accepting, inner, cx, &mut Calls::new())
    }

    /// Drains until the queue is empty.
    pub(crate) fn poll_drain<W: AsyncWrite + ?Sized>(
        &mut self,
        inner: Pin<&mut W>,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        self.check_not_failed()?;
        self.poll_drain_to(Self::is_empty, inner, cx, &mut Calls::new())
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
        self.poll_drain_to(goal, inner, cx, calls)
    }

    /// Flushes the inner writer, while `waiting` bytes elsewhere wait for that.
    pub(crate) fn poll_flush_inner<W: AsyncWrite + ?Sized>(
        &mut self,
        mut inner: Pin<&mut W>,
        cx: &mut Context<'_>,
        calls: &mut Calls,
        waiting: usize,
    ) -> Poll<io::Result<()>> {
        self.check_not_failed()?;
        match self.poll_inner(cx, calls, |cx| inner.as_mut().poll_flush(cx)) {
            Poll::Pending => self.poll_stalled(cx, waiting).map(Err),
            ready => ready,
        }
    }

    /// Drains until the queue is empty, then flushes the inner writer.
    pub(crate) fn poll_flush<W: AsyncWrite + ?Sized>(
        &mut self,
        mut inner: Pin<&mut W>,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        if self.phase != Phase::Open && (self.is_flushed() || self.failure().is_some()) {
            return Poll::Ready(self.check_not_failed());
        }
        let calls = &mut Calls::new();
        ready!(self.poll_drain_to(Self::is_empty, inner.as_mut(), cx, calls))?;
        self.poll_inner(cx, calls, |cx| inner.as_mut().poll_flush(cx))
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
        loop {
            let next = match self.phase {
                Phase::Open => Phase::Draining,
                Phase::Draining => {
                    ready!(self.poll_drain_to(Self::is_empty, inner.as_mut(), cx, calls))?;
                    Phase::Flushing
                }
                Phase::Flushing => {
                    ready!(self.poll_inner(cx, calls, |cx| inner.as_mut().poll_flush(cx)))?;
                    Phase::ShuttingDown
                }
                Phase::ShuttingDown => {
                    ready!(self.poll_inner(cx, calls, |cx| inner.as_mut().poll_shutdown(cx)))?;
                    Phase::Shut
                }
                Phase::Shut => return Poll::Ready(Ok(())),
                Phase::Failed(kind) => return Poll::Ready(Err(error::failed_before(kind))),
            };
            self.enter(next);
        }
    }

    /// Accepts bytes of a borrowed slice: by a copy while there is room, else see
    /// [`poll_write_vectored`](Self::poll_write_vectored).
    #[inline]
    pub(crate) fn poll_write<W: AsyncWrite + ?Sized>(
        &mut self,
        inner: Pin<&mut W>,
        cx: &mut Context<'_>,
        src: &[u8],
    ) -> Poll<io::Result<usize>> {
        if src.len() < PASS_THROUGH && self.takes_freely(src.len()) {
            self.queue.extend_from_slice(src);
            return Poll::Ready(Ok(src.len()));
        }
        self.poll_write_vectored(inner, cx, &[IoSlice::new(src)])
    }

    /// Accepts bytes of borrowed slices.
    ///
    /// Few bytes are copied. Many, or more than there is room for, go out behind the queue in one
    /// gather; what the inner writer leaves of them is copied as far as there is room.
    #[inline(never)]
    pub(crate) fn poll_write_vectored<W: AsyncWrite + ?Sized>(
        &mut self,
        mut inner: Pin<&mut W>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.check_open()?;
        let total = slices.iter().fold(0_usize, |total, slice| total.saturating_add(slice.len()));
        if total == 0 {
            return Poll::Ready(Ok(0));
        }
        let calls = &mut Calls::new();
        self.gate.update_for_slice(self.queue.remaining());
        ready!(self.poll_drain_to(Self::is_accepting, inner.as_mut(), cx, calls))?;

        // Taken once, as the budget that they depend on is shared with other threads.
        let limits = self.gate.limits();
        let mut taken = 0;
        if total >= PASS_THROUGH || total > limits.room(self.buffer_size()) {
            match self.poll_drain_behind(slices, inner, cx, calls) {
                Poll::Ready(result) => taken = result?,
                Poll::Pending if limits.room(self.buffer_size()) == 0 => return Poll::Pending,
                Poll::Pending => {}
            }
        }
        Poll::Ready(Ok(taken + self.copy(slices, taken, limits)))
    }

    /// Copies what lies behind the first `skip` bytes of `slices`, up to the room that there is,
    /// and returns how much that was.
    fn copy(&mut self, slices: &[IoSlice<'_>], mut skip: usize, limits: Limits) -> usize {
        let before = self.buffer_size();
        for slice in slices {
            let rest = &slice[skip.min(slice.len())..];
            skip -= slice.len() - rest.len();
            let room = limits.room(self.buffer_size());
            self.queue.extend_from_slice(&rest[..rest.len().min(room)]);
            if rest.len() >= room {
                break;
            }
        }
        self.update();
        self.buffer_size() - before
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

    /// Drains until part of `slices`, which lie behind the queue, was taken, or the inner writer
    /// takes no more. Returns how many bytes of them were taken.
    fn poll_drain_behind<W: AsyncWrite + ?Sized>(
        &mut self,
        slices: &[IoSlice<'_>],
        mut inner: Pin<&mut W>,
        cx: &mut Context<'_>,
        calls: &mut Calls,
    ) -> Poll<io::Result<usize>> {
        loop {
            let written = ready!(self.poll_write_queue(slices, inner.as_mut(), cx, calls))?;
            if written.behind > 0 || written.left > 0 {
                return Poll::Ready(Ok(written.behind));
            }
        }
    }

    /// The step of the drain: peek, write, trim. Offers the queue and what lies `behind` it in one
    /// call.
    ///
    /// Every byte that leaves the writer passes here.
    #[inline(always)]
    fn poll_write_queue<W: AsyncWrite + ?Sized>(
        &mut self,
        behind: &[IoSlice<'_>],
        inner: Pin<&mut W>,
        cx: &mut Context<'_>,
        calls: &mut Calls,
    ) -> Poll<io::Result<Written>> {
        ready!(calls.poll_next(cx));
        self.write_calls += 1;
        let Offer { bytes: offered, answer } = Offer::make(&self.queue, behind, inner, cx);
        let written = match answer {
            Poll::Ready(Ok(written)) if (1..=offered).contains(&written) => written,
            answer => {
                ready!(self.poll_without_progress(answer, offered, cx))?;
                return Poll::Ready(Ok(Written { behind: 0, left: 0 }));
            }
        };
        let queued = if behind.is_empty() { written } else { written.min(self.buffer_size()) };
        self.written_bytes += written as u64;
        self.trim(queued);
        Poll::Ready(Ok(Written { behind: written - queued, left: offered - written }))
    }

    /// The end of a step in which the inner writer took nothing, or says that it took more than it
    /// was offered. `Ok` where the step is to be made again.
    #[inline(never)]
    fn poll_without_progress(
        &mut self,
        answer: Poll<io::Result<usize>>,
        offered: usize,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        let error = match answer {
            Poll::Pending => ready!(self.poll_stalled(cx, self.buffer_size())),
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
    fn is_accepting(&self) -> bool {
        self.gate.flow() == Flow::Accepting
    }

    /// The answer to a `Pending` of the inner writer while bytes wait: `Pending`, until it lasts
    /// too long.
    #[cfg_attr(not(feature = "time"), expect(unused_variables))]
    fn poll_stalled(&mut self, cx: &mut Context<'_>, waiting: usize) -> Poll<io::Error> {
        self.queue.stalled();
        #[cfg(feature = "time")]
        if let Poll::Ready(error) = self.stall.poll_stalled(cx, waiting) {
            return Poll::Ready(self.fail(error));
        }
        Poll::Pending
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
            match ready!(call(cx)) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {
                    ready!(calls.poll_next(cx));
                }
                result => return Poll::Ready(result.map_err(|error| self.fail(error))),
            }
        }
    }
}

/// What one call of the inner writer took; nothing if it was interrupted.
struct Written {
    /// Bytes of what lies behind the queue.
    behind: usize,
    /// Bytes that were offered and not taken.
    left: usize,
}

/// The calls of the inner writer that one poll may still make.
pub(crate) struct Calls {
    left: u32,
}

impl Calls {
    pub(crate) fn new() -> Self {
        Self { left: CALLS_PER_POLL }
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

/// Inner writes in one poll: an inner writer that is always ready must not keep its thread.
const CALLS_PER_POLL: u32 = 32;
/// Bytes from which a borrowed slice is offered in place: below, copying costs less than a call.
const PASS_THROUGH: usize = 32 * 1024;
