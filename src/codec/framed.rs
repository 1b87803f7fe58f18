mod forward;
mod read;

use std::fmt;
use std::pin::Pin;

use bytes::BytesMut;
use pin_project_lite::pin_project;
use tokio::io::AsyncWrite;

use self::read::ReadFrames;
use super::{FramedParts, FramedSender, FramedSink, FramedSinkParts};
use crate::builder::Builder;
use crate::channel::Driver;
use crate::writer::{FlowControlledWriter, Parts};

pin_project! {
    /// A `Stream` and a [`Sink`](futures_sink::Sink) of frames over one connection, with one codec for
    /// both directions.
    ///
    /// It is what [`tokio_util::codec::Framed`] is, on a [`FlowControlledWriter`]: frames are encoded
    /// straight into its queue, and its watermarks act. The reading half behaves as that of tokio-util.
    /// The codec need not be `Clone`, and its two halves may share state.
    ///
    /// Reading never writes: flush what the peer waits for.
    ///
    /// # Errors
    ///
    /// As a sink, those of [`FramedSink`]. As a stream: an error of the decoder or of a read is returned,
    /// then the stream ends; polled once more, it goes on reading.
    ///
    /// # Drop behavior
    ///
    /// Dropping it discards what is queued, and what was read and not decoded. Call
    /// [`shutdown`](Self::shutdown) or [`flush`](Self::flush) first.
    ///
    /// # Examples
    ///
    /// ```
    /// use flow_controlled_writer::FlowControlledWriter;
    /// use flow_controlled_writer::codec::Framed;
    /// use futures::{SinkExt, StreamExt};
    /// use tokio_util::codec::{LinesCodec, LinesCodecError};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), LinesCodecError> {
    /// let (client, server) = tokio::io::duplex(64);
    /// let mut client = Framed::new(FlowControlledWriter::new(client), LinesCodec::new());
    /// let mut server = Framed::new(FlowControlledWriter::new(server), LinesCodec::new());
    ///
    /// client.feed("ping 1").await?;
    /// client.feed("ping 2").await?;
    /// assert_eq!(client.buffer_size(), 14);
    /// client.flush().await?;
    ///
    /// for answer in ["pong 1", "pong 2"] {
    ///     let line = server.next().await.expect("both were sent")?;
    ///     server.send(line.replace("ping", "pong")).await?;
    ///     assert_eq!(client.next().await.transpose()?.as_deref(), Some(answer));
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub struct Framed<W, C> {
        #[pin]
        sink: FramedSink<W, C>,
        read: ReadFrames,
    }
}

impl<W, C> Framed<W, C> {
    /// Puts a codec before a writer. Does not allocate.
    ///
    /// # Examples
    ///
    /// ```
    /// use flow_controlled_writer::FlowControlledWriter;
    /// use flow_controlled_writer::codec::Framed;
    /// use tokio_util::codec::LinesCodec;
    ///
    /// let (stream, _peer) = tokio::io::duplex(64);
    /// let lines = Framed::new(FlowControlledWriter::new(stream), LinesCodec::new());
    /// assert!(lines.read_buffer().is_empty());
    /// ```
    #[must_use]
    pub fn new(writer: FlowControlledWriter<W>, codec: C) -> Self {
        Self { sink: FramedSink::new(writer, codec), read: ReadFrames::default() }
    }

    /// Goes on where another one was taken apart. What stands in the read buffer is decoded before
    /// anything is read, and what was not sent goes first.
    ///
    /// # Examples
    ///
    /// See [`FramedParts`].
    #[must_use]
    pub fn from_parts(parts: FramedParts<W, C>, options: &Builder) -> Self
    where
        W: AsyncWrite,
    {
        let FramedParts { inner, codec, read_buffer, queue, written } = parts;
        let writer = FlowControlledWriter::from_parts(Parts { inner, queue, written }, options);
        Self { sink: FramedSink::new(writer, codec), read: read_buffer.into() }
    }

    /// Takes it apart into the inner writer, the codec, what was read and not decoded, and what is
    /// queued. Loses nothing that the inner writer has not accepted, also after an error.
    ///
    /// # Examples
    ///
    /// ```
    /// use bytes::Buf;
    /// use flow_controlled_writer::FlowControlledWriter;
    /// use flow_controlled_writer::codec::Framed;
    /// use tokio_util::codec::LinesCodec;
    ///
    /// let (stream, _peer) = tokio::io::duplex(64);
    /// let mut lines = Framed::new(FlowControlledWriter::new(stream), LinesCodec::new());
    /// assert!(lines.try_send("unsent").is_ok());
    /// let mut parts = lines.into_parts();
    /// assert_eq!(parts.queue.copy_to_bytes(7), "unsent\n");
    /// ```
    #[must_use]
    pub fn into_parts(self) -> FramedParts<W, C> {
        let FramedSinkParts { inner, encoder, queue, written } = self.sink.into_parts();
        let read_buffer = self.read.into_buffer();
        FramedParts { inner, codec: encoder, read_buffer, queue, written }
    }

    /// Parts the connection by `split`: the reading half stays a stream, the writing half becomes the two
    /// ends of a channel. What was read ahead and what is queued go along.
    ///
    /// Each clone of the sender encodes by a clone of the codec; see [`FramedSender`] for codecs with
    /// which that is wrong.
    ///
    /// # Examples
    ///
    /// ```
    /// use flow_controlled_writer::FlowControlledWriter;
    /// use flow_controlled_writer::codec::Framed;
    /// use futures::StreamExt;
    /// use tokio_util::codec::LinesCodec;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let (client, server) = tokio::io::duplex(64);
    /// let client = Framed::new(FlowControlledWriter::new(client), LinesCodec::new());
    /// let (mut answers, mut sender, driver) = client.into_channel(tokio::io::split);
    /// tokio::spawn(driver);
    /// tokio::spawn(async move { sender.send("ping").await });
    ///
    /// let mut server = Framed::new(FlowControlledWriter::new(server), LinesCodec::new());
    /// let line = server.next().await.transpose()?;
    /// assert_eq!(line.as_deref(), Some("ping"));
    /// server.send("pong").await?;
    /// assert_eq!(answers.next().await.transpose()?.as_deref(), Some("pong"));
    /// # Ok(())
    /// # }
    /// ```
    pub fn into_channel<R, S>(
        self,
        split: impl FnOnce(W) -> (R, S),
    ) -> (Framed<R, C>, FramedSender<C>, Driver<S>)
    where
        C: Clone,
    {
        let Self { sink, read } = self;
        let encoder = sink.encoder().clone();
        let (writer, codec) = sink.into_writer_and_encoder();
        let (inner, buffer) = writer.into_inner_and_buffer();
        let (reader, inner) = split(inner);
        let reading = FramedSink::new(Builder::new().build(reader), codec);
        let writing = FramedSink::new(FlowControlledWriter::with_buffer(inner, buffer), encoder);
        let (sender, driver) = writing.into_channel();
        (Framed { sink: reading, read }, sender, driver)
    }

    /// Returns the writer with all that is queued, and drops the codec and what was read ahead.
    ///
    /// # Examples
    ///
    /// ```
    /// use flow_controlled_writer::FlowControlledWriter;
    /// use flow_controlled_writer::codec::Framed;
    /// use tokio_util::codec::LinesCodec;
    ///
    /// let (stream, _peer) = tokio::io::duplex(64);
    /// let mut lines = Framed::new(FlowControlledWriter::new(stream), LinesCodec::new());
    /// assert!(lines.try_send("hello").is_ok());
    /// assert_eq!(lines.into_inner().buffer_size(), 6);
    /// ```
    pub fn into_inner(self) -> FlowControlledWriter<W> {
        self.sink.into_inner()
    }

    /// Replaces the codec by what `map` makes of it. What is queued, and what was read ahead, stays; the new
    /// codec decodes it before anything is read.
    ///
    /// # Examples
    ///
    /// ```
    /// use flow_controlled_writer::FlowControlledWriter;
    /// use flow_controlled_writer::codec::Framed;
    /// use futures::StreamExt;
    /// use tokio::io::AsyncWriteExt;
    /// use tokio_util::codec::{BytesCodec, LinesCodec};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let (stream, mut peer) = tokio::io::duplex(64);
    /// peer.write_all(b"upgrade\nraw").await?;
    /// let mut framed = Framed::new(FlowControlledWriter::new(stream), LinesCodec::new());
    /// assert_eq!(framed.next().await.transpose()?.as_deref(), Some("upgrade"));
    ///
    /// let mut framed = framed.map_codec(|_| BytesCodec::new());
    /// assert_eq!(framed.next().await.transpose()?.as_deref(), Some(&b"raw"[..]));
    /// # Ok(())
    /// # }
    /// ```
    pub fn map_codec<D>(self, map: impl FnOnce(C) -> D) -> Framed<W, D> {
        Framed { sink: self.sink.map_encoder(map), read: self.read.into_buffer().into() }
    }

    /// Returns a reference to the codec.
    ///
    /// # Examples
    ///
    /// ```
    /// use flow_controlled_writer::FlowControlledWriter;
    /// use flow_controlled_writer::codec::Framed;
    /// use tokio_util::codec::LinesCodec;
    ///
    /// let (stream, _peer) = tokio::io::duplex(64);
    /// let codec = LinesCodec::new_with_max_length(80);
    /// let lines = Framed::new(FlowControlledWriter::new(stream), codec);
    /// assert_eq!(lines.codec().max_length(), 80);
    /// ```
    pub fn codec(&self) -> &C {
        self.sink.encoder()
    }

    /// Returns a mutable reference to the codec.
    ///
    /// # Examples
    ///
    /// ```
    /// use flow_controlled_writer::FlowControlledWriter;
    /// use flow_controlled_writer::codec::Framed;
    /// use tokio_util::codec::LengthDelimitedCodec;
    ///
    /// let (stream, _peer) = tokio::io::duplex(64);
    /// let mut frames =
    ///     Framed::new(FlowControlledWriter::new(stream), LengthDelimitedCodec::new());
    /// frames.codec_mut().set_max_frame_length(16);
    /// assert_eq!(frames.codec().max_frame_length(), 16);
    /// ```
    pub fn codec_mut(&mut self) -> &mut C {
        self.sink.encoder_mut()
    }

    /// Returns a mutable reference to the codec of a pinned one.
    ///
    /// # Examples
    ///
    /// ```
    /// use flow_controlled_writer::FlowControlledWriter;
    /// use flow_controlled_writer::codec::Framed;
    /// use std::pin::pin;
    /// use tokio_util::codec::LengthDelimitedCodec;
    ///
    /// let (stream, _peer) = tokio::io::duplex(64);
    /// let frames =
    ///     pin!(Framed::new(FlowControlledWriter::new(stream), LengthDelimitedCodec::new()));
    /// assert_eq!(frames.codec_pin_mut().max_frame_length(), 8 * 1024 * 1024);
    /// ```
    pub fn codec_pin_mut(self: Pin<&mut Self>) -> &mut C {
        self.project().sink.encoder_pin_mut()
    }

    /// Returns what was read and not yet decoded.
    ///
    /// # Examples
    ///
    /// ```
    /// use flow_controlled_writer::FlowControlledWriter;
    /// use flow_controlled_writer::codec::Framed;
    /// use futures::StreamExt;
    /// use tokio::io::AsyncWriteExt;
    /// use tokio_util::codec::{LinesCodec, LinesCodecError};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), LinesCodecError> {
    /// let (stream, mut peer) = tokio::io::duplex(64);
    /// peer.write_all(b"one\nhalf").await?;
    /// let mut lines = Framed::new(FlowControlledWriter::new(stream), LinesCodec::new());
    /// assert_eq!(lines.next().await.transpose()?.as_deref(), Some("one"));
    /// assert_eq!(lines.read_buffer(), &b"half"[..]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn read_buffer(&self) -> &BytesMut {
        self.read.buffer()
    }

    /// Returns a mutable reference to what was read and not yet decoded. What stands there is decoded
    /// before anything is read.
    ///
    /// # Examples
    ///
    /// ```
    /// use flow_controlled_writer::FlowControlledWriter;
    /// use flow_controlled_writer::codec::Framed;
    /// use futures::StreamExt;
    /// use tokio_util::codec::{LinesCodec, LinesCodecError};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), LinesCodecError> {
    /// let (stream, _peer) = tokio::io::duplex(64);
    /// let mut lines = Framed::new(FlowControlledWriter::new(stream), LinesCodec::new());
    /// lines.read_buffer_mut().extend_from_slice(b"read elsewhere\n");
    /// assert_eq!(lines.next().await.transpose()?.as_deref(), Some("read elsewhere"));
    /// # Ok(())
    /// # }
    /// ```
    pub fn read_buffer_mut(&mut self) -> &mut BytesMut {
        self.read.buffer_mut()
    }
}

/// Takes over both buffers: what was read ahead is decoded first, what was not sent goes first. The options
/// are those of [`Builder::new`].
impl<T: AsyncWrite, C> From<tokio_util::codec::Framed<T, C>> for Framed<T, C> {
    fn from(framed: tokio_util::codec::Framed<T, C>) -> Self {
        let old = framed.into_parts();
        let mut parts = FramedParts::new(old.io, old.codec);
        parts.read_buffer = old.read_buf;
        if old.write_buf.capacity() - old.write_buf.len() <= old.write_buf.len() / 32 {
            parts.queue.push(old.write_buf);
        } else {
            // It is as large as the largest burst was.
            parts.queue.extend_from_slice(&old.write_buf);
        }
        Self::from_parts(parts, &Builder::new())
    }
}

impl<W: fmt::Debug, C: fmt::Debug> fmt::Debug for Framed<W, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Framed")
            .field("writer", self.sink.get_ref())
            .field("codec", self.codec())
            .field("read_buffer", &self.read_buffer().len())
            .finish_non_exhaustive()
    }
}
