/// Totals of one writer since it was made.
///
/// `enqueued_bytes - written_bytes` is what is queued now plus what was discarded by an abort.
/// `written_bytes` is the position in the stream up to which the inner writer has accepted it.
///
/// # Examples
///
/// ```
/// use flow_controlled_writer::FlowControlledWriter;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> std::io::Result<()> {
/// let mut writer = FlowControlledWriter::new(Vec::new());
/// for _ in 0..100 {
///     writer.try_send("0123456789").expect("not paused");
/// }
/// writer.flush().await?;
/// writer.try_send("more").expect("not paused");
///
/// let stats = writer.stats();
/// assert_eq!(stats.enqueued_bytes, 1004);
/// assert_eq!(stats.written_bytes, 1000);
/// assert_eq!(stats.write_calls, 1);
/// assert_eq!(stats.pauses, 0);
/// assert_eq!(stats.peak_buffer_size, 1000);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// Bytes accepted by the writer, also those that went straight through to the inner writer.
    pub enqueued_bytes: u64,
    /// Bytes accepted by the inner writer.
    pub written_bytes: u64,
    /// Calls of the inner writer's `poll_write` and `poll_write_vectored`, also those that
    /// returned `Pending` or an error.
    pub write_calls: u64,
    /// Times the writer went from accepting to paused.
    pub pauses: u64,
    /// The largest buffer size seen, in bytes.
    pub peak_buffer_size: usize,
    /// How long the writer was paused in all, the pause that lasts included.
    #[cfg(feature = "time")]
    #[cfg_attr(docsrs, doc(cfg(feature = "time")))]
    pub paused_time: std::time::Duration,
}
