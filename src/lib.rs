//! Buffered, flow-controlled writes for tokio: a queue in front of any `AsyncWrite` that always
//! knows its exact size, takes large chunks without a copy, and makes its producers wait for a slow
//! peer.
//!
//! # When to use it
//!
//! - A peer may read slowly, and you must know, bound or shed what is queued for it.
//! - Many tasks write to one connection, and what waits should be bounded in bytes:
//!   [`into_channel`](FlowControlledWriter::into_channel).
//! - You write `Bytes`, small ones, large ones or both, and want each to cost what it should:
//!   [`FlowControlledWriter`] merges small chunks and hands large ones to the system as they are,
//!   many in one call.
//! - You need back what was not sent when a connection fails.
//!
//! And when not: a peer or a file that always keeps up, written to in small pieces, is served as
//! well by `tokio::io::BufWriter`. The [`guide`] compares, and shows how to move from one to the
//! other.
//!
//! Nothing that was queued is lost silently. That does not mean that it arrives: what `W` has accepted may
//! still be lost behind it, and what comes back after an error may begin in the middle of an item. The
//! [guide](guide::errors) shows how positions tell.
//!
//! # Example
//!
//! ```
//! use bytes::Bytes;
//! use flow_controlled_writer::{FlowControlledWriter, Watermarks};
//! use futures::SinkExt;
//! use tokio::io::{AsyncReadExt, AsyncWriteExt};
//!
//! #[tokio::main(flavor = "current_thread")]
//! async fn main() -> std::io::Result<()> {
//!     // A connection that takes 64 bytes until its peer reads.
//!     let (stream, mut peer) = tokio::io::duplex(64);
//!     let marks = Watermarks::new(256, 1024);
//!     let mut writer = FlowControlledWriter::with_watermarks(stream, marks);
//!
//!     // It is an `AsyncWrite` and a `Sink<Bytes>`.
//!     writer.write_all(b"header").await?;
//!     while !writer.is_paused() {
//!         writer.feed(Bytes::from(vec![7; 100])).await?;
//!     }
//!     assert_eq!(writer.buffer_size(), 1106);
//!
//!     // The peer reads and the queue drains.
//!     let mut received = Vec::new();
//!     tokio::try_join!(writer.shutdown(), peer.read_to_end(&mut received))?;
//!     assert_eq!(received.len(), 1106);
//!     Ok(())
//! }
//! ```
//!
//! # Flow control
//!
//! What is written is queued first. [`buffer_size`](FlowControlledWriter::buffer_size) is the number
//! of bytes in the queue: accepted by the writer and not yet accepted by the inner writer `W`. It
//! is exact at every moment and costs the same to ask at any depth.
//!
//! ```text
//!  write_all, feed,       newest                    oldest
//!  send, try_send   --->  [ tail | chunk | chunk | chunk ]   --->   W
//!                          small ones     large ones         up to 128 slices
//!                          are merged     are kept           to a call
//! ```
//!
//! The size decides whether the writer is *paused*, by two [`Watermarks`]:
//!
//! ```text
//!  buffer_size
//!       ^
//!       |                 *
//!       |               *   *
//!  high + - - - - - - * - - - * - - - - - - -    above it, the writer pauses
//!       |           *           *
//!       |         * accepting     * paused
//!       |       *                   *
//!   low + - - * - - - - - - - - - - - * - - -    at it or below, the writer resumes
//!       |   *                           *
//!     0 +-*---------------------------------->   time
//! ```
//!
//! In between it stays as it was, so that a size which swings around one mark does not pause and
//! resume with every chunk. Whether an item is taken depends on this state alone, and never on the
//! length of the item:
//!
//! | the writer is | `write_all`, `feed`, `send`, `ready` | `try_send` | `send_now`, `start_send` |
//! |---|---|---|---|
//! | accepting | go on | takes the item, whole | take the item, whole |
//! | paused | wait | gives it back | take it below [`Builder::hard_limit`], else give it back |
//!
//! So the buffer is bounded by the high mark, or past a pause the hard limit, plus one item. By
//! `AsyncWrite` it never exceeds the high mark.
//!
//! Small chunks that were kept, and all chunks of a `W` that cannot gather, are copied together by the
//! drain, up to 16 KiB to a call.
//!
//! The queue drains when it is flushed or shut down, and while somebody waits for a paused writer.
//! There is no task in the background: as with any buffered writer, what is below the high mark
//! stays queued until you `flush`.
//!
//! # Map
//!
//! | item | purpose |
//! |---|---|
//! | [`FlowControlledWriter`] | the writer: queue, watermarks, all traits |
//! | [`Builder`] | its options, made once and used for each connection |
//! | [`Watermarks`], [`Stats`] | marks, totals |
//! | [`TrySendError`], [`TrySendItemError`] | why an item was refused, with the item |
//! | [`codec`] | `FramedSink` and `Framed`: items encoded straight into the queue; `FramedSender`, for many tasks |
//! | [`channel`] | many senders, and a driver that writes what they send |
//! | [`MemoryBudget`] | a bound on what all writers of a process hold together |
//! | [`ChunkQueue`] | the queue alone, for those who keep a write loop of their own |
//! | [`ChunkAppender`] | its end, to which a codec or [`try_append`](FlowControlledWriter::try_append) writes an item |
//! | [`Parts`] | what a writer was made of: the inner writer, what was not sent, the position |
//! | [`guide`] | which one to use, migration, recipes, tuning, errors and cancel safety |
//!
//! # Cancel safety
//!
//! Every `async fn` of this crate may be dropped at any await: what is not yet written stays in the
//! queue, in order, and nothing is sent twice. The [guide](guide::errors) lists what each leaves behind, also
//! those of `AsyncWriteExt` and `SinkExt`. Dropping a *writer* discards what it holds.
//!
//! # Features
//!
//! | feature | default | adds |
//! |---|---|---|
//! | `codec` | yes | the module [`codec`], on tokio-util |
//! | `time` | no | [`Builder::stall_timeout`], [`Builder::pause_timeout`] and [`Stats::paused_time`], on tokio's timer |
//! | `tracing` | no | events about pauses, failures and discarded bytes |
//!
//! No feature changes what the others do.
//!
//! # Minimum supported Rust version
//!
//! 1.85.
//!
#![cfg_attr(docsrs, feature(doc_cfg))]
// The docs speak of all features, also where they are built without: links lead elsewhere then.
#![cfg_attr(all(feature = "codec", feature = "time"), doc = include_str!("guide/links.md"))]
#![cfg_attr(not(all(feature = "codec", feature = "time")), doc = include_str!("guide/links_docs_rs.md"))]

mod budget;
mod builder;
mod chunk_queue;
mod error;
mod events;
mod stats;
mod watermarks;
mod write_buffer;
mod writer;

// Behind the others: in this order the docs list the methods of the writer.
pub mod channel;
#[cfg(feature = "codec")]
#[cfg_attr(docsrs, doc(cfg(feature = "codec")))]
pub mod codec;
#[cfg(doc)]
pub mod guide;

pub use budget::MemoryBudget;
pub use builder::Builder;
pub use chunk_queue::{ChunkAppender, ChunkQueue, Chunks, Slices};
pub use error::{TrySendError, TrySendItemError};
pub use stats::Stats;
pub use watermarks::{InvalidWatermarks, Watermarks};
pub use writer::{FlowControlledWriter, Parts};

/// Compiles and runs the code of the README.
#[cfg(all(doctest, feature = "codec"))]
#[doc = include_str!("../README.md")]
struct Readme;
