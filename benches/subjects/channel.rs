//! Many tasks and one connection.
use std::future::Future;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use flow_controlled_writer::codec::{FramedSender, FramedSink, LengthDelimitedEncoder};
use flow_controlled_writer::{FlowControlledWriter, channel};
use futures::SinkExt;
use tokio::io::AsyncWrite;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::{Notify, mpsc};
use tokio_util::codec::{BytesCodec, Encoder, FramedWrite, LengthDelimitedCodec};

use super::codec::HEADER;
use super::sink::tuned;
use super::{Connection, Place};
use crate::support::entry::{Case, Entry, size_name};
use crate::support::null::Null;
use crate::support::socket;

/// Many tasks send through one connection. A batch ends when the writer has taken its last byte.
#[derive(Clone, Copy)]
pub struct Channel {
    pub items: Items,
    pub place: Place,
    pub flavor: Flavor,
    pub producers: usize,
    pub size: usize,
}

/// What is sent.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Items {
    Chunks,
    /// Payloads that are encoded behind their lengths.
    Frames,
}

/// The runtime that all tasks of a contestant share.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Flavor {
    CurrentThread,
    TwoWorkers,
}

/// Sends one message, waiting for room.
trait Post: Clone + Send + 'static {
    fn post(&mut self, item: Bytes) -> impl Future<Output = ()> + Send;
}

type Boxed = Box<dyn AsyncWrite + Send + Unpin>;

impl Channel {
    pub fn case(self) -> Case {
        let entries = match self.items {
            Items::Chunks => vec![
                self.entry(OURS, start_ours),
                self.entry(MPSC, |writer| start_mpsc(FramedWrite::new(writer, BytesCodec::new()))),
                self.entry(MPSC_TUNED, |writer| {
                    start_mpsc_tuned(FramedWrite::new(writer, BytesCodec::new()))
                }),
            ],
            Items::Frames => vec![
                self.entry(OURS_FRAMED, start_ours_framed),
                self.entry(MPSC, |writer| {
                    start_mpsc(FramedWrite::new(writer, LengthDelimitedCodec::new()))
                }),
                self.entry(MPSC_TUNED, |writer| {
                    start_mpsc_tuned(FramedWrite::new(writer, LengthDelimitedCodec::new()))
                }),
            ],
        };
        let label = format!("{} x {}", self.producers, size_name(self.size));
        Case { size: self.size, chunks: self.messages(), entries, label }
    }

    /// Makes a contestant whose runtime, connection and channel last for all of its batches.
    fn entry<P: Post>(self, name: &'static str, start: impl FnOnce(Counted) -> P) -> Entry {
        let runtime = self.flavor.runtime();
        let context = runtime.enter();
        let (inner, reader) = self.place.connect();
        let goal = Arc::new(Goal::default());
        let sender = start(Counted { inner, goal: Arc::clone(&goal) });
        drop(context);

        // Each producer has an allocation of its own, so that they do not share its count.
        let item = || Bytes::from(vec![b'x'; self.size]);
        let items: Vec<_> = (0..self.producers).map(|_| item()).collect();
        let framing = if self.items == Items::Frames { HEADER } else { 0 };
        let count = self.messages() / self.producers;
        let bytes = (count * self.producers * (self.size + framing)) as u64;
        Entry::to_reader(name, bytes, reader, move || {
            runtime.block_on(async {
                goal.set(bytes);
                for item in &items {
                    tokio::spawn(produce(sender.clone(), item.clone(), count));
                }
                goal.reached().await;
            });
        })
    }

    /// Returns the messages in a batch, of all producers together.
    fn messages(self) -> usize {
        (BATCH / self.size).clamp(LEAST, MOST)
    }
}

impl Items {
    pub fn name(self) -> &'static str {
        match self {
            Self::Chunks => "channel",
            Self::Frames => "framed_sender",
        }
    }
}

impl Flavor {
    pub fn name(self) -> &'static str {
        match self {
            Self::CurrentThread => "current_thread",
            Self::TwoWorkers => "2 workers",
        }
    }

    fn runtime(self) -> Runtime {
        let mut builder = match self {
            Self::CurrentThread => Builder::new_current_thread(),
            Self::TwoWorkers => Builder::new_multi_thread(),
        };
        builder.worker_threads(2).enable_io().build().expect("a runtime can be built")
    }
}

impl Place {
    fn connect(self) -> Connection<Boxed> {
        match self {
            Self::Null => (Box::new(Null::new()), None),
            Self::Tcp => {
                let (stream, reader) = socket::tcp().expect("loopback works");
                (Box::new(stream), Some(reader))
            }
            Self::Unix => {
                let (stream, reader) = socket::unix().expect("sockets work");
                (Box::new(stream), Some(reader))
            }
        }
    }
}

async fn produce(mut sender: impl Post, item: Bytes, count: usize) {
    for _ in 0..count {
        sender.post(item.clone()).await;
    }
}

impl Post for channel::Sender {
    async fn post(&mut self, item: Bytes) {
        // By `self.send` it would be that of `SinkExt`, which flushes.
        Self::send(self, item).await.expect("the driver lives");
    }
}

impl Post for FramedSender<LengthDelimitedEncoder> {
    async fn post(&mut self, item: Bytes) {
        self.send(item).await.expect("the driver lives");
    }
}

impl Post for mpsc::Sender<Bytes> {
    async fn post(&mut self, item: Bytes) {
        self.send(item).await.expect("the receiver lives");
    }
}

fn start_ours(writer: Counted) -> channel::Sender {
    let (sender, driver) = FlowControlledWriter::new(writer).into_channel();
    tokio::spawn(driver);
    sender
}

fn start_ours_framed(writer: Counted) -> FramedSender<LengthDelimitedEncoder> {
    let writer = FlowControlledWriter::new(writer);
    let (sender, driver) = FramedSink::new(writer, LengthDelimitedEncoder::new()).into_channel();
    tokio::spawn(driver);
    sender
}

fn start_mpsc<E>(mut framed: FramedWrite<Counted, E>) -> mpsc::Sender<Bytes>
where
    E: Encoder<Bytes, Error = io::Error> + Send + Unpin + 'static,
{
    let (sender, mut receiver) = mpsc::channel(MPSC_CAPACITY);
    tokio::spawn(async move {
        while let Some(item) = receiver.recv().await {
            framed.feed(item).await?;
            if receiver.is_empty() {
                framed.flush().await?;
            }
        }
        io::Result::Ok(())
    });
    sender
}

fn start_mpsc_tuned<E>(framed: FramedWrite<Counted, E>) -> mpsc::Sender<Bytes>
where
    E: Encoder<Bytes, Error = io::Error> + Send + Unpin + 'static,
{
    let (sender, mut receiver) = mpsc::channel(MPSC_CAPACITY);
    let mut framed = tuned(framed);
    tokio::spawn(async move {
        let mut items = Vec::with_capacity(MPSC_CAPACITY);
        while receiver.recv_many(&mut items, MPSC_CAPACITY).await > 0 {
            for item in items.drain(..) {
                framed.feed(item).await?;
            }
            if receiver.is_empty() {
                framed.flush().await?;
            }
        }
        io::Result::Ok(())
    });
    sender
}

/// What the writer is still to take in a batch.
#[derive(Default)]
struct Goal {
    left: AtomicU64,
    reached: Notify,
}

impl Goal {
    fn set(&self, bytes: u64) {
        self.left.store(bytes, Ordering::Release);
    }

    fn take(&self, bytes: u64) {
        if self.left.fetch_sub(bytes, Ordering::AcqRel) == bytes {
            self.reached.notify_one();
        }
    }

    async fn reached(&self) {
        self.reached.notified().await;
    }
}

/// Tells when the writer has taken all of a batch.
struct Counted {
    inner: Boxed,
    goal: Arc<Goal>,
}

impl AsyncWrite for Counted {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let taken = ready!(Pin::new(&mut self.inner).poll_write(cx, buf))?;
        self.goal.take(taken as u64);
        Poll::Ready(Ok(taken))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let taken = ready!(Pin::new(&mut self.inner).poll_write_vectored(cx, bufs))?;
        self.goal.take(taken as u64);
        Poll::Ready(Ok(taken))
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}

/// Bytes in a batch, where that is not too few or too many messages.
const BATCH: usize = 64 << 20;
const LEAST: usize = 64;
const MOST: usize = 32 * 1024;
const MPSC_CAPACITY: usize = 1024;
pub const PRODUCERS: [usize; 4] = [1, 4, 16, 64];
/// Lengths of the chunks.
pub const CHUNKS: [usize; 2] = [64, 1024];
/// Lengths of the payloads of frames.
pub const PAYLOADS: [usize; 2] = [64, 1 << 20];
pub const FLAVORS: [Flavor; 2] = [Flavor::TwoWorkers, Flavor::CurrentThread];

pub const OURS: &str = "into_channel";
pub const OURS_FRAMED: &str = "FramedSender";
pub const MPSC: &str = "mpsc, FramedWrite";
pub const MPSC_TUNED: &str = "mpsc, 64 KiB";
