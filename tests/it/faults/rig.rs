use std::io::{self, ErrorKind, IoSlice};
use std::pin::{Pin, pin};
use std::sync::LazyLock;
use std::task::Poll;

use bytes::Bytes;
use flow_controlled_writer::{Builder, FlowControlledWriter, TrySendError, Watermarks};
use futures::{Sink, SinkExt};
use tokio::io::AsyncWriteExt;

use super::workload::Workload;
use crate::support::{Answer, Call, Handle, Scripted, Task};

type Writer = FlowControlledWriter<Scripted>;

/// What becomes of a future that is pending.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// It is polled again when its task is woken.
    Resume,
    /// It is dropped and a new one takes its place.
    DropAtPending,
}

/// A writer, and the stream of bytes that is sent to it piece by piece.
pub(super) struct Rig {
    pub(super) inner: Handle,
    writer: Writer,
    way: Way,
    task: Task,
    /// Bytes of the stream that were given to the writer, accepted or not.
    given: usize,
    calls: Vec<Call>,
}

impl Rig {
    pub(super) fn new(workload: &Workload, gathering: bool, way: Way) -> Self {
        let (inner, handle) = Scripted::new(gathering, []);
        let (low, high) = workload.marks;
        let options = Builder::new()
            .watermarks(Watermarks::new(low, high))
            .coalesce_threshold(workload.coalesce_threshold);
        Self {
            inner: handle,
            writer: options.build(inner),
            way,
            task: Task::new(),
            given: 0,
            calls: Vec::new(),
        }
    }

    pub(super) fn feed(&mut self, size: usize) -> io::Result<()> {
        let chunk = self.next_chunk(size);
        self.settle(async |writer| writer.feed(chunk.clone()).await)
    }

    /// Where the future is dropped, the totals tell whether it had queued the chunk.
    pub(super) fn send(&mut self, size: usize) -> io::Result<()> {
        let chunk = self.next_chunk(size);
        let before = self.writer.stats().enqueued_bytes;
        self.settle(async |writer| {
            if writer.stats().enqueued_bytes == before {
                SinkExt::send(writer, chunk.clone()).await
            } else {
                writer.flush().await
            }
        })
    }

    pub(super) fn push(&mut self, size: usize) -> io::Result<()> {
        let chunk = self.next_chunk(size);
        Pin::new(&mut self.writer).start_send(chunk)
    }

    pub(super) fn write(&mut self, size: usize) -> io::Result<()> {
        let chunk = self.next_chunk(size);
        let mut rest = &chunk[..];
        while !rest.is_empty() {
            let count = self.settle(async |writer| writer.write(rest).await)?;
            rest = &rest[count..];
        }
        Ok(())
    }

    pub(super) fn write_vectored(&mut self, sizes: &[usize]) -> io::Result<()> {
        let chunks: Vec<_> = sizes.iter().map(|&size| self.next_chunk(size)).collect();
        let total: usize = sizes.iter().sum();
        let mut done = 0;
        while done < total {
            let mut slices: Vec<_> = chunks.iter().map(|chunk| IoSlice::new(chunk)).collect();
            let mut rest = &mut slices[..];
            IoSlice::advance_slices(&mut rest, done);
            done += self.settle(async |writer| writer.write_vectored(rest).await)?;
        }
        Ok(())
    }

    pub(super) fn ready(&mut self) -> io::Result<()> {
        self.settle(async |writer| writer.ready().await)
    }

    pub(super) fn drain(&mut self) -> io::Result<()> {
        self.settle(async |writer| {
            std::future::poll_fn(|cx| Pin::new(&mut *writer).poll_drain(cx)).await
        })
    }

    pub(super) fn flush(&mut self) -> io::Result<()> {
        self.settle(async |writer| writer.flush().await)
    }

    pub(super) fn shutdown(&mut self) -> io::Result<()> {
        self.settle(async |writer| writer.shutdown().await)
    }

    /// Returns the calls of the inner writer since it was last asked.
    pub(super) fn take_calls(&mut self) -> Vec<Call> {
        self.calls.extend(self.inner.take_log());
        std::mem::take(&mut self.calls)
    }

    /// Checks that everything has arrived, and that the inner writer was shut down once.
    pub(super) fn assert_complete(&mut self) {
        assert_eq!(self.writer.buffer_size(), 0);
        assert!(self.inner.wire() == stream(0, self.given), "the wire differs");
        self.calls.extend(self.inner.take_log());
        let ends = self.calls.iter().filter(|call| **call == Call::Shutdown(Answer::Done)).count();
        assert_eq!(ends, 1, "shutdowns");
        self.assert_untouched("after the shutdown");
    }

    /// Checks what a writer is after `error`: it says so to everyone, leaves the inner writer
    /// alone, and gives back every byte that is not on the wire.
    pub(super) fn assert_failed(mut self, error: ErrorKind) {
        self.calls.extend(self.inner.take_log());
        let chunk = Bytes::from_static(b"late");
        assert_eq!(self.ready().map_err(|error| error.kind()), Err(error));
        assert_eq!(self.drain().map_err(|error| error.kind()), Err(error));
        assert_eq!(self.flush().map_err(|error| error.kind()), Err(error));
        assert_eq!(self.shutdown().map_err(|error| error.kind()), Err(error));
        let given = self.given;
        assert_eq!(self.push(9).map_err(|error| error.kind()), Err(error));
        assert_eq!(self.feed(9).map_err(|error| error.kind()), Err(error));
        assert_eq!(self.write(9).map_err(|error| error.kind()), Err(error));
        assert_eq!(self.write_vectored(&[9, 9]).map_err(|error| error.kind()), Err(error));
        assert_eq!(self.writer.try_send(chunk.clone()), Err(TrySendError::Closed(chunk)));
        self.assert_untouched("after the error");

        let (size, stats) = (self.writer.buffer_size(), self.writer.stats());
        let mut bytes = self.inner.wire();
        assert_eq!(stats.written_bytes, bytes.len() as u64);
        let queued: Vec<Bytes> = self.writer.into_parts().queue.into_iter().collect();
        assert_eq!(queued.iter().map(Bytes::len).sum::<usize>(), size);
        bytes.extend(queued.concat());
        assert_eq!(stats.enqueued_bytes, bytes.len() as u64);
        assert!(bytes.len() <= given);
        assert!(bytes == stream(0, bytes.len()), "wire and queue are not the stream");
    }

    fn assert_untouched(&self, when: &str) {
        assert_eq!(self.inner.take_log(), [], "{when}");
    }

    /// Runs futures of `step` until one ends. A pending one must be woken by the inner writer, or
    /// have woken itself.
    fn settle<T>(
        &mut self,
        mut step: impl AsyncFnMut(&mut Writer) -> io::Result<T>,
    ) -> io::Result<T> {
        loop {
            let mut future = pin!(step(&mut self.writer));
            loop {
                if let Poll::Ready(result) = self.task.poll(future.as_mut()) {
                    return result;
                }
                self.inner.wake();
                assert!(self.task.take_wakes() > 0, "nobody would wake the task");
                if self.way == Way::DropAtPending {
                    break;
                }
            }
        }
    }

    /// Returns the next piece of the stream.
    fn next_chunk(&mut self, size: usize) -> Bytes {
        let chunk = stream(self.given, size);
        self.given += size;
        chunk
    }
}

/// Returns a part of a stream in which no stretch resembles another.
pub(super) fn stream(start: usize, length: usize) -> Bytes {
    static STREAM: LazyLock<Bytes> = LazyLock::new(|| {
        // The high byte of multiples of an odd number: the period is far above the length.
        (0..1_u32 << 16).map(|at| (at.wrapping_mul(2_654_435_769) >> 24) as u8).collect()
    });
    STREAM.slice(start..start + length)
}
