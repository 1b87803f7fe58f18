use tokio::io::AsyncRead;
use tokio_util::codec::{Decoder, FramedRead};

use super::FramedSink;
use crate::writer::FlowControlledWriter;

/// A full duplex: a `Stream` of what `D` decodes and a `Sink` of what `E` encodes.
///
/// The sink half, with the writer, is reached by [`FramedRead::get_ref`] and
/// [`FramedRead::get_mut`].
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
/// while let Some(line) = server.next().await {
///     server.send(line?.replace("ping", "pong")).await?;
///     let answer = client.next().await.transpose()?;
///     if answer.as_deref() == Some("pong 2") {
///         client.get_mut().shutdown().await?;
///     }
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
