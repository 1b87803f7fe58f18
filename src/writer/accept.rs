use bytes::Bytes;
use tokio::io::AsyncWrite;

use super::FlowControlledWriter;
use crate::builder::Builder;
use crate::error::TrySendError;
use crate::watermarks::Watermarks;

impl<W: AsyncWrite> FlowControlledWriter<W> {
    /// Wraps `inner` with the default options of [`Builder::new`]. Does not allocate.
    ///
    /// # Examples
    ///
    /// ```
    /// use flow_controlled_writer::{FlowControlledWriter, Watermarks};
    ///
    /// let writer = FlowControlledWriter::new(tokio::io::sink());
    /// assert_eq!(writer.buffer_size(), 0);
    /// assert_eq!(writer.watermarks(), Watermarks::default());
    /// ```
    #[must_use]
    pub fn new(inner: W) -> Self {
        Builder::new().build(inner)
    }

    /// Wraps `inner` with the given watermarks. Does not allocate.
    ///
    /// # Examples
    ///
    /// ```
    /// use flow_controlled_writer::{FlowControlledWriter, Watermarks};
    ///
    /// let writer =
    ///     FlowControlledWriter::with_watermarks(tokio::io::sink(), Watermarks::with_high(1024));
    /// assert_eq!(writer.watermarks().high(), 1024);
    /// ```
    #[must_use]
    pub fn with_watermarks(inner: W, watermarks: Watermarks) -> Self {
        Builder::new().watermarks(watermarks).build(inner)
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
    #[inline]
    pub fn try_send(&mut self, chunk: impl Into<Bytes>) -> Result<(), TrySendError> {
        self.buffer.try_send(chunk.into())
    }

    /// Discards what is queued and closes the writer for sending. Returns the bytes discarded.
    ///
    /// A chunk of which the inner writer has taken a part is cut there. A shutdown still shuts the
    /// inner writer down.
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
    /// assert_eq!(writer.abort(), 5);
    /// assert!(writer.try_send("world").unwrap_err().is_closed());
    ///
    /// writer.shutdown().await?;
    /// assert_eq!(writer.into_inner(), b"");
    /// # Ok(())
    /// # }
    /// ```
    pub fn abort(&mut self) -> usize {
        self.buffer.abort()
    }
}
