use crate::chunk_queue::ChunkQueue;

/// What a [`FlowControlledWriter`](crate::FlowControlledWriter) was made of.
///
/// Of the item at the front of `queue` the inner writer may have accepted a part: then the queue begins in
/// the middle of it. Positions tell: an item whose last byte has the position `p` was accepted
/// wholly if `p <= written`, and not at all if its first byte comes at `written` or later. What the
/// inner writer accepted may still be lost on its way; to know what has arrived takes an answer of
/// the peer.
///
/// # Examples
///
/// ```
/// use flow_controlled_writer::{Builder, FlowControlledWriter};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> std::io::Result<()> {
/// // What one connection could not send goes over the next.
/// let mut broken = FlowControlledWriter::new(Vec::new());
/// broken.try_send("hello").expect("not paused");
/// let mut parts = broken.into_parts();
/// assert_eq!(parts.written, 0);
///
/// parts.inner = Vec::new();
/// let mut next = FlowControlledWriter::from_parts(parts, &Builder::new());
/// next.flush().await?;
/// assert_eq!(next.into_inner(), b"hello");
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub struct Parts<W> {
    /// The inner writer.
    pub inner: W,
    /// The bytes that the inner writer has not accepted, in order. They may begin in the middle of
    /// an item.
    pub queue: ChunkQueue,
    /// The position up to which the inner writer has accepted: bytes since the writer was made.
    pub written: u64,
}

impl<W> Parts<W> {
    /// Makes the parts of a writer that holds nothing and has written nothing.
    ///
    /// # Examples
    ///
    /// ```
    /// use flow_controlled_writer::{Builder, FlowControlledWriter, Parts};
    ///
    /// let mut parts = Parts::new(tokio::io::sink());
    /// parts.queue.push("left over");
    /// let writer = FlowControlledWriter::from_parts(parts, &Builder::new());
    /// assert_eq!(writer.buffer_size(), 9);
    /// ```
    #[must_use]
    pub fn new(inner: W) -> Self {
        Self { inner, queue: ChunkQueue::new(), written: 0 }
    }
}
