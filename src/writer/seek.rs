use std::io::{self, SeekFrom};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncSeek, AsyncWrite};

use super::FlowControlledWriter;

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
            // Whatever fails from here on ends this seek, not the writer.
            let started = ready!(this.buffer.poll_flush(this.inner.as_mut(), cx))
                .and(Ok(()))
                .and_then(|()| match this.inner.as_mut().poll_complete(cx) {
                    Poll::Ready(result) => result.map(Some),
                    Poll::Pending => Ok(None),
                });
            match started {
                Ok(None) => return Poll::Pending,
                Ok(Some(_)) => {}
                Err(error) => {
                    *this.seek = SeekState::Idle;
                    return Poll::Ready(Err(error));
                }
            }
            *this.seek = SeekState::Idle;
            this.inner.as_mut().start_seek(position)?;
            *this.seek = SeekState::Started;
        }
        let result = ready!(this.inner.poll_complete(cx));
        *this.seek = SeekState::Idle;
        Poll::Ready(result)
    }
}
