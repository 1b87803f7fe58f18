use crate::chunk_queue::ChunkQueue;

/// What a [`FlowControlledWriter`](crate::FlowControlledWriter) was made of.
#[derive(Debug)]
#[non_exhaustive]
pub struct Parts<W> {
    /// The inner writer.
    pub inner: W,
    /// The bytes that the inner writer has not accepted, in order.
    pub queue: ChunkQueue,
}
