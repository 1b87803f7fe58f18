//! A stream and a sink of frames over one connection, of one codec.
//!
//! The reading half is held against that of tokio-util: by cases here, by random scripts in `oracle`.

mod both_ways;
mod channel;
mod ends;
mod handover;
mod oracle;
mod reading;
mod sink;
mod source;
mod toy;

use std::io;
use std::pin::Pin;
use std::task::Poll;

use bytes::{Buf, BytesMut};
use flow_controlled_writer::codec::Framed;
use flow_controlled_writer::{Builder, Watermarks};
use futures::Stream;
use tokio::io::Join;
use tokio_util::codec::Decoder;

use self::source::{Read, Reader, Source};
use crate::support::{Answer, Handle, Scripted, Task};

/// A connection both directions of which follow a script.
type Connection = Join<Source, Scripted>;

/// A `Framed` over a scripted connection, read by one task that is polled by hand.
struct Rig<C> {
    framed: Framed<Connection, C>,
    source: Reader,
    inner: Handle,
    task: Task,
}

impl<C> Rig<C> {
    /// Reads by `reads` and writes to whoever takes all.
    fn new(codec: C, reads: impl IntoIterator<Item = Read>) -> Self {
        Self::with_options(&Builder::new(), codec, reads, [])
    }

    /// The same with `(low, high)` and a script of writes.
    fn with_marks(
        (low, high): (usize, usize),
        codec: C,
        reads: impl IntoIterator<Item = Read>,
        writes: impl IntoIterator<Item = Answer>,
    ) -> Self {
        let options = Builder::new().watermarks(Watermarks::new(low, high));
        Self::with_options(&options, codec, reads, writes)
    }

    fn with_options(
        options: &Builder,
        codec: C,
        reads: impl IntoIterator<Item = Read>,
        writes: impl IntoIterator<Item = Answer>,
    ) -> Self {
        let (connection, source, inner) = connection(reads, writes);
        let framed = Framed::new(options.build(connection), codec);
        Self { framed, source, inner, task: Task::new() }
    }
}

impl<C: Decoder<Error = io::Error>> Rig<C> {
    /// Polls the stream once.
    fn next(&mut self) -> Next<C::Item> {
        next(&mut self.framed, &self.task)
    }

    /// Polls the stream until it is pending or has ended, and returns the items.
    fn items(&mut self) -> Vec<C::Item> {
        let mut items = Vec::new();
        while let Next::Item(item) = self.next() {
            items.push(item);
        }
        items
    }
}

/// What came of a poll of a stream, in a form that can be compared.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Next<T> {
    Pending,
    Item(T),
    Failed(io::ErrorKind),
    End,
}

fn next<S, T>(stream: &mut S, task: &Task) -> Next<T>
where
    S: Stream<Item = io::Result<T>> + Unpin,
{
    match Pin::new(stream).poll_next(&mut task.context()) {
        Poll::Pending => Next::Pending,
        Poll::Ready(Some(Ok(item))) => Next::Item(item),
        Poll::Ready(Some(Err(error))) => Next::Failed(error.kind()),
        Poll::Ready(None) => Next::End,
    }
}

/// Returns a connection, and the test's sides of its two directions.
fn connection(
    reads: impl IntoIterator<Item = Read>,
    writes: impl IntoIterator<Item = Answer>,
) -> (Connection, Reader, Handle) {
    let (source, reader) = Source::new(reads);
    let (sink, writer) = Scripted::gathering(writes);
    (tokio::io::join(source, sink), reader, writer)
}

/// Decodes lines. One that begins with `!` is an error; what stands at the end is a line too.
fn line(src: &mut BytesMut, called: Called) -> io::Result<Option<String>> {
    let line = match src.iter().position(|byte| *byte == b'\n') {
        Some(end) => {
            let line = src.split_to(end);
            src.advance(1);
            line
        }
        None if called == Called::DecodeEof && !src.is_empty() => src.split(),
        None => return Ok(None),
    };
    if line.starts_with(b"!") {
        return Err(io::ErrorKind::InvalidData.into());
    }
    Ok(Some(String::from_utf8_lossy(&line).into_owned()))
}

/// A decoder that is a closure over the buffer, and over whether the end has come.
struct By<F>(F);

/// How a decoder was called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Called {
    Decode,
    DecodeEof,
}

impl<F, T> Decoder for By<F>
where
    F: FnMut(&mut BytesMut, Called) -> io::Result<Option<T>>,
{
    type Item = T;
    type Error = io::Error;

    fn decode(&mut self, src: &mut BytesMut) -> io::Result<Option<T>> {
        (self.0)(src, Called::Decode)
    }

    fn decode_eof(&mut self, src: &mut BytesMut) -> io::Result<Option<T>> {
        (self.0)(src, Called::DecodeEof)
    }
}
