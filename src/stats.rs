/// Totals of one writer since it was made.
///
/// `enqueued_bytes - written_bytes` is what is queued now plus what was discarded by an abort.
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
}
