use std::io::{self, ErrorKind};

use bytes::Bytes;
use flow_controlled_writer::codec::{ChunkAppender, LengthDelimitedEncoder, TrySendItemError};
use flow_controlled_writer::{Builder, MemoryBudget, Watermarks};
use tokio_util::codec::{LengthDelimitedCodec, LinesCodec, LinesCodecError};

use super::{Appends, FrameRig, Parts, decode};
use crate::support::Answer::{Pending, Take};
use crate::support::{READY, Scripted};

/// An encoder that has encoded what is refused then is ahead of the stream: with state of its own, such as
/// a compressor's, what it sends later cannot be read.
#[test]
fn a_refused_frame_was_not_encoded_and_the_queue_stays_as_it_was() {
    let options = Builder::new().watermarks(Watermarks::new(10, 50)).hard_limit(100);
    for threshold in [0, 1024] {
        let options = options.clone().coalesce_threshold(threshold);
        let mut rig = FrameRig::with_options(&options, Appends, Scripted::gathering([]));
        rig.start_send(frame(60, 10), vec![b'#'; 70]).expect("not paused");
        let chunks = rig.sink.get_ref().queued_chunks();
        assert!(matches!(rig.try_send(never(), ""), Err(TrySendItemError::Full(_))));
        rig.start_send(frame(0, 0), "").expect("70 are below the limit");
        rig.start_send(frame(5, 25), vec![b'#'; 30]).expect("70 are below the limit");
        for _ in 0..2 {
            let error = rig.start_send(never(), "").expect_err("100 are not");
            assert_eq!(error.kind(), ErrorKind::StorageFull);
            assert!(matches!(rig.try_send(never(), ""), Err(TrySendItemError::Full(_))));
        }
        assert!(rig.sink.get_ref().queued_chunks() >= chunks);
        assert_eq!(rig.flush_to_end(), [b'#'; 100]);
        rig.start_send(frame(50, 5000), vec![b'#'; 5050]).expect("the sink is usable");
        rig.finish();
    }
}

#[test]
fn a_refused_frame_neither_pauses_nor_shows_in_the_totals() {
    let options = Builder::new().watermarks(Watermarks::new(10, 90)).hard_limit(0);
    let mut rig = FrameRig::with_options(&options, Appends, Scripted::gathering([]));
    rig.start_send(frame(91, 0), vec![b'#'; 91]).expect("not paused");
    rig.start_send(frame(0, 4000), "").expect_err("paused");
    let stats = rig.sink.get_ref().stats();
    assert_eq!((stats.pauses, stats.peak_buffer_size, stats.enqueued_bytes), (1, 91, 91));
}

#[test]
fn frames_between_refused_ones_decode() {
    let options = Builder::new().watermarks(Watermarks::new(100, 2_000)).hard_limit(10_000);
    let encoder = LengthDelimitedEncoder::new();
    let mut rig = FrameRig::with_options(&options, encoder, Scripted::plain([]));
    let mut rival = LengthDelimitedCodec::new();
    let mut sent = Vec::new();
    for length in [100, 9_000, 3_000, 200, 2_500, 20_000, 0, 500] {
        let payload = Bytes::from(vec![length as u8; length]);
        if rig.sink.buffer_size() < 10_000 {
            rig.send_as(payload.clone(), &mut rival).expect("below the limit");
            sent.push(payload);
        } else {
            rig.start_send(payload, "").expect_err("at the limit");
            rig.inner.script([Take(2_000), Pending]);
            assert!(rig.flush().is_pending());
        }
    }
    assert_eq!(sent.len(), 4);
    assert_eq!(decode(LengthDelimitedCodec::new(), &rig.flush_to_end()), sent);
}

#[test]
fn the_error_at_the_hard_limit_is_converted_to_that_of_the_encoder() {
    let options = Builder::new().watermarks(Watermarks::new(0, 3)).hard_limit(4);
    let mut rig = FrameRig::with_options(&options, LinesCodec::new(), Scripted::gathering([]));
    rig.start_send("123", "123\n").expect("not paused");
    match rig.start_send("12345", "") {
        Err(LinesCodecError::Io(error)) => assert_eq!(error.kind(), ErrorKind::StorageFull),
        other => panic!("{other:?}"),
    }
}

#[test]
fn hard_limits_and_marks_of_every_size_let_frames_through_in_order() {
    for limit in 0..20 {
        for high in 0..20 {
            let options = Builder::new()
                .watermarks(Watermarks::with_high(high))
                .hard_limit(limit)
                .coalesce_threshold(3);
            let mut rig = FrameRig::with_options(&options, Appends, Scripted::gathering([]));
            for (index, body) in [1, 4, 7, 2, 9, 1].into_iter().enumerate() {
                let is_taken = !rig.sink.get_ref().is_paused() || rig.sink.buffer_size() < limit;
                let sent = rig.start_send(frame(2, body), vec![b'#'; 2 + body]);
                assert_eq!(sent.is_ok(), is_taken, "limit {limit}, high {high}, body {body}");
                if index % 3 == 2 {
                    assert_eq!(rig.ready(), READY, "limit {limit}, high {high}");
                }
            }
            rig.finish();
        }
    }
}

#[test]
fn try_send_takes_one_frame_whatever_the_budget() {
    let budget = MemoryBudget::new(100);
    let options = Builder::new().budget(budget.clone());
    let mut first = FrameRig::with_options(&options, Appends, Scripted::gathering([Pending]));
    let mut second = FrameRig::with_options(&options, Appends, Scripted::gathering([]));
    first.try_send(frame(60, 0), vec![b'#'; 60]).expect("60 of 100");
    assert_eq!(budget.used(), 60);
    second.try_send(frame(1, 4000), vec![b'#'; 4001]).expect("it holds nothing");
    assert_eq!(budget.used(), 4061);
    assert!(matches!(second.try_send(never(), ""), Err(TrySendItemError::Full(_))));
    assert!(first.sink.get_ref().is_paused(), "the budget is exceeded");
    assert!(matches!(first.try_send(never(), ""), Err(TrySendItemError::Full(_))));
    second.flush_to_end();
    assert_eq!(budget.used(), 60);
    first.try_send(frame(1, 0), "#").expect("the budget is not exceeded");
    drop(first);
    assert_eq!(budget.used(), 0);
}

#[test]
fn a_failing_encoder_takes_nothing_of_the_budget() {
    let budget = MemoryBudget::new(100);
    let options = Builder::new().budget(budget.clone());
    let mut rig = FrameRig::with_options(&options, Appends, Scripted::gathering([]));
    rig.start_send(frame(10, 0), vec![b'#'; 10]).expect("10 of 100");
    let fails = |dst: &mut ChunkAppender<'_>| {
        frame(10, 4000).0(dst)?;
        Err(io::Error::other("late"))
    };
    rig.start_send(Parts(fails), "").expect_err("fails");
    assert_eq!(budget.used(), 10);
    assert!(!budget.is_exceeded());
}

/// Returns an item that becomes a copied head and a pushed body.
fn frame(
    head: usize,
    body: usize,
) -> Parts<impl FnOnce(&mut ChunkAppender<'_>) -> io::Result<()> + Copy> {
    Parts(move |dst: &mut ChunkAppender<'_>| {
        dst.extend_from_slice(&vec![b'#'; head]);
        dst.push(Bytes::from(vec![b'#'; body]));
        Ok(())
    })
}

/// Returns an item that must not be encoded.
fn never() -> Parts<impl FnOnce(&mut ChunkAppender<'_>) -> io::Result<()> + Copy> {
    Parts(|_: &mut ChunkAppender<'_>| panic!("encoded"))
}
