use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_sink::Sink;
use tokio::io::AsyncWrite;

use super::FlowControlledWriter;

/// Sends chunks without a copy, unless they are below the coalesce threshold.
///
/// A chunk larger than the high watermark is admitted whole while the writer is not paused: the
/// buffer is bounded by the high watermark plus one chunk. `start_send` without a `poll_ready`
/// before it is accepted and counted also while the writer is paused, up to the
/// [hard limit](crate::Builder::hard_limit). `poll_close` is
/// [`poll_shutdown`](FlowControlledWriter::poll_shutdown).
///
/// # Errors
///
/// `start_send` returns the chunk inside of the error, as a
/// [`TrySendError`](crate::TrySendError).
impl<W: AsyncWrite> Sink<Bytes> for FlowControlledWriter<W> {
    type Error = io::Error;

    fn poll_ready(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Self::poll_ready(self, cx)
    }

    fn start_send(self: Pin<&mut Self>, chunk: Bytes) -> io::Result<()> {
        let sent = self.project().buffer.start_send(chunk);
        sent.map_err(|(refusal, chunk)| refusal.of_item(chunk))
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Self::poll_flush(self, cx)
    }

    fn poll_close(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Self::poll_shutdown(self, cx)
    }
}
