use super::Sender;
use crate::channel::Position;
use crate::stats::Stats;
use crate::watermarks::Watermarks;

impl Sender {
    /// Returns the length in bytes below which chunks are copied.
    #[cfg(feature = "codec")]
    pub(crate) fn coalesce_threshold(&self) -> usize {
        self.shared.coalesce_threshold
    }

    /// Returns the bytes that were sent and that the inner writer has not accepted: queued, or
    /// taken by the driver and not yet written.
    ///
    /// The count is exact at every moment, and read without a lock.
    ///
    /// # Examples
    ///
    /// ```
    /// use flow_controlled_writer::FlowControlledWriter;
    ///
    /// let (sender, _driver) = FlowControlledWriter::new(tokio::io::sink()).into_channel();
    /// sender.try_send("hello").expect("not paused");
    /// sender.clone().try_send("world").expect("not paused");
    /// assert_eq!(sender.buffer_size(), 10);
    /// ```
    #[must_use]
    #[inline]
    pub fn buffer_size(&self) -> usize {
        self.shared.buffer_size()
    }

    /// Returns the position up to which the inner writer has taken the stream, also after the end: all
    /// of an item if its position is not larger.
    ///
    /// What the inner writer has taken may still be lost on its way.
    ///
    /// # Examples
    ///
    /// ```
    /// use flow_controlled_writer::FlowControlledWriter;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let (sender, driver) = FlowControlledWriter::new(Vec::new()).into_channel();
    /// let position = sender.send("hello").await?;
    /// assert_eq!(sender.written(), 0);
    /// sender.close_channel();
    /// driver.await?;
    /// assert_eq!(sender.written(), position);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn written(&self) -> Position {
        self.shared.with(|state| state.written())
    }

    /// Tells whether the channel makes its senders wait: because it holds too much, or because one who
    /// was woken has yet to be served. Then `try_send` returns what it was given.
    ///
    /// # Examples
    ///
    /// ```
    /// use flow_controlled_writer::{FlowControlledWriter, Watermarks};
    ///
    /// let marks = Watermarks::new(2, 4);
    /// let writer = FlowControlledWriter::with_watermarks(tokio::io::sink(), marks);
    /// let (sender, _driver) = writer.into_channel();
    /// assert!(!sender.is_paused());
    /// sender.try_send("hello").expect("not paused");
    /// assert!(sender.is_paused());
    /// ```
    #[must_use]
    pub fn is_paused(&self) -> bool {
        !self.may_pass() || self.shared.with(|state| state.is_paused())
    }

    /// Returns the watermarks.
    ///
    /// # Examples
    ///
    /// ```
    /// use flow_controlled_writer::{FlowControlledWriter, Watermarks};
    ///
    /// let (sender, _driver) = FlowControlledWriter::new(tokio::io::sink()).into_channel();
    /// assert_eq!(sender.watermarks(), Watermarks::new(16 * 1024, 64 * 1024));
    /// ```
    #[must_use]
    pub fn watermarks(&self) -> Watermarks {
        self.shared.with(|state| state.watermarks())
    }

    /// Returns the totals since the writer was made.
    ///
    /// # Examples
    ///
    /// ```
    /// use flow_controlled_writer::FlowControlledWriter;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let (sender, driver) = FlowControlledWriter::new(Vec::new()).into_channel();
    /// sender.send("hello").await?;
    /// sender.close_channel();
    /// driver.await?;
    /// let stats = sender.stats();
    /// assert_eq!((stats.enqueued_bytes, stats.written_bytes), (5, 5));
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.shared.with(|state| state.stats())
    }
}
