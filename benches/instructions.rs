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

#[path = "instructions/batches.rs"]
mod batches;
#[path = "instructions/setups.rs"]
mod setups;
mod subjects;
mod support;

use std::hint::black_box;

use bytes::Bytes;
use flow_controlled_writer::FlowControlledWriter;
use flow_controlled_writer::channel::{Driver, Sender};
use flow_controlled_writer::codec::{FramedSink, LengthDelimitedEncoder};
use futures::{FutureExt, SinkExt};
use gungraun::{library_benchmark, library_benchmark_group, main};
use tokio::io::BufWriter;
use tokio::sync::mpsc;
use tokio_util::codec::{BytesCodec, FramedWrite, LengthDelimitedCodec, LinesCodec};

use batches::{COUNT, fed, sent, written, written_each};
use subjects::drain::done;
use subjects::hand::Hand;
use subjects::header_payload::{Headers, Pushed};
use support::null::Null;

type Ours = FlowControlledWriter<Null>;
type Framed<E = BytesCodec> = FramedWrite<Null, E>;
type Encoded<E> = FramedSink<Null, E>;
type Buffered = BufWriter<Null>;

#[library_benchmark]
#[benches::bytes(args = [64, 1024], setup = setups::never_paused)]
fn push_and_query(parts: (Ours, Bytes)) -> Ours {
    let (mut writer, chunk) = parts;
    for _ in 0..COUNT {
        writer.try_send(chunk.clone()).expect("never paused");
        black_box(writer.buffer_size());
    }
    writer
}

#[library_benchmark]
#[benches::bytes(args = [16, 64, 1024, 65_536], setup = setups::ours)]
fn feed_ours(parts: (Ours, Bytes)) -> Ours {
    fed(parts)
}

#[library_benchmark]
#[benches::bytes(args = [16, 64, 1024, 65_536], setup = setups::framed)]
fn feed_framed(parts: (Framed, Bytes)) -> Framed {
    fed(parts)
}

#[library_benchmark]
#[benches::bytes(args = [16, 64, 256, 1024], setup = setups::ours_written)]
fn write_ours(parts: (Ours, Bytes)) -> Ours {
    written(parts)
}

#[library_benchmark]
#[benches::bytes(args = [16, 64, 256, 1024], setup = setups::buffered)]
fn write_buffered(parts: (Buffered, Bytes)) -> Buffered {
    written(parts)
}

#[library_benchmark]
#[benches::bytes(args = [16, 64, 256, 1024], setup = setups::ours_written)]
fn flush_each_ours(parts: (Ours, Bytes)) -> Ours {
    written_each(parts)
}

#[library_benchmark]
#[benches::bytes(args = [16, 64, 256, 1024], setup = setups::buffered)]
fn flush_each_buffered(parts: (Buffered, Bytes)) -> Buffered {
    written_each(parts)
}

#[library_benchmark]
#[benches::bytes(args = [16, 64, 1024], setup = setups::frames)]
fn frames_ours(parts: (Encoded<LengthDelimitedEncoder>, Bytes)) -> Encoded<LengthDelimitedEncoder> {
    fed(parts)
}

#[library_benchmark]
#[benches::bytes(args = [16, 64, 1024], setup = setups::frames_framed)]
fn frames_framed_write(
    parts: (Framed<LengthDelimitedCodec>, Bytes),
) -> Framed<LengthDelimitedCodec> {
    fed(parts)
}

#[library_benchmark]
#[benches::bytes(args = [16, 64, 1024], setup = setups::lines)]
fn lines_ours(parts: (Encoded<LinesCodec>, &'static str)) -> Encoded<LinesCodec> {
    fed(parts)
}

#[library_benchmark]
#[benches::bytes(args = [16, 64, 1024], setup = setups::lines_framed)]
fn lines_framed_write(parts: (Framed<LinesCodec>, &'static str)) -> Framed<LinesCodec> {
    fed(parts)
}

// Headers and payloads that are kept, with a flush each.
#[library_benchmark]
#[benches::bytes(args = [128, 1024, 16_384], setup = setups::headers)]
fn headers_ours(parts: (Encoded<Pushed>, Bytes)) -> Encoded<Pushed> {
    let (mut sink, payload) = parts;
    for _ in 0..COUNT {
        done(sink.send(payload.clone()));
    }
    sink
}

#[library_benchmark]
#[benches::bytes(args = [128, 1024, 16_384], setup = setups::headers_hand)]
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
#[benches::bytes(args = [16, 64, 1000], setup = setups::sharing)]
fn push_ours(parts: (Ours, Bytes)) -> Ours {
    let (mut writer, chunk) = parts;
    for _ in 0..COUNT {
        writer.try_send(chunk.clone()).expect("never paused");
    }
    writer
}

#[library_benchmark]
#[benches::bytes(args = [16, 64, 1000], setup = setups::hand)]
fn push_by_hand(parts: (Hand<Null>, Bytes)) -> Hand<Null> {
    let (mut queue, chunk) = parts;
    for _ in 0..COUNT {
        queue.push(chunk.clone());
    }
    queue
}

// By a channel, with the driver's share.
#[library_benchmark]
#[benches::bytes(args = [64, 1024], setup = setups::channel)]
fn send_ours(parts: (Sender, Driver<Null>, Bytes)) -> (Sender, Driver<Null>) {
    sent(parts)
}

#[library_benchmark]
#[benches::bytes(args = [64, 1024], setup = setups::mpsc_channel)]
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
#[benches::threshold(args = [1024, 0], setup = setups::queued)]
fn short_writes_ours(mut writer: Ours) -> Ours {
    done(writer.flush());
    writer
}

#[library_benchmark]
#[benches::threshold(args = [1024, 0], setup = setups::queued_framed)]
fn short_writes_framed(mut sink: Framed) -> Framed {
    done(SinkExt::<Bytes>::flush(&mut sink));
    sink
}

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
