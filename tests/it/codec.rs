//! Frames that are encoded into the queue: by the encoders of tokio-util, by some that break the
//! rules, and by those of this crate.

mod at_hand;
mod bad_encoders;
mod cancel;
mod duplex;
mod existing_codecs;
mod flow;
mod frame_rig;
mod framed;
mod framed_sender;
mod framed_write;
mod generous;
mod length_delimited;
mod model;
mod own_encoder;
mod refused_frames;

use bytes::BytesMut;
use flow_controlled_writer::codec::{ChunkAppender, ChunkEncoder};
use std::io;
use tokio_util::codec::{Decoder, Encoder};

use self::frame_rig::FrameRig;

/// An encoder whose items are what it does to the block.
#[derive(Debug)]
struct Does;

impl<F: FnOnce(&mut BytesMut) -> io::Result<()>> Encoder<F> for Does {
    type Error = io::Error;

    fn encode(&mut self, item: F, dst: &mut BytesMut) -> io::Result<()> {
        item(dst)
    }
}

/// An encoder whose items are what it does to the end of the queue.
///
/// They are wrapped, as for a bare `F` another crate might make this an `Encoder` too.
#[derive(Debug)]
struct Appends;

#[derive(Clone, Copy)]
struct Parts<F>(F);

impl<F: FnOnce(&mut ChunkAppender<'_>) -> io::Result<()>> ChunkEncoder<Parts<F>> for Appends {
    type Error = io::Error;

    fn encode(&mut self, item: Parts<F>, dst: &mut ChunkAppender<'_>) -> io::Result<()> {
        item.0(dst)
    }
}

/// Decodes `wire` to its end.
fn decode<D: Decoder>(mut decoder: D, wire: &[u8]) -> Vec<D::Item>
where
    D::Error: std::fmt::Debug,
{
    let mut wire = BytesMut::from(wire);
    let mut items = Vec::new();
    while let Some(item) = decoder.decode_eof(&mut wire).expect("what was encoded decodes") {
        items.push(item);
    }
    assert!(wire.is_empty(), "{} bytes behind the last frame", wire.len());
    items
}
