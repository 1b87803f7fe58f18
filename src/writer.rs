mod accept;
mod inspect;
mod parts;
mod poll;
mod read;
mod seek;
mod sink;
mod write;

use std::fmt;
use std::pin::Pin;

use pin_project_lite::pin_project;

pub use self::parts::Parts;
use self::seek::SeekState;
use crate::watermarks::Watermarks;
use crate::write_buffer::WriteBuffer;

pin_project! {
    /// Wraps a writer with a queue of chunks that knows its size and pauses its producers.
    ///
    /// Bytes come in by [`AsyncWrite`](tokio::io::AsyncWrite), as chunks by
    /// [`Sink<Bytes>`](futures_sink::Sink) or by [`try_send`](Self::try_send). They stay in the
    /// queue until it is flushed or shut down, or until it has grown beyond the high watermark and
    /// somebody waits for room; then they go out in order, many chunks to a call. Small chunks are
    /// merged, large ones are queued without a copy.
    ///
    /// Reads, where `W` has them, pass straight through and never write.
    ///
    /// # Errors
    ///
    /// An error of the inner writer other than `Interrupted` is final. It is returned once as it
    /// is; from then on every write-side call returns an error of the same kind and leaves the
    /// inner writer alone. [`into_parts`](Self::into_parts) gives back what it has not accepted. A
    /// panic that comes out of a poll, of the inner writer or of what owns a chunk, fails the writer
    /// too.
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

impl<W> FlowControlledWriter<W> {
    pub(crate) fn with_buffer(inner: W, buffer: WriteBuffer) -> Self {
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

    pub(crate) fn into_inner_and_buffer(self) -> (W, WriteBuffer) {
        (self.inner, self.buffer)
    }

    /// Changes the watermarks. The writer pauses or resumes by the new ones at once; a task that waits in
    /// [`poll_ready`](Self::poll_ready) is woken if it resumes.
    ///
    /// # Examples
    ///
    /// ```
    /// use flow_controlled_writer::{FlowControlledWriter, Watermarks};
    ///
    /// let mut writer = FlowControlledWriter::new(tokio::io::sink());
    /// writer.try_send(vec![0; 512]).expect("not paused");
    /// writer.set_watermarks(Watermarks::new(128, 256));
    /// assert!(writer.is_paused());
    /// writer.set_watermarks(Watermarks::new(512, 1024));
    /// assert!(!writer.is_paused());
    /// ```
    pub fn set_watermarks(&mut self, watermarks: Watermarks) {
        self.buffer.set_watermarks(watermarks);
    }

    /// Returns a mutable reference to the inner writer. Writing to it directly would overtake what
    /// is queued.
    ///
    /// # Examples
    ///
    /// ```
    /// use flow_controlled_writer::FlowControlledWriter;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// let mut writer = FlowControlledWriter::new(Vec::new());
    /// writer.try_send("hello").expect("not paused");
    /// writer.flush().await?;
    /// writer.get_mut().clear(); // nothing is queued, so nothing is overtaken
    /// assert_eq!(writer.get_ref(), b"");
    /// # Ok(())
    /// # }
    /// ```
    pub fn get_mut(&mut self) -> &mut W {
        &mut self.inner
    }

    /// Returns a pinned mutable reference to the inner writer. Writing to it directly would
    /// overtake what is queued.
    ///
    /// # Examples
    ///
    /// ```
    /// use flow_controlled_writer::FlowControlledWriter;
    /// use std::pin::pin;
    ///
    /// let writer = pin!(FlowControlledWriter::new(vec![1, 2, 3]));
    /// let inner = writer.get_pin_mut();
    /// assert_eq!(*inner, [1, 2, 3]);
    /// ```
    pub fn get_pin_mut(self: Pin<&mut Self>) -> Pin<&mut W> {
        self.project().inner
    }

    /// Returns the inner writer and discards what is queued; see
    /// [`into_parts`](Self::into_parts) to keep it.
    ///
    /// # Examples
    ///
    /// ```
    /// use flow_controlled_writer::FlowControlledWriter;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// let mut writer = FlowControlledWriter::new(Vec::new());
    /// writer.try_send("hello").expect("not paused");
    /// writer.flush().await?;
    /// assert_eq!(writer.into_inner(), b"hello");
    /// # Ok(())
    /// # }
    /// ```
    pub fn into_inner(self) -> W {
        self.inner
    }

    /// Takes the writer apart into the inner writer, what is queued, and the position up to which it
    /// was written. Loses nothing that the inner writer has not accepted, also after an error; see
    /// [`Parts`] for what that is.
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
        let written = self.buffer.written();
        Parts { inner: self.inner, queue: self.buffer.into_queue(), written }
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
