use std::io;
use std::task::{Context, Poll};

use bytes::Bytes;
use flow_controlled_writer::channel::Sender;
use futures::SinkExt;
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio_util::codec::{BytesCodec, FramedWrite};

use super::contestants::{Broadcast, options};

/// A server with a task for each connection, and the sending end of a channel to it.
pub struct Tasks<S> {
    senders: Vec<S>,
}

/// The sending end.
pub trait Offer: 'static {
    fn connect(stream: TcpStream) -> Self;

    /// Queues a message, unless there is too much queued.
    fn offer(&self, message: Bytes);
}

impl<S: Offer> Tasks<S> {
    pub fn start() -> Box<dyn Broadcast> {
        Box::new(Self { senders: Vec::new() })
    }
}

impl<S: Offer> Broadcast for Tasks<S> {
    fn connect(&mut self, stream: TcpStream) {
        self.senders.push(S::connect(stream));
    }

    fn offer(&mut self, message: &Bytes) {
        self.senders.iter().for_each(|sender| sender.offer(message.clone()));
    }

    fn poll_drain(&mut self, _cx: &mut Context<'_>) -> Poll<()> {
        Poll::Pending
    }
}

impl Offer for Sender {
    fn connect(stream: TcpStream) -> Self {
        let (sender, driver) = options().build(stream).into_channel();
        tokio::spawn(driver);
        sender
    }

    fn offer(&self, message: Bytes) {
        let _ = self.try_send(message);
    }
}

impl Offer for mpsc::Sender<Bytes> {
    fn connect(stream: TcpStream) -> Self {
        let (sender, mut receiver) = mpsc::channel(1024);
        let mut framed = FramedWrite::new(stream, BytesCodec::new());
        tokio::spawn(async move {
            while let Some(message) = receiver.recv().await {
                write(&mut framed, message, receiver.is_empty()).await?;
            }
            io::Result::Ok(())
        });
        sender
    }

    fn offer(&self, message: Bytes) {
        let _ = self.try_send(message);
    }
}

impl Offer for mpsc::UnboundedSender<Bytes> {
    fn connect(stream: TcpStream) -> Self {
        let (sender, mut receiver) = mpsc::unbounded_channel();
        let mut framed = FramedWrite::new(stream, BytesCodec::new());
        tokio::spawn(async move {
            while let Some(message) = receiver.recv().await {
                write(&mut framed, message, receiver.is_empty()).await?;
            }
            io::Result::Ok(())
        });
        sender
    }

    fn offer(&self, message: Bytes) {
        let _ = self.send(message);
    }
}

/// Writes a message, and flushes after the last one for now.
async fn write(
    framed: &mut FramedWrite<TcpStream, BytesCodec>,
    message: Bytes,
    is_last: bool,
) -> io::Result<()> {
    framed.feed(message).await?;
    if is_last { SinkExt::<Bytes>::flush(framed).await } else { Ok(()) }
}
