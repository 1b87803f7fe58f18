//! Comparison, migration, errors, cancel safety, pitfalls. This module holds no code.
//!
//! # Which one do I need?
//!
//! | you have | use |
//! |---|---|
//! | small writes to a file or a peer that always keeps up | `tokio::io::BufWriter` |
//! | small frames to a peer that always keeps up | `tokio_util::codec::FramedWrite` |
//! | a peer that may read slowly, or `Bytes` that are large | [`FlowControlledWriter`] |
//! | the same, and items with a codec | [`FramedSink`] |
//! | one connection and many tasks that write to it | [`FlowControlledWriter::into_channel`] |
//! | thousands of connections, and a limit on memory | any of these with a [`MemoryBudget`] |
//! | a queue that knows its size, and no writer | [`ChunkQueue`] |
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
//! # From `FramedWrite` and `Framed`
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
//! use flow_controlled_writer::FlowControlledWriter;
//! use flow_controlled_writer::codec::FramedSink;
//! use futures::SinkExt;
//! use tokio_util::codec::{LinesCodec, LinesCodecError};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # pub async fn main() -> Result<(), LinesCodecError> {
//! let mut sink = FramedSink::new(FlowControlledWriter::new(Vec::new()), LinesCodec::new());
//! sink.send("hello").await?;
//! assert_eq!(sink.into_inner().into_inner(), b"hello\n");
//! # Ok(())
//! # }
//! # }
//! # #[cfg(feature = "codec")]
//! # example::main().unwrap();
//! ```
//!
//! `Framed::new(stream, codec)` becomes [`framed`]`(FlowControlledWriter::new(stream), codec)`.
//! `LengthDelimitedCodec` works as it is; [`LengthDelimitedEncoder`] makes the same bytes without
//! copying large payloads.
//!
//! What is different: a sink that is not paused is ready at once, where `FramedWrite` waits, from
//! 8 KiB on, until it is empty and flushed; encoding that fails leaves the earlier frames as they
//! were; after an error of the inner writer the sink stays failed.
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
//! # Errors
//!
//! | event | what you get |
//! |---|---|
//! | the inner writer fails | its error, once; then errors of the same kind without touching it; [`into_parts`] returns what was not sent |
//! | it is interrupted | nothing: the call is repeated |
//! | it accepts 0 of the bytes offered | `WriteZero`, and the writer has failed |
//! | it claims more than it was offered | `InvalidData`, and the writer has failed |
//! | a chunk for a paused writer, by [`try_send`] | [`TrySendError::Full`] with the chunk |
//! | a chunk beyond [`max_buffer_size`] or the budget | [`TrySendError::Full`] with the chunk; by `Sink`, `StorageFull` with that error inside |
//! | a chunk after a shutdown has begun, or an abort | [`TrySendError::Closed`] with the chunk; `BrokenPipe` by the other traits |
//! | an encoder fails | its error; the queue is as it was before the item, and the sink goes on |
//! | an encoder changes earlier frames | `InvalidData`, and the writer has failed |
//! | the driver of a channel fails | [`DriverError`] with what was not sent; every sender, an error of the same kind |
//! | the peer takes nothing for [`stall_timeout`] | `TimedOut`, and the writer has failed |
//! | `low > high` | a panic by [`Watermarks::new`], an error by [`Watermarks::try_new`] |
//!
//! A failed connection does not lose what was queued for it:
//!
//! ```
//! use bytes::Buf;
//! use flow_controlled_writer::FlowControlledWriter;
//! use std::io::ErrorKind;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> std::io::Result<()> {
//! let (stream, peer) = tokio::io::duplex(64);
//! let mut writer = FlowControlledWriter::new(stream);
//! writer.try_send("for the next connection").expect("not paused");
//! drop(peer);
//!
//! assert_eq!(writer.flush().await.unwrap_err().kind(), ErrorKind::BrokenPipe);
//! assert_eq!(writer.buffer_size(), 23);
//! let mut parts = writer.into_parts();
//! assert_eq!(parts.queue.copy_to_bytes(23), "for the next connection");
//! # Ok(())
//! # }
//! ```
//!
//! # Cancel safety
//!
//! Every `async fn` may be dropped at any await. Nothing that is queued is lost or sent twice. What
//! is said of [`FlowControlledWriter`] holds for [`FramedSink`], too.
//!
//! | method | what a future that is dropped before it is ready leaves behind |
//! |---|---|
//! | [`ready`], [`flush`], also as `AsyncWriteExt::flush` and `SinkExt::flush` | all that is unsent stays queued, in order |
//! | [`shutdown`], also as `AsyncWriteExt::shutdown` and `SinkExt::close` | the same, and the writer is closed for sending; a second call goes on |
//! | `AsyncWriteExt::write`, `write_vectored`, `write_buf` | nothing of its bytes was accepted |
//! | `AsyncWriteExt::write_all` | part of its bytes may have been accepted, and you cannot know how many |
//! | `AsyncWriteExt::write_all_buf` | what was accepted has left its buffer; go on with the rest |
//! | `SinkExt::feed` | the chunk or item is lost with the future |
//! | `SinkExt::send` | it is lost if it was still waiting for room, else it is queued |
//! | `SinkExt::send_all`, `StreamExt::forward` | what was taken from the stream is queued, but one item may be lost; a sink that `forward` owns is dropped |
//! | `tokio::io::copy` | what was read and not yet written is lost |
//! | reads | what the inner writer says |
//! | `AsyncSeekExt::seek` | a seek that has begun is completed by the next one |
//! | [`Sender::send`] | the chunk was not queued and is lost with the future; clone it before if it matters |
//! | [`Sender::ready`], [`Sender::flush`], [`Sender::closed`] | nothing has changed |
//! | a [`Sender`] by `SinkExt::close`, `AsyncWriteExt::shutdown` | the handle has ended; what it sent is written all the same |
//!
//! To send a chunk in a `select!` and never lose it, wait first and send then:
//!
//! ```
//! use bytes::Bytes;
//! use flow_controlled_writer::{FlowControlledWriter, Watermarks};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> std::io::Result<()> {
//! # let (stream, _peer) = tokio::io::duplex(64);
//! # let mut writer = FlowControlledWriter::with_watermarks(stream, Watermarks::new(256, 1024));
//! # writer.try_send(vec![0; 2000]).expect("not paused");
//! let mut next = Some(Bytes::from_static(b"important"));
//! tokio::select! {
//!     biased;
//!     ready = writer.ready() => {
//!         ready?;
//!         writer.try_send(next.take().expect("set above")).expect("has room");
//!     }
//!     _ = tokio::task::yield_now() => {} // whatever else there is to do
//! }
//! assert_eq!(next.as_deref(), Some(&b"important"[..]));
//! # Ok(())
//! # }
//! ```
//!
//! # Drop
//!
//! | what is dropped | what becomes of what is queued |
//! |---|---|
//! | [`FlowControlledWriter`], [`FramedSink`], what [`framed`] returns | it is discarded |
//! | the last [`Sender`] of a channel | the driver writes it, flushes, and shuts the inner writer down |
//! | any other [`Sender`] | it stays queued |
//! | [`Driver`] | it is discarded, and every sender gets an error |
//! | [`Parts`], [`DriverError`], [`ChunkQueue`] | it is discarded |
//!
//! # When both peers write first
//!
//! A peer that does not read while it writes can stop its partner, and be stopped by it: both wait
//! for the other to read. That is so with every bounded buffer. The watermarks only move the point
//! where it happens. Reading and writing at the same time avoids it:
//!
//! ```
//! use flow_controlled_writer::FlowControlledWriter;
//! use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, split};
//!
//! /// Sends a megabyte while it receives one.
//! async fn exchange<S: AsyncRead + AsyncWrite>(stream: S) -> std::io::Result<usize> {
//!     let (mut reader, writer) = split(stream);
//!     let mut writer = FlowControlledWriter::new(writer);
//!     let mut received = Vec::new();
//!     let write = async {
//!         writer.write_all(&[7; 1 << 20]).await?;
//!         writer.shutdown().await
//!     };
//!     tokio::try_join!(write, reader.read_to_end(&mut received))?;
//!     Ok(received.len())
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> std::io::Result<()> {
//! let (left, right) = tokio::io::duplex(4096);
//! let (left, right) = tokio::try_join!(exchange(left), exchange(right))?;
//! assert_eq!((left, right), (1 << 20, 1 << 20));
//! # Ok(())
//! # }
//! ```
//!
//! A read through the writer itself does not write what is queued. Flush before you wait for an
//! answer:
//!
//! ```
//! use flow_controlled_writer::FlowControlledWriter;
//! use tokio::io::{AsyncReadExt, AsyncWriteExt};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> std::io::Result<()> {
//! # let (stream, mut server) = tokio::io::duplex(64);
//! # tokio::spawn(async move {
//! #     let question = server.read_u8().await?;
//! #     server.write_u8(question + 1).await
//! # });
//! let mut connection = FlowControlledWriter::new(stream);
//! connection.write_u8(41).await?;
//! connection.flush().await?;
//! assert_eq!(connection.read_u8().await?, 42);
//! # Ok(())
//! # }
//! ```
//!
//! # What it does not do
//!
//! - It spawns nothing and flushes nothing by itself, neither by a timer nor when it is dropped.
//! - It does not know the buffers of the system: `buffer_size()` counts what `W` has not accepted.
//!   What the kernel holds for a socket comes on top.
//! - It does not reorder: there are no priorities, and no chunk can be taken out of the middle.
//! - It does not limit a rate.
//! - It does not read ahead; reads pass through.
//! - It is not for datagrams: small chunks are merged.
//!
//! [`Driver`]: crate::channel::Driver
//! [`DriverError`]: crate::channel::DriverError
//! [`FlowControlledWriter`]: crate::FlowControlledWriter
//! [`FlowControlledWriter::into_channel`]: crate::FlowControlledWriter::into_channel
//! [`framed`]: crate::codec::framed
//! [`FramedSink`]: crate::codec::FramedSink
//! [`LengthDelimitedEncoder`]: crate::codec::LengthDelimitedEncoder
//! [`Sender`]: crate::channel::Sender
//! [`Sender::closed`]: crate::channel::Sender::closed
//! [`Sender::flush`]: crate::channel::Sender::flush
//! [`Sender::ready`]: crate::channel::Sender::ready
//! [`Sender::send`]: crate::channel::Sender::send
//! [`ChunkQueue`]: crate::ChunkQueue
//! [`MemoryBudget`]: crate::MemoryBudget
//! [`Parts`]: crate::Parts
//! [`TrySendError::Closed`]: crate::TrySendError::Closed
//! [`TrySendError::Full`]: crate::TrySendError::Full
//! [`Watermarks::new`]: crate::Watermarks::new
//! [`Watermarks::try_new`]: crate::Watermarks::try_new
//! [`flush`]: crate::FlowControlledWriter::flush
//! [`into_parts`]: crate::FlowControlledWriter::into_parts
//! [`max_buffer_size`]: crate::Builder::max_buffer_size
//! [`ready`]: crate::FlowControlledWriter::ready
//! [`shutdown`]: crate::FlowControlledWriter::shutdown
//! [`stall_timeout`]: crate::Builder::stall_timeout
//! [`try_send`]: crate::FlowControlledWriter::try_send
