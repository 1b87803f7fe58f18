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
//! - [`framed`] makes a `Stream` and `Sink` of a connection and a codec.
//!
//! [`BytesCodec`]: tokio_util::codec::BytesCodec
//! [`LengthDelimitedCodec`]: tokio_util::codec::LengthDelimitedCodec
//! [`LinesCodec`]: tokio_util::codec::LinesCodec

mod chunk_appender;
mod chunk_encoder;
mod fingerprint;
mod framed;
mod framed_parts;
mod framed_sink;
mod length_delimited_builder;
mod length_delimited_encoder;
mod try_send_item_error;

pub use self::chunk_appender::ChunkAppender;
pub use self::chunk_encoder::ChunkEncoder;
pub use self::framed::{Framed, framed};
pub use self::framed_parts::FramedParts;
pub use self::framed_sink::FramedSink;
pub use self::length_delimited_builder::{LengthDelimitedBuilder, LengthFieldType};
pub use self::length_delimited_encoder::LengthDelimitedEncoder;
pub use self::try_send_item_error::TrySendItemError;
