use std::io;

use tokio_util::codec::Encoder;

use super::ChunkAppender;

/// Encodes items to frames, straight to the end of a writer's queue.
///
/// Every [`Encoder`] of tokio-util is one. Implement this trait instead where a frame has a large
/// part that is [`Bytes`](bytes::Bytes) already: it is queued without a copy.
///
/// An implementation names its type of item. One for items of any type `T` takes them in a wrapper
/// of its own crate, `impl<T> ChunkEncoder<Wrapped<T>> for MyEncoder`: for a bare `T` the compiler
/// cannot rule out that `MyEncoder` is an [`Encoder`] too.
///
/// # Examples
///
/// A RESP bulk string, whose body is not copied:
///
/// ```
/// use bytes::Bytes;
/// use flow_controlled_writer::FlowControlledWriter;
/// use flow_controlled_writer::codec::{ChunkAppender, ChunkEncoder, FramedSink};
/// use futures::SinkExt;
/// use std::io::{self, Write};
///
/// struct BulkString;
///
/// impl ChunkEncoder<Bytes> for BulkString {
///     type Error = io::Error;
///
///     fn encode(&mut self, body: Bytes, dst: &mut ChunkAppender<'_>) -> io::Result<()> {
///         write!(dst, "${}\r\n", body.len())?;
///         dst.push(body);
///         dst.extend_from_slice(b"\r\n");
///         Ok(())
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> io::Result<()> {
/// let mut sink = FramedSink::new(FlowControlledWriter::new(Vec::new()), BulkString);
/// sink.send(Bytes::from_static(b"hello")).await?;
/// assert_eq!(sink.get_ref().get_ref(), b"$5\r\nhello\r\n");
/// # Ok(())
/// # }
/// ```
pub trait ChunkEncoder<Item> {
    /// What goes wrong in encoding. The errors of the writer are converted to it.
    type Error: From<io::Error>;

    /// Appends the frame of `item` to `dst`.
    ///
    /// # Errors
    ///
    /// Returns an error if the item cannot be encoded. The queue is then as it was before the
    /// call, whatever was appended, and the sink stays usable.
    fn encode(&mut self, item: Item, dst: &mut ChunkAppender<'_>) -> Result<(), Self::Error>;
}

/// The encoder sees what it sees under tokio-util's `FramedWrite`: a block that may hold earlier
/// frames, behind which it appends.
impl<Item, E: Encoder<Item>> ChunkEncoder<Item> for E {
    type Error = E::Error;

    #[inline]
    fn encode(&mut self, item: Item, dst: &mut ChunkAppender<'_>) -> Result<(), Self::Error> {
        dst.encode_with(|block| Encoder::encode(self, item, block))
    }
}
