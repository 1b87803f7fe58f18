use std::io::ErrorKind::{self, BrokenPipe, ConnectionReset, NotConnected, Other, TimedOut};
use std::pin::Pin;
use std::task::Poll;

use bytes::Buf;
use flow_controlled_writer::{Builder, FlowControlledWriter, TrySendError, Watermarks};
use futures::{Sink, SinkExt};
use tokio::io::AsyncWriteExt;

use crate::support::Answer::{Done, Fail, Take};
use crate::support::Call::{Flush, Gather, Shutdown};
use crate::support::{Rig, Scripted, Task, failed};

/// A writer that went on after an error sent a stream with a hole in it.
#[test]
fn every_later_call_returns_the_kind_and_leaves_the_inner_writer_alone() {
    for kind in [BrokenPipe, ConnectionReset, TimedOut, Other] {
        let mut rig = failed_rig(kind);
        for _ in 0..2 {
            assert_eq!(rig.ready(), failed(kind));
            assert_eq!(rig.drain(), failed(kind));
            assert_eq!(rig.flush(), failed(kind));
            assert_eq!(rig.shutdown(), failed(kind));
            assert_eq!(rig.close(), failed(kind));
            assert_eq!(rig.write(b"x"), failed(kind));
            assert_eq!(rig.write(b""), failed(kind));
            assert_eq!(rig.write(&[1; 40_000]), failed(kind));
            assert_eq!(rig.write_vectored(&[b"x", b"y"]), failed(kind));
            assert_eq!(rig.start_send("x").expect_err("failed").kind(), kind);
            assert_eq!(rig.try_send("x"), Err(TrySendError::Closed("x".into())));
        }
        assert_eq!(rig.inner.take_log(), []);
        assert_eq!(rig.task.take_wakes(), 0);
        assert_eq!(rig.finish().copy_to_bytes(6), "lohole");
    }
}

#[test]
fn the_futures_return_the_kind_too() {
    let mut rig = failed_rig(ConnectionReset);
    let task = Task::new();
    let writer = &mut rig.writer;
    let results = [
        task.poll_once(writer.ready()),
        task.poll_once(writer.flush()),
        task.poll_once(writer.shutdown()),
        task.poll_once(writer.drain()),
        task.poll_once(writer.feed("x")),
        task.poll_once(writer.send("x")),
        task.poll_once(SinkExt::feed(writer, "x".into())),
        task.poll_once(SinkExt::send(writer, "x".into())),
        task.poll_once(writer.close()),
        task.poll_once(writer.write_all(b"x")),
        task.poll_once(SinkExt::flush(writer)),
        task.poll_once(AsyncWriteExt::flush(writer)),
    ];
    for result in results {
        let Poll::Ready(Err(error)) = result else { panic!("{result:?}") };
        assert_eq!(error.kind(), ConnectionReset);
    }
    assert_eq!(rig.inner.take_log(), []);
}

#[test]
fn a_chunk_that_is_refused_comes_back() {
    let mut rig = failed_rig(ConnectionReset);
    let error = rig.start_send("unsent").expect_err("failed");
    assert_eq!(error.kind(), ConnectionReset);
    let refused = error.downcast::<TrySendError>().expect("the chunk is inside");
    assert_eq!(refused, TrySendError::Closed("unsent".into()));
}

#[test]
fn the_error_itself_is_returned_once_as_it_is() {
    let (inner, _handle) = Scripted::gathering([Fail(NotConnected)]);
    let mut writer = FlowControlledWriter::new(inner);
    writer.try_send("x").expect("open");
    let task = Task::new();
    let first = poll_flush(&mut writer, &task);
    assert!(first.get_ref().is_none(), "nothing is wrapped around it: {first:?}");
    let second = poll_flush(&mut writer, &task);
    assert_eq!(second.kind(), NotConnected);
}

#[test]
fn abort_after_a_failure_empties_the_queue() {
    let mut rig = failed_rig(BrokenPipe);
    assert_eq!(rig.abort(), 6);
    assert_eq!((rig.writer.buffer_size(), rig.writer.queued_chunks()), (0, 0));
    assert_eq!(rig.abort(), 0);
    assert_eq!(rig.flush(), failed(BrokenPipe));
    assert_eq!(rig.shutdown(), failed(BrokenPipe));
    assert_eq!(rig.inner.take_log(), []);
    let stats = rig.writer.stats();
    assert_eq!((stats.enqueued_bytes, stats.written_bytes), (9, 3));
}

#[test]
fn a_failed_writer_can_still_be_looked_at() {
    let mut rig = failed_rig(BrokenPipe);
    assert_eq!((rig.writer.buffer_size(), rig.writer.queued_chunks()), (6, 2));
    rig.writer.set_watermarks(Watermarks::new(0, 1));
    assert!(rig.writer.is_paused());
    assert_eq!(rig.ready(), failed(BrokenPipe));
    rig.writer.set_watermarks(Watermarks::new(10, 10));
    assert!(!rig.writer.is_paused());
    assert_eq!(rig.ready(), failed(BrokenPipe));
    assert_eq!(rig.try_send("x"), Err(TrySendError::Closed("x".into())));
}

#[test]
fn a_flush_that_fails_fails_the_writer() {
    let mut rig = Rig::gathering((0, 100), []);
    rig.queue(["data"]);
    rig.inner.script_flush([Fail(TimedOut)]);
    assert_eq!(rig.flush(), failed(TimedOut));
    rig.inner.take_log();
    assert_eq!(rig.flush(), failed(TimedOut));
    assert_eq!(rig.shutdown(), failed(TimedOut));
    assert_eq!(rig.write(b"x"), failed(TimedOut));
    assert_eq!(rig.inner.take_log(), []);
}

#[test]
fn a_shutdown_that_fails_fails_the_writer() {
    let mut rig = Rig::gathering((0, 100), []);
    rig.inner.script_shutdown([Fail(NotConnected)]);
    assert_eq!(rig.shutdown(), failed(NotConnected));
    assert_eq!(rig.inner.take_log(), [Flush(Done), Shutdown(Fail(NotConnected))]);
    assert_eq!(rig.shutdown(), failed(NotConnected));
    assert_eq!(rig.flush(), failed(NotConnected));
    assert_eq!(rig.inner.take_log(), []);
}

#[test]
fn a_flush_that_fails_within_a_shutdown_keeps_the_inner_writer_up() {
    let mut rig = Rig::gathering((0, 100), []);
    rig.inner.script_flush([Fail(TimedOut)]);
    assert_eq!(rig.shutdown(), failed(TimedOut));
    assert_eq!(rig.shutdown(), failed(TimedOut));
    assert_eq!(rig.inner.take_log(), [Flush(Fail(TimedOut))]);
}

#[test]
fn a_refusal_by_the_hard_limit_is_no_failure() {
    let options = Builder::new().watermarks(Watermarks::new(0, 2)).hard_limit(3);
    let mut rig = Rig::with_options(&options, Scripted::gathering([]));
    rig.queue(["abc"]);
    assert!(Pin::new(&mut rig.writer).start_send("more".into()).is_err());
    assert!(!rig.writer.is_closed());
    assert_eq!(rig.shutdown(), crate::support::READY);
    assert_eq!(rig.inner.wire(), b"abc");
}

/// Three bytes of "hello" are written, then `kind` happens; the log is empty.
fn failed_rig(kind: ErrorKind) -> Rig {
    let mut rig = Rig::gathering((0, 100), [Take(3), Fail(kind)]);
    rig.queue(["hello", "hole"]);
    assert_eq!(rig.flush(), failed(kind));
    assert_eq!(rig.inner.take_log(), [Gather(vec![5, 4], Take(3)), Gather(vec![2, 4], Fail(kind))]);
    rig
}

fn poll_flush(writer: &mut FlowControlledWriter<Scripted>, task: &Task) -> std::io::Error {
    match Pin::new(writer).poll_flush(&mut task.context()) {
        Poll::Ready(Err(error)) => error,
        other => panic!("{other:?}"),
    }
}
