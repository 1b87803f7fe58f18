use std::io::{self, ErrorKind};
use std::marker::PhantomPinned;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};

use flow_controlled_writer::codec::Framed;
use flow_controlled_writer::{FlowControlledWriter, Watermarks};
use futures::{Sink, SinkExt, Stream, StreamExt};
use pin_project_lite::pin_project;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_util::codec::{LinesCodec, LinesCodecError};

use super::source::Read;
use super::{Connection, Rig, connection};
use crate::support::Answer::{Done, Fail, Pending, Take};
use crate::support::Call::{Flush, Shutdown, Write};
use crate::support::Task;

type Lines = Framed<Connection, LinesCodec>;

/// Reads one line by a task that is polled once.
fn read<S>(task: &Task, stream: &mut S) -> Poll<Option<String>>
where
    S: Stream<Item = Result<String, LinesCodecError>> + Unpin,
{
    task.poll_once(stream.next()).map(|line| line.map(|line| line.expect("a line")))
}

fn line(text: &str) -> Poll<Option<String>> {
    Poll::Ready(Some(text.into()))
}

/// Feeds one line by a task that is polled once. Tells whether it was taken.
fn feed<S>(task: &Task, sink: &mut S, line: &'static str) -> bool
where
    S: Sink<&'static str, Error = LinesCodecError> + Unpin,
{
    task.poll_once(sink.feed(line)).map(|fed| fed.expect("open")).is_ready()
}

#[test]
fn reading_goes_on_while_the_writing_half_is_paused() {
    let mut rig = Rig::with_marks((0, 0), LinesCodec::new(), ["one\ntwo\n".into()], [Pending]);
    let (reader, writer) = (Task::new(), Task::new());
    assert!(feed(&writer, &mut rig.framed, "out"));
    assert!(!feed(&writer, &mut rig.framed, "more"));
    assert!(rig.framed.is_paused());
    rig.inner.take_log();

    assert_eq!(read(&reader, &mut rig.framed), line("one"));
    assert_eq!(read(&reader, &mut rig.framed), line("two"));
    assert_eq!(read(&reader, &mut rig.framed), Poll::Pending);
    assert_eq!(rig.inner.take_log(), [], "reading does not write");
    assert!(rig.inner.wake());
    assert_eq!((reader.take_wakes(), writer.take_wakes()), (0, 1));
    assert!(feed(&writer, &mut rig.framed, "more"));
    assert!(rig.source.wake());
    assert_eq!((reader.take_wakes(), writer.take_wakes()), (1, 0));
}

#[test]
fn writing_goes_on_while_the_reading_half_waits() {
    let writes = [Take(2), Pending, Done];
    let mut rig = Rig::with_marks((0, 0), LinesCodec::new(), ["on".into()], writes);
    let (reader, writer) = (Task::new(), Task::new());
    assert_eq!(read(&reader, &mut rig.framed), Poll::Pending);
    assert!(feed(&writer, &mut rig.framed, "out"));
    assert!(writer.poll_once(rig.framed.flush()).is_pending());
    assert!(rig.inner.wake());
    assert_eq!((reader.take_wakes(), writer.take_wakes()), (0, 1));
    assert!(writer.poll_once(rig.framed.flush()).is_ready());
    assert_eq!(rig.inner.wire(), b"out\n");

    rig.source.script(["e\n".into()]);
    assert_eq!((reader.take_wakes(), writer.take_wakes()), (1, 0));
    assert_eq!(read(&reader, &mut rig.framed), line("one"));
}

/// After `StreamExt::split` the two halves live in two tasks. A `Framed` that had one waker for both would
/// wake only the task that was polled last, and the other one would sleep for ever.
#[test]
fn each_half_of_a_split_is_woken_by_its_own_side() {
    for reader_last in [false, true] {
        let mut rig = Rig::with_marks((0, 0), LinesCodec::new(), [], [Pending]);
        let (reader, writer) = (Task::new(), Task::new());
        assert!(feed(&writer, &mut rig.framed, "out"));
        let (mut sink, mut stream) = rig.framed.split();
        assert!(feed(&writer, &mut sink, "more"), "the half holds one item itself");
        if reader_last {
            assert!(writer.poll_once(sink.flush()).is_pending());
        }
        assert_eq!(read(&reader, &mut stream), Poll::Pending);
        if !reader_last {
            assert!(writer.poll_once(sink.flush()).is_pending());
        }

        rig.source.script(["one\n".into()]);
        assert_eq!((reader.take_wakes(), writer.take_wakes()), (1, 0));
        assert!(rig.inner.wake());
        assert_eq!((reader.take_wakes(), writer.take_wakes()), (0, 1));
        assert!(writer.poll_once(sink.flush()).is_ready());
        assert_eq!(read(&reader, &mut stream), line("one"));
        let framed: Lines = sink.reunite(stream).expect("the halves of one");
        assert_eq!((framed.buffer_size(), rig.inner.wire()), (0, b"out\nmore\n".to_vec()));
    }
}

#[test]
fn a_stream_is_read_while_its_other_half_is_shut_down_and_afterwards() {
    let reads = ["one\ntwo\n".into(), Read::Pending, "three\n".into(), Read::End];
    let writes = [Take(1), Pending, Take(1), Pending];
    let mut rig = Rig::with_marks((4, 8), LinesCodec::new(), reads, writes);
    let (reader, writer) = (Task::new(), Task::new());
    rig.inner.script_shutdown([Pending, Done]);
    assert!(feed(&writer, &mut rig.framed, "out"));
    assert!(writer.poll_once(rig.framed.shutdown()).is_pending());
    assert_eq!(read(&reader, &mut rig.framed), line("one"));
    assert!(writer.poll_once(rig.framed.shutdown()).is_pending());
    assert_eq!(read(&reader, &mut rig.framed), line("two"));
    assert!(rig.framed.try_send("late").expect_err("shutting down").is_closed());
    assert!(writer.poll_once(rig.framed.shutdown()).is_pending());
    assert_eq!(rig.inner.wire(), b"out\n");
    assert_eq!(read(&reader, &mut rig.framed), Poll::Pending);
    assert!(rig.inner.wake());
    assert_eq!((reader.take_wakes(), writer.take_wakes()), (0, 1));
    assert!(writer.poll_once(rig.framed.shutdown()).is_ready());

    let log = rig.inner.take_log();
    assert_eq!(log[log.len() - 3..], [Flush(Done), Shutdown(Pending), Shutdown(Done)], "{log:?}");
    assert_eq!(read(&reader, &mut rig.framed), line("three"));
    assert_eq!(read(&reader, &mut rig.framed), Poll::Ready(None));
    assert_eq!(rig.inner.take_log(), [], "the shutdown was the last call");
}

#[test]
fn close_by_the_sink_of_a_split_leaves_the_stream() {
    let mut rig = Rig::with_marks((4, 8), LinesCodec::new(), ["one\n".into()], []);
    let task = Task::new();
    assert!(feed(&task, &mut rig.framed, "out"));
    let (mut sink, mut stream) = rig.framed.split();
    assert!(task.poll_once(SinkExt::<&str>::close(&mut sink)).is_ready());
    assert_eq!(read(&task, &mut stream), line("one"));
    assert_eq!(rig.inner.take_log(), [Write(4, Take(4)), Flush(Done), Shutdown(Done)]);
}

/// A peer that refuses what we say may have said why.
#[test]
fn what_has_arrived_is_read_after_the_writing_half_has_failed() {
    let reads = ["go away\n".into(), Read::End];
    let writes = [Fail(ErrorKind::BrokenPipe)];
    let mut rig = Rig::with_marks((0, 8), LinesCodec::new(), reads, writes);
    let task = Task::new();
    assert!(feed(&task, &mut rig.framed, "out"));
    let Poll::Ready(Err(error)) = task.poll_once(rig.framed.flush()) else { panic!("no error") };
    assert_eq!(error.kind(), ErrorKind::BrokenPipe);
    assert_eq!(read(&task, &mut rig.framed), line("go away"));
    assert_eq!(read(&task, &mut rig.framed), Poll::Ready(None));
    rig.framed.get_mut().abort();
    assert_eq!(read(&task, &mut rig.framed), Poll::Pending);
}

#[test]
fn frames_are_sent_after_the_stream_has_failed_or_ended() {
    let reads = [Read::Fail(ErrorKind::TimedOut), Read::End];
    let mut rig = Rig::new(LinesCodec::new(), reads);
    let task = Task::new();
    assert!(matches!(task.poll_once(rig.framed.next()), Poll::Ready(Some(Err(_)))));
    assert!(task.poll_once(rig.framed.send("one")).is_ready());
    assert_eq!(read(&task, &mut rig.framed), Poll::Ready(None));
    assert_eq!(read(&task, &mut rig.framed), Poll::Ready(None));
    assert!(task.poll_once(rig.framed.send("two")).is_ready());
    assert_eq!(rig.inner.wire(), b"one\ntwo\n");
}

pin_project! {
    /// A connection that must be pinned.
    struct Pinned {
        #[pin]
        inner: Connection,
        #[pin]
        pinned: PhantomPinned,
    }
}

impl AsyncRead for Pinned {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.project().inner.poll_read(cx, buf)
    }
}

impl AsyncWrite for Pinned {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.project().inner.poll_write(cx, buf)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.project().inner.poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.project().inner.poll_shutdown(cx)
    }
}

#[test]
fn a_connection_that_must_be_pinned_is_used_through_a_pin() {
    let (inner, _, handle) = connection(["one\n".into(), Read::End], [Take(3), Pending]);
    let inner = Pinned { inner, pinned: PhantomPinned };
    let writer = FlowControlledWriter::with_watermarks(inner, Watermarks::new(0, 4));
    let mut framed = pin!(Framed::new(writer, LinesCodec::new()));
    let task = Task::new();
    let cx = &mut task.context();

    framed.as_mut().start_send("out").expect("open");
    framed.as_mut().start_send("more").expect("past the pause");
    assert!(framed.as_mut().poll_ready(cx).is_pending());
    assert!(matches!(task.poll_once(framed.next()), Poll::Ready(Some(Ok(line))) if line == "one"));
    assert!(matches!(framed.as_mut().poll_ready(cx), Poll::Ready(Ok(()))));
    assert_eq!(framed.as_mut().codec_pin_mut().max_length(), usize::MAX);
    assert_eq!(framed.as_mut().get_pin_mut().buffer_size(), 0);
    framed.as_mut().start_send("end").expect("open");
    assert!(matches!(framed.as_mut().poll_flush(cx), Poll::Ready(Ok(()))));
    assert!(matches!(framed.as_mut().poll_shutdown(cx), Poll::Ready(Ok(()))));
    assert!(matches!(task.poll_once(framed.next()), Poll::Ready(None)));
    assert_eq!(handle.wire(), b"out\nmore\nend\n");
}
