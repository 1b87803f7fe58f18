mod accept;
mod inspect;
mod poll;
mod read;
mod sink;

use std::fmt;
use std::pin::Pin;

use pin_project_lite::pin_project;

use super::{ChunkEncoder, FramedSender, FramedSinkParts};
use crate::channel::Driver;
use crate::writer::{FlowControlledWriter, Parts};

pin_project! {
    /// A [`Sink`](futures_sink::Sink) of items that are encoded straight into the queue of a
    /// [`FlowControlledWriter`].
    ///
    /// Watermarks, limits and failures are those of the writer, by encoded bytes. The writer itself is
    /// reached by [`get_ref`](Self::get_ref) and [`get_mut`](Self::get_mut).
    ///
    /// Reads, where `W` has them, pass straight through. A [`Framed`](super::Framed) decodes them too.
    ///
    /// # Errors
    ///
    /// An encoder that returns an error leaves the queue as it was, to the byte, also if it had
    /// written half of a frame; the sink stays usable. An item that is refused was not encoded.
    ///
    /// An encoder must only append. One that leaves its block shorter than it was fails the writer for
    /// good with [`InvalidData`](std::io::ErrorKind::InvalidData): earlier frames are lost. Other changes
    /// to earlier bytes are not noticed. One that panics fails the writer too, where the panic is
    /// caught.
    ///
    /// Errors of the inner writer are final, as they are for the [`FlowControlledWriter`].
    ///
    /// # Drop behavior
    ///
    /// Dropping the sink discards what is queued. Call [`shutdown`](Self::shutdown) or
    /// [`flush`](Self::flush) first.
    ///
    /// # Examples
    ///
    /// ```
    /// use flow_controlled_writer::FlowControlledWriter;
    /// use flow_controlled_writer::codec::FramedSink;
    /// use futures::SinkExt;
    /// use tokio_util::codec::{LinesCodec, LinesCodecError};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), LinesCodecError> {
    /// let writer = FlowControlledWriter::new(Vec::new());
    /// let mut sink = FramedSink::new(writer, LinesCodec::new());
    ///
    /// sink.feed("one").await?;
    /// sink.feed("two").await?;
    /// assert_eq!(sink.buffer_size(), 8);
    /// sink.flush().await?;
    /// assert_eq!(sink.get_ref().get_ref(), b"one\ntwo\n");
    /// # Ok(())
    /// # }
    /// ```
    pub struct FramedSink<W, E> {
        #[pin]
        writer: FlowControlledWriter<W>,
        encoder: E,
    }
}

impl<W, E> FramedSink<W, E> {
    pub(super) fn into_writer_and_encoder(self) -> (FlowControlledWriter<W>, E) {
        (self.writer, self.encoder)
    }

    /// Returns what a decoder reads from, and the encoder, which may be that decoder.
    pub(super) fn writer_and_encoder(
        self: Pin<&mut Self>,
    ) -> (Pin<&mut FlowControlledWriter<W>>, &mut E) {
        let this = self.project();
        (this.writer, this.encoder)
    }

    /// Returns a mutable reference to the writer. What is sent to it directly lies between two
    /// frames.
    ///
    /// # Examples
    ///
    /// ```
    /// use flow_controlled_writer::{FlowControlledWriter, Watermarks};
    /// use flow_controlled_writer::codec::FramedSink;
    /// use tokio_util::codec::LinesCodec;
    ///
    /// let writer = FlowControlledWriter::new(tokio::io::sink());
    /// let mut sink = FramedSink::new(writer, LinesCodec::new());
    /// sink.get_mut().set_watermarks(Watermarks::with_high(1024));
    /// assert_eq!(sink.get_ref().watermarks().high(), 1024);
    /// ```
    pub fn get_mut(&mut self) -> &mut FlowControlledWriter<W> {
        &mut self.writer
    }

    /// Returns a pinned mutable reference to the writer. What is sent to it directly lies between
    /// two frames.
    ///
    /// # Examples
    ///
    /// ```
    /// use flow_controlled_writer::FlowControlledWriter;
    /// use flow_controlled_writer::codec::FramedSink;
    /// use tokio_util::codec::LinesCodec;
    /// use std::pin::pin;
    ///
    /// let writer = FlowControlledWriter::new(tokio::io::sink());
    /// let sink = pin!(FramedSink::new(writer, LinesCodec::new()));
    /// assert_eq!(sink.get_pin_mut().abort(), 0);
    /// ```
    pub fn get_pin_mut(self: Pin<&mut Self>) -> Pin<&mut FlowControlledWriter<W>> {
        self.project().writer
    }

    /// Returns a mutable reference to the encoder.
    ///
    /// # Examples
    ///
    /// ```
    /// use flow_controlled_writer::FlowControlledWriter;
    /// use flow_controlled_writer::codec::FramedSink;
    /// use tokio_util::codec::LengthDelimitedCodec;
    ///
    /// let writer = FlowControlledWriter::new(tokio::io::sink());
    /// let mut sink = FramedSink::new(writer, LengthDelimitedCodec::new());
    /// sink.encoder_mut().set_max_frame_length(16);
    /// assert_eq!(sink.encoder().max_frame_length(), 16);
    /// ```
    pub fn encoder_mut(&mut self) -> &mut E {
        &mut self.encoder
    }

    /// Returns a mutable reference to the encoder of a pinned sink.
    ///
    /// # Examples
    ///
    /// ```
    /// use flow_controlled_writer::FlowControlledWriter;
    /// use flow_controlled_writer::codec::FramedSink;
    /// use tokio_util::codec::LengthDelimitedCodec;
    /// use std::pin::pin;
    ///
    /// let writer = FlowControlledWriter::new(tokio::io::sink());
    /// let sink = pin!(FramedSink::new(writer, LengthDelimitedCodec::new()));
    /// assert_eq!(sink.encoder_pin_mut().max_frame_length(), 8 * 1024 * 1024);
    /// ```
    pub fn encoder_pin_mut(self: Pin<&mut Self>) -> &mut E {
        self.project().encoder
    }

    /// Replaces the encoder by what `map` makes of it. What is queued stays queued.
    ///
    /// # Examples
    ///
    /// ```
    /// use bytes::Bytes;
    /// use flow_controlled_writer::FlowControlledWriter;
    /// use flow_controlled_writer::codec::FramedSink;
    /// use futures::SinkExt;
    /// use tokio_util::codec::{BytesCodec, LinesCodec};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let mut sink = FramedSink::new(FlowControlledWriter::new(Vec::new()), LinesCodec::new());
    /// sink.feed("upgrade").await?;
    ///
    /// let mut sink = sink.map_encoder(|_| BytesCodec::new());
    /// sink.send(Bytes::from_static(b"raw")).await?;
    /// assert_eq!(sink.get_ref().get_ref(), b"upgrade\nraw");
    /// # Ok(())
    /// # }
    /// ```
    pub fn map_encoder<F>(self, map: impl FnOnce(E) -> F) -> FramedSink<W, F> {
        FramedSink { writer: self.writer, encoder: map(self.encoder) }
    }

    /// Returns the writer with all that is queued, and drops the encoder.
    ///
    /// # Examples
    ///
    /// ```
    /// use flow_controlled_writer::FlowControlledWriter;
    /// use flow_controlled_writer::codec::FramedSink;
    /// use tokio_util::codec::LinesCodec;
    ///
    /// let writer = FlowControlledWriter::new(tokio::io::sink());
    /// let mut sink = FramedSink::new(writer, LinesCodec::new());
    /// assert!(sink.try_send("hello").is_ok());
    /// let writer = sink.into_inner();
    /// assert_eq!(writer.buffer_size(), 6);
    /// ```
    pub fn into_inner(self) -> FlowControlledWriter<W> {
        self.writer
    }

    /// Takes the sink apart into the inner writer, the encoder and what is queued. Loses nothing that
    /// the inner writer has not accepted, also after an error.
    ///
    /// # Examples
    ///
    /// ```
    /// use bytes::Buf;
    /// use flow_controlled_writer::FlowControlledWriter;
    /// use flow_controlled_writer::codec::FramedSink;
    /// use tokio_util::codec::LinesCodec;
    ///
    /// let writer = FlowControlledWriter::new(tokio::io::sink());
    /// let mut sink = FramedSink::new(writer, LinesCodec::new());
    /// assert!(sink.try_send("unsent").is_ok());
    /// let mut parts = sink.into_parts();
    /// assert_eq!(parts.queue.copy_to_bytes(7), "unsent\n");
    /// ```
    #[must_use]
    pub fn into_parts(self) -> FramedSinkParts<W, E> {
        let Self { writer, encoder } = self;
        let Parts { inner, queue, written } = writer.into_parts();
        FramedSinkParts { inner, encoder, queue, written }
    }

    /// Turns the sink into the two ends of a channel: a sender of items to be cloned, and the driver that
    /// writes their frames. Each clone of the sender encodes by a clone of the encoder.
    ///
    /// # Examples
    ///
    /// ```
    /// use flow_controlled_writer::FlowControlledWriter;
    /// use flow_controlled_writer::codec::FramedSink;
    /// use tokio_util::codec::LinesCodec;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let sink = FramedSink::new(FlowControlledWriter::new(Vec::new()), LinesCodec::new());
    /// let (mut sender, driver) = sink.into_channel();
    /// let mut other = sender.clone();
    /// sender.send("one").await?;
    /// other.send("two").await?;
    /// drop((sender, other));
    /// assert_eq!(driver.await?, b"one\ntwo\n");
    /// # Ok(())
    /// # }
    /// ```
    pub fn into_channel(self) -> (FramedSender<E>, Driver<W>)
    where
        E: Clone,
    {
        let (sender, driver) = self.writer.into_channel();
        (FramedSender::new(sender, self.encoder), driver)
    }
}

impl<W: fmt::Debug, E: fmt::Debug> fmt::Debug for FramedSink<W, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FramedSink")
            .field("writer", &self.writer)
            .field("encoder", &self.encoder)
            .finish()
    }
}
