use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use bytes::BytesMut;
use flow_controlled_writer::channel::Position;
use socket2::SockRef;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::sleep;

use super::{Plan, line};

/// The upstream: it stores lines, acknowledges them, and dies.
#[derive(Debug)]
pub(crate) struct Collector {
    listener: TcpListener,
    longest_life: usize,
    random: fastrand::Rng,
    stored: Stored,
}

/// What is stored for good, however often the upstream dies.
#[derive(Debug, Default)]
pub(crate) struct Stored {
    /// The position behind the last line.
    position: Position,
    pub(crate) lines: usize,
    pub(crate) deaths: usize,
    /// Deaths with a part of a line, which was lost.
    pub(crate) cut: usize,
    /// Lines that were not what comes next of their producer.
    pub(crate) wrong: usize,
    /// The number of the line that comes next, of each producer.
    next: Vec<usize>,
}

/// How a life of the upstream ended.
enum End {
    /// It was killed.
    Killed,
    /// All is stored.
    Done,
}

impl Collector {
    pub(crate) async fn bind(plan: Plan) -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let stored = Stored { next: vec![0; plan.producers], ..Stored::default() };
        let random = fastrand::Rng::new();
        Ok(Self { listener, longest_life: plan.longest_life, random, stored })
    }

    pub(crate) fn address(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Lives again and again until a connection was ended by its other side.
    pub(crate) async fn run(mut self) -> io::Result<Stored> {
        loop {
            let (mut stream, _) = self.listener.accept().await?;
            if let End::Done = self.live(&mut stream).await? {
                return Ok(self.stored);
            }
            // Hard: what is in the buffers of the system is lost on both sides.
            SockRef::from(&stream).set_linger(Some(Duration::ZERO))?;
            drop(stream);
            sleep(Duration::from_millis(self.random.u64(..30))).await;
        }
    }

    /// Stores lines until a number of bytes has come, mostly in the middle of a line. The last lines
    /// of a life are stored and not acknowledged.
    async fn live(&mut self, stream: &mut TcpStream) -> io::Result<End> {
        let mut left = self.random.usize(..self.longest_life);
        let mut buffer = BytesMut::new();
        stream.write_u64(self.stored.position).await?;
        loop {
            buffer.reserve(READ);
            let at_most = left.min(READ) as u64;
            let read = (&mut *stream).take(at_most).read_buf(&mut buffer).await?;
            left -= read;
            while let Some(end) = buffer.iter().position(|byte| *byte == b'\n') {
                self.stored.store(&buffer.split_to(end + 1));
            }
            if left == 0 {
                self.stored.deaths += 1;
                self.stored.cut += usize::from(!buffer.is_empty());
                return Ok(End::Killed);
            }
            if read == 0 {
                return Ok(End::Done);
            }
            stream.write_u64(self.stored.position).await?;
        }
    }
}

impl Stored {
    fn store(&mut self, received: &[u8]) {
        let text = std::str::from_utf8(received).unwrap_or_default();
        let mut words = text.split(' ').map_while(|word| word.parse().ok());
        let (producer, number) = (words.next(), words.next());
        let next = producer.and_then(|producer: usize| self.next.get_mut(producer));
        match (producer, number, next) {
            (Some(producer), Some(number), Some(next))
                if number == *next && text == line(producer, number) =>
            {
                *next += 1;
            }
            _ => self.wrong += 1,
        }
        self.lines += 1;
        self.position += received.len() as u64;
    }
}

const READ: usize = 16 * 1024;
