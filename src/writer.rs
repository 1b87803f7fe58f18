mod parts;
mod read;
mod seek;
mod sink;
mod write;

use std::fmt;
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use pin_project_lite::pin_project;
use tokio::io::AsyncWrite;

pub use self::parts::Parts;
use self::seek::SeekState;
use crate::builder::Builder;
use crate::error::TrySendError;
use crate::stats::Stats;
use crate::watermarks::Watermarks;
use crate::write_buffer::WriteBuffer;

pin_project! {
    /// Wraps a writer with a queue of chunks that knows its size and pauses its producers.
    ///
    /// Bytes come in by [`AsyncWrite`], as chunks by [`Sink<Bytes>`](futures_sink::Sink) or by
    /// [`try_send`](Self::try_send). They stay in the queue until it grows beyond the high
    /// watermark, or until a flush or shutdown; then they go out in order, many chunks to a call.
    /// Small chunks are merged, large ones are never copied.
    ///
    /// Reads, where `W` has them, pass straight through and never write.
    ///
    /// # Errors
    ///
    /// An error of the inner writer other than `Interrupted` is final. It is returned once as it
    /// is; from then on every write-side call returns an error of the same kind and leaves the
    /// inner writer alone. [`into_parts`](Self::into_parts) gives back what was not sent.
    ///
    /// # Drop behavior
    ///
    /// Dropping the writer discards what is queued, as no I/O can be done there. Call
    /// [`shutdown`](Self::shutdown) or [`flush`](Self::flush) first.
    ///
    /// # Examples
    ///
    /// ```
    /// use bytes::Bytes;
    /// use flow_controlled_writer::FlowControlledWriter;
    /// use futures::SinkExt;
    /// use tokio::io::{AsyncReadExt, AsyncWriteExt};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// let (client, mut server) = tokio::io::duplex(1024);
    /// let mut writer = FlowControlledWriter::new(client);
    ///
    /// writer.write_all(b"hello, ").await?;
    /// writer.feed(Bytes::from_static(b"world")).await?;
    /// assert_eq!(writer.buffer_size(), 12);
    /// writer.shutdown().await?;
    /// assert_eq!(writer.buffer_size(), 0);
    ///
    /// let mut received = String::new();
    /// server.read_to_string(&mut received).await?;
    /// assert_eq!(received, "hello, world");
    /// # Ok(())
    /// # }
    /// ```
    pub struct FlowControlledWriter<W> {
        #[pin]
        inner: W,
        buffer: WriteBuffer,
        seek: SeekState,
    }
}

impl<W: AsyncWrite> FlowControlledWriter<W> {
    /// Wraps `inner` with the default options of [`Builder::new`]. Does not allocate.
    #[must_use]
    pub fn new(inner: W) -> Self {
        Builder::new().build(inner)
    }

    /// Wraps `inner` with the given watermarks. Does not allocate.
    #[must_use]
    pub fn with_watermarks(inner: W, watermarks: Watermarks) -> Self {
        Builder::new().watermarks(watermarks).build(inner)
    }

    /// Polls until the writer is not paused, draining while it is; never flushes the inner writer.
    ///
    /// # Errors
    ///
    /// Returns the error of the inner writer, which is final, and
    /// [`BrokenPipe`](io::ErrorKind::BrokenPipe) once the shutdown has begun.
    pub fn poll_ready(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.project();
        this.buffer.poll_ready(this.inner, cx)
    }

    /// Polls until the queue is empty; never flushes the inner writer.
    ///
    /// # Errors
    ///
    /// Returns the error of the inner writer, which is final.
    pub fn poll_drain(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.project();
        this.buffer.poll_drain(this.inner, cx)
    }

    /// Polls until the queue is empty and the inner writer is flushed.
    ///
    /// # Errors
    ///
    /// Returns the error of the inner writer, which is final.
    pub fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.project();
        this.buffer.poll_flush(this.inner, cx)
    }

    /// Polls until the queue is empty, the inner writer is flushed and shut down.
    ///
    /// Nothing can be sent from the first call on. A call after `Pending` goes on where the last
    /// one stopped; one after completion does nothing.
    ///
    /// # Errors
    ///
    /// Returns the error of the inner writer, which is final.
    pub fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.project();
        this.buffer.poll_shutdown(this.inner, cx)
    }

    /// Queues a chunk if that is possible at once. Does no I/O.
    ///
    /// An empty chunk is accepted and queues nothing. A pinned writer whose `W` is not `Unpin` is
    /// sent to by [`Sink::start_send`](futures_sink::Sink::start_send).
    ///
    /// # Errors
    ///
    /// Returns the chunk in [`TrySendError::Full`] if the writer is paused or the chunk would take
    /// it over its cap, and in [`TrySendError::Closed`] if it has failed, was aborted, or its
    /// shutdown has begun.
    ///
    /// # Examples
    ///
    /// ```
    /// use flow_controlled_writer::{FlowControlledWriter, TrySendError, Watermarks};
    ///
    /// let mut writer = FlowControlledWriter::with_watermarks(tokio::io::sink(), Watermarks::new(2, 4));
    /// assert_eq!(writer.try_send("hello"), Ok(()));
    /// assert!(writer.is_paused());
    /// assert_eq!(writer.try_send("world"), Err(TrySendError::Full("world".into())));
    /// ```
    pub fn try_send(&mut self, chunk: impl Into<Bytes>) -> Result<(), TrySendError> {
        self.buffer.try_send(chunk.into())
    }

    /// Discards what is queued and closes the writer for sending. Returns the bytes discarded.
    ///
    /// A chunk of which the inner writer has taken a part is cut there. A shutdown still shuts the
    /// inner writer down.
    pub fn abort(&mut self) -> usize {
        self.buffer.abort()
    }
}

impl<W: AsyncWrite + Unpin> FlowControlledWriter<W> {
    /// Waits until the writer is not paused, draining while it is.
    ///
    /// # Errors
    ///
    /// As [`poll_ready`](Self::poll_ready).
    ///
    /// # Cancel safety
    ///
    /// A dropped future leaves what is not yet written in the queue; nothing is lost or doubled.
    pub async fn ready(&mut self) -> io::Result<()> {
        poll_fn(|cx| Pin::new(&mut *self).poll_ready(cx)).await
    }

    /// Writes all that is queued and flushes the inner writer.
    ///
    /// # Errors
    ///
    /// As [`poll_flush`](Self::poll_flush).
    ///
    /// # Cancel safety
    ///
    /// A dropped future leaves what is not yet written in the queue; nothing is lost or doubled.
    pub async fn flush(&mut self) -> io::Result<()> {
        poll_fn(|cx| Pin::new(&mut *self).poll_flush(cx)).await
    }

    /// Writes all that is queued, flushes the inner writer and shuts it down.
    ///
    /// # Errors
    ///
    /// As [`poll_shutdown`](Self::poll_shutdown).
    ///
    /// # Cancel safety
    ///
    /// A dropped future leaves the writer closed for sending, with what is not yet written in the
    /// queue; another call goes on from there.
    pub async fn shutdown(&mut self) -> io::Result<()> {
        poll_fn(|cx| Pin::new(&mut *self).poll_shutdown(cx)).await
    }
}

impl<W> FlowControlledWriter<W> {
    pub(crate) fn from_parts(inner: W, buffer: WriteBuffer) -> Self {
        Self { inner, buffer, seek: SeekState::Idle }
    }

    #[cfg(feature = "codec")]
    pub(crate) fn buffer_mut(&mut self) -> &mut WriteBuffer {
        &mut self.buffer
    }

    #[cfg(feature = "codec")]
    pub(crate) fn buffer_pin_mut(self: Pin<&mut Self>) -> &mut WriteBuffer {
        self.project().buffer
    }

    /// Changes the watermarks. The writer pauses or resumes by the new ones at once.
    pub fn set_watermarks(&mut self, watermarks: Watermarks) {
        self.buffer.set_watermarks(watermarks);
    }

    /// Returns a mutable reference to the inner writer. Writing to it directly would overtake what
    /// is queued.
    pub fn get_mut(&mut self) -> &mut W {
        &mut self.inner
    }

    /// Returns a pinned mutable reference to the inner writer. Writing to it directly would
    /// overtake what is queued.
    pub fn get_pin_mut(self: Pin<&mut Self>) -> Pin<&mut W> {
        self.project().inner
    }

    /// Returns the inner writer and discards what is queued; see
    /// [`into_parts`](Self::into_parts) to keep it.
    pub fn into_inner(self) -> W {
        self.inner
    }

    /// Takes the writer apart into the inner writer and what is queued. Loses nothing, also after
    /// an error.
    ///
    /// # Examples
    ///
    /// ```
    /// use bytes::Buf;
    /// use flow_controlled_writer::FlowControlledWriter;
    ///
    /// let mut writer = FlowControlledWriter::new(tokio::io::sink());
    /// writer.try_send("unsent").expect("not paused");
    /// let mut parts = writer.into_parts();
    /// assert_eq!(parts.queue.copy_to_bytes(6), "unsent");
    /// ```
    #[must_use]
    pub fn into_parts(self) -> Parts<W> {
        Parts { inner: self.inner, queue: self.buffer.into_queue() }
    }

    /// Returns the bytes accepted by this writer and not yet accepted by the inner one.
    ///
    /// The count is exact at every moment and kept as bytes enter and leave: the cost does not
    /// depend on how much is queued.
    #[must_use]
    #[inline]
    pub fn buffer_size(&self) -> usize {
        self.buffer.buffer_size()
    }

    /// Returns the number of chunks queued, merged ones counted as one.
    #[must_use]
    pub fn queued_chunks(&self) -> usize {
        self.buffer.queued_chunks()
    }

    /// Tells whether the writer makes its producers wait.
    #[must_use]
    pub fn is_paused(&self) -> bool {
        self.buffer.is_paused()
    }

    /// Returns the number of bytes that pause the writer if they are sent now; 0 if it is paused.
    #[must_use]
    pub fn bytes_until_pause(&self) -> usize {
        self.buffer.bytes_until_pause()
    }

    /// Returns the number of bytes to drain before the writer resumes; 0 if it is not paused.
    #[must_use]
    pub fn bytes_until_resume(&self) -> usize {
        self.buffer.bytes_until_resume()
    }

    /// Returns the watermarks.
    #[must_use]
    pub fn watermarks(&self) -> Watermarks {
        self.buffer.watermarks()
    }

    /// Returns the totals since the writer was made.
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.buffer.stats()
    }

    /// Returns a reference to the inner writer.
    pub fn get_ref(&self) -> &W {
        &self.inner
    }
}

impl<W: fmt::Debug> fmt::Debug for FlowControlledWriter<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FlowControlledWriter")
            .field("inner", &self.inner)
            .field("buffer", &self.buffer)
            .finish_non_exhaustive()
    }
}
