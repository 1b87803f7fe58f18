//! Errors, what is not recovered, cancel safety, drops.
//!
//! # Errors
//!
//! | event | what you get |
//! |---|---|
//! | the inner writer fails | its error, once; then errors of the same kind without touching it; [`into_parts`] returns what was not sent |
//! | it is interrupted | nothing: the call is repeated |
//! | it accepts 0 of the bytes offered | `WriteZero`, and the writer has failed |
//! | it claims more than it was offered | `InvalidData`, and the writer has failed |
//! | an item for a paused writer, by [`try_send`] | [`TrySendError::Full`] with the chunk; an item of a codec comes back unencoded, in [`TrySendItemError::Full`] |
//! | an item past a pause, by `send_now` or `start_send`, at or above the [`hard_limit`] | [`TrySendError::Full`] with the chunk; by `Sink`, `StorageFull` with that error inside |
//! | an item after a shutdown has begun, or an abort | [`TrySendError::Closed`] with the chunk; `BrokenPipe` by the other traits |
//! | an encoder fails | its error; the queue is as it was before the item, and the sink goes on |
//! | an encoder leaves its buffer shorter than it was | `InvalidData`, and the writer has failed |
//! | the driver of a channel fails | [`DriverError`] with what was not sent; every sender, an error of the same kind |
//! | the peer takes nothing for [`stall_timeout`] while anything waits for it | `TimedOut`, and the writer has failed |
//! | the writer is paused for longer than [`pause_timeout`] | `TimedOut`, and the writer has failed |
//! | code of others panics in a call of the writer | the panic goes on; the writer has failed if it cannot know what was done |
//! | `low > high` | a panic by [`Watermarks::new`], an error by [`Watermarks::try_new`] |
//!
//! A [`TrySendError`] that becomes an [`io::Error`](std::io::Error) is of the kind `StorageFull` or
//! `BrokenPipe`, also for a writer that has failed with another one; what the `io` and `Sink` traits
//! return then is of the kind of the failure.
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
//! # What is not recovered
//!
//! What [`into_parts`], [`DriverError`] and [`Driver::unsent`] return was not accepted by the inner
//! writer. It may begin in the middle of an item, as the inner writer may have accepted the rest: do not
//! send it to a new peer without a look. And what the inner writer has accepted may be lost all the same:
//! in a TLS layer, in the kernel, on the way. Nobody but the peer knows, so a delivery that matters needs
//! acknowledgements.
//!
//! Positions tell one from the other. The position of an item is that of its last byte, counted from the
//! first one of the writer, and [`Parts::written`] that of the cut:
//!
//! ```
//! use bytes::Buf;
//! use flow_controlled_writer::FlowControlledWriter;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> std::io::Result<()> {
//! // The pipe takes 8 bytes, then its other end is gone.
//! let (stream, peer) = tokio::io::duplex(8);
//! let mut writer = FlowControlledWriter::new(stream);
//! let mut ends = Vec::new(); // the position of each line
//! for line in ["first\n", "second\n", "third\n"] {
//!     writer.feed(line).await?;
//!     ends.push(writer.stats().enqueued_bytes);
//! }
//! tokio::join!(writer.flush(), async { drop(peer) }).0.unwrap_err();
//!
//! let mut parts = writer.into_parts();
//! assert_eq!((parts.written, parts.queue.chunk()), (8, &b"cond\nthird\n"[..]));
//! // The line in which the cut lies is the first one that does not end before it.
//! let cut = ends.iter().position(|end| *end > parts.written).expect("not all was written");
//! let rest = ends[cut] - parts.written;
//! parts.queue.advance(rest as usize);
//! assert_eq!((cut, parts.queue.chunk()), (1, &b"third\n"[..]));
//! # Ok(())
//! # }
//! ```
//!
//! A channel returns the position from each `send`; see [`Sender::written`] and [`Sender::flushed`].
//!
//! # Cancel safety
//!
//! Every `async fn` may be dropped at any await. Nothing that is queued is lost or sent twice. What
//! is said of [`FlowControlledWriter`] holds for [`FramedSink`] and [`Framed`], too.
//!
//! | method | what a future that is dropped before it is ready leaves behind |
//! |---|---|
//! | [`ready`], [`drain`], [`flush`], also as `AsyncWriteExt::flush` and `SinkExt::flush` | all that is unsent stays queued, in order |
//! | [`shutdown`], also as `AsyncWriteExt::shutdown` and `SinkExt::close` | the same, and the writer is closed for sending; a second call goes on |
//! | `AsyncWriteExt::write`, `write_vectored`, `write_buf` | nothing of its bytes was accepted |
//! | `AsyncWriteExt::write_all` | part of its bytes may have been accepted, and you cannot know how many |
//! | `AsyncWriteExt::write_all_buf` | what was accepted has left its buffer; go on with the rest |
//! | [`feed`], also of `SinkExt` | the chunk or item is lost with the future |
//! | [`send`], also of `SinkExt` | it is lost if it was still waiting for its turn, else it is queued |
//! | `SinkExt::send_all`, `StreamExt::forward` | what was taken from the stream is queued, but one item may be lost; a sink that `forward` owns is dropped |
//! | `tokio::io::copy` | what was read and not yet written is lost |
//! | reads | what the inner writer says |
//! | `AsyncSeekExt::seek` | a seek that has begun is completed by the next one |
//! | [`Sender::send`], [`Sender::send_chunks`], [`FramedSender::send`] | nothing was queued, and the item is lost with the future; clone it before if it matters |
//! | [`Sender::ready`], [`Sender::flush`], [`Sender::flushed`], [`Sender::closed`] | nothing has changed |
//! | a [`Sender`] by `SinkExt::close`, `AsyncWriteExt::shutdown` | the handle has ended; what it sent is written all the same |
//! | [`Driver::drive`] | what is not written stays with the driver; another call goes on |
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
//! | [`FlowControlledWriter`], [`FramedSink`], [`Framed`] | it is discarded |
//! | the last [`Sender`] or [`FramedSender`] of a channel | the driver writes it, flushes, and shuts the inner writer down |
//! | any other [`Sender`] | it stays queued |
//! | [`Driver`] | it is discarded, and every sender gets an error |
//! | [`Parts`], [`DriverError`], [`ChunkQueue`] | it is discarded |
//!
//! With the feature `tracing` an event tells how many bytes a drop has discarded.
//!
//! [`Driver`]: crate::channel::Driver
//! [`Driver::drive`]: crate::channel::Driver::drive
//! [`Driver::unsent`]: crate::channel::Driver::unsent
//! [`DriverError`]: crate::channel::DriverError
//! [`Sender`]: crate::channel::Sender
//! [`Sender::closed`]: crate::channel::Sender::closed
//! [`Sender::flush`]: crate::channel::Sender::flush
//! [`Sender::flushed`]: crate::channel::Sender::flushed
//! [`Sender::ready`]: crate::channel::Sender::ready
//! [`Sender::send`]: crate::channel::Sender::send
//! [`Sender::send_chunks`]: crate::channel::Sender::send_chunks
//! [`Sender::written`]: crate::channel::Sender::written
//! [`ChunkQueue`]: crate::ChunkQueue
//! [`FlowControlledWriter`]: crate::FlowControlledWriter
//! [`Parts`]: crate::Parts
//! [`Parts::written`]: crate::Parts::written
//! [`TrySendError`]: crate::TrySendError
//! [`TrySendError::Closed`]: crate::TrySendError::Closed
//! [`TrySendError::Full`]: crate::TrySendError::Full
//! [`TrySendItemError::Full`]: crate::TrySendItemError::Full
//! [`Watermarks::new`]: crate::Watermarks::new
//! [`Watermarks::try_new`]: crate::Watermarks::try_new
//! [`drain`]: crate::FlowControlledWriter::drain
//! [`feed`]: crate::FlowControlledWriter::feed
//! [`flush`]: crate::FlowControlledWriter::flush
//! [`hard_limit`]: crate::Builder::hard_limit
//! [`into_parts`]: crate::FlowControlledWriter::into_parts
//! [`ready`]: crate::FlowControlledWriter::ready
//! [`send`]: crate::FlowControlledWriter::send
//! [`shutdown`]: crate::FlowControlledWriter::shutdown
//! [`try_send`]: crate::FlowControlledWriter::try_send
#![cfg_attr(all(feature = "codec", feature = "time"), doc = include_str!("links.md"))]
#![cfg_attr(not(all(feature = "codec", feature = "time")), doc = include_str!("links_docs_rs.md"))]
