use std::task::Poll;

use bytes::Bytes;
use flow_controlled_writer::{Builder, FlowControlledWriter, TrySendError, Watermarks};

use crate::support::Answer::{Pending, Take};
use crate::support::{READY, Rig, Scripted, Task};

/// A port of asyncio's numbers that lost the unit had marks of 16 and 64 *bytes*.
#[test]
fn the_defaults_are_those_of_asyncio_in_bytes() {
    for marks in [
        Watermarks::default(),
        FlowControlledWriter::new(tokio::io::sink()).watermarks(),
        Builder::new().build(tokio::io::sink()).watermarks(),
        Builder::default().build(tokio::io::sink()).watermarks(),
    ] {
        assert_eq!((marks.low(), marks.high()), (16_384, 65_536));
    }
}

#[test]
fn marks_are_validated_once() {
    assert_eq!(Watermarks::try_new(3, 3), Ok(Watermarks::new(3, 3)));
    let error = Watermarks::try_new(4, 3).expect_err("low is above high");
    assert_eq!(error.to_string(), "the low watermark 4 is above the high one 3");
    for (high, low) in [(0, 0), (1, 0), (3, 0), (4, 1), (1003, 250), (usize::MAX, usize::MAX / 4)] {
        assert_eq!(Watermarks::with_high(high), Watermarks::new(low, high));
    }
}

#[test]
#[should_panic(expected = "low watermark is above the high one")]
fn marks_in_the_wrong_order_panic() {
    let _ = Watermarks::new(1, 0);
}

#[test]
fn a_writer_pauses_above_high_and_not_at_it() {
    let mut rig = Rig::gathering((50, 100), []);
    rig.queue([vec![1; 100]]);
    assert!(!rig.writer.is_paused());
    assert_eq!((rig.writer.bytes_until_pause(), rig.writer.bytes_until_resume()), (1, 0));
    assert_eq!(rig.try_send("x"), Ok(()));
    assert!(rig.writer.is_paused());
    assert_eq!((rig.writer.bytes_until_pause(), rig.writer.bytes_until_resume()), (0, 51));
    assert_eq!(rig.try_send("y"), Err(TrySendError::Full("y".into())));
    assert_eq!(rig.writer.buffer_size(), 101);
    assert_eq!(rig.writer.stats().pauses, 1);
    assert_eq!(rig.inner.take_log(), [], "sending does no I/O");
}

#[test]
fn exactly_the_bytes_until_pause_pause() {
    for (low, high) in [(0, 0), (0, 1), (1, 1), (3, 17), (17, 17)] {
        for size in 0..=high {
            let mut rig = Rig::gathering((low, high), []);
            rig.queue([vec![1; size]]);
            let until = rig.writer.bytes_until_pause();
            rig.queue([vec![2; until - 1]]);
            assert!(!rig.writer.is_paused(), "({low}, {high}) at {size}: one byte less");
            assert_eq!(rig.writer.bytes_until_pause(), 1);

            let mut rig = Rig::gathering((low, high), []);
            rig.queue([vec![1; size]]);
            rig.queue([vec![2; until]]);
            assert!(rig.writer.is_paused(), "({low}, {high}) at {size}: exactly");
        }
    }
}

#[test]
fn exactly_the_bytes_until_resume_resume() {
    for (low, high) in [(0, 0), (0, 1), (1, 1), (3, 17), (17, 17)] {
        let mut rig = Rig::gathering((low, high), []);
        rig.queue([vec![1; high + 4]]);
        let until = rig.writer.bytes_until_resume();
        rig.inner.script([Take(until - 1), Pending, Take(1), Pending]);
        assert_eq!(rig.ready(), Poll::Pending);
        assert_eq!(rig.writer.bytes_until_resume(), 1);
        assert_eq!(rig.ready(), READY);
        assert_eq!(rig.writer.buffer_size(), low);
        assert_eq!(rig.writer.bytes_until_resume(), 0);
    }
}

/// A message longer than the buffer could never be sent: the writer waited for room for ever.
#[test]
fn an_item_longer_than_high_is_admitted_whole() {
    let mut rig = Rig::gathering((4, 10), []);
    rig.queue(["12345"]);
    assert_eq!(rig.try_send(vec![1; 1000]), Ok(()));
    assert_eq!((rig.writer.buffer_size(), rig.writer.is_paused()), (1005, true));
    assert_eq!(rig.ready(), READY);
    assert_eq!(rig.writer.buffer_size(), 0);
}

/// Whether an item is taken depends on the state before it and never on its length.
#[test]
fn a_pause_refuses_the_shortest_item_and_no_pause_takes_the_longest() {
    let long = Bytes::from(vec![1; 100_000]);
    for size in 0..=10 {
        let mut rig = Rig::gathering((4, 10), []);
        rig.queue([vec![1; size]]);
        assert_eq!(rig.try_send(long.clone()), Ok(()), "{size} before it");
        assert_eq!(rig.try_send("x"), Err(TrySendError::Full("x".into())), "{size} before it");
        assert_eq!((rig.writer.buffer_size(), rig.writer.is_paused()), (size + 100_000, true));
    }
}

/// By `Sink` and by `try_send` alike: one that is told to be ready is never refused for room.
#[test]
fn what_is_sent_after_ready_is_taken() {
    let mut rig = Rig::gathering((4, 10), []);
    for round in 0..5 {
        assert_eq!(rig.ready(), READY);
        if round % 2 == 0 {
            assert_eq!(rig.try_send(vec![1; 11 + round]), Ok(()));
        } else {
            rig.start_send(vec![1; 11 + round]).expect("ready");
        }
    }
}

#[test]
fn a_slice_never_takes_the_buffer_above_high_whatever_the_hard_limit() {
    let options = Builder::new().watermarks(Watermarks::new(4, 10)).hard_limit(usize::MAX);
    let mut rig = Rig::with_options(&options, Scripted::gathering([]));
    rig.inner.otherwise(Pending);
    assert_eq!(rig.write(b"seven b"), Poll::Ready(Ok(7)));
    assert_eq!(rig.write(b"four"), Poll::Pending, "it does not fit");
    rig.give_up_write();
    assert!(!rig.writer.is_paused(), "there is room for less");
    assert_eq!(rig.write(b"fou"), Poll::Ready(Ok(3)));
    assert_eq!(rig.write(b"x"), Poll::Pending);
    assert!(rig.writer.is_paused());
    rig.inner.script([Take(6)]);
    assert_eq!(rig.write(b"x"), Poll::Ready(Ok(1)));
    assert_eq!(rig.writer.buffer_size(), 5);
}

#[test]
fn size_swinging_around_high_pauses_once_an_episode() {
    let mut rig = Rig::gathering((50, 100), []);
    for episode in 1..=3 {
        rig.queue([vec![1; 101]]);
        for _ in 0..10 {
            rig.inner.script([Take(2), Pending]);
            assert_eq!(rig.ready(), Poll::Pending);
            assert_eq!(rig.writer.buffer_size(), 99);
            rig.queue(["xy"]);
            assert!(rig.writer.is_paused());
        }
        assert_eq!(rig.writer.stats().pauses, episode);
        rig.inner.script([Take(51)]);
        assert_eq!(rig.ready(), READY);
        rig.queue([vec![1; 50]]);
        assert!(!rig.writer.is_paused());
        assert_eq!(rig.writer.stats().pauses, episode);
        assert_eq!(rig.drain(), READY);
    }
}

/// A writer that takes whatever comes while the peer reads nothing grows without bound.
#[tokio::test]
async fn a_peer_that_stops_reading_bounds_the_buffer() {
    let (near, _far) = tokio::io::duplex(64);
    let marks = Watermarks::new(100, 400);
    let mut writer = FlowControlledWriter::with_watermarks(near, marks);
    let task = Task::new();
    for item in (1..).map(|length| vec![1_u8; length]) {
        let longest = item.len();
        let fed = task.poll_once(writer.feed(item));
        assert!(writer.buffer_size() <= 400 + longest);
        if fed.is_pending() {
            assert!(writer.buffer_size() > 100);
            return;
        }
        assert!(longest < 100, "the peer was outrun");
    }
}

#[test]
fn high_of_zero_allows_one_item_in_flight() {
    let mut rig = Rig::gathering((0, 0), []);
    for round in 0..3 {
        assert_eq!(rig.writer.bytes_until_pause(), 1);
        assert_eq!(rig.ready(), READY);
        rig.queue(["item"]);
        assert!(rig.writer.is_paused());
        assert_eq!(rig.try_send("more"), Err(TrySendError::Full("more".into())));
        rig.inner.script([Pending, Take(3), Pending]);
        assert_eq!(rig.ready(), Poll::Pending);
        assert_eq!(rig.ready(), Poll::Pending);
        assert_eq!((rig.writer.buffer_size(), rig.writer.is_paused()), (1, true));
        assert_eq!(rig.ready(), READY);
        assert_eq!(rig.writer.stats().pauses, round + 1);
    }
}
