//! From what you have now: before, after, and what is different.
//!
//! # From `BufWriter`
//!
//! Only the constructor changes, and `buffer()` becomes `buffer_size()`. Before:
//!
//! ```
//! use tokio::io::{AsyncWrite, AsyncWriteExt, BufWriter};
//!
//! async fn greet<W: AsyncWrite + Unpin>(stream: W) -> std::io::Result<W> {
//!     let mut writer = BufWriter::with_capacity(64 * 1024, stream);
//!     writer.write_all(b"hello").await?;
//!     assert_eq!(writer.buffer().len(), 5);
//!     writer.flush().await?;
//!     Ok(writer.into_inner())
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> std::io::Result<()> {
//! assert_eq!(greet(Vec::new()).await?, b"hello");
//! # Ok(())
//! # }
//! ```
//!
//! After:
//!
//! ```
//! use flow_controlled_writer::{FlowControlledWriter, Watermarks};
//! use tokio::io::{AsyncWrite, AsyncWriteExt};
//!
//! async fn greet<W: AsyncWrite + Unpin>(stream: W) -> std::io::Result<W> {
//!     let marks = Watermarks::with_high(64 * 1024);
//!     let mut writer = FlowControlledWriter::with_watermarks(stream, marks);
//!     writer.write_all(b"hello").await?;
//!     assert_eq!(writer.buffer_size(), 5);
//!     writer.flush().await?;
//!     Ok(writer.into_inner())
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> std::io::Result<()> {
//! assert_eq!(greet(Vec::new()).await?, b"hello");
//! # Ok(())
//! # }
//! ```
//!
//! What is different: an idle writer holds no buffer; a `Bytes` can be sent without a copy;
//! `buffer_size()` is what is unsent also after a write that was taken in part; after an error of
//! the inner writer the writer stays failed, and [`into_parts`] gives back what was not sent.
//!
//! A wrapper around a stream should forward [`poll_write_vectored`] and [`is_write_vectored`], or
//! nothing is gathered behind it: chunks are then copied together, up to 16 KiB to a call.
//!
//! `shutdown()` writes what is queued first, as that of `BufWriter` does. A path that means "close it
//! now", after a timeout say, would wait for the peer that it gives up: call [`abort`] before.
//!
//! # From `FramedWrite`
//!
//! The codec stays. Before:
//!
//! ```
//! use futures::SinkExt;
//! use tokio_util::codec::{FramedWrite, LinesCodec, LinesCodecError};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), LinesCodecError> {
//! let mut sink = FramedWrite::new(Vec::new(), LinesCodec::new());
//! sink.set_backpressure_boundary(64 * 1024);
//! sink.send("hello").await?;
//! assert_eq!(sink.into_inner(), b"hello\n");
//! # Ok(())
//! # }
//! ```
//!
//! After:
//!
//! ```
//! # #[cfg(feature = "codec")]
//! # mod example {
//! use flow_controlled_writer::codec::FramedSink;
//! use flow_controlled_writer::{FlowControlledWriter, Watermarks};
//! use tokio_util::codec::{LinesCodec, LinesCodecError};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # pub async fn main() -> Result<(), LinesCodecError> {
//! let marks = Watermarks::with_high(64 * 1024);
//! let writer = FlowControlledWriter::with_watermarks(Vec::new(), marks);
//! let mut sink = FramedSink::new(writer, LinesCodec::new());
//! sink.send("hello").await?;
//! assert_eq!(sink.into_inner().into_inner(), b"hello\n");
//! # Ok(())
//! # }
//! # }
//! # #[cfg(feature = "codec")]
//! # example::main().unwrap();
//! ```
//!
//! What is different: watermarks in place of the boundary; a sink that is not paused is ready at once,
//! where `FramedWrite` waits, from its boundary on, until it is empty and flushed; encoding that fails
//! leaves the earlier frames as they were; after an error of the inner writer the sink stays failed.
//!
//! `SinkExt::close` cannot infer for which type of item it closes; [`FramedSink::shutdown`]
//! needs no hint.
//!
//! Every [`Encoder`] works as it is. One that has large payloads can hand them over without a copy, as a
//! [`ChunkEncoder`]; one type cannot be both, so give it a type of its own. [`LengthDelimitedEncoder`] is
//! one for the frames of `LengthDelimitedCodec`, and takes the settings of its builder.
//!
//! # From `Framed`
//!
//! `Framed::new(stream, codec)` becomes [`Framed::new`]`(FlowControlledWriter::new(stream), codec)`. One
//! that has read or queued something already is converted by `From`, with both buffers. Before:
//!
//! ```
//! use futures::{SinkExt, StreamExt};
//! use tokio::io::{AsyncRead, AsyncWrite};
//! use tokio_util::codec::{Framed, LinesCodec, LinesCodecError};
//!
//! async fn echo<S>(stream: S) -> Result<(), LinesCodecError>
//! where
//!     S: AsyncRead + AsyncWrite + Unpin,
//! {
//!     let mut lines = Framed::new(stream, LinesCodec::new());
//!     while let Some(line) = lines.next().await {
//!         lines.send(line?).await?;
//!     }
//!     SinkExt::<String>::close(&mut lines).await
//! }
//! ```
//!
//! After:
//!
//! ```
//! # #[cfg(feature = "codec")]
//! # mod example {
//! use flow_controlled_writer::FlowControlledWriter;
//! use flow_controlled_writer::codec::Framed;
//! use futures::StreamExt;
//! use tokio::io::{AsyncRead, AsyncWrite};
//! use tokio_util::codec::{LinesCodec, LinesCodecError};
//!
//! async fn echo<S>(stream: S) -> Result<(), LinesCodecError>
//! where
//!     S: AsyncRead + AsyncWrite + Unpin,
//! {
//!     let mut lines = Framed::new(FlowControlledWriter::new(stream), LinesCodec::new());
//!     while let Some(line) = lines.next().await {
//!         lines.send(line?).await?;
//!     }
//!     Ok(lines.shutdown().await?)
//! }
//! # }
//! ```
//!
//! # From `mpsc` and a task
//!
//! The task that writes becomes the driver. Before:
//!
//! ```
//! use bytes::Bytes;
//! use tokio::io::{AsyncWrite, AsyncWriteExt};
//! use tokio::sync::mpsc;
//!
//! async fn write<W>(mut stream: W, mut messages: mpsc::Receiver<Bytes>) -> std::io::Result<W>
//! where
//!     W: AsyncWrite + Unpin,
//! {
//!     while let Some(message) = messages.recv().await {
//!         stream.write_all(&message).await?;
//!     }
//!     stream.shutdown().await?;
//!     Ok(stream)
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let (sender, messages) = mpsc::channel(1024);
//! let writing = tokio::spawn(write(Vec::new(), messages));
//! sender.send(Bytes::from("hello")).await?;
//! drop(sender);
//! assert_eq!(writing.await??, b"hello");
//! # Ok(())
//! # }
//! ```
//!
//! After:
//!
//! ```
//! use flow_controlled_writer::FlowControlledWriter;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let (sender, driver) = FlowControlledWriter::new(Vec::new()).into_channel();
//! let writing = tokio::spawn(driver);
//! sender.send("hello").await?;
//! drop(sender);
//! assert_eq!(writing.await??, b"hello");
//! # Ok(())
//! # }
//! ```
//!
//! What is different: the bound is on bytes, not on messages; every sender can ask how many wait;
//! many messages go out in one call; [`Sender::flush`] tells that what was sent is written; a
//! failed driver returns what was not sent, in a [`DriverError`].
//!
//! # From `mpsc` and `FramedWrite`
//!
//! Items with a codec go through a [`FramedSender`]. Before:
//!
//! ```
//! use futures::SinkExt;
//! use tokio::io::AsyncWrite;
//! use tokio::sync::mpsc;
//! use tokio_util::codec::{FramedWrite, LinesCodec, LinesCodecError};
//!
//! async fn write<W>(stream: W, mut lines: mpsc::Receiver<String>) -> Result<W, LinesCodecError>
//! where
//!     W: AsyncWrite + Unpin,
//! {
//!     let mut sink = FramedWrite::new(stream, LinesCodec::new());
//!     while let Some(line) = lines.recv().await {
//!         sink.send(line).await?;
//!     }
//!     Ok(sink.into_inner())
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let (sender, lines) = mpsc::channel(1024);
//! let writing = tokio::spawn(write(Vec::new(), lines));
//! sender.send("hello".to_owned()).await?;
//! drop(sender);
//! assert_eq!(writing.await??, b"hello\n");
//! # Ok(())
//! # }
//! ```
//!
//! After:
//!
//! ```
//! # #[cfg(feature = "codec")]
//! # mod example {
//! use flow_controlled_writer::FlowControlledWriter;
//! use flow_controlled_writer::codec::FramedSink;
//! use tokio_util::codec::LinesCodec;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # pub async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let sink = FramedSink::new(FlowControlledWriter::new(Vec::new()), LinesCodec::new());
//! let (mut sender, driver) = sink.into_channel();
//! let writing = tokio::spawn(driver);
//! sender.send("hello").await?;
//! drop(sender);
//! assert_eq!(writing.await??, b"hello\n");
//! # Ok(())
//! # }
//! # }
//! # #[cfg(feature = "codec")]
//! # example::main().unwrap();
//! ```
//!
//! What is different: each handle encodes with its own clone of the codec, in its own task, and gets the
//! error of its own item. So a codec whose frames depend on those before, as with compression or a
//! cipher, must not be cloned: keep that one in a task with a [`FramedSink`].
//!
//! # From a deque of your own
//!
//! A [`ChunkQueue`] is the deque, its count and the step of the drain, for those who keep a loop of their
//! own. Before:
//!
//! ```
//! use bytes::{Buf, Bytes};
//! use std::collections::VecDeque;
//! use std::pin::Pin;
//! use std::task::{Context, Poll, ready};
//! use tokio::io::AsyncWrite;
//!
//! struct Connection<W> {
//!     stream: W,
//!     queue: VecDeque<Bytes>,
//! }
//!
//! impl<W: AsyncWrite + Unpin> Connection<W> {
//!     fn buffered(&self) -> usize {
//!         self.queue.iter().map(Bytes::len).sum() // walks the queue
//!     }
//!
//!     fn poll_drain(&mut self, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
//!         while let Some(front) = self.queue.front_mut() {
//!             let written = ready!(Pin::new(&mut self.stream).poll_write(cx, front))?;
//!             if written == 0 {
//!                 return Poll::Ready(Err(std::io::ErrorKind::WriteZero.into()));
//!             }
//!             front.advance(written);
//!             if front.is_empty() {
//!                 self.queue.pop_front();
//!             }
//!         }
//!         Poll::Ready(Ok(()))
//!     }
//! }
//! ```
//!
//! After:
//!
//! ```
//! use bytes::Buf;
//! use flow_controlled_writer::ChunkQueue;
//! use std::pin::Pin;
//! use std::task::{Context, Poll, ready};
//! use tokio::io::AsyncWrite;
//!
//! struct Connection<W> {
//!     stream: W,
//!     queue: ChunkQueue,
//! }
//!
//! impl<W: AsyncWrite + Unpin> Connection<W> {
//!     fn buffered(&self) -> usize {
//!         self.queue.remaining()
//!     }
//!
//!     fn poll_drain(&mut self, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
//!         while !self.queue.is_empty() {
//!             ready!(self.queue.poll_write_to(Pin::new(&mut self.stream), cx))?;
//!         }
//!         Poll::Ready(Ok(()))
//!     }
//! }
//! ```
//!
//! What is different: the size costs the same at any depth, many chunks go out in one call, small ones
//! are merged, and what a writer reports is checked. An `Interrupted` comes through, as it is your loop.
//!
//! [`Encoder`]: https://docs.rs/tokio-util/latest/tokio_util/codec/trait.Encoder.html
//! [`DriverError`]: crate::channel::DriverError
//! [`Sender::flush`]: crate::channel::Sender::flush
//! [`ChunkQueue`]: crate::ChunkQueue
//! [`abort`]: crate::FlowControlledWriter::abort
//! [`into_parts`]: crate::FlowControlledWriter::into_parts
//! [`is_write_vectored`]: tokio::io::AsyncWrite::is_write_vectored
//! [`poll_write_vectored`]: tokio::io::AsyncWrite::poll_write_vectored
#![cfg_attr(all(feature = "codec", feature = "time"), doc = include_str!("links.md"))]
#![cfg_attr(not(all(feature = "codec", feature = "time")), doc = include_str!("links_docs_rs.md"))]
