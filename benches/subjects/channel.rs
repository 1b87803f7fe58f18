use std::future::Future;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use flow_controlled_writer::{FlowControlledWriter, channel};
use futures::SinkExt;
use tokio::io::AsyncWrite;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::{Notify, mpsc};
use tokio_util::codec::{BytesCodec, FramedWrite};

use super::{Connection, Place, TUNED};
use crate::support::entry::{Case, Entry};
use crate::support::null::Null;
use crate::support::socket;

/// Many tasks send through one connection. A batch ends when the writer has taken its last byte.
#[derive(Clone, Copy)]
pub struct Channel {
    pub place: Place,
    pub flavor: Flavor,
    pub producers: usize,
    pub size: usize,
}

/// The runtime that all tasks of a contestant share.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Flavor {
    CurrentThread,
    TwoWorkers,
}

/// Sends one message, waiting for room.
trait Post: Clone + Send + 'static {
    fn post(&self, chunk: Bytes) -> impl Future<Output = ()> + Send;
}

type Boxed = Box<dyn AsyncWrite + Send + Unpin>;

impl Channel {
    pub fn case(self) -> Case {
        let entries = vec![
            self.entry(OURS, start_ours),
            self.entry(MPSC, start_mpsc),
            self.entry(MPSC_TUNED, start_mpsc_tuned),
        ];
        let label = format!("{} producers", self.producers);
        Case { size: self.size, chunks: MESSAGES, entries, label }
    }

    /// Makes a contestant whose runtime, connection and channel last for all of its batches.
    fn entry<P: Post>(self, name: &'static str, start: fn(Counted) -> P) -> Entry {
        let runtime = self.flavor.runtime();
        let context = runtime.enter();
        let (inner, reader) = self.place.connect();
        let goal = Arc::new(Goal::default());
        let sender = start(Counted { inner, goal: Arc::clone(&goal) });
        drop(context);

        // Each producer has an allocation of its own, so that they do not share its count.
        let chunk = || Bytes::from(vec![b'x'; self.size]);
        let chunks: Vec<_> = (0..self.producers).map(|_| chunk()).collect();
        let bytes = (MESSAGES * self.size) as u64;
        Entry::to_reader(name, bytes, reader, move || {
            runtime.block_on(async {
                goal.set(bytes);
                for chunk in &chunks {
                    tokio::spawn(produce(sender.clone(), chunk.clone(), MESSAGES / chunks.len()));
                }
                goal.reached().await;
            });
        })
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

async fn produce(sender: impl Post, chunk: Bytes, count: usize) {
    for _ in 0..count {
        sender.post(chunk.clone()).await;
    }
}

impl Post for channel::Sender {
    async fn post(&self, chunk: Bytes) {
        self.send(chunk).await.expect("the driver lives");
    }
}

impl Post for mpsc::Sender<Bytes> {
    async fn post(&self, chunk: Bytes) {
        self.send(chunk).await.expect("the receiver lives");
    }
}

fn start_ours(writer: Counted) -> channel::Sender {
    let (sender, driver) = FlowControlledWriter::new(writer).into_channel();
    tokio::spawn(driver);
    sender
}

fn start_mpsc(writer: Counted) -> mpsc::Sender<Bytes> {
    let (sender, mut receiver) = mpsc::channel(MPSC_CAPACITY);
    let mut framed = FramedWrite::new(writer, BytesCodec::new());
    tokio::spawn(async move {
        while let Some(chunk) = receiver.recv().await {
            framed.feed(chunk).await?;
            if receiver.is_empty() {
                SinkExt::<Bytes>::flush(&mut framed).await?;
            }
        }
        io::Result::Ok(())
    });
    sender
}

fn start_mpsc_tuned(writer: Counted) -> mpsc::Sender<Bytes> {
    let (sender, mut receiver) = mpsc::channel(MPSC_CAPACITY);
    let mut framed = FramedWrite::new(writer, BytesCodec::new());
    framed.set_backpressure_boundary(TUNED);
    tokio::spawn(async move {
        let mut chunks = Vec::with_capacity(MPSC_CAPACITY);
        while receiver.recv_many(&mut chunks, MPSC_CAPACITY).await > 0 {
            for chunk in chunks.drain(..) {
                framed.feed(chunk).await?;
            }
            if receiver.is_empty() {
                SinkExt::<Bytes>::flush(&mut framed).await?;
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

/// Messages in a batch, of all producers together.
const MESSAGES: usize = 32 * 1024;
const MPSC_CAPACITY: usize = 1024;
pub const PRODUCERS: [usize; 4] = [1, 4, 16, 64];
/// Lengths of the messages.
pub const MESSAGE_SIZES: [usize; 2] = [64, 1024];
pub const FLAVORS: [Flavor; 2] = [Flavor::TwoWorkers, Flavor::CurrentThread];

pub const OURS: &str = "into_channel";
pub const MPSC: &str = "mpsc, FramedWrite";
pub const MPSC_TUNED: &str = "mpsc, 64 KiB";
