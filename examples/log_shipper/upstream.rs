use std::io::{self, IoSlice};
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf, BytesMut};
use flow_controlled_writer::channel::Position;
use socket2::SockRef;
use tokio::io::{AsyncReadExt, AsyncWrite};
use tokio::net::TcpStream;
use tokio_util::io::poll_read_buf;

/// A connection to the upstream that keeps what it has taken until the upstream has acknowledged
/// it.
///
/// It takes no more while it keeps a window full, and it is flushed when it keeps no whole line. So
/// the channel on top of it pauses also for an upstream that reads and does not store, and whoever
/// waits for a flush of the channel waits for the acknowledgement.
#[derive(Debug)]
pub(crate) struct Upstream {
    stream: TcpStream,
    /// The position up to which the upstream has stored.
    acknowledged: Position,
    /// All that was taken behind it.
    unacknowledged: BytesMut,
    /// How much of `unacknowledged` this stream was given.
    given: usize,
    /// Answers of the upstream: positions of eight bytes.
    answers: BytesMut,
}

impl Upstream {
    /// Makes the first connection.
    pub(crate) async fn connect(address: SocketAddr) -> io::Result<Self> {
        Self::resume(address, 0, BytesMut::new()).await
    }

    /// Makes a connection that goes on where this one was lost.
    pub(crate) async fn reconnect(&self, address: SocketAddr) -> io::Result<Self> {
        Self::resume(address, self.acknowledged, self.unacknowledged.clone()).await
    }

    async fn resume(
        address: SocketAddr,
        acknowledged: Position,
        unacknowledged: BytesMut,
    ) -> io::Result<Self> {
        let mut stream = TcpStream::connect(address).await?;
        // What the system holds is lost with the connection: the less, the less is sent again.
        SockRef::from(&stream).set_send_buffer_size(SEND_BUFFER)?;
        let stored = stream.read_u64().await?;
        let answers = BytesMut::new();
        let mut next = Self { stream, acknowledged, unacknowledged, given: 0, answers };
        next.acknowledge(stored)?;
        Ok(next)
    }

    /// What was taken and may have to be sent again.
    pub(crate) fn unacknowledged(&self) -> &[u8] {
        &self.unacknowledged
    }

    /// Forgets what the upstream has stored.
    fn acknowledge(&mut self, position: Position) -> io::Result<()> {
        let count = position.checked_sub(self.acknowledged).map(|count| count as usize);
        let Some(count) = count.filter(|count| *count <= self.unacknowledged.len()) else {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "a position that cannot be"));
        };
        self.acknowledged = position;
        self.unacknowledged.advance(count);
        self.given = self.given.saturating_sub(count);
        Ok(())
    }

    /// Looks for answers, and gives the stream what one before it was given in vain.
    fn poll_catch_up(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while let Poll::Ready(read) =
            poll_read_buf(Pin::new(&mut self.stream), cx, &mut self.answers)?
        {
            if read == 0 {
                return Poll::Ready(Err(io::ErrorKind::UnexpectedEof.into()));
            }
            while self.answers.len() >= size_of::<Position>() {
                let position = self.answers.get_u64();
                self.acknowledge(position)?;
            }
        }
        while self.given < self.unacknowledged.len() {
            let rest = &self.unacknowledged[self.given..];
            self.given += ready!(Pin::new(&mut self.stream).poll_write(cx, rest))?;
        }
        Poll::Ready(Ok(()))
    }

    /// As above, and waits for room in the window.
    fn poll_room(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_catch_up(cx))?;
        // An answer, or the end of the connection, wakes the task.
        if self.unacknowledged.len() >= WINDOW { Poll::Pending } else { Poll::Ready(Ok(())) }
    }
}

impl AsyncWrite for Upstream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.as_mut().poll_write_vectored(cx, &[IoSlice::new(buf)])
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        ready!(self.poll_room(cx))?;
        let taken = ready!(Pin::new(&mut self.stream).poll_write_vectored(cx, bufs))?;
        let mut left = taken;
        for buf in bufs {
            let count = left.min(buf.len());
            self.unacknowledged.extend_from_slice(&buf[..count]);
            left -= count;
        }
        self.given += taken;
        Poll::Ready(Ok(taken))
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_catch_up(cx))?;
        // The channel may ask for a flush while the end of a line is still queued: its beginning is
        // not waited for.
        if self.unacknowledged.contains(&b'\n') { Poll::Pending } else { Poll::Ready(Ok(())) }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

/// The most that is taken and not acknowledged, up to one write more.
const WINDOW: usize = 256 * 1024;
const SEND_BUFFER: usize = 32 * 1024;
