//! A long queue that drains.
use std::fmt::Debug;
use std::future::Future;
use std::io;

use bytes::Bytes;
use flow_controlled_writer::{FlowControlledWriter, Watermarks};
use futures::{FutureExt, SinkExt};
use tokio_util::codec::{BytesCodec, FramedWrite};
use tungstenite::protocol::{Role, WebSocketConfig};
use tungstenite::{Message, WebSocket};

use super::OURS;
use crate::support::entry::{Case, Entry};
use crate::support::null::Null;

/// Drain `mebibytes` that are queued in chunks of `chunk` bytes into a writer that takes 64 KiB a
/// call. To queue them is not measured.
pub fn case(mebibytes: usize, chunk: usize) -> Case {
    let total = mebibytes * MEBIBYTE;
    let chunk = Bytes::from(vec![b'x'; chunk.min(total)]);
    let queued = Queued { count: total / chunk.len(), chunk };
    Case {
        size: MEBIBYTE,
        chunks: mebibytes,
        entries: vec![queued.ours(), queued.framed(), queued.tungstenite()],
        label: format!("{mebibytes} MiB"),
    }
}

struct Queued {
    chunk: Bytes,
    count: usize,
}

impl Queued {
    fn ours(&self) -> Entry {
        let marks = Watermarks::new(0, usize::MAX);
        let writer = FlowControlledWriter::with_watermarks(Null::with_limit(PER_CALL), marks);
        self.entry(
            OURS,
            writer,
            |writer, chunk| writer.try_send(chunk).expect("never paused"),
            |writer| done(writer.flush()),
        )
    }

    fn framed(&self) -> Entry {
        let mut sink = FramedWrite::new(Null::with_limit(PER_CALL), BytesCodec::new());
        sink.set_backpressure_boundary(usize::MAX);
        self.entry(
            FRAMED,
            sink,
            |sink, chunk| done(sink.feed(chunk)),
            |sink| done(SinkExt::<Bytes>::flush(sink)),
        )
    }

    fn tungstenite(&self) -> Entry {
        let config = WebSocketConfig::default()
            .write_buffer_size(usize::MAX - 1)
            .max_write_buffer_size(usize::MAX);
        let socket = WebSocket::from_raw_socket(Stream, Role::Server, Some(config));
        self.entry(
            TUNGSTENITE,
            socket,
            |socket, chunk| socket.write(Message::Binary(chunk)).expect("it is buffered"),
            |socket| socket.flush().expect("the stream never fails"),
        )
    }

    /// Makes an entry of what queues one chunk and what drains all.
    fn entry<S: 'static>(
        &self,
        name: &'static str,
        mut state: S,
        queue: impl Fn(&mut S, Bytes) + 'static,
        drain: impl Fn(&mut S) + 'static,
    ) -> Entry {
        let (chunk, count) = (self.chunk.clone(), self.count);
        let fill = move |state: &mut S| (0..count).for_each(|_| queue(state, chunk.clone()));
        fill(&mut state);
        Entry::with_state(name, state, drain, fill)
    }
}

/// Takes as much a call as [`Null`] does, without `async`.
struct Stream;

impl io::Write for Stream {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        Ok(buf.len().min(PER_CALL))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl io::Read for Stream {
    fn read(&mut self, _buf: &mut [u8]) -> io::Result<usize> {
        Err(io::ErrorKind::WouldBlock.into())
    }
}

/// Polls a future whose writer is never pending.
pub fn done<T, E: Debug>(future: impl Future<Output = Result<T, E>>) -> T {
    // A poll ends early where it is fair to other tasks.
    let mut future = std::pin::pin!(future);
    loop {
        if let Some(result) = future.as_mut().now_or_never() {
            return result.expect("the writer never fails");
        }
    }
}

const MEBIBYTE: usize = 1024 * 1024;
const PER_CALL: usize = 64 * 1024;
/// Mebibytes that are queued.
pub const DEPTHS: [usize; 4] = [8, 16, 32, 64];
/// Lengths of the chunks in which they are.
pub const CHUNKS: [(&str, usize); 3] =
    [("one chunk", usize::MAX), ("chunks of 4 KiB", 4096), ("chunks of 64 B", 64)];

pub const FRAMED: &str = "FramedWrite";
pub const TUNGSTENITE: &str = "tungstenite";
