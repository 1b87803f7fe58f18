//! Many connections, and many senders.
use std::task::{Context, Waker};

use flow_controlled_writer::codec::FramedSink;
use flow_controlled_writer::{Builder, FlowControlledWriter, Watermarks};
use futures::FutureExt;
use tokio_util::codec::LengthDelimitedCodec;

use super::{LITTLE, Row, held, row, shared, stall, unbounded};
use crate::subjects::hand::Hand;
use crate::support::gate::Gate;
use crate::support::null::Null;

/// One message after the other to a thousand connections that stall, none as deep as the next, compared
/// with a queue of handles.
pub fn broadcasts() -> Vec<Row> {
    let mut rows = Vec::new();
    for size in [16, 64, 256, 1000] {
        let chunk = shared(size);
        let crowd = |threshold| {
            let marks = Watermarks::new(0, usize::MAX);
            let options = Builder::new().watermarks(marks).coalesce_threshold(threshold);
            let mut writers = Vec::with_capacity(1000);
            let fill = || {
                for depth in 1..=1000 {
                    let mut writer = options.build(Gate::default().before(tokio::io::sink()));
                    (0..depth).for_each(|_| writer.try_send(chunk.clone()).expect("never paused"));
                    stall(&mut writer);
                    writers.push(writer);
                }
            };
            held(fill).1
        };
        let mut queues = Vec::with_capacity(1000);
        let (_, by_hand) = held(|| {
            for depth in 1..=1000 {
                let mut queue = Hand::from(tokio::io::sink());
                (0..depth).for_each(|_| queue.push(chunk.clone()));
                queues.push(queue);
            }
        });
        let messages = (1000 * 1001 / 2) as f64;
        for threshold in [64, 1024] {
            let what = format!("a broadcast of {size} B, threshold {threshold}, for a message");
            let bound = if threshold == 64 { 1.4 * by_hand / messages } else { f64::INFINITY };
            rows.push(row(what, crowd(threshold) / messages, bound));
        }
        let what = format!("a broadcast of {size} B, VecDeque<Bytes>, for a message");
        rows.push(row(what, by_hand / messages, f64::INFINITY));
    }
    rows
}

/// Both halves of a channel together.
pub fn channels() -> Vec<Row> {
    let cx = &mut Context::from_waker(Waker::noop());
    let payload = shared(2048);
    let mut rows = Vec::new();

    let (_, fresh) = held(|| FlowControlledWriter::new(tokio::io::sink()).into_channel());
    rows.push(row("a fresh channel", fresh, LITTLE));

    let gate = Gate::default();
    gate.set_open(true);
    let writer = FlowControlledWriter::new(gate.before(tokio::io::sink()));
    let (_channel, stalled) = held(|| {
        let (sender, mut driver) = writer.into_channel();
        for index in 0..10_000 {
            while sender.try_send(payload.slice(..64 << (index % 5))).is_err() {
                assert!(driver.poll_unpin(cx).is_pending());
            }
        }
        assert!(driver.poll_unpin(cx).is_pending());
        gate.set_open(false);
        sender.try_send(payload.slice(..128)).expect("not paused");
        assert!(driver.poll_unpin(cx).is_pending());
        assert_eq!(sender.buffer_size(), 128);
        (sender, driver)
    });
    rows.push(row("a channel with 128 B that stall after a stream", stalled, 2.0 * LITTLE));

    let writer = unbounded(Null::gated());
    let (_channel, aborted) = held(|| {
        let (sender, mut driver) = writer.into_channel();
        for index in 0..100_000 {
            sender.try_send(payload.clone()).expect("never paused");
            if index % 1000 == 0 {
                assert!(driver.poll_unpin(cx).is_pending());
            }
        }
        sender.abort();
        let _ = driver.poll_unpin(cx);
        (sender, driver)
    });
    rows.push(row("a channel with 100 000 chunks of 2 KiB, aborted", aborted, LITTLE));

    for ends in ["finished", "dropped"] {
        let writer = FlowControlledWriter::new(tokio::io::sink());
        let (_sender, left) = held(|| {
            let (sender, mut driver) = writer.into_channel();
            sender.try_send(payload.clone()).expect("not paused");
            if ends == "finished" {
                sender.close_channel();
                assert!(driver.poll_unpin(cx).is_ready());
            }
            sender
        });
        rows.push(row(format!("a sender whose driver was {ends}"), left, LITTLE));
    }

    let sink =
        FramedSink::new(FlowControlledWriter::new(tokio::io::sink()), LengthDelimitedCodec::new());
    let megabyte = shared(1_000_000);
    let (_channel, framed) = held(|| {
        let (mut sender, mut driver) = sink.into_channel();
        for _ in 0..10 {
            assert!(sender.try_send(megabyte.clone()).is_ok());
            assert!(driver.poll_unpin(cx).is_pending());
        }
        (sender, driver)
    });
    rows.push(row("a channel after frames of 1 MB by an Encoder", framed, LITTLE));
    rows
}
