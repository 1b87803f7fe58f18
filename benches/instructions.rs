//! Counts the instructions of the hot paths, with the rival's beside them. They do not change from
//! run to run, whatever else the machine does.
//!
//! Needs valgrind and `cargo install gungraun-runner` in the version of the library:
//!
//! ```sh
//! cargo bench --bench instructions
//! ```
// The macros make public items.
#![allow(missing_docs)]

mod subjects;
mod support;

use std::fmt;
use std::hint::black_box;

use bytes::Bytes;
use flow_controlled_writer::channel::{Driver, Sender};
use flow_controlled_writer::codec::{FramedSink, LengthDelimitedEncoder};
use flow_controlled_writer::{Builder, FlowControlledWriter, Watermarks};
use futures::{FutureExt, Sink, SinkExt};
use gungraun::{library_benchmark, library_benchmark_group, main};
use tokio::io::{AsyncWrite, BufWriter};
use tokio::sync::mpsc;
use tokio_util::codec::{BytesCodec, FramedWrite, LengthDelimitedCodec, LinesCodec};

use subjects::async_write::{write, write_and_flush};
use subjects::codec::line;
use subjects::drain::done;
use subjects::hand::Hand;
use subjects::header_payload::{Headers, KEPT_FROM, Pushed};
use subjects::sink::feed;
use support::null::Null;

type Ours = FlowControlledWriter<Null>;
type Framed<E = BytesCodec> = FramedWrite<Null, E>;
type Encoded<E> = FramedSink<Null, E>;
type Buffered = BufWriter<Null>;

#[library_benchmark]
#[benches::bytes(args = [64, 1024], setup = never_paused)]
fn push_and_query(parts: (Ours, Bytes)) -> Ours {
    let (mut writer, chunk) = parts;
    for _ in 0..COUNT {
        writer.try_send(chunk.clone()).expect("never paused");
        black_box(writer.buffer_size());
    }
    writer
}

#[library_benchmark]
#[benches::bytes(args = [16, 64, 1024, 65_536], setup = ours)]
fn feed_ours(parts: (Ours, Bytes)) -> Ours {
    fed(parts)
}

#[library_benchmark]
#[benches::bytes(args = [16, 64, 1024, 65_536], setup = framed)]
fn feed_framed(parts: (Framed, Bytes)) -> Framed {
    fed(parts)
}

#[library_benchmark]
#[benches::bytes(args = [16, 64, 256, 1024], setup = ours_written)]
fn write_ours(parts: (Ours, Bytes)) -> Ours {
    written(parts)
}

#[library_benchmark]
#[benches::bytes(args = [16, 64, 256, 1024], setup = buffered)]
fn write_buffered(parts: (Buffered, Bytes)) -> Buffered {
    written(parts)
}

#[library_benchmark]
#[benches::bytes(args = [16, 64, 256, 1024], setup = ours_written)]
fn flush_each_ours(parts: (Ours, Bytes)) -> Ours {
    written_each(parts)
}

#[library_benchmark]
#[benches::bytes(args = [16, 64, 256, 1024], setup = buffered)]
fn flush_each_buffered(parts: (Buffered, Bytes)) -> Buffered {
    written_each(parts)
}

#[library_benchmark]
#[benches::bytes(args = [16, 64, 1024], setup = frames)]
fn frames_ours(parts: (Encoded<LengthDelimitedEncoder>, Bytes)) -> Encoded<LengthDelimitedEncoder> {
    fed(parts)
}

#[library_benchmark]
#[benches::bytes(args = [16, 64, 1024], setup = frames_framed)]
fn frames_framed_write(
    parts: (Framed<LengthDelimitedCodec>, Bytes),
) -> Framed<LengthDelimitedCodec> {
    fed(parts)
}

#[library_benchmark]
#[benches::bytes(args = [16, 64, 1024], setup = lines)]
fn lines_ours(parts: (Encoded<LinesCodec>, &'static str)) -> Encoded<LinesCodec> {
    fed(parts)
}

#[library_benchmark]
#[benches::bytes(args = [16, 64, 1024], setup = lines_framed)]
fn lines_framed_write(parts: (Framed<LinesCodec>, &'static str)) -> Framed<LinesCodec> {
    fed(parts)
}

// Headers and payloads that are kept, with a flush each.
#[library_benchmark]
#[benches::bytes(args = [128, 1024, 16_384], setup = headers)]
fn headers_ours(parts: (Encoded<Pushed>, Bytes)) -> Encoded<Pushed> {
    let (mut sink, payload) = parts;
    for _ in 0..COUNT {
        done(sink.send(payload.clone()));
    }
    sink
}

#[library_benchmark]
#[benches::bytes(args = [128, 1024, 16_384], setup = headers_hand)]
fn headers_by_hand(parts: (Hand<Null>, Headers, Bytes)) -> Hand<Null> {
    let (mut queue, mut headers, payload) = parts;
    for _ in 0..COUNT {
        queue.push_with_header(headers.next(), payload.clone());
        done(queue.flush());
    }
    queue
}

// Chunks that are shared by others, to a peer that has stalled.
#[library_benchmark]
#[benches::bytes(args = [16, 64, 1000], setup = sharing)]
fn push_ours(parts: (Ours, Bytes)) -> Ours {
    let (mut writer, chunk) = parts;
    for _ in 0..COUNT {
        writer.try_send(chunk.clone()).expect("never paused");
    }
    writer
}

#[library_benchmark]
#[benches::bytes(args = [16, 64, 1000], setup = hand)]
fn push_by_hand(parts: (Hand<Null>, Bytes)) -> Hand<Null> {
    let (mut queue, chunk) = parts;
    for _ in 0..COUNT {
        queue.push(chunk.clone());
    }
    queue
}

// By a channel, with the driver's share.
#[library_benchmark]
#[benches::bytes(args = [64, 1024], setup = channel)]
fn send_ours(parts: (Sender, Driver<Null>, Bytes)) -> (Sender, Driver<Null>) {
    sent(parts)
}

#[library_benchmark]
#[benches::bytes(args = [64, 1024], setup = mpsc_channel)]
fn send_by_mpsc(parts: (mpsc::Sender<Bytes>, mpsc::Receiver<Bytes>, Framed, Bytes)) -> Framed {
    let (sender, mut receiver, mut sink, chunk) = parts;
    for _ in 0..COUNT {
        done(sender.send(chunk.clone()));
    }
    while let Some(Some(chunk)) = receiver.recv().now_or_never() {
        done(sink.feed(chunk));
    }
    done(SinkExt::<Bytes>::flush(&mut sink));
    sink
}

#[library_benchmark]
#[benches::threshold(args = [1024, 0], setup = queued)]
fn short_writes_ours(mut writer: Ours) -> Ours {
    done(writer.flush());
    writer
}

#[library_benchmark]
#[benches::threshold(args = [1024, 0], setup = queued_framed)]
fn short_writes_framed(mut sink: Framed) -> Framed {
    done(SinkExt::<Bytes>::flush(&mut sink));
    sink
}

#[inline]
fn fed<Item, S>((mut sink, item): (S, Item)) -> S
where
    Item: Clone,
    S: Sink<Item, Error: fmt::Debug> + Unpin,
{
    done(feed(&mut sink, &item, COUNT));
    sink
}

#[inline]
fn written<A: AsyncWrite + Unpin>((mut writer, slice): (A, Bytes)) -> A {
    done(write(&mut writer, &slice, COUNT));
    writer
}

#[inline]
fn written_each<A: AsyncWrite + Unpin>((mut writer, slice): (A, Bytes)) -> A {
    done(write_and_flush(&mut writer, &slice, COUNT));
    writer
}

#[inline]
fn sent(parts: (Sender, Driver<Null>, Bytes)) -> (Sender, Driver<Null>) {
    let (sender, mut driver, chunk) = parts;
    for _ in 0..COUNT {
        while sender.send(chunk.clone()).now_or_never().is_none() {
            assert!((&mut driver).now_or_never().is_none());
        }
    }
    assert!((&mut driver).now_or_never().is_none());
    (sender, driver)
}

/// Makes a writer that has been through some batches, so that what it keeps is there, and a chunk.
fn ours(size: usize) -> (Ours, Bytes) {
    warm(FlowControlledWriter::new(Null::new()), chunk(size))
}

fn ours_written(size: usize) -> (Ours, Bytes) {
    let warm = |writer, _| written((writer, chunk(size)));
    ((0..WARMUPS).fold(FlowControlledWriter::new(Null::new()), warm), chunk(size))
}

fn never_paused(size: usize) -> (Ours, Bytes) {
    let (mut writer, chunk) = ours(size);
    writer.set_watermarks(Watermarks::new(0, usize::MAX));
    (writer, chunk)
}

fn framed(size: usize) -> (Framed, Bytes) {
    warm(FramedWrite::new(Null::new(), BytesCodec::new()), chunk(size))
}

fn frames(size: usize) -> (Encoded<LengthDelimitedEncoder>, Bytes) {
    let writer = FlowControlledWriter::new(Null::new());
    warm(FramedSink::new(writer, LengthDelimitedEncoder::new()), chunk(size))
}

fn frames_framed(size: usize) -> (Framed<LengthDelimitedCodec>, Bytes) {
    warm(FramedWrite::new(Null::new(), LengthDelimitedCodec::new()), chunk(size))
}

fn lines(size: usize) -> (Encoded<LinesCodec>, &'static str) {
    let writer = FlowControlledWriter::new(Null::new());
    warm(FramedSink::new(writer, LinesCodec::new()), line(size))
}

fn lines_framed(size: usize) -> (Framed<LinesCodec>, &'static str) {
    warm(FramedWrite::new(Null::new(), LinesCodec::new()), line(size))
}

fn headers(size: usize) -> (Encoded<Pushed>, Bytes) {
    let writer = Builder::new().coalesce_threshold(KEPT_FROM).build(Null::new());
    warm(FramedSink::new(writer, Pushed(Headers::default())), chunk(size))
}

fn headers_hand(size: usize) -> (Hand<Null>, Headers, Bytes) {
    (Null::new().into(), Headers::default(), chunk(size))
}

/// Makes a writer whose peer has stalled.
fn sharing(size: usize) -> (Ours, Bytes) {
    let marks = Watermarks::new(0, usize::MAX);
    let options = Builder::new().watermarks(marks).coalesce_threshold(KEPT_FROM);
    let (mut writer, chunk) = (options.build(Null::gated()), chunk(size));
    writer.try_send(chunk.clone()).expect("never paused");
    assert!(writer.flush().now_or_never().is_none());
    (writer, chunk)
}

fn hand(size: usize) -> (Hand<Null>, Bytes) {
    (Null::gated().into(), chunk(size))
}

fn channel(size: usize) -> (Sender, Driver<Null>, Bytes) {
    let (sender, driver) = FlowControlledWriter::new(Null::new()).into_channel();
    let warm = |(sender, driver), _| sent((sender, driver, chunk(size)));
    let (sender, driver) = (0..WARMUPS).fold((sender, driver), warm);
    (sender, driver, chunk(size))
}

fn mpsc_channel(size: usize) -> (mpsc::Sender<Bytes>, mpsc::Receiver<Bytes>, Framed, Bytes) {
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

fn buffered(size: usize) -> (Buffered, Bytes) {
    (written((BufWriter::new(Null::new()), chunk(size))), chunk(size))
}

/// Makes a full queue whose bytes go out 100 at a time.
fn queued(coalesce_threshold: usize) -> Ours {
    let mut writer = Builder::new()
        .coalesce_threshold(coalesce_threshold)
        .watermarks(Watermarks::new(0, usize::MAX))
        .build(Null::with_limit(100));
    for _ in 0..COUNT {
        writer.try_send(chunk(64)).expect("never paused");
    }
    writer
}

fn queued_framed(_coalesce_threshold: usize) -> Framed {
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

const COUNT: usize = 1000;
/// Batches after which a thread keeps what it needs again and again.
const WARMUPS: usize = 10;

library_benchmark_group!(name = size, benchmarks = [push_and_query]);
library_benchmark_group!(name = sink, compare_by_id = true, benchmarks = [feed_ours, feed_framed]);
library_benchmark_group!(
    name = write_all,
    compare_by_id = true,
    benchmarks = [write_ours, write_buffered]
);
library_benchmark_group!(
    name = flush_each,
    compare_by_id = true,
    benchmarks = [flush_each_ours, flush_each_buffered]
);
library_benchmark_group!(
    name = short_writes,
    compare_by_id = true,
    benchmarks = [short_writes_ours, short_writes_framed]
);
library_benchmark_group!(
    name = frames,
    compare_by_id = true,
    benchmarks = [frames_ours, frames_framed_write]
);
library_benchmark_group!(
    name = lines,
    compare_by_id = true,
    benchmarks = [lines_ours, lines_framed_write]
);
library_benchmark_group!(
    name = header_payload,
    compare_by_id = true,
    benchmarks = [headers_ours, headers_by_hand]
);
library_benchmark_group!(
    name = broadcast,
    compare_by_id = true,
    benchmarks = [push_ours, push_by_hand]
);
library_benchmark_group!(
    name = channel,
    compare_by_id = true,
    benchmarks = [send_ours, send_by_mpsc]
);

main!(
    library_benchmark_groups = [
        size,
        sink,
        write_all,
        flush_each,
        short_writes,
        frames,
        lines,
        header_payload,
        broadcast,
        channel
    ]
);
