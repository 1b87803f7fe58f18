//! A driver that stays in hand after an error: what it holds, another inner writer, and positions.
use std::io::ErrorKind;
use std::pin::pin;
use std::task::Poll;

use bytes::{Buf, Bytes};
use flow_controlled_writer::{ChunkQueue, FlowControlledWriter};

use super::{Channel, bytes, kind, poll, wait};
use crate::support::{Answer, Call, Outcome, READY, Scripted, Task, failed};

/// Polls a `drive` of the channel once and drops it.
fn drive(channel: &mut Channel) -> Outcome {
    kind(channel.driving.poll_once(channel.driver.drive()))
}

fn held(queue: &ChunkQueue) -> Vec<u8> {
    queue.slices().collect::<Vec<_>>().concat()
}

const RESET: ErrorKind = ErrorKind::ConnectionReset;

#[test]
fn drive_does_what_the_future_does_and_ends_with_the_channel() {
    let mut channel = Channel::new((2, 40), []);
    channel.send("data");
    assert_eq!(drive(&mut channel), Poll::Pending);
    assert_eq!(channel.inner.wire(), b"data");
    channel.sender.close_channel();
    assert_eq!(channel.driving.take_wakes(), 1);
    assert_eq!(drive(&mut channel), READY);
    assert_eq!(kind(poll(channel.sender.closed())), READY);
    let log = channel.inner.take_log();
    assert!(log.ends_with(&[Call::Flush(Answer::Done), Call::Shutdown(Answer::Done)]));
    let parts = channel.driver.into_parts();
    assert_eq!((parts.queue.remaining(), parts.written), (0, 4));
    assert_eq!(kind(poll(channel.sender.closed())), READY, "it had ended well before");
}

/// Somebody takes the queue out, and leaves one with other options.
#[test]
fn the_options_of_a_channel_outlive_a_queue_that_is_taken_out() {
    let mut channel = Channel::new((2, 40), [Answer::Fail(RESET)]);
    channel.send("lost");
    assert_eq!(drive(&mut channel), failed(RESET));
    drop(std::mem::take(channel.driver.unsent()));
    let (inner, handle) = Scripted::gathering([]);
    drop(channel.driver.replace(inner));
    for round in 0..4 {
        let chunk = Bytes::from(vec![round; 30]);
        channel.sender.try_send(chunk.clone()).expect("open");
        assert_eq!(drive(&mut channel), Poll::Pending);
        let addresses = handle.take_addresses().concat();
        assert_eq!(addresses, [chunk.as_ptr() as usize], "round {round}: it is not copied");
    }
}

/// Neither by parts, nor by what is unsent, nor as bytes that were discarded once more.
#[test]
fn what_an_abort_has_discarded_does_not_come_back() {
    for by_parts in [false, true] {
        let mut channel = Channel::new((2, 40), [Answer::Take(2), Answer::Pending]);
        channel.send("data");
        assert_eq!(drive(&mut channel), Poll::Pending);
        channel.send("more");
        assert_eq!(channel.sender.abort(), 6);
        if by_parts {
            let parts = channel.driver.into_parts();
            assert_eq!((held(&parts.queue), parts.written), (Vec::new(), 2));
        } else {
            assert_eq!(held(channel.driver.unsent()), b"");
        }
        let stats = channel.sender.stats();
        assert_eq!((stats.enqueued_bytes, stats.written_bytes), (8, 2));
        assert_eq!(channel.sender.written(), 2);
    }
}

/// The pause goes on while there is no writer; the next one has all of the time.
#[cfg(feature = "time")]
#[tokio::test(start_paused = true)]
async fn a_pause_begins_anew_with_another_writer() {
    use std::time::Duration;

    const TIMEOUT: Duration = Duration::from_secs(10);
    let options = super::unmerged((2, 40)).pause_timeout(TIMEOUT);
    let mut channel = Channel::with_options(&options, [Answer::Fail(RESET)]);
    channel.pause();
    assert_eq!(drive(&mut channel), failed(RESET));
    for _ in 0..3 {
        tokio::time::advance(TIMEOUT * 2).await;
        let (inner, handle) = Scripted::gathering([Answer::Take(1)]);
        handle.otherwise(Answer::Pending);
        drop(channel.driver.replace(inner));
        assert_eq!(drive(&mut channel), Poll::Pending);
        tokio::time::advance(TIMEOUT - Duration::from_millis(1)).await;
        assert_eq!(drive(&mut channel), Poll::Pending);
        tokio::time::advance(Duration::from_millis(1)).await;
        assert_eq!(drive(&mut channel), failed(ErrorKind::TimedOut));
    }
    assert!(channel.sender.stats().paused_time >= TIMEOUT * 9, "all of it counts");
}

#[test]
fn an_error_leaves_the_channel_open_and_another_writer_gets_what_was_not_written() {
    let script = [Answer::Take(3), Answer::Fail(RESET)];
    let mut channel = Channel::new((2, 12), script);
    let positions = ["one ", "two "].map(|chunk| channel.sender.try_send(chunk).expect("open"));
    assert_eq!(drive(&mut channel), failed(RESET));
    assert_eq!(drive(&mut channel), failed(RESET), "until it is replaced");
    assert!(!channel.sender.is_closed());
    assert_eq!((channel.sender.written(), channel.sender.buffer_size()), (3, 5));
    assert!(channel.sender.written() < positions[0]);

    channel.send("three ");
    assert_eq!(held(channel.driver.unsent()), b" two three ");
    assert_eq!(channel.sender.buffer_size(), 11);
    let (inner, handle) = Scripted::gathering([]);
    drop(channel.driver.replace(inner));
    assert_eq!(drive(&mut channel), Poll::Pending);
    assert_eq!(handle.wire(), b" two three ");
    assert_eq!((channel.sender.written(), channel.sender.buffer_size()), (14, 0));
    assert_eq!(channel.sender.try_send("x"), Ok(15));
}

#[test]
fn senders_wait_while_nobody_drives_and_go_on_with_the_next_writer() {
    let mut channel = Channel::new((2, 4), [Answer::Fail(RESET)]);
    channel.pause();
    let sender = channel.sender.clone();
    let (sending, flushing, closing) = (Task::new(), Task::new(), Task::new());
    let mut send = pin!(sender.send("6"));
    let mut flush = pin!(sender.flush());
    let mut closed = pin!(sender.closed());
    wait(&flushing, flush.as_mut());
    wait(&closing, closed.as_mut());
    assert_eq!(drive(&mut channel), failed(RESET));
    wait(&sending, send.as_mut());
    assert_eq!((flushing.take_wakes(), closing.take_wakes()), (0, 0));

    let (inner, handle) = Scripted::gathering([]);
    drop(channel.driver.replace(inner));
    assert_eq!(drive(&mut channel), Poll::Pending);
    assert_eq!((sending.take_wakes(), flushing.take_wakes()), (1, 1));
    assert_eq!(sending.poll(send), Poll::Ready(Ok(6)));
    assert_eq!(kind(flushing.poll(flush)), READY);
    assert_eq!(handle.wire(), b"#####");
    assert!(closing.poll(closed.as_mut()).is_pending());
    drop(channel.driver);
    assert_eq!(kind(closing.poll(closed)), failed(ErrorKind::BrokenPipe));
}

/// What the lost peer did not acknowledge is put before what was not written. It has had its positions.
#[test]
fn what_is_put_before_the_rest_goes_first_and_counts_in_no_position() {
    for by_drive in [true, false] {
        let mut channel = Channel::new((2, 40), [Answer::Take(6), Answer::Fail(RESET)]);
        let second =
            ["one ", "two ", "three "].map(|chunk| channel.sender.try_send(chunk).expect("open"));
        assert_eq!(drive(&mut channel), failed(RESET));
        assert_eq!(channel.sender.written(), 6);

        let unsent = channel.driver.unsent();
        let rest: Vec<Bytes> = std::mem::take(unsent).into_iter().collect();
        unsent.push("two ");
        unsent.extend(rest);
        assert_eq!(held(unsent), b"two o three ");
        let (inner, handle) = Scripted::gathering([Answer::Take(3), Answer::Pending]);
        drop(channel.driver.replace(inner));
        let go_on = |channel: &mut Channel| {
            if by_drive {
                assert_eq!(drive(channel), Poll::Pending);
            } else {
                channel.drive_on();
            }
        };
        go_on(&mut channel);
        assert_eq!(channel.sender.written(), 6, "only what was put in has been written");
        assert_eq!(channel.sender.buffer_size(), 9);
        go_on(&mut channel);
        assert_eq!(handle.wire(), b"two o three ");
        assert_eq!((channel.sender.written(), channel.sender.buffer_size()), (second[2], 0));
        let stats = channel.sender.stats();
        assert_eq!((stats.enqueued_bytes, stats.written_bytes), (18, 18), "6, and 4 put in, and 8");
    }
}

#[test]
fn what_is_removed_from_the_front_counts_as_written() {
    let mut channel = Channel::new((2, 40), [Answer::Take(6), Answer::Fail(RESET)]);
    let last =
        ["one ", "two ", "three "].map(|chunk| channel.sender.try_send(chunk).expect("open"))[2];
    assert_eq!(drive(&mut channel), failed(RESET));
    channel.driver.unsent().advance(2);
    let (inner, handle) = Scripted::gathering([]);
    drop(channel.driver.replace(inner));
    assert_eq!(drive(&mut channel), Poll::Pending);
    assert_eq!(handle.wire(), b"three ");
    assert_eq!((channel.sender.written(), channel.sender.buffer_size()), (last, 0));
}

#[test]
fn all_may_be_taken_out_and_the_channel_goes_on() {
    let mut channel = Channel::new((2, 4), [Answer::Fail(RESET)]);
    channel.pause();
    assert_eq!(drive(&mut channel), failed(RESET));
    assert_eq!(held(&std::mem::take(channel.driver.unsent())), b"#####");
    let (inner, handle) = Scripted::gathering([]);
    drop(channel.driver.replace(inner));
    assert_eq!(drive(&mut channel), Poll::Pending);
    assert_eq!((channel.sender.written(), channel.sender.buffer_size()), (5, 0));
    assert!(!channel.sender.is_paused());
    channel.send("next");
    assert_eq!(drive(&mut channel), Poll::Pending);
    assert_eq!(handle.wire(), b"next");
    assert_eq!(channel.sender.written(), 9);
}

#[test]
fn a_flush_of_the_inner_writer_that_fails_leaves_the_channel_open_too() {
    let mut channel = Channel::new((2, 40), []);
    channel.inner.script_flush([Answer::Fail(RESET)]);
    channel.send("data");
    let sender = channel.sender.clone();
    let mut flush = pin!(sender.flush());
    assert!(poll(flush.as_mut()).is_pending());
    assert_eq!(drive(&mut channel), failed(RESET));
    assert!(!sender.is_closed());
    let (inner, handle) = Scripted::gathering([]);
    drop(channel.driver.replace(inner));
    assert_eq!(drive(&mut channel), Poll::Pending);
    assert_eq!(kind(poll(flush)), READY, "the new one was flushed");
    assert_eq!(handle.take_log(), [Call::Flush(Answer::Done)]);
}

#[test]
fn into_parts_ends_the_channel_and_gives_all_that_was_not_written() {
    let mut channel = Channel::new((2, 40), [Answer::Take(3), Answer::Pending]);
    channel.send("data");
    assert_eq!(drive(&mut channel), Poll::Pending);
    channel.send("more");
    let sender = channel.sender.clone();
    let mut flush = pin!(sender.flush());
    assert!(poll(flush.as_mut()).is_pending());
    let parts = channel.driver.into_parts();
    assert_eq!((held(&parts.queue), parts.written), (b"amore".to_vec(), 3));
    assert!(sender.is_closed());
    assert_eq!(kind(poll(flush)), failed(ErrorKind::BrokenPipe));
    assert_eq!(sender.buffer_size(), 0);
    assert_eq!(sender.written(), 3, "also after the end");

    let mut writer = FlowControlledWriter::from_parts(parts, &super::unmerged((2, 40)));
    assert_eq!((writer.buffer_size(), writer.stats().written_bytes), (5, 3));
    channel.inner.caller_gave_up();
    assert_eq!(kind(poll(writer.flush())), READY);
    assert_eq!(channel.inner.wire(), b"datamore");
    assert_eq!(writer.stats().written_bytes, 8);
}

#[test]
fn an_abort_between_two_writers_discards_what_nobody_has_written() {
    let mut channel = Channel::new((2, 40), [Answer::Take(1), Answer::Fail(RESET)]);
    channel.send("data");
    assert_eq!(drive(&mut channel), failed(RESET));
    channel.send("more");
    assert_eq!(channel.sender.abort(), 7);
    assert_eq!(channel.sender.buffer_size(), 0);
    let (inner, handle) = Scripted::gathering([]);
    drop(channel.driver.replace(inner));
    assert_eq!(drive(&mut channel), READY);
    assert_eq!(handle.wire(), b"");
    assert_eq!(handle.take_log(), [Call::Flush(Answer::Done), Call::Shutdown(Answer::Done)]);
    let stats = channel.sender.stats();
    assert_eq!((stats.enqueued_bytes, stats.written_bytes), (8, 1));
}

#[test]
fn close_between_two_writers_lets_the_next_one_end_the_stream() {
    let mut channel = Channel::new((2, 40), [Answer::Fail(RESET)]);
    channel.send("data");
    assert_eq!(drive(&mut channel), failed(RESET));
    channel.sender.close_channel();
    let (inner, handle) = Scripted::gathering([]);
    drop(channel.driver.replace(inner));
    assert_eq!(drive(&mut channel), READY);
    assert_eq!(handle.wire(), b"data");
    assert_eq!(channel.sender.try_send("x").map_err(|error| error.into_inner()), Err(bytes("x")));
}
