use crate::chunk_queue::ChunkQueue;

/// What a [`FlowControlledWriter`](crate::FlowControlledWriter) was made of.
///
/// # Examples
///
/// ```
/// use flow_controlled_writer::FlowControlledWriter;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> std::io::Result<()> {
/// // What one connection could not send goes over the next.
/// let mut broken = FlowControlledWriter::new(tokio::io::sink());
/// broken.try_send("hello").expect("not paused");
/// let parts = broken.into_parts();
///
/// let mut next = FlowControlledWriter::new(Vec::new());
/// for chunk in parts.queue {
///     next.try_send(chunk).expect("not paused");
/// }
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
    /// The bytes that the inner writer has not accepted, in order.
    pub queue: ChunkQueue,
}
