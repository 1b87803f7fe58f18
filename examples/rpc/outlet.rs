use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use flow_controlled_writer::codec::{Framed, FramedSender};
use flow_controlled_writer::{FlowControlledWriter, Watermarks};
use futures::{SinkExt, Stream};
use tokio::net::TcpStream;
use tokio::net::tcp::OwnedWriteHalf;
use tokio::sync::mpsc;
use tokio_util::codec::{FramedRead, FramedWrite};

use super::message::{CopiedFrames, Frames, Message};

/// What many tasks send messages by, over one connection. It is cloned for each.
pub(crate) trait Outlet: Clone + Send + Sync + 'static {
    /// Takes a message as soon as there is room. A future that is dropped has sent nothing.
    fn send(&mut self, message: Message) -> impl Future<Output = io::Result<()>> + Send;

    /// Returns the most bytes that were queued at once.
    fn peak(&self) -> usize;
}

/// Both directions of a connection.
pub(crate) trait Connection {
    type Outlet: Outlet;

    /// Opens one that makes senders wait from `high` bytes on, as far as the way can.
    fn open(
        stream: TcpStream,
        high: usize,
    ) -> (impl Stream<Item = io::Result<Message>> + Send + Unpin + 'static, Self::Outlet);
}

/// This crate: a `Framed`, parted into a stream and a channel of frames. Who sends waits by the bytes that are
/// queued.
pub(crate) struct Ours;

impl Connection for Ours {
    type Outlet = FramedSender<Frames>;

    fn open(
        stream: TcpStream,
        high: usize,
    ) -> (impl Stream<Item = io::Result<Message>> + Send + Unpin + 'static, Self::Outlet) {
        let marks = Watermarks::with_high(high);
        let framed = Framed::new(FlowControlledWriter::with_watermarks(stream, marks), Frames);
        let (incoming, sender, driver) = framed.into_channel(TcpStream::into_split);
        // What goes wrong shows in the senders.
        tokio::spawn(driver);
        (incoming, sender)
    }
}

impl Outlet for FramedSender<Frames> {
    async fn send(&mut self, message: Message) -> io::Result<()> {
        Self::send(self, message).await.map(drop)
    }

    fn peak(&self) -> usize {
        self.sender().stats().peak_buffer_size
    }
}

/// The usual way: a bounded channel, and a task that writes what comes out of it by `FramedWrite`.
pub(crate) struct Usual;

/// The sending end of the usual way. Who sends waits by the messages that are queued.
#[derive(Clone)]
pub(crate) struct Queue {
    messages: mpsc::Sender<Message>,
    queued: Arc<Queued>,
}

/// The bytes in the channel and in the buffer of the writer.
#[derive(Default)]
struct Queued {
    now: AtomicUsize,
    peak: AtomicUsize,
}

impl Connection for Usual {
    type Outlet = Queue;

    fn open(
        stream: TcpStream,
        high: usize,
    ) -> (impl Stream<Item = io::Result<Message>> + Send + Unpin + 'static, Self::Outlet) {
        let (reader, writer) = stream.into_split();
        let (messages, outgoing) = mpsc::channel(CAPACITY);
        let queued = Arc::new(Queued::default());
        let mut writer = FramedWrite::new(writer, CopiedFrames);
        writer.set_backpressure_boundary(high);
        tokio::spawn(write(outgoing, writer, Arc::clone(&queued)));
        (FramedRead::new(reader, Frames), Queue { messages, queued })
    }
}

impl Outlet for Queue {
    async fn send(&mut self, message: Message) -> io::Result<()> {
        let place = self.messages.reserve().await.map_err(|_| io::ErrorKind::BrokenPipe)?;
        self.queued.add(message.body.len());
        place.send(message);
        Ok(())
    }

    fn peak(&self) -> usize {
        self.queued.peak.load(Ordering::Relaxed)
    }
}

impl Queued {
    fn add(&self, bytes: usize) {
        let now = self.now.fetch_add(bytes, Ordering::Relaxed) + bytes;
        self.peak.fetch_max(now, Ordering::Relaxed);
    }
}

/// Writes messages as they come, and flushes when there are no more for now.
async fn write(
    mut messages: mpsc::Receiver<Message>,
    mut writer: FramedWrite<OwnedWriteHalf, CopiedFrames>,
    queued: Arc<Queued>,
) -> io::Result<()> {
    // Bytes of bodies that the writer was given, as far as they are counted as queued.
    let mut given = 0;
    while let Some(message) = messages.recv().await {
        let mut next = Some(message);
        while let Some(message) = next {
            given += message.body.len();
            writer.feed(message).await?;
            let gone = given.saturating_sub(writer.write_buffer().len());
            queued.now.fetch_sub(gone, Ordering::Relaxed);
            given -= gone;
            next = messages.try_recv().ok();
        }
        writer.flush().await?;
        queued.now.fetch_sub(std::mem::take(&mut given), Ordering::Relaxed);
    }
    writer.close().await
}

/// Messages that wait in the channel of the usual way.
const CAPACITY: usize = 1024;
