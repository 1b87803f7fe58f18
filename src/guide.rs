//! Which one to use, how to move to it, recipes, what fails how. No code, but for examples.
//!
//! | page | for |
//! |---|---|
//! | [`migration`] | who uses `BufWriter`, `FramedWrite`, `Framed`, `mpsc` and a task, or a deque of their own |
//! | [`slow_peers`] | dropping slow consumers, the oldest messages, all but the latest value, the largest queue |
//! | [`recipes`] | how the parts go together: RPC, reconnect, shutdown with a deadline, linger, proxy, TLS |
//! | [`websocket`] | one frame for many connections, with a library that does the protocol |
//! | [`tuning`] | marks, thresholds, timeouts, the kernel's buffers, allocators |
//! | [`errors`] | errors, what is not recovered, cancel safety, drops |
//!
//! # Which one do I need?
//!
//! | you have | use |
//! |---|---|
//! | small writes to a file or a peer that always keeps up | `tokio::io::BufWriter` |
//! | small frames to a peer that always keeps up | `tokio_util::codec::FramedWrite` |
//! | a peer that may read slowly, or `Bytes` that are large | [`FlowControlledWriter`] |
//! | the same, and items with a codec | [`FramedSink`]; with a stream of what comes in, [`Framed`] |
//! | one connection and many tasks that write to it | [`FlowControlledWriter::into_channel`] |
//! | the same, and items with a codec | [`FramedSender`], by `into_channel` of either |
//! | thousands of connections, and a limit on memory | any of these with a [`MemoryBudget`] |
//! | a protocol writer of your own that is no codec | [`FlowControlledWriter::try_append`] |
//! | a queue that knows its size, and a write loop of your own | [`ChunkQueue`] |
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
//! [`ChunkQueue`]: crate::ChunkQueue
//! [`FlowControlledWriter`]: crate::FlowControlledWriter
//! [`FlowControlledWriter::into_channel`]: crate::FlowControlledWriter::into_channel
//! [`FlowControlledWriter::try_append`]: crate::FlowControlledWriter::try_append
//! [`MemoryBudget`]: crate::MemoryBudget
#![cfg_attr(all(feature = "codec", feature = "time"), doc = include_str!("guide/links.md"))]
#![cfg_attr(not(all(feature = "codec", feature = "time")), doc = include_str!("guide/links_docs_rs.md"))]

pub mod errors;
pub mod migration;
pub mod recipes;
pub mod slow_peers;
pub mod tuning;
pub mod websocket;
