use crate::chunk_queue::ChunkQueue;

/// What a [`FramedSink`](super::FramedSink) was made of.
///
/// # Examples
///
/// ```
/// use flow_controlled_writer::FlowControlledWriter;
/// use flow_controlled_writer::codec::FramedSink;
/// use tokio_util::codec::LinesCodec;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> std::io::Result<()> {
/// // What one connection could not send goes over the next, with the same encoder.
/// let broken = FlowControlledWriter::new(tokio::io::sink());
/// let mut broken = FramedSink::new(broken, LinesCodec::new());
/// assert!(broken.try_send("hello").is_ok());
/// let parts = broken.into_parts();
///
/// let mut next = FlowControlledWriter::new(Vec::new());
/// for chunk in parts.queue {
///     next.try_send(chunk).expect("not paused");
/// }
/// let mut next = FramedSink::new(next, parts.encoder);
/// next.flush().await?;
/// assert_eq!(next.get_ref().get_ref(), b"hello\n");
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub struct FramedParts<W, E> {
    /// The inner writer.
    pub inner: W,
    /// The encoder.
    pub encoder: E,
    /// The encoded bytes that the inner writer has not accepted, in order.
    pub queue: ChunkQueue,
}
