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
/// | `Fresh` | makes the buffer | `Reading` |
/// | `Reading` | reads | `Framing`, or `Ending` at the end of the stream |
/// | `Framing` | decodes a frame | `Framing`, or `Reading` where there is none |
/// | `Ending` | decodes the rest | `Ending`, or `Ended` where there is none |
/// | `Ended` | reads, as the end may have been one for now | `Framing`, or `Ended` |
/// | `Failed` | returns the end of the stream | `Reading`, `Ended` if it had come, `Framing` if the buffer was lent |
///
/// An error leads from all but the last to `Failed`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Stage {
    #[default]
    Fresh,
    Reading,
    Framing,
    Ending,
    Ended,
    Failed(Next),
}

/// The stage that an error is followed by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    Reading,
    Framing,
    Ended,
}

impl ReadFrames {
    pub(super) fn buffer(&self) -> &BytesMut {
        &self.buffer
    }

    /// Returns the buffer. What stands there afterwards is decoded before anything is read.
    pub(super) fn buffer_mut(&mut self) -> &mut BytesMut {
        match self.stage {
            Stage::Fresh => {
                self.make_buffer();
                self.stage = Stage::Framing;
            }
            Stage::Reading | Stage::Ended => self.stage = Stage::Framing,
            Stage::Failed(_) => self.stage = Stage::Failed(Next::Framing),
            Stage::Framing | Stage::Ending => {}
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
                Stage::Fresh => self.make_buffer(),
                Stage::Failed(next) => {
                    self.stage = match next {
                        Next::Reading => Stage::Reading,
                        Next::Framing => Stage::Framing,
                        Next::Ended => Stage::Ended,
                    };
                    return Poll::Ready(None);
                }
                Stage::Ending => match codec.decode_eof(&mut self.buffer) {
                    Ok(Some(frame)) => return Poll::Ready(Some(Ok(frame))),
                    Ok(None) => {
                        self.stage = Stage::Ended;
                        return Poll::Ready(None);
                    }
                    Err(error) => return self.fail(Next::Ended, error),
                },
                Stage::Framing => match codec.decode(&mut self.buffer) {
                    Ok(Some(frame)) => return Poll::Ready(Some(Ok(frame))),
                    Ok(None) => self.stage = Stage::Reading,
                    Err(error) => return self.fail(Next::Reading, error),
                },
                Stage::Reading | Stage::Ended => {
                    self.make_room();
                    let has_ended = self.stage == Stage::Ended;
                    match ready!(poll_read_buf(inner.as_mut(), cx, &mut self.buffer)) {
                        Ok(0) if has_ended => return Poll::Ready(None),
                        Ok(0) => self.stage = Stage::Ending,
                        Ok(_) => self.stage = Stage::Framing,
                        Err(error) => {
                            let next = if has_ended { Next::Ended } else { Next::Reading };
                            return self.fail(next, error);
                        }
                    }
                }
            }
        }
    }

    /// Makes the first buffer. One that is made at its size, and not grown to it, has that size again where a
    /// decoder reserves more while its items share it.
    fn make_buffer(&mut self) {
        self.buffer = BytesMut::with_capacity(FIRST_READ);
        self.stage = Stage::Reading;
    }

    /// Makes room for at least a byte, or a read of nothing would look like the end. A small buffer that
    /// was handed over grows at once: else each read would be a small one.
    fn make_room(&mut self) {
        let held = self.buffer.len();
        if held == self.buffer.capacity() {
            self.buffer.reserve(FIRST_READ.saturating_sub(held).max(1));
        }
    }

    /// Returns the error; the stream ends with the next poll.
    fn fail<T, E>(&mut self, next: Next, error: impl Into<E>) -> Poll<Option<Result<T, E>>> {
        self.stage = Stage::Failed(next);
        Poll::Ready(Some(Err(error.into())))
    }
}

/// What stands in the buffer is decoded before anything is read.
impl From<BytesMut> for ReadFrames {
    fn from(buffer: BytesMut) -> Self {
        let stage = match buffer.capacity() {
            0 => Stage::Fresh,
            _ if buffer.is_empty() => Stage::Reading,
            _ => Stage::Framing,
        };
        Self { buffer, stage }
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

/// The least size of a buffer that is full, and so the room for the first read: that of tokio-util's
/// `Framed`.
const FIRST_READ: usize = 8 * 1024;
