use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_sink::Sink;

use super::sender::Sender;

/// Sends chunks. `poll_close` flushes and ends this handle only.
///
/// A handle that `poll_ready` has told to be ready is not refused for room: its item is queued and
/// counted also if others have paused the channel since. `start_send` without a `poll_ready` before
/// it is accepted also while the channel is paused, up to the
/// [hard limit](crate::Builder::hard_limit).
///
/// # Errors
///
/// `start_send` returns the chunk inside of the error, as a
/// [`TrySendError`](crate::TrySendError).
impl Sink<Bytes> for Sender {
    type Error = io::Error;

    fn poll_ready(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_turn(cx).map_err(io::Error::from)
    }

    fn start_send(mut self: Pin<&mut Self>, chunk: Bytes) -> io::Result<()> {
        self.start_item(chunk)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_flush_handle(cx)
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_end(cx)
    }
}
