mod read;
mod sink;

use std::fmt;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;
use tokio::io::AsyncWrite;

use super::{ChunkAppender, ChunkEncoder, FramedParts, TrySendItemError};
use crate::chunk_queue::ChunkQueue;
use crate::write_buffer::Encoded;
use crate::writer::FlowControlledWriter;

pin_project! {
    /// A [`Sink`](futures_sink::Sink) of items that are encoded straight into the queue of a
    /// [`FlowControlledWriter`].
    ///
    /// Watermarks, cap and failures are those of the writer, by encoded bytes. The writer itself is
    /// reached by [`get_ref`](Self::get_ref) and [`get_mut`](Self::get_mut).
    ///
    /// Reads, where `W` has them, pass straight through. So a
    /// [`FramedRead`](tokio_util::codec::FramedRead) around this sink is a `Stream` and a `Sink`;
    /// [`framed`](super::framed) makes one.
    ///
    /// # Errors
    ///
    /// An encoder that returns an error leaves the queue as it was, to the byte, also if it had
    /// written half of a frame; so does a frame that would take the writer over its cap
    /// ([`StorageFull`](io::ErrorKind::StorageFull)). The sink stays usable after both.
    ///
    /// An encoder that removes or changes bytes of earlier frames fails the writer for good with
    /// [`InvalidData`](io::ErrorKind::InvalidData): they are lost, and what is left is not a stream
    /// of frames. So does one that panics, where the panic is caught.
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

impl<W: AsyncWrite, E> FramedSink<W, E> {
    /// Polls until the writer is not paused, draining while it is; never flushes the inner writer.
    ///
    /// # Errors
    ///
    /// Returns the error of the inner writer, which is final, and
    /// [`BrokenPipe`](io::ErrorKind::BrokenPipe) once the shutdown has begun.
    pub fn poll_ready(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.get_pin_mut().poll_ready(cx)
    }

    /// Polls until the queue is empty and the inner writer is flushed.
    ///
    /// # Errors
    ///
    /// Returns the error of the inner writer, which is final.
    pub fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.get_pin_mut().poll_flush(cx)
    }

    /// Polls until the queue is empty, the inner writer is flushed and shut down.
    ///
    /// Nothing can be sent from the first call on. A call after `Pending` goes on where the last
    /// one stopped; one after completion does nothing.
    ///
    /// # Errors
    ///
    /// Returns the error of the inner writer, which is final.
    pub fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.get_pin_mut().poll_shutdown(cx)
    }
}

/// These need no type of item, which `SinkExt::flush` and `SinkExt::close` cannot infer.
impl<W: AsyncWrite + Unpin, E> FramedSink<W, E> {
    /// Waits until the writer is not paused, draining while it is.
    ///
    /// # Errors
    ///
    /// As [`poll_ready`](Self::poll_ready).
    ///
    /// # Cancel safety
    ///
    /// A dropped future leaves what is not yet written in the queue; nothing is lost or doubled.
    pub async fn ready(&mut self) -> io::Result<()> {
        self.writer.ready().await
    }

    /// Writes all that is queued and flushes the inner writer.
    ///
    /// # Errors
    ///
    /// As [`poll_flush`](Self::poll_flush).
    ///
    /// # Cancel safety
    ///
    /// A dropped future leaves what is not yet written in the queue; nothing is lost or doubled.
    pub async fn flush(&mut self) -> io::Result<()> {
        self.writer.flush().await
    }

    /// Writes all that is queued, flushes the inner writer and shuts it down.
    ///
    /// # Errors
    ///
    /// As [`poll_shutdown`](Self::poll_shutdown).
    ///
    /// # Cancel safety
    ///
    /// A dropped future leaves the sink closed for sending, with what is not yet written in the
    /// queue; another call goes on from there.
    pub async fn shutdown(&mut self) -> io::Result<()> {
        self.writer.shutdown().await
    }
}

impl<W, E> FramedSink<W, E> {
    /// Puts an encoder before a writer. Does not allocate.
    #[must_use]
    pub fn new(writer: FlowControlledWriter<W>, encoder: E) -> Self {
        Self { writer, encoder }
    }

    /// Encodes and queues an item if that is possible at once. Does no I/O.
    ///
    /// A paused or closed writer gives the item back before it is encoded. An item larger than the
    /// high watermark is queued whole. A pinned sink whose `W` is not `Unpin` is sent to by
    /// [`Sink::start_send`](futures_sink::Sink::start_send).
    ///
    /// # Errors
    ///
    /// Returns the item in [`TrySendItemError::Full`] if the writer is paused and in
    /// [`TrySendItemError::Closed`] if it has failed, was aborted, or its shutdown has begun; else
    /// the error of the encoder, or an [`io::Error`] as the encoder's error if the frame is over
    /// the cap or the budget.
    ///
    /// # Examples
    ///
    /// ```
    /// use flow_controlled_writer::codec::{FramedSink, TrySendItemError};
    /// use flow_controlled_writer::{FlowControlledWriter, Watermarks};
    /// use tokio_util::codec::LinesCodec;
    ///
    /// let writer = FlowControlledWriter::with_watermarks(tokio::io::sink(), Watermarks::new(2, 4));
    /// let mut sink = FramedSink::new(writer, LinesCodec::new());
    ///
    /// assert!(sink.try_send("hello").is_ok());
    /// assert_eq!(sink.buffer_size(), 6);
    /// match sink.try_send("world") {
    ///     Err(TrySendItemError::Full(item)) => assert_eq!(item, "world"),
    ///     other => panic!("{other:?}"),
    /// }
    /// ```
    pub fn try_send<Item>(&mut self, item: Item) -> Result<(), TrySendItemError<Item, E::Error>>
    where
        E: ChunkEncoder<Item>,
    {
        let buffer = self.writer.buffer_mut();
        if let Err(refusal) = buffer.check_room() {
            return Err(TrySendItemError::refused(refusal, item));
        }
        buffer
            .try_encode(|queue| encode(&mut self.encoder, item, queue))
            .map_err(TrySendItemError::Encode)
    }

    /// Returns a mutable reference to the writer. What is sent to it directly lies between two
    /// frames.
    pub fn get_mut(&mut self) -> &mut FlowControlledWriter<W> {
        &mut self.writer
    }

    /// Returns a pinned mutable reference to the writer. What is sent to it directly lies between
    /// two frames.
    pub fn get_pin_mut(self: Pin<&mut Self>) -> Pin<&mut FlowControlledWriter<W>> {
        self.project().writer
    }

    /// Returns a mutable reference to the encoder.
    pub fn encoder_mut(&mut self) -> &mut E {
        &mut self.encoder
    }

    /// Returns a mutable reference to the encoder of a pinned sink.
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
    pub fn into_inner(self) -> FlowControlledWriter<W> {
        self.writer
    }

    /// Takes the sink apart into the inner writer, the encoder and what is queued. Loses nothing,
    /// also after an error.
    #[must_use]
    pub fn into_parts(self) -> FramedParts<W, E> {
        let parts = self.writer.into_parts();
        FramedParts { inner: parts.inner, encoder: self.encoder, queue: parts.queue }
    }

    /// Returns the encoded bytes that the inner writer has not accepted yet, in constant time.
    #[must_use]
    #[inline]
    pub fn buffer_size(&self) -> usize {
        self.writer.buffer_size()
    }

    /// Returns a reference to the writer.
    pub fn get_ref(&self) -> &FlowControlledWriter<W> {
        &self.writer
    }

    /// Returns a reference to the encoder.
    pub fn encoder(&self) -> &E {
        &self.encoder
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

/// Encodes `item` behind all that is in `queue`.
#[inline]
fn encode<Item, E: ChunkEncoder<Item>>(
    encoder: &mut E,
    item: Item,
    queue: &mut ChunkQueue,
) -> Encoded<E::Error> {
    let mut dst = ChunkAppender::new(queue);
    let result = encoder.encode(item, &mut dst);
    dst.finish(result)
}
