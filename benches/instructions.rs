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
use flow_controlled_writer::codec::{FramedSink, LengthDelimitedEncoder};
use flow_controlled_writer::{Builder, FlowControlledWriter, Watermarks};
use futures::{FutureExt, Sink, SinkExt};
use gungraun::{library_benchmark, library_benchmark_group, main};
use tokio::io::{AsyncWrite, BufWriter};
use tokio_util::codec::{BytesCodec, FramedWrite, LengthDelimitedCodec, LinesCodec};

use subjects::async_write::{write, write_and_flush};
use subjects::codec::line;
use subjects::sink::feed;
use support::null::Null;

type Ours = FlowControlledWriter<Null>;
type Framed<E = BytesCodec> = FramedWrite<Null, E>;
type Encoded<E> = FramedSink<Null, E>;
type Buffered = BufWriter<Null>;

#[library_benchmark]
#[bench::merged(args = (64), setup = never_paused)]
#[bench::kept(args = (1024), setup = never_paused)]
fn push_and_query(parts: (Ours, Bytes)) -> Ours {
    let (mut writer, chunk) = parts;
    for _ in 0..COUNT {
        writer.try_send(chunk.clone()).expect("never paused");
        black_box(writer.buffer_size());
    }
    writer
}

#[library_benchmark]
#[bench::bytes_16(args = (16), setup = ours)]
#[bench::bytes_64(args = (64), setup = ours)]
#[bench::bytes_1024(args = (1024), setup = ours)]
#[bench::bytes_65536(args = (65536), setup = ours)]
fn feed_ours(parts: (Ours, Bytes)) -> Ours {
    fed(parts)
}

#[library_benchmark]
#[bench::bytes_16(args = (16), setup = framed)]
#[bench::bytes_64(args = (64), setup = framed)]
#[bench::bytes_1024(args = (1024), setup = framed)]
#[bench::bytes_65536(args = (65536), setup = framed)]
fn feed_framed(parts: (Framed, Bytes)) -> Framed {
    fed(parts)
}

#[library_benchmark]
#[bench::bytes_16(args = (16), setup = ours_written)]
#[bench::bytes_64(args = (64), setup = ours_written)]
#[bench::bytes_256(args = (256), setup = ours_written)]
#[bench::bytes_1024(args = (1024), setup = ours_written)]
fn write_ours(parts: (Ours, Bytes)) -> Ours {
    written(parts)
}

#[library_benchmark]
#[bench::bytes_16(args = (16), setup = buffered)]
#[bench::bytes_64(args = (64), setup = buffered)]
#[bench::bytes_256(args = (256), setup = buffered)]
#[bench::bytes_1024(args = (1024), setup = buffered)]
fn write_buffered(parts: (Buffered, Bytes)) -> Buffered {
    written(parts)
}

#[library_benchmark]
#[bench::bytes_16(args = (16), setup = ours_written)]
#[bench::bytes_64(args = (64), setup = ours_written)]
#[bench::bytes_256(args = (256), setup = ours_written)]
#[bench::bytes_1024(args = (1024), setup = ours_written)]
fn flush_each_ours(parts: (Ours, Bytes)) -> Ours {
    written_each(parts)
}

#[library_benchmark]
#[bench::bytes_16(args = (16), setup = buffered)]
#[bench::bytes_64(args = (64), setup = buffered)]
#[bench::bytes_256(args = (256), setup = buffered)]
#[bench::bytes_1024(args = (1024), setup = buffered)]
fn flush_each_buffered(parts: (Buffered, Bytes)) -> Buffered {
    written_each(parts)
}

#[library_benchmark]
#[bench::bytes_16(args = (16), setup = frames)]
#[bench::bytes_64(args = (64), setup = frames)]
#[bench::bytes_1024(args = (1024), setup = frames)]
fn frames_ours(parts: (Encoded<LengthDelimitedEncoder>, Bytes)) -> Encoded<LengthDelimitedEncoder> {
    fed(parts)
}

#[library_benchmark]
#[bench::bytes_16(args = (16), setup = frames_framed)]
#[bench::bytes_64(args = (64), setup = frames_framed)]
#[bench::bytes_1024(args = (1024), setup = frames_framed)]
fn frames_framed_write(
    parts: (Framed<LengthDelimitedCodec>, Bytes),
) -> Framed<LengthDelimitedCodec> {
    fed(parts)
}

#[library_benchmark]
#[bench::bytes_16(args = (16), setup = lines)]
#[bench::bytes_64(args = (64), setup = lines)]
#[bench::bytes_1024(args = (1024), setup = lines)]
fn lines_ours(parts: (Encoded<LinesCodec>, &'static str)) -> Encoded<LinesCodec> {
    fed(parts)
}

#[library_benchmark]
#[bench::bytes_16(args = (16), setup = lines_framed)]
#[bench::bytes_64(args = (64), setup = lines_framed)]
#[bench::bytes_1024(args = (1024), setup = lines_framed)]
fn lines_framed_write(parts: (Framed<LinesCodec>, &'static str)) -> Framed<LinesCodec> {
    fed(parts)
}

#[library_benchmark]
#[bench::merged(args = (1024), setup = queued)]
#[bench::kept(args = (0), setup = queued)]
fn short_writes_ours(mut writer: Ours) -> Ours {
    done(writer.flush());
    writer
}

#[library_benchmark]
#[bench::merged(queued_framed())]
#[bench::kept(queued_framed())]
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

/// Makes a writer that has been through one batch, so that what it keeps is there, and a chunk.
fn ours(size: usize) -> (Ours, Bytes) {
    warm(FlowControlledWriter::new(Null::new()), chunk(size))
}

fn ours_written(size: usize) -> (Ours, Bytes) {
    (written((FlowControlledWriter::new(Null::new()), chunk(size))), chunk(size))
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

/// Puts one batch through a sink, so that what it keeps is there.
fn warm<Item: Clone, S>(sink: S, item: Item) -> (S, Item)
where
    S: Sink<Item, Error: fmt::Debug> + Unpin,
{
    (fed((sink, item.clone())), item)
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

fn queued_framed() -> Framed {
    let mut sink = FramedWrite::new(Null::with_limit(100), BytesCodec::new());
    sink.set_backpressure_boundary(usize::MAX);
    for _ in 0..COUNT {
        done(sink.feed(chunk(64)));
    }
    sink
}

fn chunk(size: usize) -> Bytes {
    Bytes::from(vec![b'x'; size])
}

/// Polls a future that is never pending.
fn done<T, E: fmt::Debug>(future: impl Future<Output = Result<T, E>>) -> T {
    // A poll ends early where it is fair to other tasks.
    let mut future = std::pin::pin!(future);
    loop {
        if let Some(result) = future.as_mut().now_or_never() {
            return result.expect("a null writer never fails");
        }
    }
}

const COUNT: usize = 1000;

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

main!(library_benchmark_groups = [size, sink, write_all, flush_each, short_writes, frames, lines]);
