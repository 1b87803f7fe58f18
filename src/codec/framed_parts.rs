use crate::chunk_queue::ChunkQueue;

/// What a [`FramedSink`](super::FramedSink) was made of.
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
