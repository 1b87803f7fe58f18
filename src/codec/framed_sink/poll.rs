use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_sink::Sink;
use tokio::io::AsyncWrite;

use super::FramedSink;
use crate::codec::ChunkEncoder;

impl<W: AsyncWrite, E> FramedSink<W, E> {
    /// Polls until the writer is not paused, draining while it is; never flushes the inner writer.
    ///
    /// # Errors
    ///
    /// Returns the error of the inner writer, which is final, and
    /// [`BrokenPipe`](io::ErrorKind::BrokenPipe) once the shutdown has begun.
    ///
    /// # Examples
    ///
    /// ```
    /// use flow_controlled_writer::codec::FramedSink;
    /// use flow_controlled_writer::{FlowControlledWriter, Watermarks};
    /// use std::{future::poll_fn, pin::Pin};
    /// use tokio_util::codec::LinesCodec;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// // The pipe takes 8 of the 16 bytes.
    /// let (stream, _peer) = tokio::io::duplex(8);
    /// let writer = FlowControlledWriter::with_watermarks(stream, Watermarks::new(8, 12));
    /// let mut sink = FramedSink::new(writer, LinesCodec::new());
    /// assert!(sink.try_send("fifteen letters").is_ok());
    ///
    /// poll_fn(|cx| Pin::new(&mut sink).poll_ready(cx)).await?;
    /// assert_eq!(sink.buffer_size(), 8);
    /// # Ok(())
    /// # }
    /// ```
    pub fn poll_ready(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.get_pin_mut().poll_ready(cx)
    }

    /// Polls until the queue is empty and the inner writer is flushed.
    ///
    /// # Errors
    ///
    /// Returns the error of the inner writer, which is final.
    ///
    /// # Examples
    ///
    /// ```
    /// use flow_controlled_writer::FlowControlledWriter;
    /// use flow_controlled_writer::codec::FramedSink;
    /// use std::{future::poll_fn, pin::Pin};
    /// use tokio_util::codec::LinesCodec;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// let mut sink = FramedSink::new(FlowControlledWriter::new(Vec::new()), LinesCodec::new());
    /// assert!(sink.try_send("hello").is_ok());
    /// poll_fn(|cx| Pin::new(&mut sink).poll_flush(cx)).await?;
    /// assert_eq!(sink.get_ref().get_ref(), b"hello\n");
    /// # Ok(())
    /// # }
    /// ```
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
    ///
    /// # Examples
    ///
    /// ```
    /// use flow_controlled_writer::FlowControlledWriter;
    /// use flow_controlled_writer::codec::FramedSink;
    /// use std::{future::poll_fn, pin::Pin};
    /// use tokio_util::codec::LinesCodec;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// let mut sink = FramedSink::new(FlowControlledWriter::new(Vec::new()), LinesCodec::new());
    /// assert!(sink.try_send("hello").is_ok());
    /// poll_fn(|cx| Pin::new(&mut sink).poll_shutdown(cx)).await?;
    /// assert_eq!(sink.get_ref().get_ref(), b"hello\n");
    /// assert!(sink.try_send("world").unwrap_err().is_closed());
    /// # Ok(())
    /// # }
    /// ```
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
    ///
    /// # Examples
    ///
    /// ```
    /// use flow_controlled_writer::FlowControlledWriter;
    /// use flow_controlled_writer::codec::FramedSink;
    /// use tokio_util::codec::LinesCodec;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// let mut sink = FramedSink::new(FlowControlledWriter::new(Vec::new()), LinesCodec::new());
    /// // Waiting first and sending then loses nothing where the wait is cancelled.
    /// sink.ready().await?;
    /// assert!(sink.try_send("hello").is_ok());
    /// # Ok(())
    /// # }
    /// ```
    pub async fn ready(&mut self) -> io::Result<()> {
        self.writer.ready().await
    }

    /// Encodes and queues an item as soon as the writer is not paused. Does not wait for it to be
    /// written.
    ///
    /// # Errors
    ///
    /// Returns the error of the encoder or, as one, of the writer.
    ///
    /// # Cancel safety
    ///
    /// A dropped future was still waiting: the item was not encoded and is lost with it. To lose none,
    /// wait by [`ready`](Self::ready) and [`try_send`](Self::try_send) then.
    ///
    /// # Examples
    ///
    /// ```
    /// use flow_controlled_writer::FlowControlledWriter;
    /// use flow_controlled_writer::codec::FramedSink;
    /// use tokio_util::codec::{LinesCodec, LinesCodecError};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), LinesCodecError> {
    /// let mut sink = FramedSink::new(FlowControlledWriter::new(Vec::new()), LinesCodec::new());
    /// sink.feed("one").await?;
    /// sink.feed("two").await?;
    /// assert_eq!(sink.buffer_size(), 8);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn feed<Item>(&mut self, item: Item) -> Result<(), E::Error>
    where
        E: ChunkEncoder<Item>,
    {
        self.writer.ready().await?;
        Sink::start_send(Pin::new(self), item)
    }

    /// Encodes and queues an item as soon as the writer is not paused, writes all that is queued and
    /// flushes the inner writer.
    ///
    /// # Errors
    ///
    /// Returns the error of the encoder or, as one, of the writer.
    ///
    /// # Cancel safety
    ///
    /// A dropped future has lost the item if it was still waiting for its turn; else its frame is
    /// queued, as far as it is not yet written.
    ///
    /// # Examples
    ///
    /// ```
    /// use flow_controlled_writer::FlowControlledWriter;
    /// use flow_controlled_writer::codec::FramedSink;
    /// use tokio_util::codec::{LinesCodec, LinesCodecError};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), LinesCodecError> {
    /// let mut sink = FramedSink::new(FlowControlledWriter::new(Vec::new()), LinesCodec::new());
    /// sink.send("hello").await?;
    /// assert_eq!(sink.get_ref().get_ref(), b"hello\n");
    /// # Ok(())
    /// # }
    /// ```
    pub async fn send<Item>(&mut self, item: Item) -> Result<(), E::Error>
    where
        E: ChunkEncoder<Item>,
    {
        self.feed(item).await?;
        Ok(self.flush().await?)
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
    ///
    /// # Examples
    ///
    /// ```
    /// use flow_controlled_writer::FlowControlledWriter;
    /// use flow_controlled_writer::codec::FramedSink;
    /// use tokio_util::codec::LinesCodec;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// let mut sink = FramedSink::new(FlowControlledWriter::new(Vec::new()), LinesCodec::new());
    /// assert!(sink.try_send("hello").is_ok());
    /// sink.flush().await?;
    /// assert_eq!(sink.get_ref().get_ref(), b"hello\n");
    /// # Ok(())
    /// # }
    /// ```
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
    ///
    /// # Examples
    ///
    /// ```
    /// use flow_controlled_writer::FlowControlledWriter;
    /// use flow_controlled_writer::codec::FramedSink;
    /// use tokio::io::AsyncReadExt;
    /// use tokio_util::codec::LinesCodec;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// let (stream, mut peer) = tokio::io::duplex(64);
    /// let mut sink = FramedSink::new(FlowControlledWriter::new(stream), LinesCodec::new());
    /// assert!(sink.try_send("goodbye").is_ok());
    /// sink.shutdown().await?;
    ///
    /// let mut received = String::new();
    /// peer.read_to_string(&mut received).await?;
    /// assert_eq!(received, "goodbye\n");
    /// # Ok(())
    /// # }
    /// ```
    pub async fn shutdown(&mut self) -> io::Result<()> {
        self.writer.shutdown().await
    }
}
