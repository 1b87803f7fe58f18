//! One message to a thousand connections.
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use flow_controlled_writer::{Builder, FlowControlledWriter, Watermarks};
use futures::Sink;
use tokio::io::AsyncWrite;
use tokio_util::codec::{BytesCodec, FramedWrite};

use super::Place;
use super::hand::{HAND, Hand};
use super::sink::FRAMED;
use crate::support::entry::{Case, Entry, Sender, size_name};
use crate::support::gate::{Gate, Gated};
use crate::support::null::Null;
use crate::support::socket::{self, Reader};

/// What is measured of sending one `Bytes` to all connections, again and again.
#[derive(Clone, Copy)]
pub enum Broadcast {
    /// Push and flush. Nobody is behind.
    KeepingUp,
    /// Push only. All others have stalled.
    Stalled,
    /// Write what has been queued by then.
    Drained,
}

/// What holds what one connection is still to be sent.
trait Peer: 'static {
    fn push(&mut self, chunk: Bytes);

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>>;
}

/// Keeps chunks from `THRESHOLD` bytes on.
struct Ours<W, const THRESHOLD: usize>(FlowControlledWriter<W>);

struct Framed<W>(FramedWrite<W, BytesCodec>);

impl Broadcast {
    /// Makes a case over null writers or Unix sockets.
    pub fn case(self, place: Place, size: usize) -> Case {
        let sender = Sender::new();
        let entries = match place {
            Place::Null => {
                let connect = || ((0..CONNECTIONS).map(|_| Null::new()).collect(), None);
                self.entries(size, &sender, connect)
            }
            _ => self.entries(size, &sender, || {
                let sockets = sender.enter(|| socket::many_unix(CONNECTIONS));
                let (writers, reader) = sockets.expect("so many files may be open");
                (writers, Some(reader))
            }),
        };
        Case { size, chunks: self.messages() * CONNECTIONS, entries, label: size_name(size) }
    }

    fn entries<W: AsyncWrite + Unpin + 'static>(
        self,
        size: usize,
        sender: &Sender,
        connect: impl Fn() -> (Vec<W>, Option<Reader>),
    ) -> Vec<Entry> {
        vec![
            self.entry(SHARING, Crowd::<Ours<_, 64>>::new(connect(), size, sender)),
            self.entry(MERGING, Crowd::<Ours<_, 1024>>::new(connect(), size, sender)),
            self.entry(HAND, Crowd::<Hand<_>>::new(connect(), size, sender)),
            self.entry(FRAMED, Crowd::<Framed<_>>::new(connect(), size, sender)),
        ]
    }

    fn entry<P: Peer>(self, name: &'static str, mut crowd: Crowd<P>) -> Entry {
        let messages = self.messages();
        match self {
            Self::KeepingUp => {
                crowd.gate.set_open(true);
                let run = move |crowd: &mut Crowd<P>| crowd.push_and_flush(messages);
                Entry::with_state(name, crowd, run, Crowd::wait)
            }
            Self::Stalled => {
                crowd.stall();
                let run = move |crowd: &mut Crowd<P>| crowd.push(messages);
                Entry::with_state(name, crowd, run, |crowd| {
                    crowd.drain();
                    crowd.wait();
                    crowd.stall();
                })
            }
            Self::Drained => {
                let fill = move |crowd: &mut Crowd<P>| {
                    crowd.wait();
                    crowd.stall();
                    crowd.push(messages);
                };
                fill(&mut crowd);
                Entry::with_state(name, crowd, Crowd::drain, fill)
            }
        }
    }

    /// Messages in a batch.
    fn messages(self) -> usize {
        if matches!(self, Self::KeepingUp) { 16 } else { 64 }
    }
}

/// All connections of one contestant.
struct Crowd<P> {
    peers: Vec<P>,
    reader: Option<Reader>,
    gate: Gate,
    sender: Sender,
    chunk: Bytes,
    /// Bytes that were sent in all.
    sent: u64,
}

impl<P: Peer> Crowd<P> {
    fn new<W>((writers, reader): (Vec<W>, Option<Reader>), size: usize, sender: &Sender) -> Self
    where
        P: From<Gated<W>>,
    {
        let gate = Gate::default();
        let peers = writers.into_iter().map(|writer| gate.before(writer).into()).collect();
        let chunk = Bytes::from(vec![b'x'; size]);
        Self { peers, reader, gate, sender: sender.clone(), chunk, sent: 0 }
    }

    fn push(&mut self, messages: usize) {
        for _ in 0..messages {
            self.peers.iter_mut().for_each(|peer| peer.push(self.chunk.clone()));
        }
        self.count(messages);
    }

    fn push_and_flush(&mut self, messages: usize) {
        let Self { peers, sender, chunk, .. } = self;
        sender.block_on(async {
            for _ in 0..messages {
                for peer in &mut *peers {
                    peer.push(chunk.clone());
                    flush(peer).await;
                }
            }
        });
        self.count(messages);
    }

    /// Closes the gate, lets all have a message, and find out.
    fn stall(&mut self) {
        self.gate.set_open(false);
        self.push(1);
        let cx = &mut Context::from_waker(Waker::noop());
        assert!(self.peers.iter_mut().all(|peer| peer.poll_flush(cx).is_pending()));
    }

    /// Opens the gate and writes what is queued.
    fn drain(&mut self) {
        self.gate.set_open(true);
        let Self { peers, sender, .. } = self;
        sender.block_on(async {
            for peer in peers {
                flush(peer).await;
            }
        });
    }

    fn wait(&mut self) {
        if let Some(reader) = &self.reader {
            reader.wait_for(self.sent);
        }
    }

    fn count(&mut self, messages: usize) {
        self.sent += (messages * self.peers.len() * self.chunk.len()) as u64;
    }
}

async fn flush(peer: &mut impl Peer) {
    poll_fn(|cx| peer.poll_flush(cx)).await.expect("the reader lives");
}

impl<W: AsyncWrite + Unpin + 'static, const THRESHOLD: usize> Peer for Ours<W, THRESHOLD> {
    #[inline]
    fn push(&mut self, chunk: Bytes) {
        self.0.try_send(chunk).expect("never paused");
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }
}

impl<W: AsyncWrite, const THRESHOLD: usize> From<W> for Ours<W, THRESHOLD> {
    fn from(writer: W) -> Self {
        let marks = Watermarks::new(0, usize::MAX);
        Self(Builder::new().watermarks(marks).coalesce_threshold(THRESHOLD).build(writer))
    }
}

impl<W: AsyncWrite + Unpin + 'static> Peer for Hand<W> {
    #[inline]
    fn push(&mut self, chunk: Bytes) {
        self.push(chunk);
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_flush(cx)
    }
}

impl<W: AsyncWrite + Unpin + 'static> Peer for Framed<W> {
    #[inline]
    fn push(&mut self, chunk: Bytes) {
        Pin::new(&mut self.0).start_send(chunk).expect("it is only buffered");
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Sink::<Bytes>::poll_flush(Pin::new(&mut self.0), cx)
    }
}

impl<W: AsyncWrite> From<W> for Framed<W> {
    fn from(writer: W) -> Self {
        Self(FramedWrite::new(writer, BytesCodec::new()))
    }
}

const CONNECTIONS: usize = 1000;
/// Lengths of the messages.
pub const MESSAGES: [usize; 4] = [16, 64, 256, 1000];

pub const SHARING: &str = "threshold of 64";
pub const MERGING: &str = "threshold of 1024";
