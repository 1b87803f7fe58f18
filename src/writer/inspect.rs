use super::FlowControlledWriter;
use crate::stats::Stats;
use crate::watermarks::Watermarks;

impl<W> FlowControlledWriter<W> {
    /// Returns the bytes accepted by this writer and not yet accepted by the inner one.
    ///
    /// The count is exact at every moment and kept as bytes enter and leave: the cost does not
    /// depend on how much is queued.
    ///
    /// # Examples
    ///
    /// ```
    /// use flow_controlled_writer::FlowControlledWriter;
    /// use std::{future::poll_fn, pin::Pin, task::Poll};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let (stream, _peer) = tokio::io::duplex(8);
    /// let mut writer = FlowControlledWriter::new(stream);
    /// writer.try_send(vec![0; 3000]).expect("not paused");
    /// assert_eq!(writer.buffer_size(), 3000);
    ///
    /// // Also after a part was taken, while the rest waits.
    /// poll_fn(|cx| Poll::Ready(Pin::new(&mut writer).poll_drain(cx).is_pending())).await;
    /// assert_eq!(writer.buffer_size(), 2992);
    /// # }
    /// ```
    #[must_use]
    #[inline]
    pub fn buffer_size(&self) -> usize {
        self.buffer.buffer_size()
    }

    /// Returns the number of chunks queued, merged ones counted as one.
    ///
    /// # Examples
    ///
    /// ```
    /// use flow_controlled_writer::FlowControlledWriter;
    ///
    /// let mut writer = FlowControlledWriter::new(tokio::io::sink());
    /// writer.try_send("merged with ").expect("not paused");
    /// writer.try_send("its neighbour").expect("not paused");
    /// writer.try_send(vec![0; 4096]).expect("not paused");
    /// assert_eq!(writer.queued_chunks(), 2);
    /// ```
    #[must_use]
    pub fn queued_chunks(&self) -> usize {
        self.buffer.queued_chunks()
    }

    /// Tells whether the writer makes its producers wait.
    ///
    /// # Examples
    ///
    /// ```
    /// use flow_controlled_writer::{FlowControlledWriter, Watermarks};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// let mut writer = FlowControlledWriter::with_watermarks(Vec::new(), Watermarks::new(2, 4));
    /// writer.try_send("hello").expect("not paused");
    /// assert!(writer.is_paused());
    /// writer.flush().await?;
    /// assert!(!writer.is_paused());
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn is_paused(&self) -> bool {
        self.buffer.is_paused()
    }

    /// Tells whether nothing can be sent any more: the writer has failed, was aborted, or its shutdown
    /// has begun.
    ///
    /// # Examples
    ///
    /// ```
    /// use flow_controlled_writer::FlowControlledWriter;
    ///
    /// let mut writer = FlowControlledWriter::new(tokio::io::sink());
    /// assert!(!writer.is_closed());
    /// writer.abort();
    /// assert!(writer.is_closed());
    /// ```
    #[must_use]
    pub fn is_closed(&self) -> bool {
        !self.buffer.is_open()
    }

    /// Returns the number of bytes that pause the writer if they are sent now; 0 if it is paused.
    ///
    /// # Examples
    ///
    /// ```
    /// use flow_controlled_writer::{FlowControlledWriter, Watermarks};
    ///
    /// let mut writer =
    ///     FlowControlledWriter::with_watermarks(tokio::io::sink(), Watermarks::new(25, 100));
    /// writer.try_send(vec![0; 60]).expect("not paused");
    /// assert_eq!(writer.bytes_until_pause(), 41);
    /// writer.try_send(vec![0; 41]).expect("not paused");
    /// assert!(writer.is_paused());
    /// ```
    #[must_use]
    pub fn bytes_until_pause(&self) -> usize {
        self.buffer.bytes_until_pause()
    }

    /// Returns the number of bytes to drain before the writer resumes; 0 if it is not paused.
    ///
    /// # Examples
    ///
    /// ```
    /// use flow_controlled_writer::{FlowControlledWriter, Watermarks};
    ///
    /// let mut writer =
    ///     FlowControlledWriter::with_watermarks(tokio::io::sink(), Watermarks::new(25, 100));
    /// writer.try_send(vec![0; 100]).expect("not paused");
    /// assert_eq!(writer.bytes_until_resume(), 0);
    /// writer.try_send(vec![0; 1]).expect("not paused");
    /// assert_eq!(writer.bytes_until_resume(), 76);
    /// ```
    #[must_use]
    pub fn bytes_until_resume(&self) -> usize {
        self.buffer.bytes_until_resume()
    }

    /// Returns the watermarks.
    ///
    /// # Examples
    ///
    /// ```
    /// use flow_controlled_writer::{FlowControlledWriter, Watermarks};
    ///
    /// let writer = FlowControlledWriter::new(tokio::io::sink());
    /// assert_eq!(writer.watermarks(), Watermarks::new(16 * 1024, 64 * 1024));
    /// ```
    #[must_use]
    pub fn watermarks(&self) -> Watermarks {
        self.buffer.watermarks()
    }

    /// Returns the totals since the writer was made.
    ///
    /// # Examples
    ///
    /// ```
    /// use flow_controlled_writer::FlowControlledWriter;
    ///
    /// let mut writer = FlowControlledWriter::new(tokio::io::sink());
    /// writer.try_send("hello").expect("not paused");
    /// assert_eq!(writer.stats().enqueued_bytes, 5);
    /// assert_eq!(writer.stats().written_bytes, 0);
    /// ```
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.buffer.stats()
    }

    /// Returns a reference to the inner writer.
    ///
    /// # Examples
    ///
    /// ```
    /// use flow_controlled_writer::FlowControlledWriter;
    ///
    /// let mut writer = FlowControlledWriter::new(Vec::new());
    /// writer.try_send("hello").expect("not paused");
    /// assert_eq!(writer.get_ref(), b""); // nothing was written yet
    /// ```
    pub fn get_ref(&self) -> &W {
        &self.inner
    }
}
