use std::fmt;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::AsyncWrite;

use super::error::DriverError;
use super::shared::Shared;
use super::state::Step;
use super::sync::Arc;
use crate::write_buffer::{Calls, WriteBuffer};
use crate::writer::Parts;

/// Writes what the [`Sender`](super::Sender)s of a channel have sent. Made by
/// [`FlowControlledWriter::into_channel`](crate::FlowControlledWriter::into_channel).
///
/// It is a future, to be spawned, or polled beside a reader. It takes all that is queued in one go,
/// writes it without the lock, and flushes the inner writer whenever it has run empty or somebody
/// waits for a flush. When all senders are gone, or one has closed the channel, it writes what is
/// left, flushes the inner writer, shuts it down and returns it.
///
/// A `W` that is not `Unpin` is driven as `Pin<Box<W>>`.
///
/// # Errors
///
/// An error of the inner writer is final: the driver returns it in a [`DriverError`], with all that
/// was not written.
///
/// # Panics
///
/// Panics if it is polled after it has returned.
///
/// # Drop behavior
///
/// Dropping the driver discards what is queued and fails the channel: every sender gets
/// [`BrokenPipe`](io::ErrorKind::BrokenPipe).
///
/// # Examples
///
/// ```
/// use flow_controlled_writer::FlowControlledWriter;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let (sender, driver) = FlowControlledWriter::new(Vec::new()).into_channel();
/// let driver = tokio::spawn(driver);
/// sender.send("hello").await?;
/// sender.close();
/// assert_eq!(driver.await??, b"hello");
/// # Ok(())
/// # }
/// ```
#[must_use = "a driver does nothing unless it is spawned or polled"]
pub struct Driver<W> {
    shared: Arc<Shared>,
    /// `None` once the driver has returned.
    outlet: Option<Outlet<W>>,
}

/// The inner writer, and what was taken from the channel for it.
struct Outlet<W> {
    inner: W,
    buffer: WriteBuffer,
}

impl<W> Driver<W> {
    pub(super) fn new(shared: Arc<Shared>, inner: W, buffer: WriteBuffer) -> Self {
        Self { shared, outlet: Some(Outlet { inner, buffer }) }
    }
}

impl<W: AsyncWrite + Unpin> Future for Driver<W> {
    type Output = Result<W, DriverError<W>>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Self { shared, outlet } = &mut *self;
        let active = outlet.as_mut().expect("the driver was polled after it had returned");
        let result = ready!(active.poll_drive(shared, cx));
        let Some(Outlet { inner, buffer }) = outlet.take() else { return Poll::Pending };
        let failure = result.as_ref().err().map(io::Error::kind);
        let unsent = shared.with(|state| {
            state.report(&buffer);
            state.end(failure)
        });
        let unsent = unsent.wake();
        Poll::Ready(match result {
            Ok(()) => Ok(inner),
            Err(error) => {
                let mut queue = buffer.into_queue();
                queue.extend(unsent.into_iter().flatten());
                Err(DriverError { error, parts: Parts { inner, queue } })
            }
        })
    }
}

impl<W: AsyncWrite + Unpin> Outlet<W> {
    /// Writes, flushes and waits until the inner writer is shut down.
    fn poll_drive(&mut self, shared: &Shared, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let calls = &mut Calls::new();
        loop {
            match shared.with(|state| state.next(&mut self.buffer, cx)) {
                Step::Write => ready!(self.poll_write(shared, cx, calls))?,
                Step::Discard => drop(self.buffer.abort()),
                Step::Flush { waiting } => {
                    let inner = Pin::new(&mut self.inner);
                    ready!(self.buffer.poll_flush_inner(inner, cx, calls, waiting))?;
                    self.flushed(shared);
                }
                Step::Shutdown => {
                    let inner = Pin::new(&mut self.inner);
                    let result = self.buffer.poll_shutdown(inner, cx, calls);
                    if self.buffer.is_flushed() {
                        self.flushed(shared);
                    }
                    return result;
                }
                Step::Wait => return Poll::Pending,
            }
        }
    }

    /// Makes the inner writer take some of what was taken.
    fn poll_write(
        &mut self,
        shared: &Shared,
        cx: &mut Context<'_>,
        calls: &mut Calls,
    ) -> Poll<io::Result<()>> {
        let progress = self.buffer.poll_progress(Pin::new(&mut self.inner), cx, calls);
        if progress.is_pending() {
            shared.with(|state| state.wait_for_writer(&self.buffer, cx));
        }
        progress
    }

    fn flushed(&self, shared: &Shared) {
        while let Some(waiter) = shared.with(|state| state.flushed(&self.buffer)) {
            waiter.wake();
        }
    }
}

impl<W> Drop for Driver<W> {
    fn drop(&mut self) {
        if let Some(Outlet { mut buffer, .. }) = self.outlet.take() {
            let unsent = self.shared.with(|state| state.end(Some(io::ErrorKind::BrokenPipe)));
            // In one queue, so that one event tells how much was discarded.
            buffer.extend(unsent.wake().into_iter().flatten());
        }
    }
}

impl<W> fmt::Debug for Driver<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let taken = self.outlet.as_ref().map(|outlet| outlet.buffer.buffer_size());
        f.debug_struct("Driver").field("taken", &taken).finish_non_exhaustive()
    }
}
