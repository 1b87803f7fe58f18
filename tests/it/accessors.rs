//! Looking at a writer and taking it apart.
use std::io::ErrorKind;
use std::pin::Pin;
use std::task::Poll;

use bytes::{Buf, Bytes};
use flow_controlled_writer::{
    Builder, ChunkQueue, FlowControlledWriter, Parts, Stats, TrySendError, Watermarks,
};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufStream};

use crate::support::Answer::{Fail, OverReport, Pending, Take};
use crate::support::Call::Write;
use crate::support::{READY, Rig, Scripted};

#[test]
fn a_fresh_writer_is_empty_and_accepting() {
    let writer = FlowControlledWriter::new(Scripted::gathering([]).0);
    assert_eq!((writer.buffer_size(), writer.queued_chunks()), (0, 0));
    assert!(!writer.is_paused());
    assert_eq!((writer.bytes_until_pause(), writer.bytes_until_resume()), (65_537, 0));
    assert_eq!(writer.stats(), Stats::default());
}

#[test]
fn the_options_of_a_builder_reach_every_writer_it_makes() {
    let options =
        Builder::new().watermarks(Watermarks::new(1, 2)).coalesce_threshold(3).hard_limit(4);
    for options in [options.clone(), options] {
        let mut rig = Rig::with_options(&options, Scripted::gathering([]));
        assert_eq!(rig.writer.watermarks(), Watermarks::new(1, 2));
        rig.queue(["a", "b"]);
        assert_eq!(rig.writer.queued_chunks(), 1);
        rig.queue(["c", "d"]);
        assert!(rig.start_send("e").is_err());
        assert_eq!(rig.finish().remaining(), 4);
    }
}

#[test]
fn chunks_below_the_threshold_are_merged_and_counted_as_one() {
    for (threshold, chunks) in [(0, 6), (1, 6), (2, 5), (3, 5), (4, 1), (100, 1)] {
        let options = Builder::new().coalesce_threshold(threshold);
        let mut rig = Rig::with_options(&options, Scripted::gathering([]));
        rig.queue(["a", "b", "ccc", "dd", "eee", "f"]);
        assert_eq!(rig.writer.queued_chunks(), chunks, "threshold {threshold}");
        assert_eq!(rig.finish().copy_to_bytes(11), "abcccddeeef");
    }
}

#[test]
fn the_default_threshold_is_one_kibibyte() {
    let mut rig = Rig::with_options(&Builder::new(), Scripted::gathering([]));
    rig.queue([vec![1; 1023], vec![2; 1]]);
    assert_eq!(rig.writer.queued_chunks(), 1);
    rig.queue([vec![3; 1024]]);
    assert_eq!(rig.writer.queued_chunks(), 2);
    rig.finish();
}

#[test]
fn the_inner_writer_can_be_reached() {
    let (inner, handle) = Scripted::gathering([]);
    let mut writer = FlowControlledWriter::new(inner);
    writer.try_send("queued").expect("open");
    assert!(writer.get_ref().is_write_vectored());
    *writer.get_mut() = Scripted::plain([]).0;
    assert!(!writer.get_ref().is_write_vectored());
    let _: Pin<&mut Scripted> = Pin::new(&mut writer).get_pin_mut();
    assert_eq!(writer.buffer_size(), 6);
    assert_eq!(handle.take_log(), []);
}

#[test]
fn into_inner_discards_the_queue_without_a_call() {
    let (inner, handle) = Scripted::gathering([]);
    let mut writer = FlowControlledWriter::new(inner);
    writer.try_send("queued").expect("open");
    let _: Scripted = writer.into_inner();
    assert_eq!(handle.take_log(), []);
    assert_eq!(handle.wire(), b"");
}

#[test]
fn into_parts_holds_every_unsent_byte_in_order() {
    let (inner, handle) = Scripted::gathering([Take(4), Pending]);
    let mut writer = Builder::new().coalesce_threshold(4).build(inner);
    let kept = Bytes::from_static(b"kept chunk");
    for chunk in ["abc".into(), "de".into(), kept.clone(), "x".into()] {
        writer.try_send(chunk).expect("open");
    }
    let task = crate::support::Task::new();
    assert!(task.poll_once(writer.flush()).is_pending());
    let Parts { mut inner, queue, .. } = writer.into_parts();
    assert_eq!((queue.remaining(), queue.chunk_count()), (12, 3));
    let chunks: Vec<Bytes> = queue.into_iter().collect();
    assert_eq!(chunks, ["e", "kept chunk", "x"]);
    assert_eq!(chunks[1].as_ptr(), kept.as_ptr());
    handle.take_log();
    assert!(task.poll_once(inner.write_all(&chunks.concat())).is_ready());
    assert_eq!(handle.take_log(), [Write(12, Take(12))]);
    assert_eq!(handle.wire(), b"abcdekept chunkx");
}

#[test]
fn into_parts_after_a_shutdown_or_an_abort_is_empty() {
    let mut rig = Rig::gathering((0, 100), [Pending]);
    rig.queue(["data"]);
    assert_eq!(rig.shutdown(), Poll::Pending);
    assert_eq!(rig.abort(), 4);
    assert_eq!(rig.finish().remaining(), 0);
    let mut rig = Rig::gathering((0, 100), []);
    rig.queue(["data"]);
    assert_eq!(rig.shutdown(), READY);
    assert_eq!(rig.finish().remaining(), 0);
}

#[test]
fn drop_discards_the_queue_without_a_call() {
    let mut rig = Rig::gathering((0, 100), []);
    rig.queue(["data"]);
    let handle = rig.inner.clone();
    drop(rig);
    assert_eq!(handle.take_log(), []);
}

#[test]
fn debug_shows_counts_and_never_the_payload() {
    let mut writer = Builder::new().coalesce_threshold(4).build(tokio::io::sink());
    for chunk in ["sec", "secret", "secret"] {
        writer.try_send(chunk).expect("open");
    }
    let shown = format!("{writer:?} {writer:#?} {:?}", writer.stats());
    let error = writer.abort();
    assert_eq!(error, 15);
    let refused = writer.try_send("secret").expect_err("closed");
    let refused_io = std::io::Error::from(refused.clone());
    let parts = {
        let mut writer = FlowControlledWriter::new(tokio::io::sink());
        writer.try_send("secret").expect("open");
        writer.into_parts()
    };
    let shown = format!("{shown} {refused:?} {refused} {refused_io:?} {refused_io} {parts:?}");
    let (sender, driver) = FlowControlledWriter::new(tokio::io::sink()).into_channel();
    sender.try_send("secret").expect("open");
    let shown = format!("{shown} {sender:?} {driver:?} {:?}", sender.send("secret"));
    let queue = parts.queue;
    let shown = format!("{shown} {:?}", queue.slices());
    let shown = format!("{shown} {:?}", queue.into_chunks());
    assert!(!shown.contains("sec"), "{shown}");
    for part in ["Sending { bytes: 6, .. }", "Slices", "Chunks { left: 1, .. }"] {
        assert!(shown.contains(part), "{part} in {shown}");
    }
    assert!(shown.contains("FlowControlledWriter") && shown.contains("bytes: 15"), "{shown}");
    assert!(shown.contains("Sender") && shown.contains("buffer_size: 6"), "{shown}");
    assert!(shown.contains("Driver"), "{shown}");
}

#[tokio::test]
async fn reads_pass_through_and_never_write() {
    let (near, mut far) = tokio::io::duplex(64);
    let mut writer = FlowControlledWriter::new(BufStream::new(near));
    far.write_all(b"line one\nrest").await.expect("it fits");
    drop(far);
    writer.try_send("queued").expect("open");
    let mut line = String::new();
    writer.read_line(&mut line).await.expect("readable");
    assert_eq!(line, "line one\n");
    assert_eq!(writer.fill_buf().await.expect("readable"), b"rest");
    writer.consume(2);
    let mut rest = String::new();
    writer.read_to_string(&mut rest).await.expect("readable");
    assert_eq!(rest, "st");
    assert_eq!(writer.buffer_size(), 6);
}

#[test]
fn reads_go_on_after_a_failure_and_after_a_shutdown() {
    let (inner, handle) = Scripted::gathering([Take(0)]);
    let task = crate::support::Task::new();
    let mut writer = FlowControlledWriter::new(inner);
    handle.feed(b"abcdef");
    writer.try_send("x").expect("open");
    assert!(matches!(task.poll_once(writer.flush()), Poll::Ready(Err(_))));
    let mut buffer = [0; 3];
    assert!(matches!(task.poll_once(writer.read(&mut buffer)), Poll::Ready(Ok(3))));
    assert_eq!(&buffer, b"abc");

    let mut writer = FlowControlledWriter::new(writer.into_inner());
    assert!(matches!(task.poll_once(writer.shutdown()), Poll::Ready(Ok(()))));
    assert!(matches!(task.poll_once(writer.read(&mut buffer)), Poll::Ready(Ok(3))));
    assert_eq!(&buffer, b"def");
}

#[test]
fn a_writer_is_closed_from_the_first_poll_of_a_shutdown_by_an_abort_and_by_a_failure() {
    let ends: [fn(&mut Rig); 3] = [
        |rig| assert!(rig.shutdown().is_pending()),
        |rig| assert_eq!(rig.abort(), 4),
        |rig| {
            rig.inner.otherwise(Fail(ErrorKind::BrokenPipe));
            assert!(rig.flush().is_pending());
            assert!(rig.flush().is_ready());
        },
    ];
    for end in ends {
        let mut rig = Rig::gathering((0, 2), [Pending]);
        rig.queue(["data"]);
        assert!(!rig.writer.is_closed(), "though it is paused");
        end(&mut rig);
        assert!(rig.writer.is_closed());
    }
}

/// What was taken apart is put together again, with other options, over another inner writer.
#[test]
fn from_parts_goes_on_with_what_was_unsent_and_with_the_position() {
    let (inner, handle) = Scripted::gathering([Take(4), Fail(ErrorKind::ConnectionReset)]);
    let mut writer = Builder::new().coalesce_threshold(0).build(inner);
    for chunk in ["sent", "not ", "yet"] {
        writer.try_send(chunk).expect("open");
    }
    let task = crate::support::Task::new();
    assert!(task.poll_once(writer.flush()).is_ready());
    let mut parts = writer.into_parts();
    assert_eq!((parts.written, parts.queue.chunk_count()), (4, 2));
    parts.inner = Scripted::gathering([]).0;

    let budget = flow_controlled_writer::MemoryBudget::new(100);
    let options =
        Builder::new().watermarks(Watermarks::new(1, 2)).hard_limit(9).budget(budget.clone());
    let mut writer = FlowControlledWriter::from_parts(parts, &options);
    assert!(!writer.is_closed(), "the failure was that of the other one");
    assert_eq!((writer.buffer_size(), writer.queued_chunks(), budget.used()), (7, 2, 7));
    assert!(writer.is_paused(), "it counts, also above the marks");
    assert_eq!(writer.try_send("x"), Err(TrySendError::Full("x".into())));
    writer.send_now("!!").expect("below the hard limit");
    let stats = writer.stats();
    assert_eq!((stats.enqueued_bytes, stats.written_bytes, stats.pauses), (13, 4, 1));
    assert!(task.poll_once(writer.flush()).is_ready());
    assert_eq!(writer.stats().written_bytes, 13);
    assert_eq!(handle.wire(), b"sent");

    let writer = FlowControlledWriter::from_parts(Parts::new(Vec::new()), &Builder::new());
    assert_eq!(writer.stats(), Stats::default());
}

#[test]
fn the_chunks_of_a_queue_know_how_many_are_left() {
    let mut queue = ChunkQueue::with_coalesce_threshold(3);
    queue.extend(["a".into(), "b".into(), "three".into(), "c".into()]);
    let mut chunks = queue.into_chunks();
    for (left, chunk) in [(3, "ab"), (2, "three"), (1, "c")] {
        assert_eq!((chunks.len(), chunks.size_hint()), (left, (left, Some(left))));
        assert_eq!(chunks.next(), Some(chunk.into()));
    }
    assert_eq!((chunks.len(), chunks.next(), chunks.next()), (0, None, None));
}

/// One step of the drain, for those who keep a loop of their own.
#[test]
fn a_queue_is_written_step_by_step_with_the_checks_of_a_writer() {
    let task = crate::support::Task::new();
    let cx = &mut task.context();
    let script = [Take(2), Pending, Fail(ErrorKind::Interrupted), Take(4), OverReport(3)];
    let (mut inner, handle) = Scripted::gathering(script);
    let mut queue = ChunkQueue::with_coalesce_threshold(0);
    queue.extend(["abc".into(), "def".into(), "g".into()]);
    let mut step = || {
        let polled = queue.poll_write_to(Pin::new(&mut inner), cx);
        (polled.map_err(|error| error.kind()), queue.remaining())
    };
    assert_eq!(step(), (Poll::Ready(Ok(2)), 5));
    assert_eq!(step(), (Poll::Pending, 5));
    assert_eq!(step(), (Poll::Ready(Err(ErrorKind::Interrupted)), 5));
    assert_eq!(step(), (Poll::Ready(Ok(4)), 1));
    assert_eq!(step(), (Poll::Ready(Err(ErrorKind::InvalidData)), 0));
    assert_eq!(handle.take_log().len(), 5);
    assert_eq!(step(), (Poll::Ready(Ok(0)), 0));
    assert_eq!(handle.take_log(), [], "nothing is offered");
    assert_eq!(handle.wire(), b"abcdefg");
    queue.push("x");
    handle.script([Take(0)]);
    let zero = queue.poll_write_to(Pin::new(&mut inner), cx).map_err(|error| error.kind());
    assert_eq!(zero, Poll::Ready(Err(ErrorKind::WriteZero)));
}
