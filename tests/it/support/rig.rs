use std::io::{self, ErrorKind, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use flow_controlled_writer::{
    Builder, ChunkQueue, FlowControlledWriter, TrySendError, TrySendItemError, Watermarks,
};
use futures::Sink;
use tokio::io::AsyncWrite;

use super::{Answer, Handle, Scripted, Task};

/// The result of a poll in a form that can be compared: an error is its kind.
pub(crate) type Outcome<T = ()> = Poll<Result<T, ErrorKind>>;

/// The outcome of a poll that succeeds.
pub(crate) const READY: Outcome = Poll::Ready(Ok(()));

/// The outcome of a poll that fails.
pub(crate) fn failed<T>(kind: ErrorKind) -> Outcome<T> {
    Poll::Ready(Err(kind))
}

/// A writer over a scripted one, polled by hand by one task.
///
/// After every step it checks that the bytes on the wire are a prefix of the bytes sent, and that
/// what is missing is the buffer size. [`finish`](Self::finish) recounts the queue itself.
pub(crate) struct Rig {
    pub(crate) writer: FlowControlledWriter<Scripted>,
    pub(crate) inner: Handle,
    pub(crate) task: Task,
    /// Every byte that the writer has accepted, in order.
    sent: Vec<u8>,
    /// The part of the wire that is known to agree with `sent`.
    checked: usize,
}

impl Rig {
    /// Wraps a gathering writer that follows `script`, with `(low, high)` and without merging.
    pub(crate) fn gathering(
        marks: (usize, usize),
        script: impl IntoIterator<Item = Answer>,
    ) -> Self {
        Self::with_options(&unmerged(marks), Scripted::gathering(script))
    }

    /// Wraps a writer that cannot gather and follows `script`, with `(low, high)` and without
    /// merging.
    pub(crate) fn plain(marks: (usize, usize), script: impl IntoIterator<Item = Answer>) -> Self {
        Self::with_options(&unmerged(marks), Scripted::plain(script))
    }

    pub(crate) fn with_options(options: &Builder, (inner, handle): (Scripted, Handle)) -> Self {
        let writer = options.build(inner);
        Self { writer, inner: handle, task: Task::new(), sent: Vec::new(), checked: 0 }
    }

    /// Sends by `try_send`.
    pub(crate) fn try_send(&mut self, chunk: impl Into<Bytes>) -> Result<(), TrySendError> {
        let chunk = chunk.into();
        let result = self.writer.try_send(chunk.clone());
        self.accepted(if result.is_ok() { &chunk } else { b"" });
        result
    }

    /// Sends by `start_send`, ready or not.
    pub(crate) fn start_send(&mut self, chunk: impl Into<Bytes>) -> io::Result<()> {
        let chunk = chunk.into();
        let result = Pin::new(&mut self.writer).start_send(chunk.clone());
        self.accepted(if result.is_ok() { &chunk } else { b"" });
        result
    }

    /// Sends by `send_now`, past a pause.
    pub(crate) fn send_now(&mut self, chunk: impl Into<Bytes>) -> Result<(), TrySendError> {
        let chunk = chunk.into();
        let result = self.writer.send_now(chunk.clone());
        self.accepted(if result.is_ok() { &chunk } else { b"" });
        result
    }

    /// Sends a copy of `bytes` by `try_append`.
    pub(crate) fn try_append(
        &mut self,
        bytes: &str,
    ) -> Result<(), TrySendItemError<(), io::Error>> {
        let result = self.writer.try_append(|dst| {
            dst.extend_from_slice(bytes.as_bytes());
            Ok(())
        });
        self.accepted(if result.is_ok() { bytes.as_bytes() } else { b"" });
        result
    }

    /// Sends each chunk by `start_send`, ready or not.
    pub(crate) fn queue<C: Into<Bytes>>(&mut self, chunks: impl IntoIterator<Item = C>) {
        for chunk in chunks {
            self.start_send(chunk).expect("the writer is open");
        }
    }

    pub(crate) fn write(&mut self, bytes: &[u8]) -> Outcome<usize> {
        let result = Pin::new(&mut self.writer).poll_write(&mut self.task.context(), bytes);
        let count = accepted(&result);
        self.accepted(&bytes[..count]);
        kind(result)
    }

    pub(crate) fn write_vectored(&mut self, slices: &[&[u8]]) -> Outcome<usize> {
        let borrowed: Vec<_> = slices.iter().map(|slice| IoSlice::new(slice)).collect();
        let cx = &mut self.task.context();
        let result = Pin::new(&mut self.writer).poll_write_vectored(cx, &borrowed);
        let count = accepted(&result);
        self.accepted(&slices.concat()[..count]);
        kind(result)
    }

    pub(crate) fn ready(&mut self) -> Outcome {
        self.poll(FlowControlledWriter::poll_ready)
    }

    pub(crate) fn drain(&mut self) -> Outcome {
        self.poll(FlowControlledWriter::poll_drain)
    }

    pub(crate) fn flush(&mut self) -> Outcome {
        self.poll(FlowControlledWriter::poll_flush)
    }

    pub(crate) fn shutdown(&mut self) -> Outcome {
        self.poll(FlowControlledWriter::poll_shutdown)
    }

    pub(crate) fn close(&mut self) -> Outcome {
        self.poll(Sink::poll_close)
    }

    pub(crate) fn abort(&mut self) -> usize {
        let discarded = self.writer.abort();
        self.sent.truncate(self.sent.len() - discarded);
        self.check();
        discarded
    }

    /// Returns the bytes that were sent.
    pub(crate) fn sent(&self) -> &[u8] {
        &self.sent
    }

    /// Takes the writer apart, checks that the queue holds exactly the bytes that are not on the
    /// wire, and returns it.
    pub(crate) fn finish(mut self) -> ChunkQueue {
        self.check();
        let (size, chunks) = (self.writer.buffer_size(), self.writer.queued_chunks());
        let queue = self.writer.into_parts().queue;
        let held: Vec<Bytes> = queue.into_iter().collect();
        assert!(held.iter().all(|chunk| !chunk.is_empty()), "an empty chunk is queued");
        assert_eq!(held.iter().map(Bytes::len).sum::<usize>(), size, "recounted");
        assert_eq!(held.len(), chunks, "chunks recounted");
        assert_eq!(held.concat(), self.sent[self.checked..], "what is queued");
        let mut queue = ChunkQueue::with_coalesce_threshold(0);
        queue.extend(held);
        queue
    }

    /// Gives a slice up of which a `write` was pending. What the inner writer was offered of it does
    /// not come again.
    pub(crate) fn give_up_write(&mut self) {
        if self.inner.promised() > self.writer.buffer_size() {
            self.inner.caller_gave_up();
        }
    }

    /// Polls once by a method of the writer that returns nothing.
    pub(crate) fn poll(
        &mut self,
        poll: impl FnOnce(
            Pin<&mut FlowControlledWriter<Scripted>>,
            &mut Context<'_>,
        ) -> Poll<io::Result<()>>,
    ) -> Outcome {
        let result = poll(Pin::new(&mut self.writer), &mut self.task.context());
        self.check();
        kind(result)
    }

    fn accepted(&mut self, bytes: &[u8]) {
        self.sent.extend_from_slice(bytes);
        self.check();
    }

    /// Checks what holds at every step.
    fn check(&mut self) {
        let (sent, checked) = (&self.sent, self.checked);
        let on_wire = self.inner.with_wire(|wire| {
            assert!(wire.len() <= sent.len(), "{} bytes were made up", wire.len() - sent.len());
            assert_eq!(wire[checked..], sent[checked..wire.len()], "the wire from {checked} on");
            wire.len()
        });
        self.checked = on_wire;
        let (size, stats) = (self.writer.buffer_size(), self.writer.stats());
        assert_eq!(size, sent.len() - on_wire, "buffer_size()");
        assert_eq!(stats.written_bytes, on_wire as u64, "stats().written_bytes");
        assert!(stats.peak_buffer_size >= size, "stats().peak_buffer_size");
        assert!(self.writer.queued_chunks() <= size, "queued_chunks()");
        assert_eq!(self.writer.queued_chunks() == 0, size == 0, "queued_chunks()");
    }
}

/// Options with `(low, high)` and without merging.
fn unmerged((low, high): (usize, usize)) -> Builder {
    Builder::new().watermarks(Watermarks::new(low, high)).coalesce_threshold(0)
}

fn accepted(result: &Poll<io::Result<usize>>) -> usize {
    match result {
        Poll::Ready(Ok(count)) => *count,
        _ => 0,
    }
}

fn kind<T>(result: Poll<io::Result<T>>) -> Outcome<T> {
    result.map_err(|error| error.kind())
}
