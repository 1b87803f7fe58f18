use tokio::io::AsyncRead;
use tokio_util::codec::{Decoder, FramedRead};

use super::FramedSink;
use crate::writer::FlowControlledWriter;

/// A full duplex: a `Stream` of what `D` decodes and a `Sink` of what `E` encodes.
///
/// The sink half, with the writer, is reached by [`FramedRead::get_ref`] and
/// [`FramedRead::get_mut`].
///
/// # Examples
///
/// ```
/// use bytes::Bytes;
/// use flow_controlled_writer::FlowControlledWriter;
/// use flow_controlled_writer::codec::{Framed, FramedSink, LengthDelimitedEncoder};
/// use futures::{SinkExt, StreamExt};
/// use tokio::io::DuplexStream;
/// use tokio_util::codec::{FramedRead, LengthDelimitedCodec};
///
/// type Connection = Framed<DuplexStream, LengthDelimitedEncoder, LengthDelimitedCodec>;
///
/// fn connection(stream: DuplexStream) -> Connection {
///     let writer = FlowControlledWriter::new(stream);
///     let sink = FramedSink::new(writer, LengthDelimitedEncoder::new());
///     FramedRead::new(sink, LengthDelimitedCodec::new())
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> std::io::Result<()> {
/// let (client, server) = tokio::io::duplex(64);
/// let (mut client, mut server) = (connection(client), connection(server));
/// client.send(Bytes::from_static(b"hello")).await?;
/// assert_eq!(server.next().await.transpose()?.as_deref(), Some(&b"hello"[..]));
/// # Ok(())
/// # }
/// ```
pub type Framed<W, E, D = E> = FramedRead<FramedSink<W, E>, D>;

/// Makes a full duplex of a writer whose `W` can be read too, with one codec for both directions.
///
/// Each direction has a copy of the codec of its own. With an encoder and a decoder of different
/// types, or for a codec that is not `Clone`, write
/// `FramedRead::new(FramedSink::new(writer, encoder), decoder)`, which is the same.
///
/// Reading never writes: flush what the peer waits for. `SinkExt::flush` cannot tell which item
/// it is for where the codec encodes more than one type, so flush by
/// `duplex.get_mut().flush().await`.
///
/// # Examples
///
/// ```
/// use flow_controlled_writer::FlowControlledWriter;
/// use flow_controlled_writer::codec::framed;
/// use futures::{SinkExt, StreamExt};
/// use tokio_util::codec::{LinesCodec, LinesCodecError};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), LinesCodecError> {
/// let (client, server) = tokio::io::duplex(64);
/// let mut client = framed(FlowControlledWriter::new(client), LinesCodec::new());
/// let mut server = framed(FlowControlledWriter::new(server), LinesCodec::new());
///
/// client.feed("ping 1").await?;
/// client.feed("ping 2").await?;
/// assert_eq!(client.get_ref().buffer_size(), 14);
/// client.get_mut().flush().await?;
///
/// for answer in ["pong 1", "pong 2"] {
///     let line = server.next().await.expect("both were sent")?;
///     server.send(line.replace("ping", "pong")).await?;
///     assert_eq!(client.next().await.transpose()?.as_deref(), Some(answer));
/// }
/// # Ok(())
/// # }
/// ```
pub fn framed<W, C>(writer: FlowControlledWriter<W>, codec: C) -> Framed<W, C>
where
    W: AsyncRead,
    C: Decoder + Clone,
{
    FramedRead::new(FramedSink::new(writer, codec.clone()), codec)
}
