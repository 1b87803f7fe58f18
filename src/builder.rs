use crate::budget::MemoryBudget;
use crate::watermarks::Watermarks;
use crate::write_buffer::{Options, WriteBuffer};
use crate::writer::FlowControlledWriter;

/// The options of a [`FlowControlledWriter`].
///
/// A server makes one and builds the writer of each connection from it.
///
/// # Examples
///
/// ```
/// use flow_controlled_writer::{Builder, Watermarks};
///
/// let options = Builder::new()
///     .watermarks(Watermarks::with_high(256 * 1024))
///     .max_buffer_size(1024 * 1024);
/// let writer = options.build(tokio::io::sink());
/// assert_eq!(writer.watermarks().low(), 64 * 1024);
/// ```
#[derive(Clone, Debug, Default)]
#[must_use = "a builder does nothing until `build` is called"]
pub struct Builder {
    options: Options,
}

impl Builder {
    /// Creates the default options: marks of 16 and 64 KiB, no cap, a coalesce threshold of 1 KiB,
    /// no budget and no stall timeout.
    ///
    /// # Examples
    ///
    /// ```
    /// use flow_controlled_writer::{Builder, Watermarks};
    ///
    /// let writer = Builder::new().build(tokio::io::sink());
    /// assert_eq!(writer.watermarks(), Watermarks::new(16 * 1024, 64 * 1024));
    /// ```
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the marks between which the writer pauses and resumes. Default: 16 and 64 KiB.
    ///
    /// # Examples
    ///
    /// ```
    /// use flow_controlled_writer::{Builder, Watermarks};
    ///
    /// let mut writer = Builder::new().watermarks(Watermarks::new(1, 4)).build(tokio::io::sink());
    /// writer.try_send("1234").expect("not paused");
    /// assert!(!writer.is_paused());
    /// writer.try_send("5").expect("not paused");
    /// assert!(writer.is_paused());
    /// ```
    pub fn watermarks(mut self, watermarks: Watermarks) -> Self {
        self.options.watermarks = watermarks;
        self
    }

    /// Sets a size in bytes that the buffer never exceeds. Default: `usize::MAX`, no cap.
    ///
    /// The high mark makes a sender wait; the cap refuses a chunk, which comes back in a
    /// [`TrySendError::Full`](crate::TrySendError::Full). A writer that is not paused may hold up
    /// to the high mark, so a chunk longer than the cap less the high mark may be refused where it
    /// could have waited; choose a cap of at least the high mark plus the largest chunk to rule
    /// that out. A cap below the high mark acts as the high mark too: `AsyncWrite` waits there, a
    /// chunk that does not fit is refused.
    ///
    /// # Examples
    ///
    /// ```
    /// use flow_controlled_writer::{Builder, TrySendError};
    ///
    /// let mut writer = Builder::new().max_buffer_size(8).build(tokio::io::sink());
    /// writer.try_send("12345").expect("within the cap");
    /// assert_eq!(writer.try_send("67890"), Err(TrySendError::Full("67890".into())));
    /// assert_eq!(writer.try_send("678"), Ok(()));
    /// assert_eq!(writer.buffer_size(), 8);
    /// ```
    pub fn max_buffer_size(mut self, bytes: usize) -> Self {
        self.options.max_buffer_size = bytes;
        self
    }

    /// Sets the length in bytes below which chunks are merged by copying. Default: 1024; 0 keeps
    /// every chunk as it is.
    ///
    /// # Examples
    ///
    /// ```
    /// use flow_controlled_writer::Builder;
    ///
    /// let mut kept = Builder::new().coalesce_threshold(0).build(tokio::io::sink());
    /// let mut merged = Builder::new().build(tokio::io::sink());
    /// for _ in 0..3 {
    ///     kept.try_send("hello").expect("not paused");
    ///     merged.try_send("hello").expect("not paused");
    /// }
    /// assert_eq!((kept.queued_chunks(), kept.buffer_size()), (3, 15));
    /// assert_eq!((merged.queued_chunks(), merged.buffer_size()), (1, 15));
    /// ```
    pub fn coalesce_threshold(mut self, bytes: usize) -> Self {
        self.options.coalesce_threshold = bytes;
        self
    }

    /// Shares a budget of bytes with other writers. Default: none.
    ///
    /// # Examples
    ///
    /// ```
    /// use flow_controlled_writer::{Builder, MemoryBudget};
    ///
    /// let budget = MemoryBudget::new(1024);
    /// let options = Builder::new().budget(budget.clone());
    /// let mut writer = options.build(tokio::io::sink());
    /// writer.try_send("hello").expect("within the budget");
    /// assert_eq!(budget.used(), 5);
    /// ```
    pub fn budget(mut self, budget: MemoryBudget) -> Self {
        self.options.budget = Some(budget);
        self
    }

    /// Sets how long the inner writer may accept nothing while bytes wait. Default: for ever.
    ///
    /// The clock starts with the first `Pending` of the inner writer while bytes are queued; only
    /// accepted bytes restart it, and it does not run while nothing is queued. When the time is
    /// over the writer fails with [`TimedOut`](std::io::ErrorKind::TimedOut). It is noticed where
    /// the writer is polled: by a task that waits for it, or at its next call.
    ///
    /// # Panics
    ///
    /// The writer panics when it is polled outside of a tokio runtime with its timer enabled.
    ///
    /// # Examples
    ///
    /// ```
    /// use flow_controlled_writer::Builder;
    /// use std::{io, time::Duration};
    /// use tokio::io::AsyncWriteExt;
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> io::Result<()> {
    /// let (stream, _peer_that_never_reads) = tokio::io::duplex(8);
    /// let mut writer = Builder::new().stall_timeout(Duration::from_secs(5)).build(stream);
    /// writer.write_all(b"more than eight bytes").await?;
    /// let error = writer.flush().await.unwrap_err();
    /// assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    /// # Ok(())
    /// # }
    /// ```
    #[cfg(feature = "time")]
    #[cfg_attr(docsrs, doc(cfg(feature = "time")))]
    pub fn stall_timeout(mut self, timeout: std::time::Duration) -> Self {
        self.options.stall_timeout = Some(timeout);
        self
    }

    /// Wraps `inner` with these options. Does not allocate.
    ///
    /// # Examples
    ///
    /// ```
    /// use flow_controlled_writer::Builder;
    ///
    /// let options = Builder::new().max_buffer_size(1024 * 1024);
    /// let first = options.build(tokio::io::sink());
    /// let second = options.build(tokio::io::sink());
    /// assert_eq!((first.buffer_size(), second.buffer_size()), (0, 0));
    /// ```
    pub fn build<W>(&self, inner: W) -> FlowControlledWriter<W> {
        FlowControlledWriter::from_parts(inner, WriteBuffer::new(&self.options))
    }
}
