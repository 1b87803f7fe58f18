use std::io::ErrorKind;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use tokio::time::advance;

use super::{Channel, kind, poll, unmerged};
use crate::support::{Answer, READY, failed};

const TIMEOUT: Duration = Duration::from_secs(10);
const ALMOST: Duration = Duration::from_secs(9);
const REST: Duration = Duration::from_secs(1);

/// A channel with marks of 2 and 40 bytes whose inner writer may take nothing for ten seconds.
fn stalling(script: impl IntoIterator<Item = Answer>) -> Channel {
    Channel::with_options(&unmerged((2, 40)).stall_timeout(TIMEOUT), script)
}

/// The same for a pause.
fn pausing(script: impl IntoIterator<Item = Answer>) -> Channel {
    let channel = Channel::with_options(&unmerged((2, 40)).pause_timeout(TIMEOUT), script);
    channel.inner.otherwise(Answer::Pending);
    channel
}

/// Polls the driver, and returns the kind of its error if it has failed.
#[track_caller]
fn failure(channel: &mut Channel) -> Option<ErrorKind> {
    match channel.drive() {
        Poll::Ready(Err(failure)) => Some(failure.error.kind()),
        Poll::Ready(Ok(_)) => panic!("the driver has ended"),
        Poll::Pending => None,
    }
}

/// Checks that the driver is woken at the end of `rest`, not before, and fails then.
#[track_caller]
fn times_out(channel: &mut Channel) -> impl Future<Output = ()> {
    let caller = std::panic::Location::caller();
    async move {
        channel.driving.take_wakes();
        advance(REST - Duration::from_millis(1)).await;
        assert_eq!((channel.driving.take_wakes(), failure(channel)), (0, None), "early: {caller}");
        advance(Duration::from_millis(1)).await;
        assert_eq!(channel.driving.take_wakes(), 1, "nobody wakes the driver: {caller}");
        assert_eq!(failure(channel), Some(ErrorKind::TimedOut), "{caller}");
        assert!(channel.sender.is_closed());
        assert_eq!(kind(poll(channel.sender.closed())), failed(ErrorKind::TimedOut));
    }
}

#[tokio::test(start_paused = true)]
async fn a_driver_whose_writer_takes_nothing_times_out() {
    let mut channel = stalling([Answer::Pending, Answer::Take(1), Answer::Pending]);
    channel.inner.otherwise(Answer::Pending);
    advance(TIMEOUT * 6).await;
    channel.send("data");
    assert_eq!(failure(&mut channel), None);
    advance(ALMOST).await;
    assert_eq!(failure(&mut channel), None);
    advance(ALMOST).await;
    assert_eq!(failure(&mut channel), None);
    times_out(&mut channel).await;
}

/// All bytes were taken, and the inner writer does not end its flush: a TLS layer still holds them.
#[tokio::test(start_paused = true)]
async fn a_flush_that_does_not_end_times_out_whether_anyone_waits_for_it_or_not() {
    for waits in [false, true] {
        let mut channel = stalling([]);
        channel.inner.script_flush([Answer::Pending; 10]);
        channel.send("data");
        let sender = channel.sender.clone();
        let mut flush = pin!(sender.flush());
        if waits {
            assert!(poll(flush.as_mut()).is_pending());
        }
        assert_eq!(failure(&mut channel), None);
        advance(ALMOST).await;
        assert_eq!(failure(&mut channel), None);
        times_out(&mut channel).await;
        if waits {
            assert_eq!(kind(poll(flush)), failed(ErrorKind::TimedOut));
        }
    }
}

/// What is sent meanwhile waits, and restarts nothing.
#[tokio::test(start_paused = true)]
async fn bytes_that_wait_behind_a_flush_do_not_restart_the_clock() {
    let mut channel = stalling([]);
    channel.inner.script_flush([Answer::Pending; 10]);
    channel.send("data");
    let sender = channel.sender.clone();
    let mut flush = pin!(sender.flush());
    assert!(poll(flush.as_mut()).is_pending());
    assert_eq!(failure(&mut channel), None);
    advance(ALMOST).await;
    channel.send("more");
    assert_eq!(channel.driving.take_wakes(), 1);
    assert_eq!(failure(&mut channel), None);
    times_out(&mut channel).await;
}

#[tokio::test(start_paused = true)]
async fn a_flush_that_ends_in_time_is_no_stall() {
    let mut channel = stalling([]);
    channel.inner.script_flush([Answer::Pending]);
    channel.send("data");
    assert_eq!(failure(&mut channel), None);
    advance(ALMOST).await;
    assert_eq!(failure(&mut channel), None);
    channel.driving.take_wakes();
    advance(TIMEOUT * 6).await;
    assert_eq!(channel.driving.take_wakes(), 0, "no timer is left behind");
    assert_eq!(failure(&mut channel), None);
    assert_eq!(kind(poll(channel.sender.flush())), READY);
}

#[tokio::test(start_paused = true)]
async fn a_driver_times_out_also_after_the_channel_was_closed() {
    let mut channel = stalling([]);
    channel.inner.otherwise(Answer::Pending);
    channel.send("data");
    channel.sender.close_channel();
    assert_eq!(failure(&mut channel), None);
    advance(ALMOST).await;
    assert_eq!(failure(&mut channel), None);
    times_out(&mut channel).await;
}

#[tokio::test(start_paused = true)]
async fn a_driver_times_out_in_each_step_of_the_end_also_after_an_abort() {
    for aborts in [false, true] {
        let mut channel = stalling([Answer::Pending]);
        channel.send("data");
        assert_eq!(failure(&mut channel), None);
        advance(ALMOST).await;
        if aborts {
            assert_eq!(channel.sender.abort(), 4);
        } else {
            channel.sender.close_channel();
        }
        // Each step that ends restarts the clock: the queue is gone, then the flush.
        channel.inner.script_flush([Answer::Pending]);
        channel.inner.script_shutdown([Answer::Pending; 10]);
        assert_eq!(failure(&mut channel), None);
        advance(ALMOST).await;
        assert_eq!(failure(&mut channel), None);
        advance(ALMOST).await;
        assert_eq!(failure(&mut channel), None);
        times_out(&mut channel).await;
    }
}

/// A byte now and then is progress, and never lets the channel resume.
#[tokio::test(start_paused = true)]
async fn a_pause_that_lasts_too_long_fails_the_channel() {
    let mut channel = pausing([]);
    channel.send("not yet paused");
    assert_eq!(failure(&mut channel), None);
    advance(TIMEOUT * 6).await;
    assert_eq!(failure(&mut channel), None);
    channel.send("forty-one bytes from now on ");
    assert!(channel.sender.is_paused());
    assert_eq!(channel.driving.take_wakes(), 1, "it is to watch the time");
    for _ in 0..9 {
        channel.inner.script([Answer::Take(1), Answer::Pending]);
        assert_eq!(failure(&mut channel), None);
        advance(REST).await;
    }
    times_out(&mut channel).await;
    assert_eq!(channel.sender.stats().written_bytes, 9);
    assert!(channel.sender.stats().paused_time >= TIMEOUT);
}

#[tokio::test(start_paused = true)]
async fn a_pause_that_ends_in_time_is_forgotten() {
    let mut channel = pausing([]);
    for round in 1..=5 {
        channel.pause();
        assert_eq!(failure(&mut channel), None);
        advance(ALMOST).await;
        channel.inner.script([Answer::Take(41)]);
        assert_eq!(failure(&mut channel), None);
        assert!(!channel.sender.is_paused());
        assert_eq!(channel.sender.stats().paused_time, ALMOST * round);
        advance(ALMOST).await;
    }
}

/// Somebody waits for a flush that does not end. What is sent meanwhile pauses the channel.
#[tokio::test(start_paused = true)]
async fn a_pause_behind_a_flush_times_out() {
    let mut channel = pausing([Answer::Done]);
    channel.inner.script_flush([Answer::Pending; 10]);
    channel.send("data");
    let sender = channel.sender.clone();
    let mut flush = pin!(sender.flush());
    assert!(poll(flush.as_mut()).is_pending());
    assert_eq!(failure(&mut channel), None);
    channel.send("more");
    assert_eq!(failure(&mut channel), None);
    channel.driving.take_wakes();
    channel.pause();
    assert_eq!(channel.driving.take_wakes(), 1, "it is to watch the time");
    assert_eq!(failure(&mut channel), None);
    advance(ALMOST).await;
    assert_eq!(failure(&mut channel), None);
    times_out(&mut channel).await;
}
