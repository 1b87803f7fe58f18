//! What is made before the counting starts. All that a thread keeps is there by then.
#![allow(unreachable_pub)]
use std::fmt;

use bytes::Bytes;
use flow_controlled_writer::channel::{Driver, Sender};
use flow_controlled_writer::codec::{FramedSink, LengthDelimitedEncoder};
use flow_controlled_writer::{Builder, FlowControlledWriter, Watermarks};
use futures::{FutureExt, Sink, SinkExt};
use tokio::io::BufWriter;
use tokio::sync::mpsc;
use tokio_util::codec::{BytesCodec, FramedWrite, LengthDelimitedCodec, LinesCodec};

use super::batches::{COUNT, fed, sent, written};
use super::{Buffered, Encoded, Framed, Ours};
use crate::subjects::codec::line;
use crate::subjects::drain::done;
use crate::subjects::hand::Hand;
use crate::subjects::header_payload::{Headers, KEPT_FROM, Pushed};
use crate::support::null::Null;

/// Makes a writer that has been through some batches, so that what it keeps is there, and a chunk.
pub fn ours(size: usize) -> (Ours, Bytes) {
    warm(FlowControlledWriter::new(Null::new()), chunk(size))
}

pub fn ours_written(size: usize) -> (Ours, Bytes) {
    let warm = |writer, _| written((writer, chunk(size)));
    ((0..WARMUPS).fold(FlowControlledWriter::new(Null::new()), warm), chunk(size))
}

pub fn never_paused(size: usize) -> (Ours, Bytes) {
    let (mut writer, chunk) = ours(size);
    writer.set_watermarks(Watermarks::new(0, usize::MAX));
    (writer, chunk)
}

pub fn framed(size: usize) -> (Framed, Bytes) {
    warm(FramedWrite::new(Null::new(), BytesCodec::new()), chunk(size))
}

pub fn frames(size: usize) -> (Encoded<LengthDelimitedEncoder>, Bytes) {
    let writer = FlowControlledWriter::new(Null::new());
    warm(FramedSink::new(writer, LengthDelimitedEncoder::new()), chunk(size))
}

pub fn frames_framed(size: usize) -> (Framed<LengthDelimitedCodec>, Bytes) {
    warm(FramedWrite::new(Null::new(), LengthDelimitedCodec::new()), chunk(size))
}

pub fn lines(size: usize) -> (Encoded<LinesCodec>, &'static str) {
    let writer = FlowControlledWriter::new(Null::new());
    warm(FramedSink::new(writer, LinesCodec::new()), line(size))
}

pub fn lines_framed(size: usize) -> (Framed<LinesCodec>, &'static str) {
    warm(FramedWrite::new(Null::new(), LinesCodec::new()), line(size))
}

pub fn headers(size: usize) -> (Encoded<Pushed>, Bytes) {
    let writer = Builder::new().coalesce_threshold(KEPT_FROM).build(Null::new());
    warm(FramedSink::new(writer, Pushed(Headers::default())), chunk(size))
}

pub fn headers_hand(size: usize) -> (Hand<Null>, Headers, Bytes) {
    (Null::new().into(), Headers::default(), chunk(size))
}

/// Makes a writer whose peer has stalled.
pub fn sharing(size: usize) -> (Ours, Bytes) {
    let marks = Watermarks::new(0, usize::MAX);
    let options = Builder::new().watermarks(marks).coalesce_threshold(KEPT_FROM);
    let (mut writer, chunk) = (options.build(Null::gated()), chunk(size));
    writer.try_send(chunk.clone()).expect("never paused");
    assert!(writer.flush().now_or_never().is_none());
    (writer, chunk)
}

pub fn hand(size: usize) -> (Hand<Null>, Bytes) {
    (Null::gated().into(), chunk(size))
}

pub fn channel(size: usize) -> (Sender, Driver<Null>, Bytes) {
    let (sender, driver) = FlowControlledWriter::new(Null::new()).into_channel();
    let warm = |(sender, driver), _| sent((sender, driver, chunk(size)));
    let (sender, driver) = (0..WARMUPS).fold((sender, driver), warm);
    (sender, driver, chunk(size))
}

pub fn mpsc_channel(size: usize) -> (mpsc::Sender<Bytes>, mpsc::Receiver<Bytes>, Framed, Bytes) {
    let (sender, receiver) = mpsc::channel(COUNT);
    let (sink, chunk) = framed(size);
    (sender, receiver, sink, chunk)
}

/// Puts some batches through a sink.
fn warm<Item: Clone, S>(sink: S, item: Item) -> (S, Item)
where
    S: Sink<Item, Error: fmt::Debug> + Unpin,
{
    let warm = |sink, _| fed((sink, item.clone()));
    ((0..WARMUPS).fold(sink, warm), item)
}

pub fn buffered(size: usize) -> (Buffered, Bytes) {
    (written((BufWriter::new(Null::new()), chunk(size))), chunk(size))
}

/// Makes a full queue whose bytes go out 100 at a time.
pub fn queued(coalesce_threshold: usize) -> Ours {
    let mut writer = Builder::new()
        .coalesce_threshold(coalesce_threshold)
        .watermarks(Watermarks::new(0, usize::MAX))
        .build(Null::with_limit(100));
    for _ in 0..COUNT {
        writer.try_send(chunk(64)).expect("never paused");
    }
    writer
}

pub fn queued_framed(_coalesce_threshold: usize) -> Framed {
    let mut sink = FramedWrite::new(Null::with_limit(100), BytesCodec::new());
    sink.set_backpressure_boundary(usize::MAX);
    for _ in 0..COUNT {
        done(sink.feed(chunk(64)));
    }
    sink
}

/// Makes a chunk that others hold, too.
fn chunk(size: usize) -> Bytes {
    let chunk = Bytes::from(vec![b'x'; size]);
    std::mem::forget(chunk.clone());
    chunk
}

/// Batches after which a thread keeps what it needs again and again.
const WARMUPS: usize = 10;
