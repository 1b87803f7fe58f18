use std::collections::VecDeque;
use std::io::IoSlice;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes};
use flow_controlled_writer::FlowControlledWriter;
use tokio::io::AsyncWrite;
use tokio::net::TcpStream;

use super::contestants::{Broadcast, LIMIT, options};

/// A server whose one task owns all connections.
pub struct Owned<C> {
    connections: Vec<C>,
    /// Those that have something queued, by their index.
    queued: Vec<usize>,
}

/// A connection of such a server.
pub trait Connection: 'static {
    fn new(stream: TcpStream) -> Self;

    /// Queues a message, unless there is too much queued.
    fn offer(&mut self, message: &Bytes);

    /// Writes what is queued. Ready when that is done, or has failed.
    fn poll_drain(&mut self, cx: &mut Context<'_>) -> Poll<()>;
}

impl<C: Connection> Owned<C> {
    pub fn start() -> Box<dyn Broadcast> {
        Box::new(Self { connections: Vec::new(), queued: Vec::new() })
    }
}

impl<C: Connection> Broadcast for Owned<C> {
    fn connect(&mut self, stream: TcpStream) {
        self.connections.push(C::new(stream));
    }

    fn offer(&mut self, message: &Bytes) {
        self.connections.iter_mut().for_each(|connection| connection.offer(message));
        self.queued.clear();
        self.queued.extend(0..self.connections.len());
    }

    fn poll_drain(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let Self { connections, queued } = self;
        queued.retain(|index| connections[*index].poll_drain(cx).is_pending());
        Poll::Pending
    }
}

impl Connection for FlowControlledWriter<TcpStream> {
    fn new(stream: TcpStream) -> Self {
        options().build(stream)
    }

    fn offer(&mut self, message: &Bytes) {
        let _ = self.try_send(message.clone());
    }

    fn poll_drain(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        Pin::new(self).poll_flush(cx).map(drop)
    }
}

/// What is written by hand: a queue whose lengths are summed to know its size.
pub struct Hand {
    stream: TcpStream,
    queue: VecDeque<Bytes>,
}

impl Connection for Hand {
    fn new(stream: TcpStream) -> Self {
        Self { stream, queue: VecDeque::new() }
    }

    fn offer(&mut self, message: &Bytes) {
        if self.queue.iter().map(Bytes::len).sum::<usize>() <= LIMIT {
            self.queue.push_back(message.clone());
        }
    }

    fn poll_drain(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        while !self.queue.is_empty() {
            let mut slices = [IoSlice::new(&[]); SLICES];
            let count = self.queue.len().min(SLICES);
            for (slice, chunk) in slices.iter_mut().zip(&self.queue) {
                *slice = IoSlice::new(chunk);
            }
            let stream = Pin::new(&mut self.stream);
            let Ok(mut written) = ready!(stream.poll_write_vectored(cx, &slices[..count])) else {
                return Poll::Ready(());
            };
            while let Some(first) = self.queue.front_mut() {
                if written < first.len() {
                    first.advance(written);
                    break;
                }
                written -= first.len();
                self.queue.pop_front();
            }
        }
        Poll::Ready(())
    }
}

const SLICES: usize = 64;
