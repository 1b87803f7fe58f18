use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use tokio::io::AsyncWrite;

use super::FlowControlledWriter;
use crate::write_buffer::Calls;

impl<W: AsyncWrite> FlowControlledWriter<W> {
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
    /// use flow_controlled_writer::{FlowControlledWriter, Watermarks};
    /// use std::{future::poll_fn, pin::Pin};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// // The pipe takes 8 of the 16 bytes.
    /// let (stream, _peer) = tokio::io::duplex(8);
    /// let mut writer = FlowControlledWriter::with_watermarks(stream, Watermarks::new(8, 12));
    /// writer.try_send(vec![0; 16]).expect("not paused");
    /// assert!(writer.is_paused());
    ///
    /// // It is ready at the low mark, not only when it is empty.
    /// poll_fn(|cx| Pin::new(&mut writer).poll_ready(cx)).await?;
    /// assert_eq!(writer.buffer_size(), 8);
    /// # Ok(())
    /// # }
    /// ```
    pub fn poll_ready(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.project();
        this.buffer.poll_ready(this.inner, cx)
    }

    /// Polls until the queue is empty; never flushes the inner writer.
    ///
    /// # Errors
    ///
    /// Returns the error of the inner writer, which is final.
    ///
    /// # Examples
    ///
    /// ```
    /// use flow_controlled_writer::FlowControlledWriter;
    /// use std::{future::poll_fn, pin::Pin, task::Poll};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// // The pipe takes 8 of the 16 bytes.
    /// let (stream, _peer) = tokio::io::duplex(8);
    /// let mut writer = FlowControlledWriter::new(stream);
    /// writer.try_send(vec![0; 16]).expect("not paused");
    ///
    /// let drained = poll_fn(|cx| Poll::Ready(Pin::new(&mut writer).poll_drain(cx))).await;
    /// assert!(drained.is_pending());
    /// assert_eq!(writer.buffer_size(), 8);
    /// # Ok(())
    /// # }
    /// ```
    pub fn poll_drain(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.project();
        this.buffer.poll_drain(this.inner, cx)
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
    /// use std::{future::poll_fn, pin::Pin};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// let mut writer = FlowControlledWriter::new(Vec::new());
    /// writer.try_send("hello").expect("not paused");
    /// poll_fn(|cx| Pin::new(&mut writer).poll_flush(cx)).await?;
    /// assert_eq!(writer.get_ref(), b"hello");
    /// # Ok(())
    /// # }
    /// ```
    pub fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.project();
        this.buffer.poll_flush(this.inner, cx)
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
    /// use std::{future::poll_fn, pin::Pin};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// let mut writer = FlowControlledWriter::new(Vec::new());
    /// writer.try_send("hello").expect("not paused");
    /// poll_fn(|cx| Pin::new(&mut writer).poll_shutdown(cx)).await?;
    /// assert_eq!(writer.get_ref(), b"hello");
    /// assert!(writer.try_send("world").unwrap_err().is_closed());
    /// # Ok(())
    /// # }
    /// ```
    pub fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.project();
        this.buffer.poll_shutdown(this.inner, cx, &mut Calls::new())
    }
}

impl<W: AsyncWrite + Unpin> FlowControlledWriter<W> {
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
    /// use flow_controlled_writer::{FlowControlledWriter, Watermarks};
    /// use tokio::io::AsyncReadExt;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// let (stream, mut peer) = tokio::io::duplex(8);
    /// let mut writer = FlowControlledWriter::with_watermarks(stream, Watermarks::new(4, 8));
    /// writer.try_send(vec![0; 100]).expect("not paused");
    /// assert!(writer.is_paused());
    ///
    /// let mut received = [0; 96];
    /// let (ready, read) = tokio::join!(writer.ready(), peer.read_exact(&mut received));
    /// ready?;
    /// read?;
    /// writer.try_send("one more").expect("has room");
    /// assert!(writer.is_paused());
    /// # Ok(())
    /// # }
    /// ```
    pub async fn ready(&mut self) -> io::Result<()> {
        poll_fn(|cx| Pin::new(&mut *self).poll_ready(cx)).await
    }

    /// Writes all that is queued; does not flush the inner writer.
    ///
    /// # Errors
    ///
    /// As [`poll_drain`](Self::poll_drain).
    ///
    /// # Cancel safety
    ///
    /// A dropped future leaves what is not yet written in the queue; nothing is lost or doubled.
    ///
    /// # Examples
    ///
    /// ```
    /// use flow_controlled_writer::FlowControlledWriter;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// let mut writer = FlowControlledWriter::new(Vec::new());
    /// writer.try_send("hello").expect("not paused");
    /// writer.drain().await?;
    /// assert_eq!(writer.get_ref(), b"hello");
    /// # Ok(())
    /// # }
    /// ```
    pub async fn drain(&mut self) -> io::Result<()> {
        poll_fn(|cx| Pin::new(&mut *self).poll_drain(cx)).await
    }

    /// Queues a chunk as soon as the writer is not paused. Does not wait for it to be written.
    ///
    /// It is what `SinkExt::feed` is, without the trait, and for whatever a chunk can be made of.
    ///
    /// # Errors
    ///
    /// As [`poll_ready`](Self::poll_ready).
    ///
    /// # Cancel safety
    ///
    /// A dropped future leaves nothing of the chunk behind: it was still waiting, and the chunk is lost
    /// with it. To lose none, wait by [`ready`](Self::ready) and [`try_send`](Self::try_send) then.
    ///
    /// # Examples
    ///
    /// ```
    /// use flow_controlled_writer::FlowControlledWriter;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// let mut writer = FlowControlledWriter::new(Vec::new());
    /// writer.feed("hello, ").await?;
    /// writer.feed(vec![b'!'; 3]).await?;
    /// assert_eq!(writer.buffer_size(), 10);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn feed(&mut self, chunk: impl Into<Bytes>) -> io::Result<()> {
        let chunk = chunk.into();
        self.ready().await?;
        self.buffer.start_send(chunk).map_err(|(refusal, chunk)| refusal.of_item(chunk))
    }

    /// Queues a chunk as soon as the writer is not paused, writes all that is queued and flushes the
    /// inner writer: [`feed`](Self::feed), then [`flush`](Self::flush).
    ///
    /// # Errors
    ///
    /// As [`poll_ready`](Self::poll_ready) and [`poll_flush`](Self::poll_flush).
    ///
    /// # Cancel safety
    ///
    /// A dropped future has lost the chunk if it was still waiting for its turn; else the chunk is
    /// queued, as far as it is not yet written.
    ///
    /// # Examples
    ///
    /// ```
    /// use flow_controlled_writer::FlowControlledWriter;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// let mut writer = FlowControlledWriter::new(Vec::new());
    /// writer.send("hello").await?;
    /// assert_eq!(writer.get_ref(), b"hello");
    /// # Ok(())
    /// # }
    /// ```
    pub async fn send(&mut self, chunk: impl Into<Bytes>) -> io::Result<()> {
        self.feed(chunk).await?;
        self.flush().await
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
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// let mut writer = FlowControlledWriter::new(Vec::new());
    /// writer.try_send("hello").expect("not paused");
    /// assert_eq!(writer.get_ref(), b"");
    /// writer.flush().await?;
    /// assert_eq!(writer.get_ref(), b"hello");
    /// # Ok(())
    /// # }
    /// ```
    pub async fn flush(&mut self) -> io::Result<()> {
        poll_fn(|cx| Pin::new(&mut *self).poll_flush(cx)).await
    }

    /// Writes all that is queued, flushes the inner writer and shuts it down.
    ///
    /// # Errors
    ///
    /// As [`poll_shutdown`](Self::poll_shutdown).
    ///
    /// # Cancel safety
    ///
    /// A dropped future leaves the writer closed for sending, with what is not yet written in the
    /// queue; another call goes on from there.
    ///
    /// # Examples
    ///
    /// ```
    /// use flow_controlled_writer::FlowControlledWriter;
    /// use tokio::io::AsyncReadExt;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// let (stream, mut peer) = tokio::io::duplex(64);
    /// let mut writer = FlowControlledWriter::new(stream);
    /// writer.try_send("goodbye").expect("not paused");
    /// writer.shutdown().await?;
    ///
    /// let mut received = String::new();
    /// peer.read_to_string(&mut received).await?;
    /// assert_eq!(received, "goodbye");
    /// # Ok(())
    /// # }
    /// ```
    pub async fn shutdown(&mut self) -> io::Result<()> {
        poll_fn(|cx| Pin::new(&mut *self).poll_shutdown(cx)).await
    }
}
