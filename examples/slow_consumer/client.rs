use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use bytes::BytesMut;
use tokio::io::AsyncReadExt;
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::sleep;

use super::message::Tally;

/// How a client reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Habit {
    /// As fast as it can.
    Fast,
    /// A little at a time, at a steady pace that is below that of the server.
    Steady,
    /// The same, much slower.
    Crawl,
    /// Nothing for a while, then a lot at once.
    Bursts,
    /// Nothing at all for so many milliseconds, then as fast as it can.
    Late(u64),
}

impl Habit {
    /// Returns the habits of `fast` fast clients and of `slow` others, each in turn.
    pub(crate) fn of_clients(fast: usize, slow: usize, late: u64) -> impl Iterator<Item = Self> {
        let others =
            [Self::Steady, Self::Bursts, Self::Late(late), Self::Crawl].into_iter().cycle();
        std::iter::repeat_n(Self::Fast, fast).chain(others.take(slow))
    }

    /// Says how such a client reads.
    pub(crate) fn describe(self) -> String {
        match self {
            Self::Fast => "all that comes".into(),
            Self::Steady => "4 KiB every 4 ms".into(),
            Self::Crawl => "1 KiB every 8 ms".into(),
            Self::Bursts => "512 KiB, then nothing for 400 ms".into(),
            Self::Late(millis) => format!("nothing for {millis} ms, then all that comes"),
        }
    }

    /// Waits before the read that follows `received` bytes. Returns how much it may read at most.
    async fn wait(self, received: u64) -> usize {
        let (millis, at_most) = match self {
            Self::Fast => return READ_ALL,
            Self::Steady => (4, 4 * 1024),
            Self::Crawl => (8, 1024),
            Self::Bursts if received % BURST < READ_ALL as u64 => (400, READ_ALL),
            Self::Late(millis) if received == 0 => (millis, READ_ALL),
            Self::Bursts | Self::Late(_) => return READ_ALL,
        };
        sleep(Duration::from_millis(millis)).await;
        at_most
    }
}

impl fmt::Display for Habit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Fast => "fast",
            Self::Steady => "steady",
            Self::Crawl => "crawl",
            Self::Bursts => "bursts",
            Self::Late(_) => "late",
        })
    }
}

/// Connects to the server; a slow client with a small receive buffer.
pub(crate) async fn connect(server: SocketAddr, habit: Habit) -> io::Result<TcpStream> {
    let socket = TcpSocket::new_v4()?;
    if habit != Habit::Fast {
        socket.set_recv_buffer_size(RECEIVE_BUFFER)?;
    }
    socket.connect(server).await
}

/// Reads to the end in the way of `habit`, and checks every message.
pub(crate) async fn receive(mut stream: TcpStream, habit: Habit) -> io::Result<Tally> {
    let mut tally = Tally::default();
    let mut buffer = BytesMut::with_capacity(2 * READ_ALL);
    let mut received = 0;
    loop {
        let at_most = habit.wait(received).await;
        let read = (&mut stream).take(at_most as u64).read_buf(&mut buffer).await?;
        if read == 0 && buffer.is_empty() {
            return Ok(tally);
        }
        if read == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        received += read as u64;
        tally.add_received(&mut buffer)?;
    }
}

/// What a client reads at once that does not hold back.
const READ_ALL: usize = 64 * 1024;
/// What a client reads in bursts before it pauses again.
const BURST: u64 = 512 * 1024;
/// Receive buffer of the slow clients: small, so that the server feels them at once.
const RECEIVE_BUFFER: u32 = 16 * 1024;
