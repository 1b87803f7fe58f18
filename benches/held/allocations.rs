//! What is asked of the allocator.
use std::task::{Context, Waker};

use allocation_counter::measure;
use bytes::Bytes;
use flow_controlled_writer::FlowControlledWriter;
use flow_controlled_writer::codec::FramedSink;
use futures::{FutureExt, SinkExt};
use tokio::io::AsyncWriteExt;
use tokio_util::codec::LengthDelimitedCodec;

use super::{LITTLE, Row, idle, row, shared};
use crate::subjects::drain::done;
use crate::subjects::header_payload::{Headers, Pushed};

/// What the thread keeps for all writers, and what is left of that when it needs no more.
pub fn of_the_thread() -> Vec<Row> {
    let mut sink =
        FramedSink::new(FlowControlledWriter::new(tokio::io::sink()), LengthDelimitedCodec::new());
    let frame = shared(4_000_000);
    idle();
    let kept = measure(|| (0..100).for_each(|_| done(sink.send(frame.clone()))));
    let freed = measure(idle);
    vec![
        row("a thread after 100 frames of 4 MB by an Encoder", kept.bytes_current as f64, SPARE),
        row(
            "and 200 small messages later",
            (kept.bytes_current + freed.bytes_current) as f64,
            LITTLE,
        ),
    ]
}

/// Allocations for a thousand times the same, once all has settled.
pub fn steady() -> Vec<Row> {
    let kilobyte = shared(1024);
    let megabyte = shared(1_000_000);
    let reply = [1; 1033];
    let sink = || FlowControlledWriter::new(tokio::io::sink());
    let mut rows = Vec::new();

    let mut writer = sink();
    rows.push(allocated("replies of 1033 B with a flush each", 0.0, || {
        done(writer.write_all(&reply));
        done(writer.flush());
    }));
    let mut framed = FramedSink::new(sink(), LengthDelimitedCodec::new());
    rows.push(allocated("frames of 1 MB by an Encoder with a flush each", 0.0, || {
        done(framed.send(megabyte.clone()));
    }));
    let mut framed = FramedSink::new(sink(), Pushed(Headers::default()));
    rows.push(allocated("headers and 1 KiB with a flush each", 0.0, || {
        done(framed.send(kilobyte.clone()));
    }));
    rows.push(allocated("times 50 headers and 1 KiB with a flush", FEW, || {
        (0..50).for_each(|_| done(framed.feed(kilobyte.clone())));
        done(SinkExt::<Bytes>::flush(&mut framed));
    }));
    let mut writer = sink();
    rows.push(allocated("times 256 chunks of 1 KiB with a flush", FEW, || {
        (0..256).for_each(|_| done(writer.feed(kilobyte.clone())));
        done(writer.flush());
    }));
    rows.push(allocated("times 1000 chunks of 64 B with a flush", FEW, || {
        (0..1000).for_each(|_| done(writer.feed(kilobyte.slice(..64))));
        done(writer.flush());
    }));
    let (sender, mut driver) = sink().into_channel();
    let cx = &mut Context::from_waker(Waker::noop());
    rows.push(allocated("times 100 chunks of 64 B in a channel", FEW, || {
        for _ in 0..100 {
            sender.try_send(kilobyte.slice(..64)).expect("not paused");
        }
        assert!(driver.poll_unpin(cx).is_pending());
    }));
    rows
}

fn allocated(what: &str, bound: f64, mut step: impl FnMut()) -> Row {
    (0..100).for_each(|_| step());
    let count = measure(|| (0..1000).for_each(|_| step())).count_total;
    row(format!("allocations for 1000 {what}"), count as f64, bound)
}

/// What a thread may keep: a block of 4 MiB with what is around a message, and a list.
const SPARE: f64 = 4.2e6 + 65_536.0;
/// Allocations for a thousand rounds of many chunks: a few a round, none a chunk.
const FEW: f64 = 5000.0;
