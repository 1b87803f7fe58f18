use std::io::ErrorKind;
use std::task::Poll;

use bytes::{Buf, Bytes};
use flow_controlled_writer::{Builder, TrySendError, Watermarks};

use crate::support::Answer::{Pending, Take};
use crate::support::{READY, Rig, Scripted};

/// A writer with the given marks and hard limit whose inner writer takes nothing until told.
fn limited((low, high): (usize, usize), hard_limit: usize) -> Rig {
    let options = Builder::new()
        .watermarks(Watermarks::new(low, high))
        .hard_limit(hard_limit)
        .coalesce_threshold(0);
    let rig = Rig::with_options(&options, Scripted::gathering([]));
    rig.inner.otherwise(Pending);
    rig
}

/// A limit that looked at the length refused for ever what a writer that holds nothing can take.
#[test]
fn an_item_of_any_length_is_taken_whole_while_not_paused() {
    for hard_limit in [0, 4, 10, 11, usize::MAX] {
        let mut rig = limited((0, 10), hard_limit);
        assert_eq!(rig.ready(), READY);
        rig.try_send("1234567890").expect("not paused");
        rig.try_send(vec![b'x'; 1000]).expect("not paused");
        assert!(rig.writer.is_paused());
        assert_eq!(rig.writer.buffer_size(), 1010);
    }
}

#[test]
fn try_send_never_comes_in_past_a_pause() {
    let mut rig = limited((0, 10), usize::MAX);
    rig.queue(["12345678901"]);
    assert_eq!(rig.try_send("abc"), Err(TrySendError::Full(Bytes::from("abc"))));
    assert_eq!(rig.writer.buffer_size(), 11);
}

#[test]
fn send_now_is_judged_by_the_size_before_the_item() {
    let mut rig = limited((0, 10), 20);
    rig.send_now("1234567890").expect("not paused");
    rig.send_now("1").expect("not paused");
    assert!(rig.writer.is_paused());
    rig.send_now("23456789").expect("11 are below the limit");
    rig.send_now("longer than what is left").expect("19 are below the limit");
    assert_eq!(rig.send_now("x"), Err(TrySendError::Full(Bytes::from("x"))));
    assert_eq!(rig.writer.buffer_size(), 43);

    rig.inner.script([Take(23), Pending]);
    assert!(rig.ready().is_pending());
    assert_eq!(rig.send_now("x"), Err(TrySendError::Full(Bytes::from("x"))), "20 are at the limit");
    rig.inner.script([Take(1), Pending]);
    assert!(rig.ready().is_pending());
    rig.send_now("x").expect("19 are below the limit");
    assert_eq!(rig.finish().copy_to_bytes(20), "r than what is leftx");
}

#[test]
fn start_send_without_ready_at_the_limit_is_storage_full_and_leaves_the_stream_intact() {
    let mut rig = limited((0, 10), 12);
    rig.queue(["12345678901", "2"]);
    let error = rig.start_send("abc").expect_err("at the limit");
    assert_eq!(error.kind(), ErrorKind::StorageFull);
    let source = error.downcast::<TrySendError>().expect("the chunk is inside");
    assert_eq!(source, TrySendError::Full(Bytes::from("abc")));
    assert!(!rig.writer.is_closed());

    rig.inner.script([Take(1), Pending]);
    assert!(rig.ready().is_pending());
    rig.queue(["abc"]);
    assert_eq!(rig.finish().copy_to_bytes(14), "23456789012abc");
}

/// A peer that reads nothing let them grow the buffer without end.
#[test]
fn start_send_without_ready_for_ever_is_bounded_by_the_limit_and_one_item() {
    let mut rig = limited((0, 10), 100);
    for _ in 0..1000 {
        let _refused = rig.start_send("seven b");
        assert!(rig.writer.buffer_size() < 100 + 7);
    }
    assert_eq!(rig.writer.stats().peak_buffer_size, 105);
}

#[test]
fn a_limit_below_the_high_mark_does_nothing_before_the_pause() {
    let mut rig = limited((4, 100), 10);
    for _ in 0..50 {
        rig.try_send("x").expect("not paused");
        assert_eq!(rig.write(b"y"), Poll::Ready(Ok(1)));
    }
    assert_eq!(rig.write(b"y"), Poll::Pending);
    assert_eq!((rig.writer.buffer_size(), rig.writer.is_paused()), (100, true));
    assert!(rig.send_now("x").is_err());
    rig.inner.script([Take(91), Pending]);
    assert!(rig.ready().is_pending());
    rig.send_now("x").expect("9 are below the limit");
}

#[test]
fn a_limit_of_zero_lets_nothing_in_past_a_pause() {
    let mut rig = limited((0, 0), 0);
    rig.queue(["one item"]);
    for _ in 0..2 {
        assert!(rig.start_send("x").is_err());
        assert!(rig.send_now("x").is_err_and(|error| error.is_full()));
        assert!(rig.try_send("x").is_err_and(|error| error.is_full()));
    }
    rig.inner.script([Take(8)]);
    assert_eq!(rig.ready(), READY);
    rig.send_now("another one").expect("not paused");
}

#[test]
fn an_empty_chunk_needs_no_room_at_the_limit() {
    let mut rig = limited((0, 0), 0);
    rig.queue(["item"]);
    rig.send_now("").expect("open");
    rig.start_send("").expect("open");
    rig.try_send("").expect("open");
    assert_eq!((rig.writer.buffer_size(), rig.writer.queued_chunks()), (4, 1));
}

#[test]
fn a_refusal_tells_nothing_of_the_later_end_and_after_it_the_chunk_is_closed() {
    let mut rig = limited((0, 0), 0);
    rig.queue(["item"]);
    assert!(rig.send_now("x").is_err_and(|error| error.is_full()));
    assert_eq!(rig.shutdown(), Poll::Pending);
    assert_eq!(rig.send_now("x"), Err(TrySendError::Closed(Bytes::from("x"))));
    assert_eq!(rig.send_now(""), Err(TrySendError::Closed(Bytes::new())));
}
