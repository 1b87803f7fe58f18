use std::fmt;
use std::future::{Future, poll_fn};
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::AsyncWrite;

use super::error::DriverError;
use super::shared::Shared;
use super::state::{State, Step};
use super::sync::Arc;
use super::waiters::Caller;
use crate::chunk_queue::ChunkQueue;
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
/// As a future: an error of the inner writer is final, and the driver returns it in a
/// [`DriverError`], with all that was not written. By [`drive`](Self::drive) the channel lives on.
///
/// # Panics
///
/// Panics if it is used after it has returned.
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
/// sender.close_channel();
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

    /// Returns what the senders have sent and the inner writer has not accepted, in order, of a driver
    /// that has stopped with an error.
    ///
    /// It may begin in the middle of an item: the first byte has the position
    /// [`written`](super::Sender::written), if it is left as it is. What is put before it does not
    /// count in positions; what is removed from its front counts as written. After an
    /// [`abort`](super::Sender::abort) it is empty.
    ///
    /// # Panics
    ///
    /// Panics if the driver has returned as a future.
    ///
    /// # Examples
    ///
    /// ```
    /// use bytes::Buf;
    /// use flow_controlled_writer::FlowControlledWriter;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// // The pipe takes 4 bytes, then its other end is gone.
    /// let (stream, peer) = tokio::io::duplex(4);
    /// let (sender, mut driver) = FlowControlledWriter::new(stream).into_channel();
    /// let (one, two) = (sender.send("one\n").await?, sender.send("two\n").await?);
    /// let cut = tokio::time::timeout(std::time::Duration::from_millis(1), driver.drive()).await;
    /// assert!(cut.is_err(), "waits for the peer");
    /// drop(peer);
    /// driver.drive().await.unwrap_err();
    ///
    /// assert!(sender.written() >= one && sender.written() < two);
    /// assert_eq!(driver.unsent().chunk(), b"two\n");
    /// # Ok(())
    /// # }
    /// ```
    pub fn unsent(&mut self) -> &mut ChunkQueue {
        let outlet = self.outlet.as_mut().expect(RETURNED);
        let mut rest = outlet.stop(&self.shared, State::take_unsent);
        let queue = outlet.buffer.queue_mut();
        queue.append(&mut rest);
        queue
    }

    /// Puts another inner writer in the place of the one that has failed, which is returned. What was
    /// not written goes to the new one. If the channel is paused, the time for
    /// [`pause_timeout`](crate::Builder) begins anew.
    ///
    /// # Panics
    ///
    /// Panics if the driver has returned as a future.
    ///
    /// # Examples
    ///
    /// See [`drive`](Self::drive).
    pub fn replace(&mut self, inner: W) -> W {
        let outlet = self.outlet.as_mut().expect(RETURNED);
        self.shared.with(State::restart_pause);
        outlet.buffer.reopen();
        std::mem::replace(&mut outlet.inner, inner)
    }

    /// Returns a reference to the inner writer.
    ///
    /// # Panics
    ///
    /// Panics if the driver has returned as a future.
    ///
    /// # Examples
    ///
    /// ```
    /// use flow_controlled_writer::FlowControlledWriter;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let (sender, mut driver) = FlowControlledWriter::new(Vec::new()).into_channel();
    /// sender.send("hello").await?;
    /// sender.close_channel();
    /// driver.drive().await?;
    /// assert_eq!(driver.get_ref(), b"hello");
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn get_ref(&self) -> &W {
        &self.outlet.as_ref().expect(RETURNED).inner
    }

    /// Ends the channel, and returns the inner writer with all that it has not accepted. Unless the driver
    /// had ended before, every sender gets [`BrokenPipe`](io::ErrorKind::BrokenPipe).
    ///
    /// # Panics
    ///
    /// Panics if the driver has returned as a future.
    ///
    /// # Examples
    ///
    /// ```
    /// use bytes::Buf;
    /// use flow_controlled_writer::FlowControlledWriter;
    ///
    /// let (sender, driver) = FlowControlledWriter::new(Vec::new()).into_channel();
    /// sender.try_send("hello")?;
    /// let parts = driver.into_parts();
    /// assert_eq!((parts.inner.len(), parts.queue.remaining()), (0, 5));
    /// assert!(sender.is_closed());
    /// # Ok::<_, flow_controlled_writer::TrySendError>(())
    /// ```
    #[must_use]
    pub fn into_parts(mut self) -> Parts<W> {
        let outlet = self.outlet.take().expect(RETURNED);
        outlet.end(&self.shared, Some(io::ErrorKind::BrokenPipe))
    }
}

impl<W: AsyncWrite + Unpin> Driver<W> {
    /// Writes what is sent, as the future does, until the channel has ended; but an error leaves the channel
    /// open, and the driver in your hands.
    ///
    /// After an error the senders go on until the channel is paused, and wait then. Look at what was not
    /// written by [`unsent`](Self::unsent), put another inner writer in by [`replace`](Self::replace)
    /// and call this again: positions go on. Or drop the driver, which fails the channel.
    ///
    /// What the inner writer has accepted may be lost with it. To send again what a peer has not
    /// acknowledged, keep it until then, with its position.
    ///
    /// # Errors
    ///
    /// Returns the error of the inner writer, and one of the same kind if it is called again before the
    /// inner writer was replaced.
    ///
    /// # Panics
    ///
    /// Panics if the driver has returned as a future.
    ///
    /// # Cancel safety
    ///
    /// A dropped future leaves what is not yet written in the driver; another call goes on from there.
    ///
    /// # Examples
    ///
    /// ```
    /// use flow_controlled_writer::FlowControlledWriter;
    /// use tokio::io::AsyncReadExt;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let (stream, peer) = tokio::io::duplex(64);
    /// let (sender, mut driver) = FlowControlledWriter::new(stream).into_channel();
    /// sender.send("hello").await?;
    /// drop(peer);
    /// driver.drive().await.unwrap_err();
    ///
    /// let (stream, mut peer) = tokio::io::duplex(64);
    /// driver.replace(stream);
    /// sender.close_channel();
    /// driver.drive().await?;
    /// drop(driver);
    /// let mut received = String::new();
    /// peer.read_to_string(&mut received).await?;
    /// assert_eq!(received, "hello");
    /// # Ok(())
    /// # }
    /// ```
    pub async fn drive(&mut self) -> io::Result<()> {
        let Self { shared, outlet } = self;
        let outlet = outlet.as_mut().expect(RETURNED);
        let result = poll_fn(|cx| outlet.poll_drive(shared, cx)).await;
        drop(outlet.stop(shared, |state| result.is_ok().then(|| state.end(None))));
        result
    }
}

impl<W: AsyncWrite + Unpin> Future for Driver<W> {
    type Output = Result<W, DriverError<W>>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Self { shared, outlet } = &mut *self;
        let result = ready!(outlet.as_mut().expect(RETURNED).poll_drive(shared, cx));
        let failure = result.as_ref().err().map(io::Error::kind);
        let parts = outlet.take().expect(RETURNED).end(shared, failure);
        Poll::Ready(match result {
            Ok(()) => Ok(parts.inner),
            Err(error) => Err(DriverError { error, parts }),
        })
    }
}

impl<W> Outlet<W> {
    /// Ends the channel and returns all that was not written.
    fn end(mut self, shared: &Shared, failure: Option<io::ErrorKind>) -> Parts<W> {
        let (mut rest, written) = self.stop(shared, |state| (state.end(failure), state.written()));
        let mut queue = self.buffer.into_queue();
        queue.append(&mut rest);
        Parts { inner: self.inner, queue, written }
    }

    /// Has the channel take note of what was written and of what is to be told, and then `act`.
    fn stop<R>(&mut self, shared: &Shared, act: impl FnOnce(&mut State) -> R) -> R {
        let (is_discarded, result) =
            shared.with(|state| (state.stop(&mut self.buffer), act(state)));
        if is_discarded {
            self.buffer.abort();
        }
        result
    }
}

impl<W: AsyncWrite + Unpin> Outlet<W> {
    /// Writes, flushes and waits until the inner writer is shut down.
    fn poll_drive(&mut self, shared: &Shared, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let (calls, caller) = (&mut Calls::new(), &mut Caller::waiting(cx));
        loop {
            let inner = Pin::new(&mut self.inner);
            match shared.with(|state| state.next(&mut self.buffer, caller, shared.woken())) {
                Step::Write => match self.buffer.poll_progress(inner, cx, calls) {
                    Poll::Pending => return self.wait_for_writer(shared, cx, caller),
                    Poll::Ready(progress) => progress?,
                },
                Step::Discard => drop(self.buffer.abort()),
                Step::Flush => {
                    let flushed = self.buffer.poll_flush_inner(inner, cx, calls);
                    if flushed.is_pending() {
                        return self.wait_for_flush(shared, cx);
                    }
                    ready!(flushed)?;
                    shared.with(State::flushed);
                }
                Step::Shutdown => {
                    let result = self.buffer.poll_shutdown(inner, cx, calls);
                    if self.buffer.is_flushed() {
                        shared.with(State::flushed);
                    }
                    return result;
                }
                Step::Wait => return Poll::Pending,
                Step::Yield => {
                    cx.waker().wake_by_ref();
                    return Poll::Pending;
                }
            }
        }
    }

    /// Waits for an inner writer that is being flushed.
    fn wait_for_flush(&mut self, shared: &Shared, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if shared.with(|state| state.watch_line(shared.woken())) {
            cx.waker().wake_by_ref();
        }
        self.buffer.poll_late(cx, shared.with(|state| state.pause_watch())).map(Err)
    }

    /// Waits for an inner writer that takes no more for now.
    fn wait_for_writer(
        &mut self,
        shared: &Shared,
        cx: &mut Context<'_>,
        caller: &mut Caller<'_>,
    ) -> Poll<io::Result<()>> {
        let watch = shared.with(|state| state.wait_for_writer(&self.buffer, caller));
        self.buffer.poll_late(cx, watch).map(Err)
    }
}

impl<W> Drop for Driver<W> {
    fn drop(&mut self) {
        if let Some(mut outlet) = self.outlet.take() {
            let failure = Some(io::ErrorKind::BrokenPipe);
            let mut rest = outlet.stop(&self.shared, |state| state.end(failure));
            // In one queue, so that one event tells how much was discarded.
            outlet.buffer.queue_mut().append(&mut rest);
        }
    }
}

impl<W> fmt::Debug for Driver<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let taken = self.outlet.as_ref().map(|outlet| outlet.buffer.buffer_size());
        f.debug_struct("Driver").field("taken", &taken).finish_non_exhaustive()
    }
}

const RETURNED: &str = "the driver has returned";
