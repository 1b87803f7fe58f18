use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;

use flow_controlled_writer::{TrySendError, Watermarks};
use futures::{FutureExt, SinkExt};

use super::{Channel, bytes, poll, wait};
use crate::support::{Answer, Task};

#[test]
fn size_counts_what_is_queued_and_what_the_driver_has_not_written() {
    let mut channel = Channel::new((0, 100), [Answer::Take(2), Answer::Pending]);
    channel.send("data1");
    assert_eq!(channel.sender.buffer_size(), 5);
    channel.drive_on();
    assert_eq!(channel.sender.buffer_size(), 3);
    channel.send("data2");
    assert_eq!(channel.sender.buffer_size(), 8);
    assert!(channel.inner.wake());
    channel.drive_on();
    assert_eq!((channel.sender.buffer_size(), channel.inner.wire()), (0, b"data1data2".to_vec()));
}

#[test]
fn send_waits_above_high_and_resumes_at_low() {
    let mut channel = Channel::new((2, 4), [Answer::Take(2), Answer::Pending]);
    channel.send("12345");
    assert!(channel.sender.is_paused());
    let task = Task::new();
    let sender = channel.sender.clone();
    let mut sent = pin!(sender.send("6"));
    wait(&task, sent.as_mut());
    channel.drive_on();
    assert_eq!((channel.sender.buffer_size(), task.take_wakes()), (3, 0));
    wait(&task, sent.as_mut());

    channel.inner.script([Answer::Take(1), Answer::Pending]);
    channel.drive_on();
    assert_eq!((channel.sender.buffer_size(), task.take_wakes()), (2, 1));
    assert_eq!(task.poll(sent), Poll::Ready(Ok(6)));
    assert_eq!(channel.sender.buffer_size(), 3);
    assert_eq!(channel.sender.stats().pauses, 1);
}

/// Ten senders wait. A resume must not wake only the first of them: each one that has sent lets
/// the next one know, in the order in which they began to wait.
#[test]
fn waiters_are_served_in_the_order_in_which_they_began_to_wait() {
    let mut channel = Channel::new((2, 4), []);
    channel.pause();
    let sender = channel.sender.clone();
    let mut waiting: Vec<_> =
        (b'0'..=b'9').map(|digit| (Task::new(), Box::pin(sender.send(vec![digit])))).collect();
    for (task, sent) in &mut waiting {
        wait(task, sent.as_mut());
    }
    channel.drive_on();
    let mut served = 0;
    while served < waiting.len() {
        let woken: Vec<_> = (0..10).filter(|&index| waiting[index].0.take_wakes() > 0).collect();
        if woken.is_empty() {
            assert!(channel.sender.is_paused(), "nobody is woken, and nothing is paused");
            channel.drive_on();
            continue;
        }
        assert_eq!(woken, [served], "one at a time, and in order");
        let (task, sent) = &mut waiting[served];
        served += 1;
        assert_eq!(task.poll(sent.as_mut()), Poll::Ready(Ok(5 + served as u64)));
    }
    channel.drive_on();
    assert!(channel.inner.wire().ends_with(b"#0123456789"));
}

#[test]
fn a_waiter_that_is_polled_before_its_turn_goes_on_waiting() {
    let mut channel = Channel::new((2, 4), []);
    channel.pause();
    let (first, second) = (channel.sender.clone(), channel.sender.clone());
    let (mut first, mut second) = (pin!(first.send("1")), pin!(second.send("2")));
    assert!(poll(first.as_mut()).is_pending());
    assert!(poll(second.as_mut()).is_pending());
    channel.drive_on();
    assert!(!channel.sender.is_paused());
    assert!(poll(second.as_mut()).is_pending());
    assert_eq!(poll(first), Poll::Ready(Ok(6)));
    assert_eq!(poll(second), Poll::Ready(Ok(7)));
}

#[test]
fn a_newcomer_need_not_queue_behind_those_who_wait() {
    let mut channel = Channel::new((2, 4), []);
    channel.pause();
    let sender = channel.sender.clone();
    let mut sent = pin!(sender.send("waited"));
    assert!(poll(sent.as_mut()).is_pending());
    channel.drive_on();
    channel.send("new");
    assert_eq!(poll(sent), Poll::Ready(Ok(14)));
    channel.drive_on();
    assert!(channel.inner.wire().ends_with(b"newwaited"));
}

/// A waiter is woken, but before it comes a newcomer pauses the channel again. The waiter must
/// still be the first in line, also before one that began to wait in between.
#[test]
fn a_woken_waiter_that_finds_the_channel_paused_again_keeps_its_place() {
    let mut channel = Channel::new((2, 4), []);
    channel.pause();
    let (first, second) = (channel.sender.clone(), channel.sender.clone());
    let (early, late) = (Task::new(), Task::new());
    let mut first = pin!(first.send("1"));
    wait(&early, first.as_mut());
    channel.drive_on();
    assert_eq!(early.take_wakes(), 1);
    channel.pause();
    let mut second = pin!(second.send("2"));
    wait(&late, second.as_mut());
    wait(&early, first.as_mut());
    channel.drive_on();
    assert_eq!((early.take_wakes(), late.take_wakes()), (1, 0));
    assert_eq!(early.poll(first), Poll::Ready(Ok(11)));
    assert_eq!(late.take_wakes(), 1);
    assert_eq!(late.poll(second), Poll::Ready(Ok(12)));
}

#[test]
fn a_waiter_dropped_before_its_turn_leaves_no_hole() {
    let mut channel = Channel::new((2, 4), []);
    channel.pause();
    let senders = [(); 3].map(|()| channel.sender.clone());
    let tasks = [(); 3].map(|()| Task::new());
    let mut sent: Vec<_> = senders.iter().map(|sender| Box::pin(sender.send("x"))).collect();
    for (task, sent) in tasks.iter().zip(&mut sent) {
        wait(task, sent.as_mut());
    }
    drop(sent.remove(1));
    channel.drive_on();
    assert_eq!(poll(&mut sent[0]), Poll::Ready(Ok(6)));
    assert_eq!((tasks[1].take_wakes(), tasks[2].take_wakes()), (0, 1));
    assert_eq!(poll(&mut sent[1]), Poll::Ready(Ok(7)));
}

/// The first waiter is woken and dropped before it is polled: the wake-up must go to the next one.
#[test]
fn a_waiter_dropped_after_it_was_woken_passes_the_wake_up_on() {
    let mut channel = Channel::new((2, 4), []);
    channel.pause();
    let (first, second) = (channel.sender.clone(), channel.sender.clone());
    let task = Task::new();
    let mut doomed = Box::pin(first.ready());
    let mut sent = pin!(second.send("x"));
    assert!(poll(doomed.as_mut()).is_pending());
    wait(&task, sent.as_mut());
    channel.drive_on();
    assert_eq!(task.take_wakes(), 0);
    drop(doomed);
    assert_eq!(task.take_wakes(), 1);
    assert_eq!(task.poll(sent), Poll::Ready(Ok(6)));
}

#[test]
fn ready_resolves_when_not_paused_and_lets_the_next_one_know() {
    let mut channel = Channel::new((2, 4), []);
    assert!(matches!(poll(channel.sender.ready()), Poll::Ready(Ok(()))));
    channel.pause();
    let sender = channel.sender.clone();
    let task = Task::new();
    let (mut ready, mut next) = (pin!(sender.ready()), pin!(sender.ready()));
    assert!(poll(ready.as_mut()).is_pending());
    wait(&task, next.as_mut());
    channel.drive_on();
    assert!(matches!(poll(ready), Poll::Ready(Ok(()))));
    assert_eq!(task.take_wakes(), 1);
    assert!(matches!(task.poll(next), Poll::Ready(Ok(()))));
}

#[test]
fn the_driver_is_woken_when_the_queue_becomes_non_empty_and_not_for_each_message() {
    let mut channel = Channel::new((0, 100), []);
    channel.drive_on();
    for _ in 0..5 {
        channel.send("x");
    }
    assert_eq!(channel.driving.take_wakes(), 1);
    channel.drive_on();
    channel.inner.otherwise(Answer::Pending);
    channel.send("y");
    assert_eq!(channel.driving.take_wakes(), 1);
    channel.drive_on();
    channel.send("z");
    assert_eq!(channel.driving.take_wakes(), 0, "it waits for the inner writer");
}

#[test]
fn set_watermarks_acts_at_once_both_ways_and_wakes_those_who_wait() {
    let channel = Channel::new((128, 1024), []);
    channel.sender.try_send(vec![0; 512]).expect("not paused");
    channel.sender.set_watermarks(Watermarks::new(128, 256));
    assert!(channel.sender.is_paused());
    let sender = channel.sender.clone();
    let task = Task::new();
    let mut sent = pin!(sender.send("x"));
    wait(&task, sent.as_mut());
    channel.sender.set_watermarks(Watermarks::new(512, 1024));
    assert_eq!(channel.sender.watermarks(), Watermarks::new(512, 1024));
    assert_eq!(task.take_wakes(), 1);
    assert_eq!(task.poll(sent), Poll::Ready(Ok(513)));
}

#[test]
fn try_send_gives_the_chunk_back_while_paused_and_takes_an_empty_one() {
    let channel = Channel::new((2, 4), []);
    channel.pause();
    assert_eq!(channel.sender.try_send("x"), Err(TrySendError::Full(bytes("x"))));
    assert_eq!(channel.sender.try_send(""), Ok(5));
    assert_eq!(channel.sender.buffer_size(), 5);
}

/// A batch of a resume: the driver may write more than one call, and every call counts.
#[test]
fn those_who_wait_are_woken_as_soon_as_the_inner_writer_has_taken_enough() {
    let script = [Answer::Take(4), Answer::Take(4), Answer::Pending];
    let mut channel = Channel::new((2, 9), script);
    channel.pause();
    let sender = channel.sender.clone();
    let task = Task::new();
    let mut ready = pin!(sender.ready());
    wait(&task, ready.as_mut());
    channel.drive_on();
    assert_eq!((channel.sender.buffer_size(), task.take_wakes()), (2, 1));
    assert!(matches!(task.poll(ready), Poll::Ready(Ok(()))));
}

/// A `feed` that is given up leaves its handle in line, where nobody will ever poll it. It must not
/// keep the wake-up from those behind it: when the queue has run empty, and all others had a turn, they
/// are called too.
#[test]
fn a_handle_that_lost_interest_does_not_hold_up_the_line() {
    let mut channel = Channel::new((2, 4), []);
    channel.pause();
    let mut stale = channel.sender.clone();
    let other = channel.sender.clone();
    assert!(poll(stale.feed(bytes("never"))).is_pending());
    let task = Task::new();
    let mut sent = pin!(other.send("x"));
    wait(&task, sent.as_mut());
    drive_until_calm(&mut channel);
    assert_eq!(task.take_wakes(), 1);
    assert_eq!(task.poll(sent), Poll::Ready(Ok(6)));
    assert!(stale.feed(bytes("now")).now_or_never().is_some());
}

/// A driver that waits is polled by another task, for no reason of its own, as by a `select!` that
/// moved: who polled it last is woken.
#[test]
fn a_driver_that_moves_to_another_task_is_woken_there() {
    let mut channel = Channel::new((2, 40), []);
    channel.drive_on();
    let task = Task::new();
    assert!(task.poll(pin!(&mut channel.driver)).is_pending());
    channel.send("data");
    assert_eq!((task.take_wakes(), channel.driving.take_wakes()), (1, 0));
    assert!(task.poll(pin!(&mut channel.driver)).is_pending());
    assert_eq!(channel.inner.wire(), b"data");
}

/// A sink and then a future wait in line. The sink may have lost interest, so its wake-up must not
/// be the last.
#[test]
fn a_handle_that_was_woken_does_not_hold_up_the_future_behind_it() {
    let mut channel = Channel::new((2, 4), []);
    channel.pause();
    let (mut sink, sender) = (channel.sender.clone(), channel.sender.clone());
    let (first, second) = (Task::new(), Task::new());
    assert!(first.poll_once(poll_fn(|cx| sink.poll_ready_unpin(cx))).is_pending());
    let mut sent = pin!(sender.send("6"));
    wait(&second, sent.as_mut());
    drive_until_calm(&mut channel);
    assert_eq!((first.take_wakes(), second.take_wakes()), (1, 1));
    assert_eq!(second.poll(sent), Poll::Ready(Ok(6)));
}

/// One that yields is called to an empty channel and does not come; then another one yields behind it. The
/// driver waits for work, or for the flush of the inner writer, and must hear of that.
#[test]
fn a_driver_that_waits_is_called_for_one_who_does_not_come() {
    for is_flushing in [false, true] {
        let mut channel = Channel::new((2, 4), []);
        if is_flushing {
            channel.inner.script_flush([Answer::Pending; 100]);
            channel.send("x");
        }
        drive_until_calm(&mut channel);
        let (first, second) = (channel.sender.clone(), channel.sender.clone());
        for _ in 0..1000 {
            first.try_send("").expect("open");
            second.try_send("").expect("open");
        }
        let (early, late) = (Task::new(), Task::new());
        let (mut absent, mut sent) = (pin!(first.send("1")), pin!(second.send("2")));
        assert!(early.poll(absent.as_mut()).is_pending());
        assert!(late.poll(sent.as_mut()).is_pending());
        assert_eq!((early.take_wakes(), late.take_wakes()), (1, 0));
        assert_eq!(channel.driving.take_wakes(), 1, "flushing: {is_flushing}");
        drive_until_calm(&mut channel);
        assert_eq!(late.take_wakes(), 1);
        assert!(late.poll(sent).is_ready());
        assert!(early.poll(absent).is_ready());
    }
}

/// The first one is called to an empty channel, comes when others have paused it again, and is called
/// anew: it has as much time as before. The driver took the one call for the other and passed it over.
#[test]
fn one_who_is_called_anew_is_not_passed_over_at_once() {
    let mut channel = Channel::new((2, 4), []);
    channel.pause();
    let (first, second) = (channel.sender.clone(), channel.sender.clone());
    let (early, late) = (Task::new(), Task::new());
    let (mut first, mut second) = (pin!(first.send("1")), pin!(second.send("2")));
    wait(&early, first.as_mut());
    wait(&late, second.as_mut());
    channel.drive_on();
    assert_eq!(early.take_wakes(), 1);
    channel.pause();
    wait(&early, first.as_mut());
    channel.drive_on();
    assert_eq!((early.take_wakes(), late.take_wakes()), (1, 0));
    assert_eq!(early.poll(first), Poll::Ready(Ok(11)));
    assert_eq!(late.poll(second), Poll::Ready(Ok(12)));
}

/// Polls the driver, and again for as long as it wakes itself. That ends.
fn drive_until_calm(channel: &mut Channel) {
    for _ in 0..3 {
        channel.driving.take_wakes();
        channel.drive_on();
        if channel.driving.take_wakes() == 0 {
            return;
        }
    }
    panic!("the driver wakes itself for ever");
}
