use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;

use flow_controlled_writer::{MemoryBudget, TrySendError};
use futures::SinkExt;
use tokio::io::AsyncWriteExt;

use super::{Channel, bytes, poll, unmerged, wait};
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
    other.start_send_unpin(bytes("1234567890")).expect("open");
    assert!(channel.sender.is_paused());
    assert_eq!(channel.sender.try_send("x"), Err(TrySendError::Full(bytes("x"))));
    let sender = channel.sender.clone();
    let task = Task::new();
    let mut sent = pin!(sender.send("2"));
    wait(&task, sent.as_mut());
    drop(other);
    assert!(!channel.sender.is_paused());
    assert_eq!(task.take_wakes(), 1);
    assert_eq!(task.poll(sent), Poll::Ready(Ok(2)));
}

/// A chunk is judged by what is there before it. One that is longer than any limit is taken whole.
#[test]
fn past_a_pause_a_chunk_is_taken_up_to_the_hard_limit() {
    let options = unmerged((2, 4)).hard_limit(20);
    let mut channel = Channel::with_options(&options, []);
    assert_eq!(channel.sender.try_send("longer than 4"), Ok(13));
    assert_eq!(channel.sender.try_send("x"), Err(TrySendError::Full(bytes("x"))));
    assert!(poll(channel.sender.send("x")).is_pending());
    assert_eq!(channel.sender.send_now("pong"), Ok(17));
    channel.sender.start_send_unpin(bytes("close")).expect("17 are below the limit");
    assert_eq!(channel.sender.buffer_size(), 22);

    assert_eq!(channel.sender.send_now("x"), Err(TrySendError::Full(bytes("x"))));
    assert_eq!(channel.sender.send_now(""), Ok(22));
    assert_eq!(channel.sender.try_send(""), Ok(22));
    channel.sender.start_send_unpin(bytes("")).expect("nothing needs no room");
    let error = channel.sender.start_send_unpin(bytes("x")).expect_err("22 are not");
    assert_eq!(error.kind(), std::io::ErrorKind::StorageFull);
    let refused = error.downcast::<TrySendError>().expect("the chunk is inside");
    assert_eq!(refused, TrySendError::Full(bytes("x")));
    channel.drive_on();
    assert_eq!(channel.inner.wire(), b"longer than 4pongclose");
}

/// Two sinks are told to be ready, then a third sender pauses the channel, at its hard limit. Their
/// items are taken all the same, and count at once like all else.
#[test]
fn an_item_of_a_sink_that_was_told_ready_is_taken_and_counted_whatever_the_limits() {
    let budget = MemoryBudget::new(4);
    let options = unmerged((2, 4)).hard_limit(5).budget(budget.clone());
    let mut channel = Channel::with_options(&options, []);
    let mut sinks = [(); 2].map(|()| channel.sender.clone());
    for sink in &mut sinks {
        assert!(poll(poll_fn(|cx| sink.poll_ready_unpin(cx))).is_ready());
    }
    channel.send("first");
    for (sink, (chunk, size)) in sinks.iter_mut().zip([("2222222222", 15), ("33333", 20)]) {
        sink.start_send_unpin(bytes(chunk)).expect("ready");
        assert_eq!((channel.sender.buffer_size(), budget.used()), (size, size));
        let stats = channel.sender.stats();
        assert_eq!(stats.enqueued_bytes - stats.written_bytes, size as u64);
        assert!(sink.start_send_unpin(bytes("x")).is_err(), "told once, taken once");
    }
    channel.drive_on();
    assert_eq!(channel.inner.wire(), b"first222222222233333");
    assert_eq!(channel.sender.stats().peak_buffer_size, 20);
    assert_eq!(budget.used(), 0);
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

/// A high mark of 0 lets one item through at a time, and a slice that is written is an item, whatever
/// the hard limit: that concerns what does not wait.
#[test]
fn a_write_with_a_high_mark_of_zero_takes_a_slice_as_one_item() {
    for hard_limit in [usize::MAX, 0] {
        let options = unmerged((0, 0)).hard_limit(hard_limit);
        let mut channel = Channel::with_options(&options, []);
        let write = poll(channel.sender.write(&[7; 1000])).map_err(|error| error.kind());
        assert_eq!(write, Poll::Ready(Ok(1000)));
        assert!(poll(channel.sender.write(&[7; 1000])).is_pending());
        channel.drive_on();
        assert_eq!(channel.inner.wire(), [7; 1000]);
    }
}
