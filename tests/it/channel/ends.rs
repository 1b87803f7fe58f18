use std::io::ErrorKind;
use std::pin::{Pin, pin};
use std::task::Poll;

use bytes::Bytes;
use flow_controlled_writer::channel::Sender;
use flow_controlled_writer::{FlowControlledWriter, TrySendError, Watermarks};
use futures::{Sink, SinkExt};
use tokio::io::{AsyncWrite, AsyncWriteExt};

use super::{Channel, bytes, kind, poll, unmerged, wait};
use crate::support::{Answer, Call, READY, Scripted, Task, counts, failed};

/// Lets all kinds of calls wait, calls `end`, and checks that each of them, and each later one,
/// ends with an error of the kind `expected`.
#[track_caller]
fn every_call_ends(channel: &mut Channel, expected: ErrorKind, end: impl FnOnce(&mut Channel)) {
    channel.pause();
    let sender = channel.sender.clone();
    let (mut sink, mut stream) = (sender.clone(), sender.clone());
    let tasks = [(); 6].map(|()| Task::new());
    let mut send = pin!(sender.send("waits"));
    let mut ready = pin!(sender.ready());
    let mut flush = pin!(sender.flush());
    let mut closed = pin!(sender.closed());
    wait(&tasks[0], send.as_mut());
    wait(&tasks[1], ready.as_mut());
    wait(&tasks[2], flush.as_mut());
    wait(&tasks[3], closed.as_mut());
    assert!(Pin::new(&mut sink).poll_ready(&mut tasks[4].context()).is_pending());
    assert!(Pin::new(&mut stream).poll_write(&mut tasks[5].context(), b"w").is_pending());

    end(channel);
    assert_eq!(tasks.each_ref().map(Task::take_wakes), [1; 6]);
    let closed_chunk = |chunk| TrySendError::Closed(bytes(chunk));
    assert_eq!(poll(send), Poll::Ready(Err(closed_chunk("waits"))));
    assert_eq!(kind(poll(ready)), failed(expected));
    assert_eq!(kind(poll(flush)), failed(expected));
    assert_eq!(kind(poll(closed)), failed(expected));
    assert_eq!(kind(Pin::new(&mut sink).poll_ready(&mut tasks[4].context())), failed(expected));
    assert_eq!(
        kind(Pin::new(&mut stream).poll_write(&mut tasks[5].context(), b"w")),
        failed(expected)
    );
    every_later_call_fails(&sender, expected);
    every_later_call_fails(&sender.clone(), expected);
}

#[track_caller]
fn every_later_call_fails(sender: &Sender, expected: ErrorKind) {
    assert!(sender.is_closed());
    assert_eq!(sender.try_send("x"), Err(TrySendError::Closed(bytes("x"))));
    assert_eq!(poll(sender.send("x")), Poll::Ready(Err(TrySendError::Closed(bytes("x")))));
    assert_eq!(kind(poll(sender.ready())), failed(expected));
    assert_eq!(kind(poll(sender.flush())), failed(expected));
    assert_eq!(kind(poll(sender.closed())), failed(expected));
    let mut handle = sender.clone();
    assert_eq!(kind(poll(handle.feed(bytes("x")))), failed(expected));
    let error = handle.start_send_unpin(bytes("x")).expect_err("closed");
    assert_eq!(error.kind(), expected);
    let refused = error.downcast::<TrySendError>().expect("the chunk is inside");
    assert_eq!(refused.into_inner(), "x");
    assert_eq!(kind(poll(handle.write(b"x"))), failed(expected));
    assert_eq!(kind(poll(AsyncWriteExt::flush(&mut handle))), failed(expected));
    assert_eq!(kind(poll(SinkExt::<Bytes>::close(&mut handle))), failed(expected));
    assert_eq!((sender.abort(), sender.buffer_size()), (0, 0));
}

#[test]
fn every_call_ends_when_the_driver_is_dropped() {
    let mut channel = Channel::new((2, 4), []);
    every_call_ends(&mut channel, ErrorKind::BrokenPipe, |channel| {
        let (inner, _) = Scripted::gathering([]);
        channel.driver = FlowControlledWriter::new(inner).into_channel().1;
    });
}

#[test]
fn every_call_ends_when_the_inner_writer_fails() {
    let script = [Answer::Take(2), Answer::Fail(ErrorKind::ConnectionReset)];
    let mut channel = Channel::new((2, 4), script);
    every_call_ends(&mut channel, ErrorKind::ConnectionReset, |channel| {
        let Poll::Ready(Err(failure)) = channel.drive() else { panic!("the driver goes on") };
        assert_eq!(failure.error.kind(), ErrorKind::ConnectionReset);
        assert_eq!(failure.parts.queue.into_iter().collect::<Vec<_>>(), [bytes("###")]);
    });
}

#[test]
fn a_failed_driver_returns_all_that_was_not_written_in_order() {
    let mut channel = Channel::new((2, 12), [Answer::Take(3), Answer::Pending]);
    channel.send("one ");
    channel.send("two ");
    channel.drive_on();
    channel.send("three ");
    let mut late = channel.sender.clone();
    assert_eq!(
        kind(poll(futures::future::poll_fn(|cx| Pin::new(&mut late).poll_ready(cx)))),
        READY
    );
    channel.send("four ");
    late.start_send_unpin(bytes("five")).expect("ready");
    channel.inner.script([Answer::Fail(ErrorKind::BrokenPipe)]);
    let Poll::Ready(Err(failure)) = channel.drive() else { panic!("the driver goes on") };
    assert_eq!(failure.to_string(), "the writer failed with 20 bytes not sent");
    assert!(std::error::Error::source(&failure).is_some());
    assert!(format!("{failure:?}").contains("bytes: 20"));
    let unsent: Vec<Bytes> = failure.parts.queue.into_iter().collect();
    assert_eq!(unsent.concat(), b" two three four five");
    assert_eq!(channel.sender.buffer_size(), 0);
}

#[test]
fn the_error_of_a_driver_becomes_that_of_the_inner_writer() {
    let mut channel = Channel::new((2, 12), [Answer::Fail(ErrorKind::ConnectionReset)]);
    channel.send("data");
    let Poll::Ready(Err(failure)) = channel.drive() else { panic!("the driver goes on") };
    assert_eq!(std::io::Error::from(failure).kind(), ErrorKind::ConnectionReset);
}

/// The shutdown counted its calls anew: 32 writes and 32 interrupted flushes in one poll.
#[test]
fn the_calls_of_a_shutdown_count_with_those_of_the_drain_before_it() {
    let mut channel = Channel::new((2, 40), [Answer::Take(1); 32]);
    channel.send("thirty-two bytes, one by one ...");
    channel.inner.script_flush([Answer::Fail(ErrorKind::Interrupted); 40]);
    channel.sender.close_channel();
    channel.drive_on();
    assert_eq!(channel.inner.take_log().len(), 33);
    assert_eq!(channel.driving.take_wakes(), 1);
}

#[test]
fn what_is_left_is_drained_flushed_and_shut_down_when_the_last_sender_is_dropped() {
    let script = [Answer::Take(2), Answer::Pending, Answer::Pending];
    let mut channel = Channel::new((2, 40), script);
    channel.send("data");
    let clone = channel.sender.clone();
    channel.drive_on();
    channel.send("more");
    let Channel { sender, inner, mut driver, driving } = channel;
    drop(sender);
    assert!(driving.poll(pin!(&mut driver)).is_pending());
    drop(clone);
    inner.script_flush([Answer::Pending]);
    inner.script_shutdown([Answer::Pending]);
    inner.take_log();
    assert!(driving.poll(pin!(&mut driver)).is_pending());
    assert!(driving.poll(pin!(&mut driver)).is_pending());
    assert!(driving.poll(pin!(&mut driver)).is_ready());
    assert_eq!(inner.wire(), b"datamore");
    assert_eq!(
        inner.take_log()[2..],
        [
            Call::Flush(Answer::Pending),
            Call::Flush(Answer::Done),
            Call::Shutdown(Answer::Pending),
            Call::Shutdown(Answer::Done),
        ]
    );
}

#[test]
fn an_idle_driver_is_woken_by_the_last_drop() {
    let mut channel = Channel::new((2, 40), []);
    channel.drive_on();
    let Channel { sender, mut driver, driving, .. } = channel;
    let clone = sender.clone();
    drop(sender);
    assert_eq!(driving.take_wakes(), 0);
    drop(clone);
    assert_eq!(driving.take_wakes(), 1);
    assert!(driving.poll(pin!(&mut driver)).is_ready());
}

#[test]
fn close_ends_sending_for_all_and_loses_nothing() {
    let mut channel = Channel::new((2, 4), []);
    channel.drive_on();
    channel.pause();
    channel.driving.take_wakes();
    let sender = channel.sender.clone();
    let tasks = [Task::new(), Task::new()];
    let mut send = pin!(sender.send("waits"));
    let mut closed = pin!(sender.closed());
    let mut flush = pin!(sender.flush());
    wait(&tasks[0], send.as_mut());
    wait(&tasks[1], closed.as_mut());
    assert!(poll(flush.as_mut()).is_pending());
    channel.sender.close_channel();
    assert_eq!(tasks.each_ref().map(Task::take_wakes), [1, 0]);
    assert_eq!(poll(send), Poll::Ready(Err(TrySendError::Closed(bytes("waits")))));
    assert!(sender.is_closed());
    assert_eq!(sender.try_send(""), Err(TrySendError::Closed(Bytes::new())));
    let Poll::Ready(Ok(_)) = channel.drive() else { panic!("the driver goes on") };
    assert_eq!(tasks[1].take_wakes(), 1);
    assert_eq!(kind(poll(closed)), READY);
    assert_eq!(kind(poll(flush)), READY);
    assert_eq!(kind(poll(sender.flush())), READY, "all is flushed");
    assert_eq!(channel.inner.wire(), b"#####");
    assert!(
        channel
            .inner
            .take_log()
            .ends_with(&[Call::Flush(Answer::Done), Call::Shutdown(Answer::Done)])
    );
}

#[test]
fn an_idle_driver_is_woken_by_close() {
    let mut channel = Channel::new((2, 4), []);
    channel.drive_on();
    channel.sender.close_channel();
    channel.sender.close_channel();
    assert_eq!(channel.driving.take_wakes(), 1);
    assert!(channel.drive().is_ready());
}

/// The shutdown of the inner writer may take long; a flush must not wait for it.
#[test]
fn a_flush_resolves_before_the_shutdown_of_the_inner_writer() {
    let mut channel = Channel::new((2, 40), []);
    channel.inner.script_shutdown([Answer::Pending]);
    channel.send("data");
    let sender = channel.sender.clone();
    let mut flush = pin!(sender.flush());
    assert!(poll(flush.as_mut()).is_pending());
    channel.sender.close_channel();
    channel.drive_on();
    assert_eq!(kind(poll(flush)), READY);
    assert!(channel.drive().is_ready());
}

#[test]
fn a_writer_takes_its_queue_its_options_and_its_totals_along() {
    let (inner, handle) = Scripted::gathering([Answer::Take(2), Answer::Pending]);
    let options = unmerged((3, 6)).hard_limit(11);
    let mut writer = options.build(inner);
    writer.try_send("first").expect("not paused");
    assert!(poll(writer.flush()).is_pending());
    writer.try_send("second").expect("not paused");
    let stats = writer.stats();
    let (sender, mut driver) = writer.into_channel();
    assert_eq!((sender.buffer_size(), sender.is_paused()), (9, true));
    assert_eq!(counts(sender.stats()), counts(stats));
    assert_eq!(sender.watermarks(), Watermarks::new(3, 6));
    let task = Task::new();
    assert!(task.poll(pin!(&mut driver)).is_pending());
    assert_eq!(sender.written(), 11, "positions go on");
    assert_eq!(poll(sender.send("the third")), Poll::Ready(Ok(20)));
    assert!(sender.is_paused());
    assert_eq!(sender.send_now("!!"), Ok(22));
    assert_eq!(sender.send_now("x"), Err(TrySendError::Full(bytes("x"))), "11 are the hard limit");
    assert_eq!(task.take_wakes(), 1);
    assert!(task.poll(pin!(&mut driver)).is_pending());
    assert_eq!(handle.wire(), b"firstsecondthe third!!");
    let stats = sender.stats();
    assert_eq!((stats.enqueued_bytes, stats.written_bytes, sender.written()), (22, 22, 22));
    let is_write = |call: &Call| matches!(call, Call::Write(..) | Call::Gather(..));
    let writes = handle.take_log().iter().filter(|call| is_write(call)).count();
    assert_eq!(stats.write_calls, writes as u64, "those of the writer included");
}

#[test]
fn a_failed_writer_makes_a_failed_channel() {
    let (inner, _) = Scripted::gathering([Answer::Fail(ErrorKind::TimedOut)]);
    let mut writer = FlowControlledWriter::new(inner);
    writer.try_send("unsent").expect("not paused");
    assert!(matches!(poll(writer.flush()), Poll::Ready(Err(_))));
    let (sender, driver) = writer.into_channel();
    assert!(sender.is_closed());
    assert_eq!(kind(poll(sender.ready())), failed(ErrorKind::TimedOut));
    let Poll::Ready(Err(failure)) = poll(driver) else { panic!("the driver goes on") };
    assert_eq!(failure.error.kind(), ErrorKind::TimedOut);
    assert_eq!(failure.parts.queue.into_iter().collect::<Vec<_>>(), [bytes("unsent")]);
}

#[test]
fn a_writer_that_was_shut_down_makes_a_closed_channel() {
    let (inner, handle) = Scripted::gathering([Answer::Pending]);
    let mut writer = FlowControlledWriter::new(inner);
    writer.try_send("data").expect("not paused");
    assert!(poll(writer.shutdown()).is_pending());
    let (sender, driver) = writer.into_channel();
    assert_eq!(sender.try_send("x"), Err(TrySendError::Closed(bytes("x"))));
    assert!(matches!(poll(driver), Poll::Ready(Ok(_))));
    assert_eq!(handle.wire(), b"data");
}

#[test]
#[should_panic(expected = "the driver has returned")]
fn a_driver_polled_after_its_end_panics() {
    let mut channel = Channel::new((2, 4), []);
    channel.sender.close_channel();
    assert!(channel.drive().is_ready());
    let _ = channel.drive();
}

#[test]
fn both_ends_can_move_between_threads() {
    fn is_send_and_sync<T: Send + Sync + Unpin>(_: &T) {}
    fn is_send<T: Send>(_: T) {}
    let (sender, driver) = FlowControlledWriter::new(tokio::io::sink()).into_channel();
    is_send_and_sync(&sender);
    is_send_and_sync(&driver);
    is_send(sender.send("x"));
    is_send(sender.ready());
    is_send(sender.flush());
    is_send(sender.closed());
}

#[test]
fn what_a_writer_discarded_stays_in_the_totals_of_its_channel() {
    let mut writer = FlowControlledWriter::new(Scripted::gathering([]).0);
    writer.try_send("data").expect("not paused");
    assert_eq!(writer.abort(), 4);
    let before = writer.stats();
    let (sender, _driver) = writer.into_channel();
    assert_eq!(before.enqueued_bytes, 4);
    assert_eq!(sender.stats(), before);
}
