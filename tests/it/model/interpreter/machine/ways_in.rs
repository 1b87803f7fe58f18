use std::io::{ErrorKind, IoSlice};
use std::pin::{Pin, pin};
use std::task::Poll;

use bytes::Bytes;
use flow_controlled_writer::{TrySendError, TrySendItemError};
use futures::{Sink, SinkExt};
use tokio::io::{AsyncWrite, AsyncWriteExt};

use super::super::calls::Calls;
use super::super::input::Input;
use super::super::oracle::{Oracle, Outcome, Refusal};
use super::{Machine, Subject};

/// What is sent, by every way in.
impl<S: Subject> Machine<S> {
    pub(super) fn try_send(&mut self, chunk: Bytes) {
        let expected = self.oracle.try_send(&chunk);
        let result = self.subject.writer_mut().try_send(chunk.clone());
        assert_eq!(result, expected.map_err(|refusal| refused(refusal, chunk).1));
        self.check_without_calls();
    }

    pub(super) fn start_send(&mut self, chunk: Bytes) {
        let expected = self.oracle.start_send(&chunk);
        let result = Pin::new(self.subject.writer_mut()).start_send(chunk.clone());
        let result = result.map_err(|error| {
            (error.kind(), error.downcast::<TrySendError>().expect("the chunk in the error"))
        });
        assert_eq!(result, expected.map_err(|refusal| refused(refusal, chunk)));
        self.check_without_calls();
    }

    pub(super) fn send_now(&mut self, chunk: Bytes) {
        let expected = self.oracle.send_now(&chunk);
        let result = self.subject.writer_mut().send_now(chunk.clone());
        assert_eq!(result, expected.map_err(|refusal| refused(refusal, chunk).1));
        self.check_without_calls();
    }

    /// One item of several pieces; one in four fails at the end, and nothing of it is queued.
    pub(super) fn try_append(&mut self, input: &mut Input<'_>) {
        let (head, body, fails) = (input.payload(), input.chunk(), input.one_in(4));
        let result = self.subject.writer_mut().try_append(|dst| {
            dst.extend_from_slice(head);
            dst.push(body.clone());
            if fails { Err("fails") } else { Ok(dst.appended()) }
        });
        let item = if fails { Vec::new() } else { [head, &body].concat() };
        let expected = match self.oracle.try_append(&item) {
            Ok(()) if fails => Err(TrySendItemError::Encode("fails")),
            Ok(()) => Ok(item.len()),
            Err(Refusal::Full) => Err(TrySendItemError::Full(())),
            Err(_) => Err(TrySendItemError::Closed(())),
        };
        assert_eq!(result, expected);
        self.check_without_calls();
    }

    /// Sends a run of chunks, each a chunk of its own in the queue: more than one gather takes.
    pub(super) fn burst(&mut self, input: &mut Input<'_>) {
        let size = self.config.coalesce_threshold.clamp(1, 1500);
        for _ in 0..input.below(280) {
            self.start_send(Bytes::from_static(input.payload_of(size)));
        }
    }

    /// A future of `feed`, polled once and dropped.
    pub(super) fn feed(&mut self, chunk: Bytes, way: usize) {
        self.poll(
            |writer, cx| match way {
                0 => pin!(SinkExt::feed(writer.get_mut(), chunk.clone())).poll(cx),
                _ => pin!(writer.get_mut().feed(chunk.clone())).poll(cx),
            },
            |oracle, calls| feed(oracle, calls, &chunk),
        );
    }

    /// A future of `send`, polled once and dropped.
    pub(super) fn send(&mut self, chunk: Bytes, way: usize) {
        self.poll(
            |writer, cx| match way {
                0 => pin!(SinkExt::send(writer.get_mut(), chunk.clone())).poll(cx),
                _ => pin!(writer.get_mut().send(chunk.clone())).poll(cx),
            },
            |oracle, calls| match feed(oracle, calls, &chunk) {
                Poll::Ready(Ok(())) => oracle.flush(calls),
                other => other,
            },
        );
    }

    /// A write of one slice, or of another number by `poll_write_vectored`.
    pub(super) fn write(&mut self, slices: Vec<&'static [u8]>) {
        self.poll(
            |writer, cx| {
                if let [only] = slices[..] {
                    return writer.poll_write(cx, only);
                }
                let slices: Vec<_> = slices.iter().map(|slice| IoSlice::new(slice)).collect();
                writer.poll_write_vectored(cx, &slices)
            },
            |oracle, calls| oracle.write(&slices.concat(), calls),
        );
        self.owe(slices);
    }

    /// A future of `write_all`, polled once and dropped.
    pub(super) fn write_all(&mut self, bytes: &'static [u8]) {
        let rest = std::cell::Cell::new(bytes);
        self.poll(
            |writer, cx| pin!(writer.get_mut().write_all(bytes)).poll(cx),
            |oracle, calls| {
                while !rest.get().is_empty() {
                    match oracle.write(rest.get(), calls) {
                        Poll::Ready(Ok(count)) => rest.set(&rest.get()[count..]),
                        other => return other.map_ok(drop),
                    }
                }
                Poll::Ready(Ok(()))
            },
        );
        self.owe(vec![rest.get()]);
    }

    /// Takes note of slices of which a write may be pending.
    fn owe(&mut self, slices: Vec<&'static [u8]>) {
        if self.inner.promised() > self.oracle.size() {
            self.owed = Some(slices);
        }
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
