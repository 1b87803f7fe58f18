use std::io::ErrorKind;
use std::pin::Pin;
use std::task::Poll;

use bytes::Bytes;
use flow_controlled_writer::{Builder, TrySendError, Watermarks};
use futures::{Sink, SinkExt, StreamExt};
use tokio::io::{AsyncWrite, AsyncWriteExt};

use super::{Channel, bytes, kind, poll};
use crate::support::{Answer, Call, READY, Task, failed};

fn is_ready(sender: &mut flow_controlled_writer::channel::Sender, task: &Task) -> bool {
    Pin::new(sender).poll_ready(&mut task.context()).is_ready()
}

/// Three sinks are told to be ready. The first one pauses the channel; the others send, as they
/// may: they are never refused, each item counts at once, and none is lost or reordered.
#[test]
fn sinks_that_were_told_ready_are_taken_though_another_one_paused_the_channel() {
    let mut channel = Channel::new((2, 4), [Answer::Pending]);
    let task = Task::new();
    let mut sinks = [(); 3].map(|()| channel.sender.clone());
    for sink in &mut sinks {
        assert!(is_ready(sink, &task));
    }
    for (sink, (chunk, size)) in sinks.iter_mut().zip([("11111", 5), ("22222", 10), ("33333", 15)])
    {
        Pin::new(sink).start_send(bytes(chunk)).expect("ready");
        assert_eq!((channel.sender.buffer_size(), channel.sender.is_paused()), (size, true));
    }
    assert!(!is_ready(&mut sinks[1], &task));
    let mut flushed = Box::pin(sinks[2].flush());
    assert!(task.poll(flushed.as_mut()).is_pending());
    channel.drive_on();
    channel.inner.script([Answer::Take(4), Answer::Pending]);
    channel.drive_on();
    assert_eq!(channel.sender.buffer_size(), 11);
    channel.drive_on();
    assert_eq!(channel.inner.wire(), b"111112222233333");
    assert_eq!(kind(task.poll(flushed.as_mut())), READY);
}

#[test]
fn start_send_without_ready_is_accepted_and_counted_while_paused() {
    let mut channel = Channel::new((2, 4), []);
    channel.pause();
    channel.sender.start_send_unpin(bytes("more")).expect("open");
    assert_eq!(channel.sender.buffer_size(), 9);
}

#[test]
fn ending_a_sink_flushes_and_ends_that_handle_only() {
    let mut channel = Channel::new((2, 40), []);
    let mut sink = channel.sender.clone();
    sink.start_send_unpin(bytes("last")).expect("ready");
    let task = Task::new();
    let mut closed = Box::pin(SinkExt::close(&mut sink));
    assert!(task.poll(closed.as_mut()).is_pending());
    channel.drive_on();
    assert_eq!(task.take_wakes(), 1);
    assert_eq!(kind(task.poll(closed.as_mut())), READY);
    drop(closed);
    assert_eq!(kind(poll(SinkExt::close(&mut sink))), READY, "the second close does nothing");
    // From here on the driver is called, and what comes in concerns nobody.
    channel.send("more");
    assert!(sink.is_closed() && sink.clone().is_closed());
    assert_eq!(poll(sink.send("x")), Poll::Ready(Err(TrySendError::Closed(bytes("x")))));
    assert_eq!(sink.try_send("x"), Err(TrySendError::Closed(bytes("x"))));
    assert_eq!(kind(poll(sink.feed(bytes("x")))), failed(ErrorKind::BrokenPipe));
    assert_eq!(kind(poll(sink.ready())), failed(ErrorKind::BrokenPipe));
    assert_eq!(kind(poll(sink.write(b"x"))), failed(ErrorKind::BrokenPipe));
    assert!(!channel.sender.is_closed());
    channel.drive_on();
    assert_eq!(channel.inner.wire(), b"lastmore");
    assert!(!channel.inner.take_log().contains(&Call::Shutdown(Answer::Done)));
}

#[test]
fn the_last_handle_to_end_ends_the_channel() {
    let mut channel = Channel::new((2, 40), []);
    let mut sender = channel.sender.clone();
    channel.send("data");
    assert!(poll(channel.sender.shutdown()).is_pending());
    channel.drive_on();
    assert_eq!(kind(poll(channel.sender.shutdown())), READY);
    assert!(poll(SinkExt::close(&mut sender)).is_ready());
    assert!(channel.drive().is_ready());
    assert!(
        channel
            .inner
            .take_log()
            .ends_with(&[Call::Flush(Answer::Done), Call::Shutdown(Answer::Done)])
    );
}

#[tokio::test]
async fn streams_are_forwarded_into_clones() {
    let (sender, driver) =
        flow_controlled_writer::FlowControlledWriter::new(Vec::new()).into_channel();
    let forwards: Vec<_> = (0..5_u8)
        .map(|number| {
            let stream = futures::stream::iter((0..100).map(move |_| Ok(vec![number; 3].into())));
            tokio::spawn(stream.forward(sender.clone()))
        })
        .collect();
    drop(sender);
    let wire = driver.await.expect("a vector takes all");
    for forward in forwards {
        forward.await.expect("no panic").expect("no error");
    }
    for number in 0..5 {
        assert_eq!(wire.iter().filter(|&&byte| byte == number).count(), 300);
    }
}

#[test]
fn a_write_is_one_item_that_is_taken_whole_or_waits() {
    let mut channel = Channel::new((2, 10), []);
    let task = Task::new();
    let mut write =
        |data: &[u8]| kind(Pin::new(&mut channel.sender).poll_write(&mut task.context(), data));
    assert_eq!(write(b"1234567"), Poll::Ready(Ok(7)));
    assert_eq!(write(b"1234567"), Poll::Ready(Ok(7)));
    assert_eq!(write(b"1234"), Poll::Pending);
    assert_eq!(write(b""), Poll::Ready(Ok(0)));
    assert!(channel.sender.is_paused());
    channel.drive_on();
    assert_eq!(task.take_wakes(), 1);
    assert_eq!(kind(poll(channel.sender.write(b"1234"))), Poll::Ready(Ok(4)));
    channel.drive_on();
    assert_eq!(channel.inner.wire(), b"123456712345671234");
}

#[test]
fn slices_of_one_call_stay_together() {
    let mut channel = Channel::new((2, 10), []);
    let slices = [b"ab", b"cd", b"ef"].map(|slice: &[u8; 2]| std::io::IoSlice::new(slice));
    assert!(channel.sender.is_write_vectored());
    let written =
        Pin::new(&mut channel.sender).poll_write_vectored(&mut Task::new().context(), &slices);
    assert_eq!(kind(written), Poll::Ready(Ok(6)));
    channel.drive_on();
    assert_eq!(channel.inner.wire(), b"abcdef");
}

/// With equal marks a full channel is not paused: a write is taken, and the next one waits without
/// spinning.
#[test]
fn a_write_at_both_marks_is_taken_and_pauses() {
    let mut channel = Channel::new((4, 4), []);
    let task = Task::new();
    channel.send("1234");
    assert!(!channel.sender.is_paused());
    let write = Pin::new(&mut channel.sender).poll_write(&mut task.context(), b"5");
    assert_eq!((kind(write), channel.sender.is_paused()), (Poll::Ready(Ok(1)), true));
    let write = Pin::new(&mut channel.sender).poll_write(&mut task.context(), b"6");
    assert_eq!((kind(write), task.take_wakes()), (Poll::Pending, 0));
    channel.drive_on();
    assert_eq!(task.take_wakes(), 1);
    let write = Pin::new(&mut channel.sender).poll_write(&mut task.context(), b"6");
    assert_eq!(kind(write), Poll::Ready(Ok(1)));
}

#[tokio::test]
async fn write_all_ends_with_a_high_mark_of_zero() {
    let options = super::unmerged((0, 0));
    let (mut sender, driver) = options.build(Vec::new()).into_channel();
    let driver = tokio::spawn(driver);
    let data: Vec<u8> = (0..200_000_u32).map(|index| index as u8).collect();
    sender.write_all(&data).await.expect("open");
    sender.shutdown().await.expect("open");
    assert_eq!(driver.await.expect("no panic").expect("no error"), data);
}

/// `poll_flush` is given up, more is sent, then it is polled again: what was sent in between must
/// be covered.
#[test]
fn a_flush_of_a_handle_covers_what_the_handle_has_sent_since_it_was_given_up() {
    let mut channel = Channel::new((2, 40), [Answer::Done, Answer::Pending]);
    let mut sink = channel.sender.clone();
    let task = Task::new();
    sink.try_send("first").expect("open");
    assert!(Sink::poll_flush(Pin::new(&mut sink), &mut task.context()).is_pending());
    channel.drive_on();
    sink.try_send("second").expect("open");
    assert!(Sink::poll_flush(Pin::new(&mut sink), &mut task.context()).is_pending());
    channel.drive_on();
    assert!(Sink::poll_flush(Pin::new(&mut sink), &mut task.context()).is_pending());
    channel.drive_on();
    assert_eq!(kind(Sink::poll_flush(Pin::new(&mut sink), &mut task.context())), READY);
    assert_eq!(channel.inner.wire(), b"firstsecond");
}

#[test]
fn slices_of_one_call_are_taken_whole_whatever_the_high_mark() {
    let mut channel = Channel::new((2, 10), []);
    let slices = [b"abcd", b"efgh", b"ijkl", b"mnop"].map(|slice| std::io::IoSlice::new(slice));
    let written =
        Pin::new(&mut channel.sender).poll_write_vectored(&mut Task::new().context(), &slices);
    assert_eq!(kind(written), Poll::Ready(Ok(16)));
    assert_eq!((channel.sender.buffer_size(), channel.sender.is_paused()), (16, true));
    channel.drive_on();
    assert_eq!(channel.inner.wire(), b"abcdefghijklmnop");
}

/// A sink is told to be ready, then another sender pauses the channel. The item is small: it is
/// copied, as it would be in the queue, and what it was cut from is free.
#[test]
fn a_small_item_of_one_that_was_told_ready_does_not_pin_what_it_was_cut_from() {
    let options = Builder::new().watermarks(Watermarks::new(2, 4));
    let mut channel = Channel::with_options(&options, []);
    let mut sink = channel.sender.clone();
    assert!(is_ready(&mut sink, &Task::new()));
    channel.pause();
    let large = Bytes::from(vec![b'x'; 100_000]);
    sink.start_send_unpin(large.slice(..3)).expect("ready");
    assert_eq!(channel.sender.buffer_size(), 8);
    assert!(large.is_unique());
    channel.drive_on();
    assert_eq!(channel.inner.wire(), b"#####xxx");
}

/// As above, but the item is as long as the coalesce threshold: it is never copied.
#[test]
fn a_large_item_is_not_copied_whether_the_channel_is_paused_or_not() {
    let options = Builder::new().watermarks(Watermarks::new(2, 4));
    let mut channel = Channel::with_options(&options, []);
    let items = [(); 2].map(|()| Bytes::from(vec![b'x'; 1024]));
    let mut sink = channel.sender.clone();
    assert!(is_ready(&mut sink, &Task::new()));
    channel.sender.try_send(items[0].clone()).expect("not paused");
    sink.start_send_unpin(items[1].clone()).expect("ready");
    assert_eq!(channel.sender.buffer_size(), 2048);
    channel.drive_on();
    let addresses = items.map(|item| item.as_ptr() as usize);
    assert_eq!(channel.inner.take_addresses().concat(), addresses);
}

#[test]
fn a_call_takes_at_most_a_mebibyte_of_its_slices() {
    const MEBIBYTE: usize = 1 << 20;
    let parts = [vec![7; 600_000], vec![8; 600_000]];
    for marks in [(0, 0), (0, 10 * MEBIBYTE)] {
        let mut channel = Channel::new(marks, []);
        let slices = parts.each_ref().map(|slice| std::io::IoSlice::new(slice));
        let written =
            Pin::new(&mut channel.sender).poll_write_vectored(&mut Task::new().context(), &slices);
        assert_eq!(kind(written), Poll::Ready(Ok(MEBIBYTE)));
        assert_eq!(channel.sender.buffer_size(), MEBIBYTE);
        channel.drive_on();
        assert!(channel.inner.wire() == parts.concat()[..MEBIBYTE]);
    }
}
