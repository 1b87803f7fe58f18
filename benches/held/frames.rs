//! Frames.
use std::io;

use bytes::{BufMut, Bytes, BytesMut};
use flow_controlled_writer::codec::{FramedSink, LengthDelimitedEncoder};
use tokio_util::codec::Encoder;

use super::{Row, held, row, stall, unbounded};
use crate::subjects::drain::done;
use crate::support::null::Null;

/// Frames that have stalled, whatever their encoder reserves.
pub fn stalled() -> Vec<Row> {
    let mut rows = Vec::new();
    let mut usual = None;
    for (how, generous) in [
        ("reserve 20 B", Generous::Reserves(20)),
        ("reserve 64 B", Generous::Reserves(64)),
        ("reserve 2 KiB", Generous::Reserves(2048)),
        ("reserve 8 KiB", Generous::Reserves(8192)),
        ("resize to 1 KiB and truncate", Generous::Resizes(1024)),
        ("resize to 64 KiB and truncate", Generous::Resizes(65_536)),
        ("unsplit a block of their own", Generous::Unsplits),
    ] {
        let mut sink = FramedSink::new(unbounded(Null::gated()), generous);
        let (_, stalled) = held(|| {
            (0..1000).for_each(|_| done(sink.feed(())));
            stall(sink.get_mut());
        });
        let what = format!("1000 frames of 20 B that {how}, for a byte");
        rows.push(row(what, stalled / sink.buffer_size() as f64, 1.1));
        let chunks = sink.get_ref().queued_chunks() as f64;
        let most = 2.0 * *usual.get_or_insert(chunks);
        rows.push(row(format!("1000 frames of 20 B that {how}, chunks"), chunks, most));
    }
    for size in [16, 100, 1000, 2048, 4096] {
        let writer = unbounded(Null::gated());
        let mut sink = FramedSink::new(writer, LengthDelimitedEncoder::new());
        let (_, stalled) = held(|| {
            (0..TOTAL / size).for_each(|_| done(sink.feed(Bytes::from(vec![1; size]))));
            stall(sink.get_mut());
        });
        let what = format!("length-delimited frames of {size} B, for a byte");
        rows.push(row(what, stalled / sink.buffer_size() as f64, 1.1));
    }
    rows
}

/// Encodes frames of 20 bytes.
enum Generous {
    /// After it has reserved so many.
    Reserves(usize),
    /// By a cut of what has so many.
    Resizes(usize),
    /// In a block of its own.
    Unsplits,
}

impl Encoder<()> for Generous {
    type Error = io::Error;

    fn encode(&mut self, _: (), dst: &mut BytesMut) -> io::Result<()> {
        let before = dst.len();
        match *self {
            Self::Reserves(bytes) => {
                dst.reserve(bytes);
                dst.put_bytes(1, FRAME);
            }
            Self::Resizes(bytes) => {
                dst.resize(before + bytes, 1);
                dst.truncate(before + FRAME);
            }
            Self::Unsplits => {
                let mut own = BytesMut::with_capacity(64);
                own.put_bytes(1, FRAME);
                dst.unsplit(own);
            }
        }
        Ok(())
    }
}

const FRAME: usize = 20;
/// Bytes in frames of each length.
const TOTAL: usize = 4 << 20;
