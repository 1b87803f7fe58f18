//! One item, and its answer.
use std::fmt::Debug;

use bytes::Bytes;
use flow_controlled_writer::FlowControlledWriter;
use flow_controlled_writer::codec::{FramedSink, LengthDelimitedEncoder};
use futures::{Sink, SinkExt};
use tokio::io::{AsyncReadExt, AsyncWrite, AsyncWriteExt, BufWriter};
use tokio::net::tcp::OwnedWriteHalf;
use tokio_util::codec::{FramedWrite, LengthDelimitedCodec};

use super::OURS;
use super::async_write::BUFFERED;
use super::codec::HEADER;
use super::sink::FRAMED;
use crate::support::entry::{Case, Entry, Sender, size_name};
use crate::support::socket;

/// Send one item over TCP, flush, and wait for an answer of one byte, again and again.
#[derive(Clone, Copy)]
pub enum Exchange {
    /// Frames by an `Encoder`, which copies.
    Encoder,
    /// Frames by a `ChunkEncoder`, which does not copy what is large.
    ChunkEncoder,
    /// `write_all` of a slice.
    WriteAll,
    /// `write_all` of a slice, against the stream itself.
    Raw,
}

impl Exchange {
    pub fn case(self, size: usize) -> Case {
        self.case_of(size, (BATCH / size).clamp(LEAST, MOST))
    }

    /// Makes a case with `count` exchanges a batch.
    pub fn case_of(self, size: usize, count: usize) -> Case {
        let batch = Batch { size, count, sender: Sender::new() };
        let entries = match self {
            Self::Encoder => vec![
                batch.frames(FRAMED_SINK, |writer| {
                    FramedSink::new(FlowControlledWriter::new(writer), LengthDelimitedCodec::new())
                }),
                batch.frames_framed(),
            ],
            Self::ChunkEncoder => vec![
                batch.frames(FRAMED_SINK, |writer| {
                    let encoder = LengthDelimitedEncoder::new();
                    FramedSink::new(FlowControlledWriter::new(writer), encoder)
                }),
                batch.frames_framed(),
            ],
            Self::WriteAll => vec![
                batch.slices(OURS, FlowControlledWriter::new),
                batch.slices(BUFFERED, BufWriter::new),
            ],
            Self::Raw => vec![
                batch.slices(OURS, FlowControlledWriter::new),
                batch.slices(RAW, |writer| writer),
            ],
        };
        Case { size, chunks: count, entries, label: size_name(size) }
    }
}

struct Batch {
    size: usize,
    count: usize,
    sender: Sender,
}

impl Batch {
    fn frames_framed(&self) -> Entry {
        self.frames(FRAMED, |writer| FramedWrite::new(writer, LengthDelimitedCodec::new()))
    }

    fn frames<S: Sink<Bytes, Error: Debug> + Unpin + 'static>(
        &self,
        name: &'static str,
        wrap: impl FnOnce(OwnedWriteHalf) -> S,
    ) -> Entry {
        let payload = Bytes::from(vec![b'x'; self.size]);
        self.entry(name, self.size + HEADER, wrap, async move |sink| {
            sink.send(payload.clone()).await
        })
    }

    fn slices<A: AsyncWrite + Unpin + 'static>(
        &self,
        name: &'static str,
        wrap: impl FnOnce(OwnedWriteHalf) -> A,
    ) -> Entry {
        let slice = vec![b'x'; self.size];
        self.entry(name, self.size, wrap, async move |writer| {
            writer.write_all(&slice).await?;
            writer.flush().await
        })
    }

    /// Makes a contestant of what wraps the writer, and of what sends `length` bytes by it.
    fn entry<S: 'static, E: Debug>(
        &self,
        name: &'static str,
        length: usize,
        wrap: impl FnOnce(OwnedWriteHalf) -> S,
        send: impl AsyncFn(&mut S) -> Result<(), E> + 'static,
    ) -> Entry {
        let stream = self.sender.enter(|| socket::answering(length)).expect("loopback works");
        let (mut answers, writer) = stream.into_split();
        let mut state = wrap(writer);
        let (sender, count) = (self.sender.clone(), self.count);
        Entry::new(name, move || {
            sender.block_on(async {
                for _ in 0..count {
                    send(&mut state).await.expect("the other end lives");
                    answers.read_u8().await.expect("the other end lives");
                }
            });
        })
    }
}

/// Bytes in a batch, where that is not too few or too many exchanges.
const BATCH: usize = 4 << 20;
const LEAST: usize = 8;
const MOST: usize = 256;
/// Lengths of the items.
pub const ITEMS: [usize; 9] =
    [1 << 10, 1033, 4 << 10, 16 << 10, 64 << 10, 150_000, 300_000, 1_000_000, 4_000_000];

pub const FRAMED_SINK: &str = "FramedSink";
pub const RAW: &str = "TcpStream";
