use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Buf;
use tokio::io::AsyncWrite;

use super::{Calls, WriteBuffer};

/// Borrowed slices.
///
/// | the writer | the slices | offered | the inner writer takes some of them | only queued bytes | is pending |
/// |---|---|---|---|---|---|
/// | accepts | few, and there is room | nothing: they are copied | | | |
/// | accepts | many, or more than there is room for | the queue and they behind it | the rest is left to the caller | looks again | copied if they fit, else nothing is taken |
/// | is paused | any | the queue, and they if they were offered before | as above | looks again | nothing is taken |
///
/// An inner writer that answers `Pending` may remember what it was offered, and fail if the next offer is
/// shorter or begins otherwise, as OpenSSL does. It is not: the front of the queue stays where it
/// is, and of the slices either all are in the queue when the call returns, or none, and the call is
/// pending. Then the caller comes with the same slices again, which go the same way: if the writer
/// has been paused in between, because that was promised.
impl WriteBuffer {
    /// Accepts bytes of a borrowed slice: by a copy while there is room, else see
    /// [`poll_write_vectored`](Self::poll_write_vectored).
    #[inline]
    pub(crate) fn poll_write<W: AsyncWrite + ?Sized>(
        &mut self,
        inner: Pin<&mut W>,
        cx: &mut Context<'_>,
        src: &[u8],
    ) -> Poll<io::Result<usize>> {
        if src.len() < PASS_THROUGH && self.takes_freely(src.len()) {
            self.queue.extend_from_slice(src);
            return Poll::Ready(Ok(src.len()));
        }
        self.poll_write_vectored(inner, cx, &[IoSlice::new(src)])
    }

    /// Accepts bytes of borrowed slices.
    #[inline(never)]
    pub(crate) fn poll_write_vectored<W: AsyncWrite + ?Sized>(
        &mut self,
        mut inner: Pin<&mut W>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.check_open()?;
        let total = slices.iter().fold(0_usize, |total, slice| total.saturating_add(slice.len()));
        if total == 0 {
            return Poll::Ready(Ok(0));
        }
        self.gate.update_for_slice(self.queue.remaining());
        // Taken once, as the budget that they depend on is shared with other threads.
        let marks = self.gate.marks();
        let calls = &mut Calls::new();
        self.poll_guarded(cx, |this, cx| {
            loop {
                let fits = this.is_accepting() && total <= marks.room(this.buffer_size());
                if fits && total < PASS_THROUGH {
                    return Poll::Ready(Ok(this.copy(slices, total)));
                }
                let is_offered = this.is_accepting() || this.promised > this.buffer_size();
                let behind = if is_offered { slices } else { &[] };
                match this.poll_write_queue(behind, inner.as_mut(), cx, calls) {
                    Poll::Ready(Ok(0)) => {}
                    Poll::Pending if fits => return Poll::Ready(Ok(this.copy(slices, total))),
                    unfinished => return unfinished,
                }
            }
        })
    }

    /// Copies the slices, and returns how much that is.
    fn copy(&mut self, slices: &[IoSlice<'_>], total: usize) -> usize {
        for slice in slices {
            self.queue.extend_from_slice(slice);
        }
        self.update();
        total
    }
}

/// Bytes from which a borrowed slice is offered in place: below, copying costs less than a call.
const PASS_THROUGH: usize = 32 * 1024;
