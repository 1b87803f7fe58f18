use std::fmt;

use bytes::Bytes;
use flow_controlled_writer::FlowControlledWriter;
use flow_controlled_writer::codec::{FramedSink, LengthDelimitedEncoder};
use futures::Sink;
use tokio::io::AsyncWrite;
use tokio_util::codec::{FramedWrite, LengthDelimitedCodec, LinesCodec};

use super::sink::{FRAMED, FRAMED_TUNED, feed};
use super::{Batch, Connection, Contestants, TUNED};
use crate::support::entry::{Case, Entry, Sender};

/// Feed a batch of payloads behind a header with their length each, then flush.
pub struct Frames;

/// Feed a batch of lines, then flush. The size is that of a line without its end.
pub struct Lines;

impl Contestants for Frames {
    fn case<W: AsyncWrite + Unpin + 'static>(
        &self,
        batch: Batch,
        sender: &Sender,
        connect: impl Fn() -> Connection<W>,
    ) -> Case {
        let payload = Item { value: Bytes::from(vec![b'x'; batch.size]), framing: HEADER };
        let encoder = LengthDelimitedEncoder::new;
        let codec = LengthDelimitedCodec::new;
        batch.case(vec![
            entry(OURS, batch, sender, connect(), &payload, |writer| ours(writer, encoder())),
            entry(FRAMED, batch, sender, connect(), &payload, |writer| {
                FramedWrite::new(writer, codec())
            }),
            entry(FRAMED_TUNED, batch, sender, connect(), &payload, |writer| {
                tuned(FramedWrite::new(writer, codec()))
            }),
        ])
    }
}

impl Contestants for Lines {
    fn case<W: AsyncWrite + Unpin + 'static>(
        &self,
        batch: Batch,
        sender: &Sender,
        connect: impl Fn() -> Connection<W>,
    ) -> Case {
        let line = Item { value: line(batch.size), framing: "\n".len() };
        let codec = LinesCodec::new;
        batch.case(vec![
            entry(OURS, batch, sender, connect(), &line, |writer| ours(writer, codec())),
            entry(FRAMED, batch, sender, connect(), &line, |writer| {
                FramedWrite::new(writer, codec())
            }),
            entry(FRAMED_TUNED, batch, sender, connect(), &line, |writer| {
                tuned(FramedWrite::new(writer, codec()))
            }),
        ])
    }
}

/// What is encoded, and the bytes that its encoder adds.
struct Item<T> {
    value: T,
    framing: usize,
}

fn entry<W, S, T>(
    name: &'static str,
    batch: Batch,
    sender: &Sender,
    (writer, reader): Connection<W>,
    item: &Item<T>,
    wrap: impl FnOnce(W) -> S,
) -> Entry
where
    S: Sink<T, Error: fmt::Debug> + Unpin + 'static,
    T: Clone + 'static,
{
    let mut sink = wrap(writer);
    let value = item.value.clone();
    let sender = sender.clone();
    let bytes = batch.count * (batch.size + item.framing);
    Entry::to_reader(name, bytes as u64, reader, move || {
        sender.block_on(feed(&mut sink, &value, batch.count)).expect("the reader lives");
    })
}

fn ours<W: AsyncWrite, E>(writer: W, encoder: E) -> FramedSink<W, E> {
    FramedSink::new(FlowControlledWriter::new(writer), encoder)
}

fn tuned<W, E>(mut framed: FramedWrite<W, E>) -> FramedWrite<W, E> {
    framed.set_backpressure_boundary(TUNED);
    framed
}

/// Returns a line of `size` bytes without its end.
pub fn line(size: usize) -> &'static str {
    std::str::from_utf8(&LINE[..size]).expect("the line is ASCII")
}

static LINE: [u8; 1024] = [b'x'; 1024];
/// Length of the header of a frame, by default.
const HEADER: usize = 4;
/// Lengths of the lines.
pub const LINES: [usize; 4] = [16, 64, 256, 1024];

pub const OURS: &str = "FramedSink";
