use std::io::ErrorKind;
use std::pin::{Pin, pin};
use std::task::Poll;

use flow_controlled_writer::codec::FramedSender;
use flow_controlled_writer::{Builder, MemoryBudget, TrySendItemError, Watermarks};
use futures::{Sink, SinkExt};
use tokio_util::codec::LinesCodec;

use super::{Counting, Rig};
use crate::support::Answer::{Pending, Take};
use crate::support::Task;

/// Starts an item by `Sink`, ready or not.
fn start(sender: &mut FramedSender<Counting>, line: &'static str) -> Result<(), ErrorKind> {
    Pin::new(sender).start_send(line).map_err(|error| error.kind())
}

/// Asks by `Sink` whether the handle may send.
fn is_ready(task: &Task, sender: &mut FramedSender<Counting>) -> bool {
    let ready = Sink::<&str>::poll_ready(Pin::new(sender), &mut task.context());
    ready.map(|result| result.expect("open")).is_ready()
}

#[test]
fn each_item_has_the_position_of_its_last_byte() {
    let mut rig = Rig::new((4, 100), LinesCodec::new(), []);
    let task = Task::new();
    assert!(matches!(task.poll_once(rig.sender.send("one")), Poll::Ready(Ok(4))));
    assert_eq!(rig.sender.clone().try_send("three").expect("open"), 10);
    assert_eq!(rig.sender.sender().try_send("raw").expect("open"), 13);
    assert_eq!(rig.sender.sender().written(), 0);
    assert!(rig.drive().is_pending());
    assert_eq!(rig.sender.sender().written(), 13);
    assert_eq!(rig.inner.wire(), b"one\nthree\nraw");
}

/// A cipher or a counter would otherwise be ahead of the stream, or out of order.
#[test]
fn an_item_is_encoded_after_its_turn_has_come() {
    let encoder = Counting::default();
    let mut rig = Rig::new((0, 3), encoder.clone(), [Pending]);
    let (first, second) = (Task::new(), Task::new());
    rig.sender.try_send("one").expect("open");
    let (mut a, mut b) = (rig.sender.clone(), rig.sender.clone());
    let (mut sending, mut behind) = (pin!(a.send("two")), pin!(b.send("three")));
    assert!(first.poll(sending.as_mut()).is_pending());
    assert!(second.poll(behind.as_mut()).is_pending());
    assert!(rig.drive().is_pending());
    assert_eq!(encoder.encoded(), 1);

    assert!(rig.drive().is_pending());
    assert_eq!((first.take_wakes(), second.take_wakes()), (1, 0), "in the order of the line");
    assert_eq!(encoder.encoded(), 1);
    assert!(matches!(first.poll(sending.as_mut()), Poll::Ready(Ok(8))));
    assert_eq!(encoder.encoded(), 2);
    assert!(rig.drive().is_pending());
    assert!(matches!(second.poll(behind.as_mut()), Poll::Ready(Ok(14))));
    assert_eq!(encoder.encoded(), 3);
}

#[test]
fn try_send_gives_back_what_does_not_fit_and_has_not_encoded_it() {
    let encoder = Counting::default();
    let mut rig = Rig::new((0, 3), encoder.clone(), []);
    rig.sender.try_send("one").expect("open");
    for _ in 0..3 {
        let refused = rig.sender.try_send("two").expect_err("paused");
        assert!(matches!(refused, TrySendItemError::Full("two")));
    }
    assert_eq!((encoder.encoded(), rig.buffer_size()), (1, 4));
    assert!(rig.drive().is_pending());
    rig.sender.try_send("two").expect("resumed");
    rig.sender.sender().close_channel();
    let refused = rig.sender.try_send("three").expect_err("closed");
    assert!(matches!(refused, TrySendItemError::Closed("three")));
    assert_eq!(encoder.encoded(), 2);
}

/// One who was called and found the room gone comes before those that have not waited at all.
#[test]
fn try_send_does_not_go_ahead_of_one_who_has_been_passed_over() {
    let encoder = Counting::default();
    let mut rig = Rig::new((0, 3), encoder.clone(), []);
    let waiting = Task::new();
    rig.sender.try_send("one").expect("open");
    let mut other = rig.sender.clone();
    let mut sending = pin!(other.send("two"));
    assert!(waiting.poll(sending.as_mut()).is_pending());
    assert!(rig.drive().is_pending());
    assert_eq!(waiting.take_wakes(), 1);
    rig.sender.try_send("ahead").expect("not paused");
    assert!(waiting.poll(sending.as_mut()).is_pending(), "the room is gone");

    assert!(rig.drive().is_pending());
    let refused = rig.sender.try_send("again").expect_err("it is the turn of another one");
    assert!(refused.is_full());
    assert_eq!(encoder.encoded(), 2);
    assert!(matches!(waiting.poll(sending.as_mut()), Poll::Ready(Ok(14))));
}

#[test]
fn a_send_that_is_dropped_leaves_nothing_and_its_place_goes_to_the_next() {
    let encoder = Counting::default();
    let mut rig = Rig::new((0, 3), encoder.clone(), []);
    let (first, second) = (Task::new(), Task::new());
    rig.sender.try_send("one").expect("open");
    let (mut a, mut b) = (rig.sender.clone(), rig.sender.clone());
    let mut behind = pin!(b.send("three"));
    {
        let mut sending = pin!(a.send("two"));
        assert!(first.poll(sending.as_mut()).is_pending());
        assert!(second.poll(behind.as_mut()).is_pending());
        assert!(rig.drive().is_pending());
        assert_eq!((first.take_wakes(), second.take_wakes()), (1, 0));
    }
    assert_eq!((first.take_wakes(), second.take_wakes()), (0, 1), "the turn is passed on");
    assert!(matches!(second.poll(behind.as_mut()), Poll::Ready(Ok(10))));
    assert_eq!(encoder.encoded(), 2);
    assert!(rig.drive().is_pending());
    assert!(matches!(first.poll_once(a.send("four")), Poll::Ready(Ok(15))), "it is usable");
    assert!(rig.drive().is_pending());
    assert_eq!(rig.inner.wire(), b"one\nthree\nfour\n");
}

/// A handle of a `Sink` that was told ready may send, whatever others have sent since.
#[test]
fn a_handle_that_was_told_ready_is_not_refused() {
    let mut rig = Rig::new((0, 3), Counting::default(), []);
    let task = Task::new();
    let (mut a, mut b) = (rig.sender.clone(), rig.sender.clone());
    assert!(is_ready(&task, &mut a) && is_ready(&task, &mut b));
    rig.sender.try_send("first").expect("open");
    assert!(!is_ready(&task, &mut rig.sender), "paused");
    assert!(is_ready(&task, &mut a), "it still is");
    start(&mut a, "a").expect("told ready");
    assert!(matches!(task.poll_once(b.send("b")), Poll::Ready(Ok(10))), "by whichever way");
    assert_eq!(rig.buffer_size(), 10);
    assert!(!is_ready(&task, &mut a) && !is_ready(&task, &mut b));
}

#[test]
fn a_sink_that_is_not_asked_sends_past_a_pause_up_to_the_hard_limit() {
    let encoder = Counting::default();
    let options = Builder::new().watermarks(Watermarks::new(0, 3)).hard_limit(8);
    let mut rig = Rig::with_options(&options, encoder.clone(), [Pending]);
    for (line, size) in [("one", 4), ("two", 8)] {
        start(&mut rig.sender, line).expect("below the limit");
        assert_eq!(rig.buffer_size(), size);
    }
    assert_eq!(start(&mut rig.sender, "three"), Err(ErrorKind::StorageFull));
    assert_eq!((encoder.encoded(), rig.buffer_size()), (2, 8));
    assert!(rig.drive().is_pending());
    assert!(rig.drive().is_pending());
    start(&mut rig.sender, "three").expect("drained");
    assert!(rig.drive().is_pending());
    assert_eq!(rig.inner.wire(), b"one\ntwo\nthree\n");
}

/// A readiness is for one item, also where that could not be encoded.
#[test]
fn a_readiness_is_spent_by_an_item_that_fails() {
    let options = Builder::new().watermarks(Watermarks::new(0, 3)).hard_limit(0);
    let mut rig = Rig::with_options(&options, Counting::default(), []);
    let task = Task::new();
    let mut told = rig.sender.clone();
    assert!(is_ready(&task, &mut told));
    rig.sender.try_send("one").expect("open");
    assert_eq!(start(&mut told, "!fails"), Err(ErrorKind::InvalidInput));
    assert_eq!(start(&mut told, "two"), Err(ErrorKind::StorageFull));
    assert_eq!(rig.buffer_size(), 4);
}

#[test]
fn a_flush_of_a_handle_waits_for_what_it_has_sent() {
    let mut rig = Rig::new((4, 100), LinesCodec::new(), [Take(4), Pending]);
    let (own, others) = (Task::new(), Task::new());
    let mut other = rig.sender.clone();
    rig.sender.try_send("one").expect("open");
    other.try_send("three").expect("open");
    let flush = |task: &Task, sender: &mut FramedSender<LinesCodec>| {
        task.poll_once(SinkExt::<&str>::flush(sender)).map(|result| result.is_ok())
    };
    assert_eq!(flush(&own, &mut rig.sender), Poll::Pending);
    assert_eq!(flush(&others, &mut other), Poll::Pending);
    assert!(rig.drive().is_pending());
    assert_eq!((own.take_wakes(), others.take_wakes()), (0, 0), "written, and not yet flushed");
    assert_eq!(flush(&own, &mut rig.sender), Poll::Pending);
    assert_eq!(flush(&others, &mut other), Poll::Pending);
    assert!(rig.inner.wake());
    assert!(rig.drive().is_pending());
    assert_eq!(flush(&own, &mut rig.sender), Poll::Ready(true));
    assert_eq!(flush(&others, &mut other), Poll::Ready(true));
}

#[test]
fn handles_can_be_moved_to_other_tasks() {
    fn movable<T: Send + Unpin + 'static>(_: &T) {}
    let mut rig = Rig::new((4, 100), LinesCodec::new(), []);
    movable(&rig.sender);
    fn sends<F: Future + Send>(_: F) {}
    sends(rig.sender.send("one"));
}

#[test]
fn debug_shows_the_encoder_and_no_payload() {
    let mut rig = Rig::new((4, 100), Counting::default(), []);
    rig.sender.try_send("secret").expect("open");
    rig.sender.try_send("!secrets").expect_err("fails");
    let shown = format!("{:?}", rig.sender);
    assert!(shown.starts_with("FramedSender") && shown.contains("encoded: 2"), "{shown}");
    assert!(!shown.contains("secret"), "{shown}");
}

/// What others do to a shared budget is noticed at the next call, by what waits for nobody too.
#[test]
fn a_budget_that_others_exceed_or_give_back_counts_at_the_next_call() {
    let budget = MemoryBudget::new(10);
    let options = Builder::new().watermarks(Watermarks::new(50, 100)).hard_limit(4);
    let options = options.budget(budget);
    let mut rig = Rig::with_options(&options, Counting::default(), []);
    assert_eq!(rig.sender.try_send("one").expect("within the budget"), 4);
    let mut other = options.build(tokio::io::sink());
    other.try_send(vec![0; 20]).expect("it holds nothing");
    assert!(matches!(rig.sender.try_send("two"), Err(TrySendItemError::Full("two"))));
    other.abort();
    assert_eq!(rig.sender.try_send("two").expect("given back"), 8);
    let mut other = options.build(tokio::io::sink());
    other.try_send(vec![0; 20]).expect("it holds nothing");
    assert_eq!(start(&mut rig.sender, "three"), Err(ErrorKind::StorageFull));
    assert!(rig.sender.sender().send_now("three").is_err());
    drop(other);
    assert_eq!(start(&mut rig.sender, "three"), Ok(()));
}
