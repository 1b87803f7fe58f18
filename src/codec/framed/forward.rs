use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_sink::Sink;
use tokio::io::AsyncWrite;

use super::Framed;
use crate::codec::ChunkEncoder;
use crate::error::TrySendItemError;
use crate::stats::Stats;
use crate::writer::FlowControlledWriter;

/// The writing half, as of [`FramedSink`](crate::codec::FramedSink).
impl<W, C> Framed<W, C> {
    /// Returns a reference to the writer.
    ///
    /// # Examples
    ///
    /// ```
    /// use flow_controlled_writer::FlowControlledWriter;
    /// use flow_controlled_writer::codec::Framed;
    /// use tokio_util::codec::LinesCodec;
    ///
    /// let lines = Framed::new(FlowControlledWriter::new(tokio::io::sink()), LinesCodec::new());
    /// assert_eq!(lines.get_ref().watermarks().high(), 64 * 1024);
    /// ```
    pub fn get_ref(&self) -> &FlowControlledWriter<W> {
        self.sink.get_ref()
    }

    /// Returns a mutable reference to the writer. What is sent to it directly lies between two
    /// frames; what is read from it directly is missing in the stream.
    ///
    /// # Examples
    ///
    /// ```
    /// use flow_controlled_writer::codec::Framed;
    /// use flow_controlled_writer::{FlowControlledWriter, Watermarks};
    /// use tokio_util::codec::LinesCodec;
    ///
    /// let writer = FlowControlledWriter::new(tokio::io::sink());
    /// let mut lines = Framed::new(writer, LinesCodec::new());
    /// lines.get_mut().set_watermarks(Watermarks::with_high(1024));
    /// assert_eq!(lines.get_ref().watermarks().high(), 1024);
    /// ```
    pub fn get_mut(&mut self) -> &mut FlowControlledWriter<W> {
        self.sink.get_mut()
    }

    /// Returns a pinned mutable reference to the writer.
    ///
    /// # Examples
    ///
    /// ```
    /// use flow_controlled_writer::FlowControlledWriter;
    /// use flow_controlled_writer::codec::Framed;
    /// use std::pin::pin;
    /// use tokio_util::codec::LinesCodec;
    ///
    /// let writer = FlowControlledWriter::new(tokio::io::sink());
    /// let lines = pin!(Framed::new(writer, LinesCodec::new()));
    /// assert_eq!(lines.get_pin_mut().abort(), 0);
    /// ```
    pub fn get_pin_mut(self: Pin<&mut Self>) -> Pin<&mut FlowControlledWriter<W>> {
        self.project().sink.get_pin_mut()
    }

    /// Returns the encoded bytes that the inner writer has not accepted yet, in constant time.
    ///
    /// # Examples
    ///
    /// ```
    /// use flow_controlled_writer::FlowControlledWriter;
    /// use flow_controlled_writer::codec::Framed;
    /// use tokio_util::codec::LinesCodec;
    ///
    /// let writer = FlowControlledWriter::new(tokio::io::sink());
    /// let mut lines = Framed::new(writer, LinesCodec::new());
    /// assert!(lines.try_send("hello").is_ok());
    /// assert_eq!(lines.buffer_size(), 6);
    /// ```
    #[must_use]
    pub fn buffer_size(&self) -> usize {
        self.sink.buffer_size()
    }

    /// Tells whether the writer makes its producers wait.
    ///
    /// # Examples
    ///
    /// ```
    /// use flow_controlled_writer::FlowControlledWriter;
    /// use flow_controlled_writer::codec::Framed;
    /// use tokio_util::codec::LinesCodec;
    ///
    /// let lines = Framed::new(FlowControlledWriter::new(tokio::io::sink()), LinesCodec::new());
    /// assert!(!lines.is_paused());
    /// ```
    #[must_use]
    pub fn is_paused(&self) -> bool {
        self.sink.is_paused()
    }

    /// Returns the totals since the writer was made.
    ///
    /// # Examples
    ///
    /// ```
    /// use flow_controlled_writer::FlowControlledWriter;
    /// use flow_controlled_writer::codec::Framed;
    /// use tokio_util::codec::LinesCodec;
    ///
    /// let writer = FlowControlledWriter::new(tokio::io::sink());
    /// let mut lines = Framed::new(writer, LinesCodec::new());
    /// assert!(lines.try_send("hello").is_ok());
    /// assert_eq!(lines.stats().enqueued_bytes, 6);
    /// ```
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.sink.stats()
    }

    /// Encodes and queues an item if that is possible at once; see
    /// [`FramedSink::try_send`](crate::codec::FramedSink::try_send).
    ///
    /// # Errors
    ///
    /// As there.
    ///
    /// # Examples
    ///
    /// ```
    /// use flow_controlled_writer::codec::Framed;
    /// use flow_controlled_writer::{FlowControlledWriter, Watermarks};
    /// use tokio_util::codec::LinesCodec;
    ///
    /// let marks = Watermarks::new(2, 4);
    /// let writer = FlowControlledWriter::with_watermarks(tokio::io::sink(), marks);
    /// let mut lines = Framed::new(writer, LinesCodec::new());
    /// assert!(lines.try_send("hello").is_ok());
    /// assert!(lines.try_send("world").unwrap_err().is_full());
    /// ```
    pub fn try_send<Item>(&mut self, item: Item) -> Result<(), TrySendItemError<Item, C::Error>>
    where
        C: ChunkEncoder<Item>,
    {
        self.sink.try_send(item)
    }
}

/// These need no type of item, which `SinkExt::flush` and `SinkExt::close` cannot infer.
impl<W: AsyncWrite, C> Framed<W, C> {
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
    /// # Errors
    ///
    /// Returns the error of the inner writer, which is final.
    pub fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.get_pin_mut().poll_shutdown(cx)
    }
}

impl<W: AsyncWrite + Unpin, C> Framed<W, C> {
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
        self.sink.ready().await
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
    /// A dropped future was still waiting: the item was not encoded and is lost with it.
    pub async fn feed<Item>(&mut self, item: Item) -> Result<(), C::Error>
    where
        C: ChunkEncoder<Item>,
    {
        self.sink.feed(item).await
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
    pub async fn send<Item>(&mut self, item: Item) -> Result<(), C::Error>
    where
        C: ChunkEncoder<Item>,
    {
        self.sink.send(item).await
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
        self.sink.flush().await
    }

    /// Writes all that is queued, flushes the inner writer and shuts it down.
    ///
    /// # Errors
    ///
    /// As [`poll_shutdown`](Self::poll_shutdown).
    ///
    /// # Cancel safety
    ///
    /// A dropped future leaves it closed for sending, with what is not yet written in the queue;
    /// another call goes on from there.
    pub async fn shutdown(&mut self) -> io::Result<()> {
        self.sink.shutdown().await
    }
}

impl<W: AsyncWrite, C: ChunkEncoder<Item>, Item> Sink<Item> for Framed<W, C> {
    type Error = C::Error;

    #[inline]
    fn poll_ready(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), C::Error>> {
        Sink::poll_ready(self.project().sink, cx)
    }

    fn start_send(self: Pin<&mut Self>, item: Item) -> Result<(), C::Error> {
        Sink::start_send(self.project().sink, item)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), C::Error>> {
        Sink::<Item>::poll_flush(self.project().sink, cx)
    }

    fn poll_close(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), C::Error>> {
        Sink::<Item>::poll_close(self.project().sink, cx)
    }
}
