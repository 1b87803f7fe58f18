use std::io::{self, SeekFrom};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncSeek, AsyncWrite};

use super::FlowControlledWriter;
use crate::write_buffer::WriteBuffer;

/// How far a seek has come. `start_seek` cannot wait for the flush, so `poll_complete` does it all.
#[derive(Clone, Copy, Debug)]
pub(super) enum SeekState {
    Idle,
    Requested(SeekFrom),
    Started,
}

/// Seeking flushes first, so that what was written before ends up before the new position.
impl<W: AsyncWrite + AsyncSeek> AsyncSeek for FlowControlledWriter<W> {
    fn start_seek(self: Pin<&mut Self>, position: SeekFrom) -> io::Result<()> {
        let this = self.project();
        if !matches!(this.seek, SeekState::Idle) {
            return Err(io::Error::other(
                "another seek is in progress; call `poll_complete` first",
            ));
        }
        *this.seek = SeekState::Requested(position);
        Ok(())
    }

    fn poll_complete(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<u64>> {
        let mut this = self.project();
        if let SeekState::Requested(position) = *this.seek {
            let started = ready!(poll_start(this.buffer, this.inner.as_mut(), cx, position));
            // A seek that fails ends here; the writer goes on unless the flush failed it.
            *this.seek = if started.is_ok() { SeekState::Started } else { SeekState::Idle };
            started?;
        }
        let completed = ready!(this.inner.poll_complete(cx));
        *this.seek = SeekState::Idle;
        Poll::Ready(completed)
    }
}

/// Flushes, lets an earlier seek of the inner writer complete, and starts the new one.
fn poll_start<W: AsyncWrite + AsyncSeek>(
    buffer: &mut WriteBuffer,
    mut inner: Pin<&mut W>,
    cx: &mut Context<'_>,
    position: SeekFrom,
) -> Poll<io::Result<()>> {
    ready!(buffer.poll_flush(inner.as_mut(), cx))?;
    ready!(inner.as_mut().poll_complete(cx))?;
    Poll::Ready(inner.start_seek(position))
}
