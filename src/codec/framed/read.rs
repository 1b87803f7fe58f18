use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::BytesMut;
use futures_core::Stream;
use tokio::io::AsyncRead;
use tokio_util::codec::Decoder;
use tokio_util::io::poll_read_buf;

use super::Framed;

/// What was read, and how far it is decoded.
#[derive(Debug, Default)]
pub(super) struct ReadFrames {
    buffer: BytesMut,
    stage: Stage,
}

/// How far the reading half has come, as in tokio-util.
///
/// | stage | a poll | and goes on with |
/// |---|---|---|
/// | `Reading` | reads | `Framing`, or `Ending` at the end of the stream |
/// | `Framing` | decodes a frame | `Framing`, or `Reading` where there is none |
/// | `Ending` | decodes the rest | `Ending`, or `Ended` where there is none |
/// | `Ended` | reads, as the end may have been one for now | `Framing`, or `Ended` |
/// | `Failed` | returns the end of the stream | `Reading`, or `Ended` if it had come |
///
/// An error leads from all but the last to `Failed`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Stage {
    #[default]
    Reading,
    Framing,
    Ending,
    Ended,
    Failed(Ends),
}

/// Whether the end of the stream had come before an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ends {
    Not,
    Already,
}

impl ReadFrames {
    pub(super) fn buffer(&self) -> &BytesMut {
        &self.buffer
    }

    /// Returns the buffer. What stands there afterwards is decoded before anything is read.
    pub(super) fn buffer_mut(&mut self) -> &mut BytesMut {
        if matches!(self.stage, Stage::Reading | Stage::Ended) {
            self.stage = Stage::Framing;
        }
        &mut self.buffer
    }

    pub(super) fn into_buffer(self) -> BytesMut {
        self.buffer
    }

    fn poll_next<W: AsyncRead, C: Decoder>(
        &mut self,
        mut inner: Pin<&mut W>,
        codec: &mut C,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<C::Item, C::Error>>> {
        loop {
            match self.stage {
                Stage::Failed(ends) => {
                    self.stage = if ends == Ends::Not { Stage::Reading } else { Stage::Ended };
                    return Poll::Ready(None);
                }
                Stage::Ending => match codec.decode_eof(&mut self.buffer) {
                    Ok(Some(frame)) => return Poll::Ready(Some(Ok(frame))),
                    Ok(None) => {
                        self.stage = Stage::Ended;
                        return Poll::Ready(None);
                    }
                    Err(error) => return self.fail(Ends::Already, error),
                },
                Stage::Framing => match codec.decode(&mut self.buffer) {
                    Ok(Some(frame)) => return Poll::Ready(Some(Ok(frame))),
                    Ok(None) => self.stage = Stage::Reading,
                    Err(error) => return self.fail(Ends::Not, error),
                },
                Stage::Reading | Stage::Ended => {
                    // There must be room for a byte, or a read of nothing would look like the end.
                    let least = if self.buffer.capacity() == 0 { FIRST_READ } else { 1 };
                    self.buffer.reserve(least);
                    let has_ended = self.stage == Stage::Ended;
                    match ready!(poll_read_buf(inner.as_mut(), cx, &mut self.buffer)) {
                        Ok(0) if has_ended => return Poll::Ready(None),
                        Ok(0) => self.stage = Stage::Ending,
                        Ok(_) => self.stage = Stage::Framing,
                        Err(error) => {
                            let ends = if has_ended { Ends::Already } else { Ends::Not };
                            return self.fail(ends, error);
                        }
                    }
                }
            }
        }
    }

    /// Returns the error; the stream ends with the next poll.
    fn fail<T, E>(&mut self, ends: Ends, error: impl Into<E>) -> Poll<Option<Result<T, E>>> {
        self.stage = Stage::Failed(ends);
        Poll::Ready(Some(Err(error.into())))
    }
}

/// What is decoded. Nothing is read while there is a frame in the buffer.
impl<W: AsyncRead, C: Decoder> Stream for Framed<W, C> {
    type Item = Result<C::Item, C::Error>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.project();
        let (writer, codec) = this.sink.writer_and_encoder();
        this.read.poll_next(writer, codec, cx)
    }
}

/// Room for the first read: that of tokio-util's `Framed`.
const FIRST_READ: usize = 8 * 1024;
