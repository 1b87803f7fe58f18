//! The writer as a `Sink` of chunks, and `try_send`.
use std::io::ErrorKind;
use std::pin::Pin;
use std::task::Poll;

use bytes::Bytes;
use flow_controlled_writer::{Builder, FlowControlledWriter, TrySendError, Watermarks};
use futures::{Sink, SinkExt, StreamExt, stream};

use crate::support::Answer::{Done, Pending, Take};
use crate::support::Call::{Flush, Gather, Shutdown, Write};
use crate::support::{NotUnpin, READY, Rig, Scripted, Task};

#[test]
fn feed_queues_and_send_flushes() {
    let mut rig = Rig::gathering((0, 100), []);
    assert!(rig.task.poll_once(SinkExt::feed(&mut rig.writer, "one".into())).is_ready());
    assert!(rig.task.poll_once(SinkExt::feed(&mut rig.writer, "two".into())).is_ready());
    assert_eq!(rig.inner.take_log(), []);
    assert_eq!((rig.writer.buffer_size(), rig.writer.queued_chunks()), (6, 2));
    assert!(rig.task.poll_once(SinkExt::send(&mut rig.writer, "three".into())).is_ready());
    assert_eq!(rig.inner.take_log(), [Gather(vec![3, 3, 5], Take(11)), Flush(Done)]);
    assert_eq!(rig.inner.wire(), b"onetwothree");
}

#[tokio::test]
async fn send_all_and_forward_deliver_a_stream_in_order() {
    let items = |from: u8| stream::iter((from..from + 50).map(|n| Ok(Bytes::from(vec![n; 40]))));
    let expected: Vec<u8> = (0..100).flat_map(|n| [n; 40]).collect();
    for gathering in [true, false] {
        let (inner, handle) = Scripted::new(gathering, []);
        handle.otherwise(Take(33));
        let marks = Watermarks::new(10, 100);
        let mut writer = FlowControlledWriter::with_watermarks(inner, marks);
        writer.send_all(&mut items(0)).await.expect("it takes all");
        assert_eq!(writer.buffer_size(), 0);
        items(50).forward(&mut writer).await.expect("it takes all");
        assert_eq!(handle.wire(), expected);
        assert_eq!(handle.take_log().last(), Some(&Shutdown(Done)));
        assert!(writer.stats().peak_buffer_size <= 140);
    }
}

#[test]
fn start_send_while_paused_is_accepted_and_counted() {
    let mut rig = Rig::gathering((0, 5), []);
    for round in 1..=4 {
        assert!(rig.start_send("twelve bytes").is_ok());
        assert_eq!((rig.writer.buffer_size(), rig.writer.is_paused()), (12 * round, true));
    }
    assert_eq!(rig.try_send("x"), Err(TrySendError::Full("x".into())));
    assert_eq!(rig.writer.bytes_until_resume(), 48);
    assert_eq!(rig.writer.stats().pauses, 1);
    assert_eq!(rig.ready(), READY);
    assert_eq!(rig.inner.wire(), rig.sent());
}

/// A `close` that shut the inner writer down lost all that was started and not flushed.
#[test]
fn close_delivers_what_was_started() {
    for marks in [(0, 0), (0, 10), (100, 1000)] {
        let mut rig = Rig::gathering(marks, []);
        rig.queue(["never", "flushed", "by hand"]);
        assert_eq!(rig.close(), READY);
        assert_eq!(
            rig.inner.take_log(),
            [Gather(vec![5, 7, 7], Take(19)), Flush(Done), Shutdown(Done)]
        );
        assert_eq!(rig.inner.wire(), b"neverflushedby hand");
    }
}

#[test]
fn what_is_sent_after_close_comes_back() {
    let mut rig = Rig::gathering((0, 100), [Pending]);
    rig.queue(["data"]);
    assert_eq!(rig.close(), Poll::Pending);
    for _ in 0..2 {
        assert_eq!(rig.try_send("late"), Err(TrySendError::Closed("late".into())));
        let error = rig.start_send("late").expect_err("closed");
        assert_eq!(error.kind(), ErrorKind::BrokenPipe);
        let source = error.get_ref().and_then(|source| source.downcast_ref::<TrySendError>());
        assert_eq!(source, Some(&TrySendError::Closed("late".into())));
        assert_eq!(rig.close(), READY);
    }
    assert_eq!(rig.inner.wire(), b"data");
}

/// The methods of the writer mean the same as those of `SinkExt`, and take whatever becomes bytes.
#[test]
fn the_writers_own_feed_and_send_do_as_those_of_the_sink() {
    let mut rig = Rig::gathering((0, 100), []);
    assert!(rig.task.poll_once(rig.writer.feed("one")).is_ready());
    assert!(rig.task.poll_once(rig.writer.feed(b"two".to_vec())).is_ready());
    assert_eq!(rig.inner.take_log(), []);
    assert_eq!((rig.writer.buffer_size(), rig.writer.queued_chunks()), (6, 2));
    assert!(rig.task.poll_once(rig.writer.send(String::from("three"))).is_ready());
    assert_eq!(rig.inner.take_log(), [Gather(vec![3, 3, 5], Take(11)), Flush(Done)]);
    assert_eq!(rig.inner.wire(), b"onetwothree");
    rig.writer.abort();
    let fed = rig.task.poll_once(rig.writer.feed("late"));
    assert!(matches!(fed, Poll::Ready(Err(error)) if error.kind() == ErrorKind::BrokenPipe));
}

/// A `feed` waits while paused; only a `start_send` that nobody was asked for is refused.
#[test]
fn a_chunk_at_the_hard_limit_comes_back_through_the_sink() {
    let options = Builder::new().watermarks(Watermarks::new(0, 3)).hard_limit(10);
    let mut rig = Rig::with_options(&options, Scripted::gathering([Pending, Pending]));
    rig.queue(["four", "six by"]);
    assert!(rig.task.poll_once(SinkExt::feed(&mut rig.writer, "waits".into())).is_pending());
    assert!(rig.task.poll_once(rig.writer.feed("waits")).is_pending());
    let error = rig.start_send("seven b").expect_err("at the limit");
    assert_eq!(error.kind(), ErrorKind::StorageFull);
    assert_eq!(error.downcast::<TrySendError>().expect("inside").into_inner(), "seven b");
    assert_eq!(rig.flush(), READY);
    assert_eq!(rig.inner.wire(), b"foursix by");
}

#[test]
fn anything_that_becomes_bytes_can_be_sent() {
    let mut rig = Rig::gathering((0, 100), []);
    assert_eq!(rig.writer.try_send("str "), Ok(()));
    assert_eq!(rig.writer.try_send(&b"slice "[..]), Ok(()));
    assert_eq!(rig.writer.try_send(String::from("String ")), Ok(()));
    assert_eq!(rig.writer.try_send(b"Vec ".to_vec()), Ok(()));
    assert_eq!(rig.writer.try_send(bytes::BytesMut::from("BytesMut ")), Ok(()));
    assert_eq!(rig.writer.try_send(Bytes::from("Bytes")), Ok(()));
    assert_eq!(rig.writer.queued_chunks(), 6);
    assert!(rig.task.poll_once(rig.writer.flush()).is_ready());
    assert_eq!(rig.inner.wire(), b"str slice String Vec BytesMut Bytes");
}

#[test]
fn a_writer_that_must_be_pinned_is_driven_through_its_pin() {
    let (inner, handle) = Scripted::gathering([Pending]);
    let task = Task::new();
    let marks = Watermarks::new(0, 4);
    let mut writer = Box::pin(FlowControlledWriter::with_watermarks(NotUnpin::new(inner), marks));
    let cx = &mut task.context();
    assert!(Sink::poll_ready(writer.as_mut(), cx).is_ready());
    writer.as_mut().start_send("chunk".into()).expect("open");
    assert!((writer.buffer_size(), writer.is_paused()) == (5, true));
    assert!(writer.as_mut().poll_ready(cx).is_pending());
    assert!(handle.wake());
    assert!(writer.as_mut().poll_ready(cx).is_ready());
    let written = tokio::io::AsyncWrite::poll_write(writer.as_mut(), cx, b"abc");
    assert!(matches!(written, Poll::Ready(Ok(3))));
    assert!(writer.as_mut().poll_drain(cx).is_ready());
    assert!(writer.as_mut().poll_flush(cx).is_ready());
    let _: Pin<&mut NotUnpin<Scripted>> = writer.as_mut().get_pin_mut();
    assert!(writer.as_mut().poll_shutdown(cx).is_ready());
    assert_eq!(handle.wire(), b"chunkabc");
    assert_eq!(
        handle.take_log(),
        [
            Write(5, Pending),
            Write(5, Take(5)),
            Write(3, Take(3)),
            Flush(Done),
            Flush(Done),
            Shutdown(Done),
        ]
    );
}

#[tokio::test]
async fn the_combinators_of_futures_apply() {
    let (inner, handle) = Scripted::gathering([]);
    let writer = FlowControlledWriter::new(inner);
    let mut numbers = writer.sink_map_err(|error| error.kind()).with(|number: u32| {
        std::future::ready(Ok::<_, ErrorKind>(Bytes::from(number.to_string())))
    });
    for number in [12, 345] {
        numbers.send(number).await.expect("it takes all");
    }
    numbers.close().await.expect("it takes all");
    assert_eq!(handle.wire(), b"12345");
}
