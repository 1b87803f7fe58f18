use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::{Bytes, BytesMut};
use flow_controlled_writer::codec::{ChunkEncoder, FramedSink, TrySendItemError};
use flow_controlled_writer::{Builder, Watermarks};
use futures::Sink;
use tokio_util::codec::Encoder;

use crate::support::{Answer, Handle, Outcome, READY, Scripted, Task};

/// A sink of frames over a scripted writer, polled by hand by one task.
///
/// The test says what bytes each item should become. After every step the rig checks that the wire
/// is a prefix of these, and that what is missing is the buffer size.
pub(super) struct FrameRig<E> {
    pub(super) sink: FramedSink<Scripted, E>,
    pub(super) inner: Handle,
    pub(super) task: Task,
    /// The bytes of all frames that were accepted.
    sent: Vec<u8>,
}

impl<E> FrameRig<E> {
    /// Puts `encoder` before a gathering writer that follows `script`, with default options.
    pub(super) fn new(encoder: E, script: impl IntoIterator<Item = Answer>) -> Self {
        Self::with_options(&Builder::new(), encoder, Scripted::gathering(script))
    }

    /// The same with `(low, high)`.
    pub(super) fn with_marks(
        (low, high): (usize, usize),
        encoder: E,
        script: impl IntoIterator<Item = Answer>,
    ) -> Self {
        let options = Builder::new().watermarks(Watermarks::new(low, high));
        Self::with_options(&options, encoder, Scripted::gathering(script))
    }

    pub(super) fn with_options(
        options: &Builder,
        encoder: E,
        (inner, handle): (Scripted, Handle),
    ) -> Self {
        let sink = FramedSink::new(options.build(inner), encoder);
        Self { sink, inner: handle, task: Task::new(), sent: Vec::new() }
    }

    /// Sends by `start_send`, ready or not, what should become `frame`.
    pub(super) fn start_send<Item>(
        &mut self,
        item: Item,
        frame: impl AsRef<[u8]>,
    ) -> Result<(), E::Error>
    where
        E: ChunkEncoder<Item>,
    {
        let result = Pin::new(&mut self.sink).start_send(item);
        self.accepted(result.is_ok(), frame.as_ref());
        result
    }

    /// Sends by `try_send` what should become `frame`.
    pub(super) fn try_send<Item>(
        &mut self,
        item: Item,
        frame: impl AsRef<[u8]>,
    ) -> Result<(), TrySendItemError<Item, E::Error>>
    where
        E: ChunkEncoder<Item>,
    {
        let result = self.sink.try_send(item);
        self.accepted(result.is_ok(), frame.as_ref());
        result
    }

    /// Sends by `start_send` what should become the frame that `rival` makes of it under
    /// `FramedWrite`.
    pub(super) fn send_as<Item, R>(&mut self, item: Item, rival: &mut R) -> Result<(), E::Error>
    where
        Item: Clone,
        E: ChunkEncoder<Item>,
        R: Encoder<Item>,
        R::Error: std::fmt::Debug,
    {
        let mut frame = BytesMut::new();
        Encoder::encode(rival, item.clone(), &mut frame).expect("the item can be encoded");
        self.start_send(item, frame)
    }

    pub(super) fn ready(&mut self) -> Outcome {
        self.poll(FramedSink::poll_ready)
    }

    pub(super) fn flush(&mut self) -> Outcome {
        self.poll(FramedSink::poll_flush)
    }

    pub(super) fn shutdown(&mut self) -> Outcome {
        self.poll(FramedSink::poll_shutdown)
    }

    /// Flushes to the end, however often that takes, and returns the wire.
    pub(super) fn flush_to_end(&mut self) -> Vec<u8> {
        // What is scripted yet may be pending many times.
        for _ in 0..=self.sent.len() * 2 + 1000 {
            if self.flush() == READY {
                assert_eq!(self.inner.wire(), self.sent, "the wire after a flush");
                return self.inner.wire();
            }
        }
        panic!("the flush does not end");
    }

    /// Takes the sink apart and checks that the queue holds exactly the bytes not on the wire.
    pub(super) fn finish(self) {
        let (size, count) = (self.sink.buffer_size(), self.sink.get_ref().queued_chunks());
        let chunks: Vec<Bytes> = self.sink.into_parts().queue.into_iter().collect();
        assert!(chunks.iter().all(|chunk| !chunk.is_empty()), "an empty chunk is queued");
        assert_eq!(chunks.len(), count, "chunks recounted");
        assert_eq!(chunks.iter().map(Bytes::len).sum::<usize>(), size, "recounted");
        assert_eq!(chunks.concat(), self.sent[self.inner.wire().len()..], "what is queued");
    }

    fn poll(
        &mut self,
        poll: impl FnOnce(Pin<&mut FramedSink<Scripted, E>>, &mut Context<'_>) -> Poll<io::Result<()>>,
    ) -> Outcome {
        let result = poll(Pin::new(&mut self.sink), &mut self.task.context());
        self.check();
        result.map_err(|error| error.kind())
    }

    fn accepted(&mut self, accepted: bool, frame: &[u8]) {
        if accepted {
            self.sent.extend_from_slice(frame);
        }
        self.check();
    }

    /// Checks what holds at every step.
    fn check(&self) {
        let on_wire = self.inner.with_wire(|wire| {
            assert!(self.sent.starts_with(wire), "the wire is no prefix of what was sent");
            wire.len()
        });
        let (size, stats) = (self.sink.buffer_size(), self.sink.get_ref().stats());
        assert_eq!(size, self.sent.len() - on_wire, "buffer_size()");
        assert_eq!(size, self.sink.get_ref().buffer_size(), "the writer's buffer_size()");
        assert_eq!(stats.written_bytes, on_wire as u64, "stats().written_bytes");
        assert_eq!(stats.enqueued_bytes, self.sent.len() as u64, "stats().enqueued_bytes");
        assert_eq!(self.sink.get_ref().queued_chunks() == 0, size == 0, "queued_chunks()");
    }
}
