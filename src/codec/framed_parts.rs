use bytes::BytesMut;

use crate::chunk_queue::ChunkQueue;

/// What a [`Framed`](super::Framed) is made of.
///
/// # Examples
///
/// ```
/// use flow_controlled_writer::Builder;
/// use flow_controlled_writer::codec::{Framed, FramedParts};
/// use futures::StreamExt;
/// use tokio_util::codec::{LinesCodec, LinesCodecError};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), LinesCodecError> {
/// // What a handshake has read beyond its end is decoded first.
/// let (stream, _peer) = tokio::io::duplex(64);
/// let mut parts = FramedParts::new(stream, LinesCodec::new());
/// parts.read_buffer.extend_from_slice(b"read ahead\n");
///
/// let mut lines = Framed::from_parts(parts, &Builder::new());
/// assert_eq!(lines.next().await.transpose()?.as_deref(), Some("read ahead"));
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub struct FramedParts<W, C> {
    /// The inner writer.
    pub inner: W,
    /// The codec.
    pub codec: C,
    /// What was read and not yet decoded.
    pub read_buffer: BytesMut,
    /// The encoded bytes that the inner writer has not accepted, in order. They may begin in the
    /// middle of a frame; see [`Parts`](crate::Parts).
    pub queue: ChunkQueue,
    /// The position up to which the inner writer has accepted, in bytes.
    pub written: u64,
}

impl<W, C> FramedParts<W, C> {
    /// Makes the parts of a fresh [`Framed`](super::Framed).
    ///
    /// # Examples
    ///
    /// ```
    /// use flow_controlled_writer::codec::FramedParts;
    /// use tokio_util::codec::LinesCodec;
    ///
    /// let parts = FramedParts::new(tokio::io::sink(), LinesCodec::new());
    /// assert!(parts.read_buffer.is_empty() && parts.queue.is_empty());
    /// ```
    #[must_use]
    pub fn new(inner: W, codec: C) -> Self {
        let (read_buffer, queue) = (BytesMut::new(), ChunkQueue::new());
        Self { inner, codec, read_buffer, queue, written: 0 }
    }
}
