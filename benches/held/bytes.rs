//! Chunks and slices.
use std::io;
use std::sync::atomic::Ordering::Relaxed;

use bytes::{Buf, BufMut};
use flow_controlled_writer::{ChunkQueue, FlowControlledWriter};
use futures::FutureExt;
use tokio::io::AsyncWriteExt;

use super::{LITTLE, Row, held, ping, row, shared, stall, unbounded};
use crate::subjects::drain::done;
use crate::support::null::Null;

/// Ways on which all bytes go.
pub fn gone() -> Vec<Row> {
    let payload = shared(2048);
    let many = || std::iter::repeat_n(&payload, 100_000).cloned();
    let (_, fresh) = held(|| FlowControlledWriter::new(tokio::io::sink()));
    let mut rows = vec![row("a fresh writer", fresh, 0.0)];

    let mut writer = unbounded(Null::gated());
    let (_, aborted) = held(|| {
        many().for_each(|chunk| writer.try_send(chunk).expect("never paused"));
        writer.abort();
    });
    rows.push(row("100 000 chunks of 2 KiB, aborted", aborted, LITTLE));

    let mut queue = ChunkQueue::new();
    let (_, cleared) = held(|| {
        queue.extend(many());
        queue.clear();
    });
    rows.push(row("100 000 chunks of 2 KiB in a queue, cleared", cleared, LITTLE));

    let mut writer = unbounded(Null::gated());
    let (_, failed) = held(|| {
        let result = writer.try_append(|frame| {
            many().for_each(|chunk| frame.push(chunk));
            Err::<(), _>(io::Error::other("no end"))
        });
        assert!(result.is_err());
    });
    rows.push(row("a frame of 100 000 chunks of 2 KiB, failed", failed, LITTLE));

    for (how, fill) in [("copied", copy_mebibyte as fn(&mut ChunkQueue)), ("kept", keep_mebibyte)] {
        for messages in [0, 1000] {
            let (_, left) = held(|| {
                let mut queue = ChunkQueue::new();
                fill(&mut queue);
                queue.advance(MEBIBYTE - 10);
                fail(&mut queue);
                queue.advance(10);
                (0..messages).for_each(|_| ping(&mut queue));
                queue
            });
            let what =
                format!("1 MiB, {how}; a frame failed behind its last 10 B; {messages} more");
            rows.push(row(what, left, LITTLE));
        }
    }
    rows
}

fn copy_mebibyte(queue: &mut ChunkQueue) {
    let result = queue.encode_with(|block| {
        block.put_bytes(1, MEBIBYTE);
        io::Result::Ok(())
    });
    result.expect("the frame is whole");
}

fn keep_mebibyte(queue: &mut ChunkQueue) {
    queue.push(vec![1; MEBIBYTE]);
}

fn fail(queue: &mut ChunkQueue) {
    let result = queue.encode_with(|block| {
        block.put_bytes(2, 5);
        Err::<(), _>("half a frame")
    });
    result.expect_err("the frame failed");
}

/// A stall, with bytes that have stayed.
pub fn stalled() -> Vec<Row> {
    // The payload is that of another: what is left to count is at most a tenth of it.
    let kept = |bytes: usize| LITTLE + bytes as f64 / 10.0;
    let payload = shared(1024);
    let many = |count| std::iter::repeat_n(&payload, count).cloned();
    let mut rows = Vec::new();

    let null = Null::gated();
    let allowance = null.allowance();
    let mut writer = unbounded(null);
    let (_, ten) = held(|| {
        many(1_000_000).for_each(|chunk| writer.try_send(chunk).expect("never paused"));
        allowance.store(999_990 * payload.len(), Relaxed);
        stall(&mut writer);
    });
    assert_eq!(writer.queued_chunks(), 10);
    rows.push(row("10 chunks of a million of 1 KiB, beside their payload", ten, kept(10_240)));

    let null = Null::gated();
    let allowance = null.allowance();
    let mut writer = unbounded(null);
    let (_, one) = held(|| {
        for _ in 0..100 {
            many(256).for_each(|chunk| writer.try_send(chunk).expect("never paused"));
            allowance.store(256 * payload.len(), Relaxed);
            done(writer.flush());
        }
        writer.try_send(payload.clone()).expect("never paused");
        stall(&mut writer);
    });
    rows.push(row("1 KiB after cycles of 256 x 1 KiB, beside its payload", one, kept(1024)));

    let null = Null::gated();
    let allowance = null.allowance();
    let mut writer = unbounded(null);
    let (_, byte) = held(|| {
        for _ in 0..100 {
            (0..1024).for_each(|_| writer.try_send(&[1; 64][..]).expect("never paused"));
            allowance.store(65_535, Relaxed);
            stall(&mut writer);
            assert_eq!(writer.buffer_size(), 1);
            allowance.store(1, Relaxed);
            done(writer.flush());
        }
        (0..1024).for_each(|_| writer.try_send(&[1; 64][..]).expect("never paused"));
        allowance.store(65_535, Relaxed);
        stall(&mut writer);
    });
    rows.push(row("the last byte of 64 KiB in chunks of 64 B", byte, LITTLE + 1.1));

    let slice = vec![1; 4_000_000];
    let mut writer = FlowControlledWriter::new(Null::gated());
    let (_, refused) = held(|| assert!(writer.write_all(&slice).now_or_never().is_none()));
    rows.push(row("write_all of 4 MB to a peer that does not read", refused, LITTLE));
    rows
}

const MEBIBYTE: usize = 1 << 20;
