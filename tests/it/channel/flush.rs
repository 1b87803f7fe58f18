use std::io::ErrorKind;
use std::pin::pin;

use super::{Channel, kind, poll};
use crate::support::{Answer, Call, READY, Task, failed};

/// Somebody waits for a flush while others send so much that the driver never runs empty. The
/// inner writer must be flushed in between.
#[test]
fn flush_resolves_while_others_go_on_sending() {
    let mut channel = Channel::new((2, 40), [Answer::Done, Answer::Pending]);
    let sender = channel.sender.clone();
    channel.send("mine");
    let task = Task::new();
    let mut flushed = pin!(sender.flush());
    assert!(task.poll(flushed.as_mut()).is_pending());
    channel.inner.script_flush([Answer::Pending]);
    channel.drive_on();
    channel.send("theirs");
    assert_eq!(channel.driving.take_wakes(), 1);
    channel.drive_on();
    assert_eq!(task.take_wakes(), 1);
    assert_eq!(kind(task.poll(flushed)), READY);
    let log = channel.inner.take_log();
    assert_eq!(log[1..3], [Call::Flush(Answer::Pending), Call::Flush(Answer::Done)]);
    assert_eq!(log[3], Call::Write(6, Answer::Pending));
}

#[test]
fn flush_waits_for_what_was_sent_before_it_and_not_for_more() {
    let mut channel = Channel::new((2, 40), [Answer::Take(3), Answer::Pending]);
    let sender = channel.sender.clone();
    channel.send("before");
    let task = Task::new();
    let mut flushed = pin!(sender.flush());
    assert!(task.poll(flushed.as_mut()).is_pending());
    channel.send("after");
    channel.drive_on();
    assert!(task.poll(flushed.as_mut()).is_pending());
    channel.inner.script([Answer::Take(3), Answer::Pending]);
    channel.drive_on();
    assert_eq!(kind(task.poll(flushed)), READY);
    assert_eq!(channel.inner.wire(), b"before");
}

#[test]
fn a_position_to_which_nothing_was_sent_yet_is_waited_for() {
    let mut channel = Channel::new((2, 40), []);
    let sender = channel.sender.clone();
    channel.send("data");
    let task = Task::new();
    let mut flushed = pin!(sender.flushed(5));
    assert!(task.poll(flushed.as_mut()).is_pending());
    channel.drive_on();
    assert!(task.poll(flushed.as_mut()).is_pending());
    channel.send("!");
    channel.drive_on();
    assert_eq!(task.take_wakes(), 1);
    assert_eq!(kind(task.poll(flushed)), READY);

    let mut never = pin!(sender.flushed(6));
    assert!(task.poll(never.as_mut()).is_pending());
    sender.close_channel();
    assert!(channel.drive().is_ready());
    assert_eq!(kind(task.poll(never)), failed(ErrorKind::BrokenPipe));
}

#[test]
fn what_is_flushed_already_is_not_flushed_again() {
    let mut channel = Channel::new((2, 40), []);
    channel.drive_on();
    assert_eq!(channel.inner.take_log(), []);
    channel.send("data");
    channel.drive_on();
    channel.drive_on();
    assert_eq!(
        channel.inner.take_log(),
        [Call::Write(4, Answer::Take(4)), Call::Flush(Answer::Done)]
    );
    assert_eq!(kind(poll(channel.sender.flush())), READY);
    assert_eq!(channel.inner.take_log(), []);
}

/// The inner writer may hold bytes from before the channel.
#[test]
fn the_first_flush_reaches_the_inner_writer_also_when_nothing_was_sent() {
    let mut channel = Channel::new((2, 40), []);
    channel.drive_on();
    let sender = channel.sender.clone();
    let task = Task::new();
    let mut flushed = pin!(sender.flush());
    assert!(task.poll(flushed.as_mut()).is_pending());
    assert_eq!(channel.driving.take_wakes(), 1);
    channel.drive_on();
    assert_eq!(kind(task.poll(flushed)), READY);
    assert_eq!(channel.inner.take_log(), [Call::Flush(Answer::Done)]);
}

/// The driver flushes because it ran empty, and the inner writer is not done with that. What is
/// sent then must not wait for it.
#[test]
fn a_flush_that_nobody_waits_for_does_not_hold_up_what_is_sent() {
    let mut channel = Channel::new((2, 40), []);
    channel.inner.script_flush([Answer::Pending]);
    channel.send("data");
    channel.drive_on();
    channel.send("more");
    assert_eq!(channel.driving.take_wakes(), 1);
    channel.drive_on();
    let log = channel.inner.take_log();
    assert_eq!(log[1..3], [Call::Flush(Answer::Pending), Call::Write(4, Answer::Take(4))]);
    assert_eq!(log[3..], [Call::Flush(Answer::Done)]);
}

#[test]
fn a_dropped_flush_changes_nothing() {
    let mut channel = Channel::new((2, 40), [Answer::Take(3), Answer::Pending]);
    channel.send("before");
    let sender = channel.sender.clone();
    let mut doomed = Box::pin(sender.flush());
    assert!(poll(doomed.as_mut()).is_pending());
    channel.drive_on();
    assert!(poll(doomed.as_mut()).is_pending());
    drop(doomed);
    channel.drive_on();
    assert_eq!(channel.inner.wire(), b"before");
    assert_eq!(kind(poll(sender.flush())), READY);
}

#[test]
fn several_who_wait_for_a_flush_are_all_woken() {
    let mut channel = Channel::new((2, 40), []);
    channel.send("data");
    let tasks = [(); 5].map(|()| Task::new());
    let sender = channel.sender.clone();
    let mut flushes: Vec<_> = tasks.iter().map(|_| Box::pin(sender.flush())).collect();
    for (task, flush) in tasks.iter().zip(&mut flushes) {
        assert!(task.poll(flush.as_mut()).is_pending());
    }
    drop(flushes.remove(2));
    channel.drive_on();
    assert_eq!(tasks.each_ref().map(Task::take_wakes), [1, 1, 0, 1, 1]);
    for flush in flushes {
        assert_eq!(kind(poll(flush)), READY);
    }
}

#[test]
fn a_failed_flush_of_the_inner_writer_fails_the_channel() {
    let mut channel = Channel::new((2, 40), []);
    channel.inner.script_flush([Answer::Fail(ErrorKind::ConnectionReset)]);
    channel.send("data");
    let sender = channel.sender.clone();
    let mut flushed = pin!(sender.flush());
    assert!(poll(flushed.as_mut()).is_pending());
    assert!(channel.drive().is_ready());
    assert_eq!(kind(poll(flushed)), failed(ErrorKind::ConnectionReset));
    assert_eq!(kind(poll(sender.flush())), failed(ErrorKind::ConnectionReset));
}
