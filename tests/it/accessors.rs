//! Looking at a writer and taking it apart.
use std::pin::Pin;
use std::task::Poll;

use bytes::{Buf, Bytes};
use flow_controlled_writer::{
    Builder, ChunkQueue, FlowControlledWriter, InvalidWatermarks, Parts, Stats, TrySendError,
    Watermarks,
};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufStream};
use tokio::net::TcpStream;

use crate::support::Answer::{Pending, Take};
use crate::support::Call::Write;
use crate::support::{NotUnpin, READY, Rig, Scripted};

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
    let shown = format!("{shown} {sender:?} {driver:?}");
    assert!(!shown.contains("sec"), "{shown}");
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
fn the_types_are_send_sync_and_unpin_where_they_can_be() {
    fn all<T: Send + Sync + Unpin + 'static>() {}
    fn send_and_unpin<T: Send + Unpin>() {}
    fn send_and_sync<T: Send + Sync>() {}
    fn send<T: Send>(_: T) {}
    all::<FlowControlledWriter<TcpStream>>();
    all::<Parts<TcpStream>>();
    all::<Builder>();
    all::<ChunkQueue>();
    all::<Watermarks>();
    all::<InvalidWatermarks>();
    all::<Stats>();
    all::<TrySendError>();
    all::<flow_controlled_writer::MemoryBudget>();
    send_and_unpin::<FlowControlledWriter<Box<dyn AsyncWrite + Send + Unpin>>>();
    send_and_sync::<FlowControlledWriter<NotUnpin<TcpStream>>>();
    let mut writer = FlowControlledWriter::new(Scripted::gathering([]).0);
    send(writer.ready());
    send(writer.flush());
    send(writer.shutdown());
}
