use crate::chunk_queue::ChunkQueue;

/// What a [`FramedSink`](super::FramedSink) was made of.
///
/// # Examples
///
/// ```
/// use flow_controlled_writer::{Builder, FlowControlledWriter, Parts};
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
/// let mut next = Parts::new(Vec::new());
/// next.queue = parts.queue;
/// let next = FlowControlledWriter::from_parts(next, &Builder::new());
/// let mut next = FramedSink::new(next, parts.encoder);
/// next.flush().await?;
/// assert_eq!(next.get_ref().get_ref(), b"hello\n");
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub struct FramedSinkParts<W, E> {
    /// The inner writer.
    pub inner: W,
    /// The encoder.
    pub encoder: E,
    /// The encoded bytes that the inner writer has not accepted, in order. They may begin in the
    /// middle of a frame; see [`Parts`](crate::Parts).
    pub queue: ChunkQueue,
    /// The position up to which the inner writer has accepted, in bytes.
    pub written: u64,
}
