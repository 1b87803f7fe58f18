//! Sinks of frames that encode straight into the queue of a writer.
//!
//! `tokio_util::codec::Framed` around a [`FlowControlledWriter`](crate::FlowControlledWriter)
//! would collect the frames in a buffer of its own, copy them, and flush the writer to empty every
//! 8 KiB: the watermarks of the writer would never act. A [`FramedSink`] has no buffer. It lets the
//! encoder append to the end of the writer's queue and counts what was added.
//!
//! - Every [`Encoder`](tokio_util::codec::Encoder) works as it is: [`LinesCodec`],
//!   [`BytesCodec`], one of your own.
//! - A [`ChunkEncoder`] queues large parts of a frame without a copy. [`LengthDelimitedEncoder`]
//!   is one, for the frames of [`LengthDelimitedCodec`].
//! - [`Framed`] is a `Stream` and a `Sink` of one connection and one codec.
//! - [`FramedSender`] sends items from many tasks over one connection.
//!
//! `SinkExt::flush` and `SinkExt::close` cannot tell which type of item they are for where a codec
//! encodes several. [`FramedSink`] and [`Framed`] have `flush` and `shutdown` of their own, which need not
//! know; a [`FramedSender`] flushes by its [`sender`](FramedSender::sender).
//!
//! [`BytesCodec`]: tokio_util::codec::BytesCodec
//! [`LengthDelimitedCodec`]: tokio_util::codec::LengthDelimitedCodec
//! [`LinesCodec`]: tokio_util::codec::LinesCodec

mod chunk_encoder;
mod framed;
mod framed_parts;
mod framed_sender;
mod framed_sink;
mod framed_sink_parts;
mod length_delimited_builder;
mod length_delimited_encoder;
mod length_field_type;

pub use self::chunk_encoder::ChunkEncoder;
pub use self::framed::Framed;
pub use self::framed_parts::FramedParts;
pub use self::framed_sender::FramedSender;
pub use self::framed_sink::FramedSink;
pub use self::framed_sink_parts::FramedSinkParts;
pub use self::length_delimited_builder::LengthDelimitedBuilder;
pub use self::length_delimited_encoder::LengthDelimitedEncoder;
pub use self::length_field_type::LengthFieldType;
#[doc(no_inline)]
pub use crate::chunk_queue::ChunkAppender;
#[doc(no_inline)]
pub use crate::error::TrySendItemError;
