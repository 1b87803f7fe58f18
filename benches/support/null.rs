//! A writer that costs nothing.
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::task::{Context, Poll};

use tokio::io::AsyncWrite;

/// Takes bytes and drops them; counts the calls. Gathers.
pub struct Null {
    calls: Arc<AtomicU64>,
    /// The most bytes that one call takes.
    limit: usize,
    /// Bytes that are still taken before it is never ready again.
    allowance: Arc<AtomicUsize>,
}

impl Null {
    /// Takes all.
    pub fn new() -> Self {
        Self::with_limit(usize::MAX)
    }

    /// Takes at most `limit` bytes a call.
    pub fn with_limit(limit: usize) -> Self {
        let allowance = Arc::new(AtomicUsize::new(usize::MAX));
        Self { calls: Arc::default(), limit, allowance }
    }

    /// Takes what its [`allowance`](Self::allowance) says, at first nothing.
    pub fn gated() -> Self {
        Self { calls: Arc::default(), limit: usize::MAX, allowance: Arc::default() }
    }

    /// Returns the count of calls, which can be read while another type owns the writer.
    pub fn calls(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.calls)
    }

    /// Returns the bytes that are still taken; `usize::MAX` stays what it is.
    pub fn allowance(&self) -> Arc<AtomicUsize> {
        Arc::clone(&self.allowance)
    }

    #[inline]
    fn take(&self, offered: usize) -> Poll<io::Result<usize>> {
        // There is one writer at a time, so that no locked instruction is needed.
        self.calls.store(self.calls.load(Relaxed) + 1, Relaxed);
        let allowance = self.allowance.load(Relaxed);
        let taken = offered.min(self.limit).min(allowance);
        if allowance == usize::MAX {
            return Poll::Ready(Ok(taken));
        }
        if taken == 0 {
            return Poll::Pending;
        }
        self.allowance.store(allowance - taken, Relaxed);
        Poll::Ready(Ok(taken))
    }
}

impl AsyncWrite for Null {
    fn poll_write(
        self: Pin<&mut Self>,
        _cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.take(buf.len())
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        _cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.take(bufs.iter().map(|buf| buf.len()).sum())
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
