use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::task::{Context, Poll, ready};

use futures::task::AtomicWaker;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// A connection that is read slowly: nothing until its [`Gate`] is opened, then few bytes a call.
#[derive(Debug)]
pub(crate) struct Slow<S> {
    stream: S,
    bytes_per_read: usize,
    gate: Gate,
}

/// Lets a [`Slow`] connection be read, or ends it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Gate(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    state: AtomicU8,
    reader: AtomicWaker,
}

const CLOSED: u8 = 0;
const OPEN: u8 = 1;
const CUT: u8 = 2;

impl<S> Slow<S> {
    pub(crate) fn new(stream: S, bytes_per_read: usize) -> (Self, Gate) {
        let gate = Gate::default();
        (Self { stream, bytes_per_read, gate: gate.clone() }, gate)
    }
}

impl Gate {
    pub(crate) fn open(&self) {
        self.set(OPEN);
    }

    /// Closes it again.
    pub(crate) fn close(&self) {
        self.set(CLOSED);
    }

    /// Makes every read fail, upon which the owner gives the connection up with bytes unread: the
    /// system resets it.
    pub(crate) fn cut(&self) {
        self.set(CUT);
    }

    fn set(&self, state: u8) {
        self.0.state.store(state, Ordering::SeqCst);
        self.0.reader.wake();
    }

    fn poll_open(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.0.reader.register(cx.waker());
        match self.0.state.load(Ordering::SeqCst) {
            CLOSED => Poll::Pending,
            OPEN => Poll::Ready(Ok(())),
            _ => Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into())),
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Slow<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        ready!(self.gate.poll_open(cx))?;
        let mut storage = [0; 1024];
        let length = self.bytes_per_read.min(storage.len()).min(buf.remaining());
        let mut part = ReadBuf::new(&mut storage[..length]);
        ready!(Pin::new(&mut self.stream).poll_read(cx, &mut part))?;
        buf.put_slice(part.filled());
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Slow<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
