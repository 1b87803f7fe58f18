#[cfg(feature = "time")]
use std::time::Duration;

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
///     .hard_limit(1024 * 1024);
/// let writer = options.build(tokio::io::sink());
/// assert_eq!(writer.watermarks().low(), 64 * 1024);
/// ```
#[derive(Clone, Debug, Default)]
#[must_use = "a builder does nothing until `build` is called"]
pub struct Builder {
    options: Options,
}

impl Builder {
    /// Creates the default options: marks of 16 and 64 KiB, no hard limit, a coalesce threshold of
    /// 1 KiB, no budget and no timeouts.
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

    /// Sets the size in bytes from which on even what comes in past a pause is refused. Default:
    /// `usize::MAX`, no limit.
    ///
    /// A paused writer makes its senders wait, and `try_send` gives the chunk back. Past a pause come
    /// in [`send_now`](FlowControlledWriter::send_now), and `start_send` of the `Sink` without a
    /// `poll_ready` before it: a peer that does not read would let them grow the buffer without end.
    /// With a hard limit they are refused too, from that size on. An item is judged by the size before
    /// it: the buffer is bounded by the limit plus one item. While the writer is not paused the limit
    /// does nothing; choose it well above the high mark.
    ///
    /// # Examples
    ///
    /// ```
    /// use flow_controlled_writer::{Builder, TrySendError, Watermarks};
    ///
    /// let options = Builder::new().watermarks(Watermarks::new(2, 4)).hard_limit(8);
    /// let mut writer = options.build(tokio::io::sink());
    /// writer.try_send("hello").expect("not paused");
    /// assert!(writer.try_send("more").is_err());
    /// writer.send_now("pong").expect("below the hard limit");
    /// assert_eq!(writer.send_now("pong"), Err(TrySendError::Full("pong".into())));
    /// assert_eq!(writer.buffer_size(), 9);
    /// ```
    pub fn hard_limit(mut self, bytes: usize) -> Self {
        self.options.hard_limit = bytes;
        self
    }

    /// Sets the length in bytes below which chunks are merged by copying. Default: 1024; 0 keeps
    /// every chunk as it is.
    ///
    /// A server that sends one `Bytes` to many connections sets it to 64: then stalled connections
    /// share the payload instead of holding a copy each. Small chunks that are kept are still written
    /// together, up to 16 KiB to a call, where that costs less than to gather them; with 0 they are
    /// always gathered, unless the inner writer cannot.
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

    /// Shares a budget of bytes with other writers, in place of one that was set before. Default: none.
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

    /// Sets how long the inner writer may accept nothing while anything waits for it. Default: for
    /// ever.
    ///
    /// The clock starts with a `Pending` of the inner writer: for queued bytes, for a slice that is
    /// written through, for a flush or a shutdown. Only accepted bytes restart it, and the end of the
    /// flush or shutdown. When the time is over the writer fails with
    /// [`TimedOut`](std::io::ErrorKind::TimedOut). It is noticed where the writer is polled: by a task
    /// that waits for it, or at its next call, after the inner writer was asked once more. A flush or a
    /// write that is given up does not stop the clock.
    ///
    /// A flush shows no progress. That of a TLS layer writes up to 64 KiB, so the time must suffice for
    /// that. A time of 0 fails the writer as soon as it has to wait; one that is too long to be counted
    /// is for ever.
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
    pub fn stall_timeout(mut self, timeout: Duration) -> Self {
        self.options.stall_timeout = Some(timeout);
        self
    }

    /// Sets how long a pause may last. Default: for ever.
    ///
    /// A peer that reads one byte now and then never stalls, and never lets the writer resume. When the
    /// time is over the writer fails with [`TimedOut`](std::io::ErrorKind::TimedOut). It is noticed
    /// as the [stall](Self::stall_timeout) is.
    ///
    /// # Panics
    ///
    /// The writer panics when it is polled outside of a tokio runtime with its timer enabled.
    ///
    /// # Examples
    ///
    /// ```
    /// use flow_controlled_writer::{Builder, Watermarks};
    /// use std::{io, time::Duration};
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> io::Result<()> {
    /// let (stream, _peer_that_never_reads) = tokio::io::duplex(8);
    /// let options = Builder::new()
    ///     .watermarks(Watermarks::new(16, 64))
    ///     .pause_timeout(Duration::from_secs(60));
    /// let mut writer = options.build(stream);
    /// writer.try_send(vec![0; 100]).expect("not paused");
    /// let error = writer.ready().await.unwrap_err();
    /// assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    /// assert_eq!(writer.stats().paused_time.as_secs(), 60);
    /// # Ok(())
    /// # }
    /// ```
    #[cfg(feature = "time")]
    #[cfg_attr(docsrs, doc(cfg(feature = "time")))]
    pub fn pause_timeout(mut self, timeout: Duration) -> Self {
        self.options.pause_timeout = Some(timeout);
        self
    }

    /// Wraps `inner` with these options. Does not allocate.
    ///
    /// # Examples
    ///
    /// ```
    /// use flow_controlled_writer::Builder;
    ///
    /// let options = Builder::new().hard_limit(1024 * 1024);
    /// let first = options.build(tokio::io::sink());
    /// let second = options.build(tokio::io::sink());
    /// assert_eq!((first.buffer_size(), second.buffer_size()), (0, 0));
    /// ```
    pub fn build<W>(&self, inner: W) -> FlowControlledWriter<W> {
        FlowControlledWriter::with_buffer(inner, WriteBuffer::new(&self.options))
    }

    pub(crate) fn options(&self) -> &Options {
        &self.options
    }
}
