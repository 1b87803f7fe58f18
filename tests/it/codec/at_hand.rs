use std::io::ErrorKind;
use std::task::Poll;

use flow_controlled_writer::codec::FramedSink;
use flow_controlled_writer::{Builder, FlowControlledWriter, MemoryBudget, Watermarks};
use tokio_util::codec::{LinesCodec, LinesCodecError};

use super::FrameRig;
use crate::support::Answer::{Fail, Pending, Take};
use crate::support::{READY, Scripted, Task, counts};

#[test]
fn the_state_of_the_writer_is_the_state_of_the_sink() {
    let mut rig = FrameRig::with_marks((4, 8), LinesCodec::new(), [Take(3), Pending, Take(9)]);
    let mut states = Vec::new();
    let mut note = |rig: &FrameRig<LinesCodec>| {
        let (sink, writer) = (&rig.sink, rig.sink.get_ref());
        assert_eq!(sink.buffer_size(), writer.buffer_size());
        assert_eq!(sink.is_paused(), writer.is_paused());
        assert_eq!(counts(sink.stats()), counts(writer.stats()));
        states.push((sink.buffer_size(), sink.is_paused(), sink.stats().written_bytes));
    };
    note(&rig);
    rig.start_send("abc", "abc\n").expect("open");
    note(&rig);
    rig.start_send("defgh", "defgh\n").expect("open");
    note(&rig);
    assert!(rig.ready().is_pending());
    note(&rig);
    assert_eq!(rig.ready(), READY);
    note(&rig);
    assert_eq!(states, [(0, false, 0), (4, false, 0), (10, true, 0), (7, true, 3), (0, false, 10)]);
    assert_eq!((rig.sink.stats().pauses, rig.sink.stats().peak_buffer_size), (1, 10));
}

#[test]
fn feed_waits_for_room_and_send_for_the_flush() {
    let mut rig = FrameRig::with_marks((0, 3), LinesCodec::new(), [Pending, Take(4), Pending]);
    let task = Task::new();
    assert!(matches!(task.poll_once(rig.sink.feed("one")), Poll::Ready(Ok(()))));
    assert_eq!(rig.inner.take_log(), [], "it does not write");
    assert!(task.poll_once(rig.sink.feed("lost")).is_pending());
    assert!(matches!(task.poll_once(rig.sink.feed("two")), Poll::Ready(Ok(()))));
    assert!(task.poll_once(rig.sink.send("lost")).is_pending());
    assert_eq!(rig.inner.wire(), b"one\n");
    assert!(matches!(task.poll_once(rig.sink.send("three")), Poll::Ready(Ok(()))));
    assert_eq!(rig.inner.wire(), b"one\ntwo\nthree\n");
}

#[test]
fn errors_of_the_writer_come_out_of_each_future_as_those_of_the_encoder() {
    let mut rig = FrameRig::with_marks((0, 3), LinesCodec::new(), [Fail(ErrorKind::TimedOut)]);
    let task = Task::new();
    assert!(task.poll_once(rig.sink.feed("one")).is_ready());
    for _ in 0..2 {
        let Poll::Ready(Err(LinesCodecError::Io(error))) = task.poll_once(rig.sink.feed("two"))
        else {
            panic!("no error");
        };
        assert_eq!(error.kind(), ErrorKind::TimedOut);
        let Poll::Ready(Err(LinesCodecError::Io(error))) = task.poll_once(rig.sink.send("two"))
        else {
            panic!("no error");
        };
        assert_eq!(error.kind(), ErrorKind::TimedOut);
        let Poll::Ready(Err(error)) = task.poll_once(rig.sink.ready()) else { panic!("no error") };
        assert_eq!(error.kind(), ErrorKind::TimedOut);
    }
}

/// Where a codec encodes several types, `SinkExt::close` asks for one; this needs none.
#[tokio::test]
async fn shutdown_is_the_close_that_needs_no_type() -> Result<(), LinesCodecError> {
    let mut sink = FramedSink::new(FlowControlledWriter::new(Vec::new()), LinesCodec::new());
    sink.feed("one").await?;
    sink.shutdown().await?;
    assert_eq!(sink.get_ref().get_ref(), b"one\n");
    assert!(sink.try_send("two").expect_err("shut down").is_closed());
    sink.shutdown().await?;
    Ok(())
}

#[test]
fn a_channel_goes_on_where_the_sink_was() {
    let budget = MemoryBudget::new(1000);
    let options = Builder::new().watermarks(Watermarks::new(2, 5)).budget(budget.clone());
    let codec = LinesCodec::new_with_max_length(5);
    let inner = Scripted::gathering([Take(2), Pending, Take(3), Pending]);
    let mut rig = FrameRig::with_options(&options, codec, inner);
    rig.start_send("one", "one\n").expect("open");
    rig.start_send("two", "two\n").expect("open");
    assert!(rig.flush().is_pending());
    let FrameRig { sink, inner, task, .. } = rig;
    assert!(sink.is_paused());

    let (mut sender, driver) = sink.into_channel();
    let mut driver = std::pin::pin!(driver);
    assert_eq!((sender.sender().buffer_size(), sender.sender().written()), (6, 2));
    assert_eq!((sender.sender().is_paused(), budget.used()), (true, 6));
    assert_eq!(sender.encoder().max_length(), 5);
    assert!(sender.try_send("3").expect_err("still paused").is_full());
    assert!(task.poll(driver.as_mut()).is_pending());
    assert!(sender.try_send("3").expect_err("3 of 6 were taken").is_full());
    assert!(task.poll(driver.as_mut()).is_pending());
    assert_eq!(sender.try_send("3").expect("resumed"), 10);
    drop(sender);
    assert!(matches!(task.poll(driver.as_mut()), Poll::Ready(Ok(_))));
    assert_eq!((inner.wire(), budget.used()), (b"one\ntwo\n3\n".to_vec(), 0));
}

#[test]
fn a_sink_that_has_failed_becomes_a_channel_that_has_failed() {
    let mut rig = FrameRig::new(LinesCodec::new(), [Take(2), Fail(ErrorKind::ConnectionReset)]);
    rig.start_send("one", "one\n").expect("open");
    assert!(rig.flush().is_ready());
    let (mut sender, driver) = rig.sink.into_channel();
    assert!(sender.try_send("late").expect_err("failed").is_closed());
    let Poll::Ready(Err(failure)) = rig.task.poll_once(driver) else { panic!("it has failed") };
    assert_eq!(failure.error.kind(), ErrorKind::ConnectionReset);
    assert_eq!(
        (failure.parts.written, failure.parts.queue.slices().next()),
        (2, Some(&b"e\n"[..]))
    );
    assert_eq!(rig.inner.wire(), b"on");
}
