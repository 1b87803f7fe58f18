use std::io;
use std::io::{ErrorKind, IoSlice};
use std::pin::{Pin, pin};
use std::task::{Context, Poll};

use bytes::Bytes;
use flow_controlled_writer::{FlowControlledWriter, TrySendError, Watermarks};
use futures::{Sink, SinkExt};
use tokio::io::{AsyncWrite, AsyncWriteExt};

use super::calls::Calls;
use super::config::{Config, marks};
use super::flow::Flow;
use super::input::Input;
use super::oracle::{Oracle, Outcome, Refusal};
use super::script;
use crate::support::{Answer, Handle, Scripted, Task};

pub(super) type Writer = FlowControlledWriter<Scripted>;

/// What a machine drives: a writer, or something with a writer inside.
pub(super) trait Subject {
    fn writer(&self) -> &Writer;
    fn writer_mut(&mut self) -> &mut Writer;
    fn into_writer(self) -> Writer;
}

impl Subject for Writer {
    fn writer(&self) -> &Writer {
        self
    }

    fn writer_mut(&mut self) -> &mut Writer {
        self
    }

    fn into_writer(self) -> Writer {
        self
    }
}

/// A writer, its inner writer and the oracle, always in the same state.
pub(super) struct Machine<S> {
    pub(super) subject: S,
    inner: Handle,
    coalesce_threshold: usize,
    pub(super) oracle: Oracle,
    /// Bytes on the wire that were compared.
    compared: usize,
}

impl<S: Subject> Machine<S> {
    pub(super) fn new(input: &mut Input<'_>, wrap: impl FnOnce(Writer) -> S) -> Self {
        let (inner, handle) = Scripted::new(!input.one_in(3), []);
        let config = Config::new(input);
        Self {
            subject: wrap(config.options().build(inner)),
            inner: handle,
            coalesce_threshold: config.coalesce_threshold,
            oracle: Oracle::new(Flow::new(config.marks, config.cap)),
            compared: 0,
        }
    }

    pub(super) fn step(&mut self, input: &mut Input<'_>) {
        match input.below(64) {
            0..=5 => self.try_send(input.chunk()),
            6..=11 => self.start_send(input.chunk()),
            12..=15 => self.feed(input.chunk()),
            16..=18 => self.send(input.chunk()),
            19..=25 => self.write(input.payload()),
            26..=29 => self.write_vectored(input),
            30 | 31 => self.write_all(input.payload()),
            32..=38 => self.ready(input.below(3)),
            39..=42 => self.drain(),
            43..=47 => self.flush(input.below(4)),
            48 | 49 => self.set_marks(marks(input)),
            50 => self.burst(input),
            51 if input.one_in(4) => self.shutdown(input.below(4)),
            52 if input.one_in(8) => self.abort(),
            _ => script::extend(&self.inner, input),
        }
    }

    fn try_send(&mut self, chunk: Bytes) {
        let expected = self.oracle.try_send(&chunk);
        let result = self.subject.writer_mut().try_send(chunk.clone());
        assert_eq!(result, expected.map_err(|refusal| refused(refusal, chunk).1));
        self.check_without_calls();
    }

    fn start_send(&mut self, chunk: Bytes) {
        let expected = self.oracle.start_send(&chunk);
        let result = Pin::new(self.subject.writer_mut()).start_send(chunk.clone());
        let result = result.map_err(|error| {
            (error.kind(), error.downcast::<TrySendError>().expect("the chunk in the error"))
        });
        assert_eq!(result, expected.map_err(|refusal| refused(refusal, chunk)));
        self.check_without_calls();
    }

    /// Sends a run of chunks, each a chunk of its own in the queue: more than one gather takes.
    fn burst(&mut self, input: &mut Input<'_>) {
        let size = self.coalesce_threshold.clamp(1, 1500);
        for _ in 0..input.below(140) {
            self.start_send(Bytes::from_static(input.payload_of(size)));
        }
    }

    /// A future of `feed`, polled once and dropped.
    fn feed(&mut self, chunk: Bytes) {
        self.poll(
            |writer, cx| pin!(writer.get_mut().feed(chunk.clone())).poll(cx),
            |oracle, calls| feed(oracle, calls, &chunk),
        );
    }

    /// A future of `send`, polled once and dropped.
    fn send(&mut self, chunk: Bytes) {
        self.poll(
            |writer, cx| pin!(SinkExt::send(writer.get_mut(), chunk.clone())).poll(cx),
            |oracle, calls| match feed(oracle, calls, &chunk) {
                Poll::Ready(Ok(())) => oracle.flush(calls),
                other => other,
            },
        );
    }

    fn write(&mut self, bytes: &[u8]) {
        self.poll(
            |writer, cx| writer.poll_write(cx, bytes),
            |oracle, calls| oracle.write(bytes, calls),
        );
    }

    fn write_vectored(&mut self, input: &mut Input<'_>) {
        let count = input.below(5);
        let pieces: Vec<_> = std::iter::repeat_with(|| input.payload()).take(count).collect();
        let slices: Vec<_> = pieces.iter().map(|piece| IoSlice::new(piece)).collect();
        self.poll(
            |writer, cx| writer.poll_write_vectored(cx, &slices),
            |oracle, calls| oracle.write(&pieces.concat(), calls),
        );
    }

    /// A future of `write_all`, polled once and dropped.
    fn write_all(&mut self, bytes: &[u8]) {
        self.poll(
            |writer, cx| pin!(writer.get_mut().write_all(bytes)).poll(cx),
            |oracle, calls| {
                let mut rest = bytes;
                while !rest.is_empty() {
                    match oracle.write(rest, calls) {
                        Poll::Ready(Ok(count)) => rest = &rest[count..],
                        other => return other.map_ok(drop),
                    }
                }
                Poll::Ready(Ok(()))
            },
        );
    }

    fn ready(&mut self, way: usize) {
        self.poll(
            |writer, cx| match way {
                0 => writer.poll_ready(cx),
                1 => Sink::poll_ready(writer, cx),
                _ => pin!(writer.get_mut().ready()).poll(cx),
            },
            Oracle::ready,
        );
    }

    fn drain(&mut self) {
        self.poll(FlowControlledWriter::poll_drain, Oracle::drain);
    }

    fn flush(&mut self, way: usize) {
        self.poll(
            |writer, cx| match way {
                0 => writer.poll_flush(cx),
                1 => Sink::poll_flush(writer, cx),
                2 => AsyncWrite::poll_flush(writer, cx),
                _ => pin!(writer.get_mut().flush()).poll(cx),
            },
            Oracle::flush,
        );
    }

    fn shutdown(&mut self, way: usize) {
        self.poll(
            |writer, cx| match way {
                0 => writer.poll_shutdown(cx),
                1 => Sink::poll_close(writer, cx),
                2 => AsyncWrite::poll_shutdown(writer, cx),
                _ => pin!(writer.get_mut().shutdown()).poll(cx),
            },
            Oracle::shutdown,
        );
    }

    fn set_marks(&mut self, marks: (usize, usize)) {
        self.subject.writer_mut().set_watermarks(Watermarks::new(marks.0, marks.1));
        self.oracle.flow.set_marks(marks, self.oracle.size());
        self.check_without_calls();
    }

    fn abort(&mut self) {
        assert_eq!(self.subject.writer_mut().abort(), self.oracle.abort());
        self.check_without_calls();
    }

    /// Lets the inner writer take everything: then all must arrive, be flushed and shut down.
    pub(super) fn end(&mut self) {
        self.inner.otherwise(Answer::Done);
        let mut polls = 0;
        while !self.oracle.has_ended() {
            self.poll(FlowControlledWriter::poll_shutdown, Oracle::shutdown);
            polls += 1;
            assert!(polls < 10_000, "the shutdown never ends");
        }
    }

    /// What was not written comes back.
    pub(super) fn take_apart(self) {
        let writer = self.subject.into_writer();
        let chunks = writer.queued_chunks();
        let held: Vec<Bytes> = writer.into_parts().queue.into_iter().collect();
        assert_eq!(held.len(), chunks, "chunks recounted");
        assert!(held.iter().all(|chunk| !chunk.is_empty()), "an empty chunk");
        assert!(held.concat() == self.oracle.queued(), "the queue differs");
    }

    /// Polls the writer and checks it as [`poll_subject`](Self::poll_subject) says.
    fn poll<T: std::fmt::Debug + PartialEq>(
        &mut self,
        poll: impl FnOnce(Pin<&mut Writer>, &mut Context<'_>) -> Poll<io::Result<T>>,
        expect: impl FnOnce(&mut Oracle, &mut Calls) -> Outcome<T>,
    ) {
        self.poll_subject(|subject, cx| poll(Pin::new(subject.writer_mut()), cx), expect);
    }

    /// Polls by a task of its own, compares the result with that of the oracle, and checks that
    /// `Pending` is returned only to a task that will be woken.
    pub(super) fn poll_subject<T: std::fmt::Debug + PartialEq>(
        &mut self,
        poll: impl FnOnce(&mut S, &mut Context<'_>) -> Poll<io::Result<T>>,
        expect: impl FnOnce(&mut Oracle, &mut Calls) -> Outcome<T>,
    ) {
        let task = Task::new();
        let result = poll(&mut self.subject, &mut task.context());
        let result = result.map_err(|error| error.kind());
        let mut calls = Calls::new(self.inner.take_log());
        let expected = expect(&mut self.oracle, &mut calls);
        assert_eq!(result, expected, "after {calls:?}");
        calls.assert_all_explained();
        if result.is_pending() {
            if calls.end_in_pending() {
                assert!(self.inner.wake(), "the inner writer has a waker");
            }
            assert!(task.take_wakes() > 0, "nobody would wake the task");
        }
        self.check();
    }

    pub(super) fn check_without_calls(&mut self) {
        assert_eq!(self.inner.take_log(), [], "no I/O");
        self.check();
    }

    /// Checks what holds at every step.
    fn check(&mut self) {
        self.inner.take_addresses();
        let (writer, oracle) = (self.subject.writer(), &self.oracle);
        let expected = oracle.wire();
        self.inner.with_wire(|wire| {
            assert_eq!(wire.len(), expected.len(), "bytes on the wire");
            assert!(wire[self.compared..] == expected[self.compared..], "the wire differs");
        });
        self.compared = expected.len();
        let size = oracle.size();
        assert_eq!(writer.buffer_size(), size);
        assert_eq!(writer.is_paused(), oracle.flow.is_paused());
        assert_eq!(writer.bytes_until_pause(), oracle.flow.until_pause(size));
        assert_eq!(writer.bytes_until_resume(), oracle.flow.until_resume(size));
        assert_eq!(writer.queued_chunks() == 0, size == 0);
        assert!(writer.queued_chunks() <= size);
        let stats = writer.stats();
        assert_eq!(stats.enqueued_bytes, oracle.enqueued_bytes());
        assert_eq!(stats.written_bytes, expected.len() as u64);
        assert_eq!(stats.write_calls, oracle.write_calls());
        assert_eq!(stats.pauses, oracle.flow.pauses());
        assert_eq!(stats.peak_buffer_size, oracle.peak());
    }
}

fn feed(oracle: &mut Oracle, calls: &mut Calls, chunk: &[u8]) -> Outcome {
    let ready = oracle.ready(calls);
    if ready != Poll::Ready(Ok(())) {
        return ready;
    }
    Poll::Ready(oracle.start_send(chunk).map_err(|refusal| refused(refusal, Bytes::new()).0))
}

fn refused(refusal: Refusal, chunk: Bytes) -> (ErrorKind, TrySendError) {
    match refusal {
        Refusal::Full => (ErrorKind::StorageFull, TrySendError::Full(chunk)),
        Refusal::Closed => (ErrorKind::BrokenPipe, TrySendError::Closed(chunk)),
        Refusal::Failed(kind) => (kind, TrySendError::Closed(chunk)),
    }
}
