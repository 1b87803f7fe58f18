use bytes::Bytes;
use tokio::io::AsyncWrite;

use super::{FlowControlledWriter, Parts};
use crate::builder::Builder;
use crate::chunk_queue::ChunkAppender;
use crate::error::{TrySendError, TrySendItemError};
use crate::watermarks::Watermarks;
use crate::write_buffer::{AppendError, Way, WriteBuffer};

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

    /// Goes on where a writer was taken apart: what it had not sent goes first. Does not allocate.
    ///
    /// What is queued counts, also above the watermarks, and positions go on from
    /// [`parts.written`](Parts::written).
    ///
    /// # Examples
    ///
    /// ```
    /// use flow_controlled_writer::{Builder, FlowControlledWriter};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// let mut writer = FlowControlledWriter::new(Vec::new());
    /// writer.send("sent, ").await?;
    /// writer.try_send("not sent").expect("not paused");
    ///
    /// let mut writer = FlowControlledWriter::from_parts(writer.into_parts(), &Builder::new());
    /// assert_eq!(writer.buffer_size(), 8);
    /// assert_eq!(writer.stats().written_bytes, 6);
    /// writer.flush().await?;
    /// assert_eq!(writer.into_inner(), b"sent, not sent");
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn from_parts(parts: Parts<W>, options: &Builder) -> Self {
        let Parts { inner, queue, written } = parts;
        Self::with_buffer(inner, WriteBuffer::with_queue(options.options(), queue, written))
    }

    /// Queues a chunk if that is possible at once. Does no I/O.
    ///
    /// An empty chunk is accepted and queues nothing. A pinned writer whose `W` is not `Unpin` is
    /// sent to by [`Sink::start_send`](futures_sink::Sink::start_send).
    ///
    /// # Errors
    ///
    /// Returns the chunk in [`TrySendError::Full`] if the writer is paused, and in
    /// [`TrySendError::Closed`] if it has failed, was aborted, or its shutdown has begun.
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
        self.buffer
            .try_send(Way::InTurn, chunk.into())
            .map_err(|(refusal, chunk)| refusal.of(chunk))
    }

    /// Queues a chunk also while the writer is paused, up to the
    /// [hard limit](Builder::hard_limit): for what must not wait, such as the answer to a ping or a
    /// close frame. Does no I/O.
    ///
    /// # Errors
    ///
    /// Returns the chunk in [`TrySendError::Full`] if the writer is paused and holds its hard limit or
    /// more, and in [`TrySendError::Closed`] if it has failed, was aborted, or its shutdown has
    /// begun.
    ///
    /// # Examples
    ///
    /// ```
    /// use flow_controlled_writer::{FlowControlledWriter, Watermarks};
    ///
    /// let mut writer = FlowControlledWriter::with_watermarks(tokio::io::sink(), Watermarks::new(2, 4));
    /// writer.try_send("hello")?;
    /// assert!(writer.try_send("world").is_err());
    /// writer.send_now("pong")?;
    /// assert_eq!(writer.buffer_size(), 9);
    /// # Ok::<_, flow_controlled_writer::TrySendError>(())
    /// ```
    pub fn send_now(&mut self, chunk: impl Into<Bytes>) -> Result<(), TrySendError> {
        self.buffer
            .try_send(Way::PastPause, chunk.into())
            .map_err(|(refusal, chunk)| refusal.of(chunk))
    }

    /// Lets `append` append one item, copied or pushed in as many pieces as it likes, if that is
    /// possible at once: for protocols whose writer is no codec. Does no I/O.
    ///
    /// # Errors
    ///
    /// Returns [`TrySendItemError::Full`] if the writer is paused and [`TrySendItemError::Closed`] if
    /// it has failed, was aborted, or its shutdown has begun, without a call of `append`; else its
    /// error in [`TrySendItemError::Encode`], and nothing is queued.
    ///
    /// # Examples
    ///
    /// ```
    /// use bytes::Bytes;
    /// use flow_controlled_writer::FlowControlledWriter;
    /// use std::io::{self, Write};
    ///
    /// let body = Bytes::from(vec![b'x'; 4096]);
    /// let mut writer = FlowControlledWriter::new(tokio::io::sink());
    /// writer.try_append(|dst| {
    ///     write!(dst, "content-length: {}\r\n\r\n", body.len())?;
    ///     dst.push(body);
    ///     io::Result::Ok(())
    /// })?;
    /// assert_eq!((writer.buffer_size(), writer.queued_chunks()), (4120, 2));
    /// # Ok::<_, io::Error>(())
    /// ```
    pub fn try_append<R, E>(
        &mut self,
        append: impl FnOnce(&mut ChunkAppender<'_>) -> Result<R, E>,
    ) -> Result<R, TrySendItemError<(), E>> {
        self.buffer.try_append((), |(), dst| append(dst)).map_err(|error| match error {
            AppendError::Refused(refusal, ()) => TrySendItemError::refused(refusal, ()),
            AppendError::Failed(error) => TrySendItemError::Encode(error),
            // An `encode_with` that has removed earlier bytes has failed the writer.
            AppendError::Torn(_) => TrySendItemError::Closed(()),
        })
    }

    /// Discards what is queued and closes the writer for sending. Returns the bytes discarded.
    ///
    /// An item of which the inner writer has taken a part is cut there. A shutdown still shuts the
    /// inner writer down. A task that waits in [`poll_ready`](Self::poll_ready) is woken.
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
