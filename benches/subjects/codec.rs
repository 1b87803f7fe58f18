//! Frames and lines, against `FramedWrite`.
use std::fmt::Debug;

use bytes::Bytes;
use flow_controlled_writer::FlowControlledWriter;
use flow_controlled_writer::codec::{FramedSink, LengthDelimitedEncoder};
use futures::Sink;
use tokio::io::AsyncWrite;
use tokio_util::codec::{Encoder, FramedWrite, LengthDelimitedCodec, LinesCodec};

use super::sink::{FRAMED, FRAMED_TUNED, feed, tuned};
use super::{Contestants, Setting};
use crate::support::entry::Entry;

/// Feed a batch of payloads behind a header with their length each, then flush.
pub struct Frames;

/// Feed a batch of lines, then flush. The size is that of a line without its end.
pub struct Lines;

impl Contestants for Frames {
    fn entries<W: AsyncWrite + Unpin + 'static>(&self, setting: &Setting<'_, W>) -> Vec<Entry> {
        let payload = Bytes::from(vec![b'x'; setting.batch.size]);
        let item = Item { value: payload, framing: HEADER };
        let ours = item.entry(OURS, setting, |writer| {
            FramedSink::new(FlowControlledWriter::new(writer), LengthDelimitedEncoder::new())
        });
        item.beside_rivals(ours, setting, LengthDelimitedCodec::new)
    }
}

impl Contestants for Lines {
    fn entries<W: AsyncWrite + Unpin + 'static>(&self, setting: &Setting<'_, W>) -> Vec<Entry> {
        let item = Item { value: line(setting.batch.size), framing: "\n".len() };
        let ours = item.entry(OURS, setting, |writer| {
            FramedSink::new(FlowControlledWriter::new(writer), LinesCodec::new())
        });
        item.beside_rivals(ours, setting, LinesCodec::new)
    }
}

/// What is encoded, and the bytes that its encoder adds.
struct Item<T> {
    value: T,
    framing: usize,
}

impl<T: Clone + 'static> Item<T> {
    fn entry<W, S: Sink<T, Error: Debug> + Unpin + 'static>(
        &self,
        name: &'static str,
        setting: &Setting<'_, W>,
        wrap: impl FnOnce(W) -> S,
    ) -> Entry {
        let value = self.value.clone();
        let count = setting.batch.count;
        let bytes = count * (setting.batch.size + self.framing);
        setting.entry(name, bytes, wrap, async move |sink| feed(sink, &value, count).await)
    }

    fn beside_rivals<W, E>(
        &self,
        ours: Entry,
        setting: &Setting<'_, W>,
        codec: fn() -> E,
    ) -> Vec<Entry>
    where
        W: AsyncWrite + Unpin + 'static,
        E: Encoder<T, Error: Debug> + Unpin + 'static,
    {
        let wrap = |writer| FramedWrite::new(writer, codec());
        vec![
            ours,
            self.entry(FRAMED, setting, wrap),
            self.entry(FRAMED_TUNED, setting, |writer| tuned(wrap(writer))),
        ]
    }
}

/// Returns a line of `size` bytes without its end.
pub fn line(size: usize) -> &'static str {
    std::str::from_utf8(&LINE[..size]).expect("the line is ASCII")
}

static LINE: [u8; 1024] = [b'x'; 1024];
/// Length of the header of a frame, by default.
pub const HEADER: usize = 4;
/// Lengths of the lines.
pub const LINES: [usize; 4] = [16, 64, 256, 1024];

pub const OURS: &str = "FramedSink";
