use std::io::{self, ErrorKind};

use bytes::Bytes;
use flow_controlled_writer::codec::{ChunkAppender, LengthDelimitedEncoder, TrySendItemError};
use flow_controlled_writer::{Builder, MemoryBudget, Watermarks};
use tokio_util::codec::{LengthDelimitedCodec, LinesCodec, LinesCodecError};

use super::{Appends, FrameRig, Parts, decode};
use crate::support::Answer::Pending;
use crate::support::{READY, Scripted};

#[test]
fn a_frame_over_the_cap_is_refused_and_the_queue_stays_as_it_was() {
    let options = Builder::new().max_buffer_size(100);
    for threshold in [0, 1024] {
        let options = options.clone().coalesce_threshold(threshold);
        let mut rig = FrameRig::with_options(&options, Appends, Scripted::gathering([]));
        rig.start_send(frame(60, 10), vec![b'#'; 70]).expect("70 of 100");
        let chunks = rig.sink.get_ref().queued_chunks();
        for (head, body) in [(31, 0), (0, 31), (20, 11), (5, 5000), (5000, 5), (70_000, 70_000)] {
            let error = rig.start_send(frame(head, body), "").expect_err("over the cap");
            assert_eq!(error.kind(), ErrorKind::StorageFull);
            assert!(error.to_string().contains(&(head + body).to_string()), "{error}");
            match rig.try_send(frame(head, body), "") {
                Err(TrySendItemError::Encode(e)) => assert_eq!(e.kind(), ErrorKind::StorageFull),
                other => panic!("{:?}", other.map_err(|_| "another error")),
            }
            assert_eq!(rig.sink.get_ref().queued_chunks(), chunks);
        }
        rig.start_send(frame(20, 10), vec![b'#'; 30]).expect("exactly 100 of 100");
        rig.start_send(frame(1, 0), "").expect_err("full");
        rig.start_send(frame(0, 0), "").expect("nothing fits everywhere");
        assert_eq!(rig.flush_to_end(), [b'#'; 100]);
        rig.start_send(frame(50, 50), vec![b'#'; 100]).expect("the sink is usable");
        rig.finish();
    }
}

#[test]
fn a_refused_frame_neither_pauses_nor_shows_in_the_totals() {
    let options = Builder::new().watermarks(Watermarks::new(10, 90)).max_buffer_size(100);
    let mut rig = FrameRig::with_options(&options, Appends, Scripted::gathering([]));
    rig.start_send(frame(80, 0), vec![b'#'; 80]).expect("80 of 100");
    rig.start_send(frame(0, 4000), "").expect_err("over the cap");
    let stats = rig.sink.get_ref().stats();
    assert_eq!((stats.pauses, stats.peak_buffer_size, stats.enqueued_bytes), (0, 80, 80));
    assert!(!rig.sink.get_ref().is_paused());
}

#[test]
fn frames_between_refused_ones_decode() {
    let options = Builder::new().max_buffer_size(10_000);
    let encoder = LengthDelimitedEncoder::new();
    let mut rig = FrameRig::with_options(&options, encoder, Scripted::plain([]));
    let mut rival = LengthDelimitedCodec::new();
    let mut sent = Vec::new();
    for length in [100, 9_000, 3_000, 200, 2_500, 20_000, 0, 500] {
        let payload = Bytes::from(vec![length as u8; length]);
        if rig.sink.buffer_size() + 4 + length <= 10_000 {
            rig.send_as(payload.clone(), &mut rival).expect("within the cap");
            sent.push(payload);
        } else {
            rig.start_send(payload, "").expect_err("over the cap");
        }
    }
    assert_eq!(sent.len(), 5);
    assert_eq!(decode(LengthDelimitedCodec::new(), &rig.flush_to_end()), sent);
}

#[test]
fn the_error_for_the_cap_is_converted_to_that_of_the_encoder() {
    let options = Builder::new().max_buffer_size(4);
    let mut rig = FrameRig::with_options(&options, LinesCodec::new(), Scripted::gathering([]));
    match rig.start_send("12345", "") {
        Err(LinesCodecError::Io(error)) => assert_eq!(error.kind(), ErrorKind::StorageFull),
        other => panic!("{other:?}"),
    }
    rig.start_send("123", "123\n").expect("exactly the cap");
}

#[test]
fn a_cap_and_marks_of_every_size_let_frames_through_in_order() {
    for cap in 0..20 {
        for high in 0..20 {
            let options = Builder::new()
                .watermarks(Watermarks::with_high(high))
                .max_buffer_size(cap)
                .coalesce_threshold(3);
            let mut rig = FrameRig::with_options(&options, Appends, Scripted::gathering([]));
            for body in [1, 4, 7, 2] {
                let admitted = rig.sink.buffer_size() + 2 + body <= cap;
                let sent = rig.start_send(frame(2, body), vec![b'#'; 2 + body]);
                assert_eq!(sent.is_ok(), admitted, "cap {cap}, high {high}, body {body}");
                assert_eq!(rig.ready(), READY, "cap {cap}, high {high}");
            }
            rig.finish();
        }
    }
}

#[test]
fn try_send_refuses_a_frame_over_the_budget() {
    let budget = MemoryBudget::new(100);
    let options = Builder::new().budget(budget.clone());
    let mut first = FrameRig::with_options(&options, Appends, Scripted::gathering([Pending]));
    let mut second = FrameRig::with_options(&options, Appends, Scripted::gathering([]));
    first.try_send(frame(60, 0), vec![b'#'; 60]).expect("60 of 100");
    assert_eq!(budget.used(), 60);
    match second.try_send(frame(1, 4000), "") {
        Err(TrySendItemError::Encode(error)) => assert_eq!(error.kind(), ErrorKind::StorageFull),
        other => panic!("{:?}", other.map_err(|_| "another error")),
    }
    assert_eq!(budget.used(), 60, "a refused frame takes nothing");
    second.try_send(frame(40, 0), vec![b'#'; 40]).expect("100 of 100");
    assert_eq!(budget.used(), 100);

    second.start_send(frame(1, 2000), vec![b'#'; 2001]).expect("only the cap refuses here");
    assert_eq!(budget.used(), 2101);
    assert!(first.sink.get_ref().is_paused(), "the budget is exceeded");
    assert!(matches!(first.try_send(frame(1, 0), ""), Err(TrySendItemError::Full(_))));
    second.flush_to_end();
    assert_eq!(budget.used(), 60);
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
