use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_sink::Sink;

use super::sender::Sender;

/// Sends chunks. `poll_close` flushes and ends this handle only.
///
/// `start_send` after a `poll_ready` that was followed by a pause of another sender's making takes
/// the chunk all the same; it then waits outside of the queue, and outside of
/// [`buffer_size`](Sender::buffer_size), until the channel resumes, before anything that is sent
/// later. Without a `poll_ready` before it, it is queued and counted also while the channel is
/// paused.
///
/// # Errors
///
/// `start_send` returns the chunk inside of the error, as a
/// [`TrySendError`](crate::TrySendError).
impl Sink<Bytes> for Sender {
    type Error = io::Error;

    fn poll_ready(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_turn(cx)
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
