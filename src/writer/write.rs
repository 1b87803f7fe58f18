use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::AsyncWrite;

use super::FlowControlledWriter;

/// Writes are copied to the queue as far as the high watermark allows, which the buffer never
/// exceeds by this way in. Many bytes at once (32 KiB, or more than there is room for) are offered
/// to the inner writer in place, behind what is queued; while it is pending they are not copied
/// unless all of them fit.
///
/// An inner writer that must be offered the same bytes again after it was pending, as a TLS stream of
/// OpenSSL, is: call with the same slices until they are accepted, as `write_all` does.
///
/// A high watermark of 0 writes through. A call with bytes never returns `Ok(0)`.
impl<W: AsyncWrite> AsyncWrite for FlowControlledWriter<W> {
    #[inline]
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = self.project();
        this.buffer.poll_write(this.inner, cx, buf)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.project();
        this.buffer.poll_write_vectored(this.inner, cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Self::poll_flush(self, cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Self::poll_shutdown(self, cx)
    }
}
