use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;

use flow_controlled_writer::{MemoryBudget, TrySendError, Watermarks};
use futures::SinkExt;
use tokio::io::AsyncWriteExt;

use super::{Channel, bytes, poll, unmerged};
use crate::support::{Answer, Task};

#[test]
fn the_budget_counts_the_buffer_size_at_every_step() {
    let budget = MemoryBudget::new(100);
    let options = unmerged((2, 40)).budget(budget.clone());
    let mut channel = Channel::with_options(&options, [Answer::Take(3), Answer::Pending]);
    channel.send("12345");
    assert_eq!(budget.used(), 5);
    channel.drive_on();
    assert_eq!((budget.used(), channel.sender.buffer_size()), (2, 2));
    channel.send("678");
    assert_eq!(budget.used(), 5);
    channel.sender.abort();
    assert_eq!(budget.used(), 0);
}

#[test]
fn the_budget_is_given_back_by_a_failure_and_by_the_drop_of_the_driver() {
    let budget = MemoryBudget::new(100);
    let options = unmerged((2, 40)).budget(budget.clone());
    let mut failing =
        Channel::with_options(&options, [Answer::Fail(std::io::ErrorKind::BrokenPipe)]);
    failing.send("12345");
    assert!(failing.drive().is_ready());
    assert_eq!(budget.used(), 0);

    let Channel { sender, driver, .. } = Channel::with_options(&options, []);
    sender.try_send("12345").expect("within the budget");
    drop(driver);
    assert_eq!((budget.used(), sender.buffer_size()), (0, 0));
}

/// Another writer has used the budget up: both marks act as 0, and as the watermarks again when it
/// has given its share back. The channel notices at its next call.
#[test]
fn an_exceeded_budget_pauses_a_channel_that_holds_anything() {
    let budget = MemoryBudget::new(10);
    let options = unmerged((20, 40)).budget(budget);
    let channel = Channel::with_options(&options, []);
    let mut other = options.build(tokio::io::sink());
    channel.send("1");
    assert_eq!(channel.sender.try_send("1234567890"), Err(TrySendError::Full(bytes("1234567890"))));
    other.start_send_unpin(bytes("1234567890")).expect("open");
    assert!(channel.sender.is_paused());
    let sender = channel.sender.clone();
    let task = Task::new();
    let mut sent = pin!(sender.send("2"));
    assert!(task.poll(sent.as_mut()).is_pending());
    drop(other);
    assert!(!channel.sender.is_paused());
    assert_eq!(task.take_wakes(), 1);
    assert_eq!(task.poll(sent), Poll::Ready(Ok(())));
}

#[test]
fn a_chunk_beyond_the_cap_comes_back() {
    let options = unmerged((2, 4)).max_buffer_size(8);
    let mut channel = Channel::with_options(&options, []);
    let too_long = bytes("123456789");
    let refused = || Err(TrySendError::Full(too_long.clone()));
    assert_eq!(channel.sender.try_send(too_long.clone()), refused());
    assert_eq!(poll(channel.sender.send(too_long.clone())), Poll::Ready(refused()));
    let error = channel.sender.start_send_unpin(too_long.clone()).expect_err("over the cap");
    assert_eq!(error.kind(), std::io::ErrorKind::StorageFull);
    assert_eq!(
        error.downcast::<TrySendError>().map_err(|_| ()),
        Ok(refused().expect_err("is one"))
    );
    assert_eq!(channel.sender.buffer_size(), 0);
    channel.send("12345678");
}

#[cfg(feature = "time")]
mod stall {
    use std::io::ErrorKind;
    use std::task::Poll;
    use std::time::Duration;

    use tokio::time::advance;

    use super::{Answer, Channel, unmerged};

    fn stalling(script: impl IntoIterator<Item = Answer>) -> Channel {
        let options = unmerged((2, 40)).stall_timeout(Duration::from_secs(10));
        Channel::with_options(&options, script)
    }

    fn failure(channel: &mut Channel) -> Option<ErrorKind> {
        match channel.drive() {
            Poll::Ready(Err(failure)) => Some(failure.error.kind()),
            Poll::Ready(Ok(_)) => panic!("the driver has ended"),
            Poll::Pending => None,
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_driver_whose_writer_takes_nothing_times_out() {
        let mut channel = stalling([Answer::Pending, Answer::Take(1), Answer::Pending]);
        channel.inner.otherwise(Answer::Pending);
        advance(Duration::from_secs(60)).await;
        channel.send("data");
        assert_eq!(failure(&mut channel), None);
        advance(Duration::from_secs(9)).await;
        assert_eq!(failure(&mut channel), None);
        advance(Duration::from_secs(9)).await;
        assert_eq!(failure(&mut channel), None);
        channel.driving.take_wakes();
        advance(Duration::from_secs(1)).await;
        assert_eq!(channel.driving.take_wakes(), 1);
        assert_eq!(failure(&mut channel), Some(ErrorKind::TimedOut));
        assert!(channel.sender.is_closed());
    }

    /// Somebody waits for a flush, so the driver does not go on to what was sent since. These bytes
    /// wait as much as if they had been taken.
    #[tokio::test(start_paused = true)]
    async fn bytes_that_wait_behind_a_flush_time_out() {
        let mut channel = stalling([]);
        channel.inner.script_flush([Answer::Pending; 3]);
        channel.send("data");
        let sender = channel.sender.clone();
        let mut flush = std::pin::pin!(sender.flush());
        assert!(super::poll(flush.as_mut()).is_pending());
        assert_eq!(failure(&mut channel), None);
        advance(Duration::from_secs(60)).await;
        channel.send("more");
        assert_eq!(channel.driving.take_wakes(), 1);
        assert_eq!(failure(&mut channel), None);
        advance(Duration::from_secs(10)).await;
        assert_eq!(channel.driving.take_wakes(), 1);
        assert_eq!(failure(&mut channel), Some(ErrorKind::TimedOut));
    }
}

/// Two sinks are told to be ready, then a third sender pauses the channel, and their items are
/// parked. The marks are raised: there is room for one of the two under the cap, not for both.
#[test]
fn parked_items_come_in_one_by_one_where_the_cap_has_no_room_for_both() {
    let options = unmerged((2, 4)).max_buffer_size(20);
    let mut channel = Channel::with_options(&options, [Answer::Take(4), Answer::Pending]);
    let mut sinks = [(); 2].map(|()| channel.sender.clone());
    for sink in &mut sinks {
        assert!(poll(poll_fn(|cx| sink.poll_ready_unpin(cx))).is_ready());
    }
    channel.send("first");
    for (sink, chunk) in sinks.iter_mut().zip(["2222222222", "3333333333"]) {
        sink.start_send_unpin(bytes(chunk)).expect("ready");
    }
    channel.sender.set_watermarks(Watermarks::new(50, 100));
    assert_eq!(channel.sender.buffer_size(), 15);
    channel.drive_on();
    assert_eq!(channel.sender.buffer_size(), 11);
    assert!(channel.sender.is_paused(), "one is parked");
    assert_eq!(channel.sender.try_send("4"), Err(TrySendError::Full(bytes("4"))));
    channel.inner.script([Answer::Take(1), Answer::Pending]);
    channel.drive_on();
    assert_eq!(channel.sender.buffer_size(), 20);
    assert!(!channel.sender.is_paused());
    channel.drive_on();
    assert_eq!(channel.inner.wire(), b"first22222222223333333333");
    assert_eq!(channel.sender.stats().peak_buffer_size, 20);
}

/// One channel holds bytes and is not paused. Another one exceeds the budget, and then gives all
/// back. The first has had no call in between: it must notice at the next one.
#[test]
fn a_sender_notices_at_its_next_call_what_others_do_to_the_budget() {
    let budget = MemoryBudget::new(10);
    let options = unmerged((50, 100)).budget(budget.clone());
    let calls: [fn(&Channel) -> bool; 3] = [
        |channel| poll(channel.sender.ready()).is_ready(),
        |channel| poll(channel.sender.send("more")).is_ready(),
        |channel| channel.sender.try_send("more").is_ok(),
    ];
    for call in calls {
        let (held, mut other) =
            (Channel::with_options(&options, []), Channel::with_options(&options, []));
        held.send("12345");
        other.sender.start_send_unpin(bytes("1234567890")).expect("open");
        assert!(budget.is_exceeded());
        assert!(!call(&held));
        assert_eq!(held.sender.buffer_size(), 5);
        assert_eq!(other.sender.abort(), 10);
        assert!(call(&held));
        assert!(held.sender.stats().pauses > 0);
    }
}

/// A high mark of 0 lets one item through at a time, and a slice that is written is an item: as
/// large as the cap allows, and not one byte.
#[test]
fn a_write_with_a_high_mark_of_zero_takes_a_slice_up_to_the_cap() {
    for (cap, taken) in [(usize::MAX, 1000), (64, 64)] {
        let options = unmerged((0, 0)).max_buffer_size(cap);
        let mut channel = Channel::with_options(&options, []);
        let write = poll(channel.sender.write(&[7; 1000])).map_err(|error| error.kind());
        assert_eq!(write, Poll::Ready(Ok(taken)));
        assert!(poll(channel.sender.write(&[7; 1000])).is_pending());
        channel.drive_on();
        assert_eq!(channel.inner.wire(), vec![7; taken]);
    }
}
