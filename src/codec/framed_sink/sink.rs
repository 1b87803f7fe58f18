use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_sink::Sink;
use tokio::io::AsyncWrite;

use super::{ChunkEncoder, FramedSink};
use crate::codec::ChunkAppender;
use crate::write_buffer::AppendError;

/// Encodes each item as it is sent.
///
/// A frame larger than the high watermark is admitted whole while the writer is not paused: the
/// buffer is bounded by the high watermark plus one frame. `start_send` without a `poll_ready`
/// before it is accepted and counted also while the writer is paused, up to the
/// [hard limit](crate::Builder::hard_limit); beyond it is refused, and not encoded. `poll_close` is
/// [`poll_shutdown`](FramedSink::poll_shutdown).
impl<W: AsyncWrite, E: ChunkEncoder<Item>, Item> Sink<Item> for FramedSink<W, E> {
    type Error = E::Error;

    #[inline]
    fn poll_ready(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), E::Error>> {
        Self::poll_ready(self, cx).map_err(E::Error::from)
    }

    fn start_send(self: Pin<&mut Self>, item: Item) -> Result<(), E::Error> {
        let this = self.project();
        let encoder = this.encoder;
        let append = |item, dst: &mut ChunkAppender<'_>| encoder.encode(item, dst);
        this.writer.buffer_pin_mut().start_append(item, append).map_err(|error| match error {
            AppendError::Refused(refusal, _) => io::Error::from(refusal).into(),
            AppendError::Failed(error) => error,
            AppendError::Torn(error) => error.into(),
        })
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), E::Error>> {
        Self::poll_flush(self, cx).map_err(E::Error::from)
    }

    fn poll_close(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), E::Error>> {
        Self::poll_shutdown(self, cx).map_err(E::Error::from)
    }
}
