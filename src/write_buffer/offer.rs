use std::io::{self, IoSlice};
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Buf;
use tokio::io::{AsyncWrite, ReadBuf};

use crate::chunk_queue::ChunkQueue;
use crate::error;

/// What one call of the inner writer was offered, and what it answered.
pub(super) struct Offer {
    /// Bytes offered: a prefix of the queue followed by the slices behind it.
    pub(super) bytes: usize,
    pub(super) answer: Poll<io::Result<usize>>,
}

impl Offer {
    /// Offers the front of `queue`, and behind its end the slices of `behind`, in one call.
    ///
    /// Nothing is removed from the queue. As long as nothing is, and nothing changes but what comes
    /// behind, a later offer begins with the same bytes and is not shorter: also if the slices have come
    /// into the queue, where `promised` says how much was offered with them.
    #[inline]
    pub(super) fn make<W: AsyncWrite + ?Sized>(
        queue: &ChunkQueue,
        behind: &[IoSlice<'_>],
        promised: usize,
        inner: Pin<&mut W>,
        cx: &mut Context<'_>,
    ) -> Self {
        if behind.is_empty() && queue.chunk().len() == queue.remaining() {
            return Self::plain(queue.chunk(), inner, cx);
        }
        Self::many(queue, behind, promised, inner, cx)
    }

    #[inline(never)]
    fn many<W: AsyncWrite + ?Sized>(
        queue: &ChunkQueue,
        behind: &[IoSlice<'_>],
        promised: usize,
        inner: Pin<&mut W>,
        cx: &mut Context<'_>,
    ) -> Self {
        // What was gathered may look fragmented by the cut of a slice that has come into the queue.
        let may_merge = promised <= MERGED_BYTES && queue.coalesce_threshold() > 0;
        if !inner.is_write_vectored() {
            // The writers that remember what they were offered are among these. They see a slice only
            // where no queued byte would have to be offered without it, were the slice to come no more.
            let behind = if queue.is_empty() { behind } else { &[] };
            Self::merged(queue, behind, inner, cx)
        } else if may_merge && is_fragmented(queue, behind) {
            Self::merged(queue, behind, inner, cx)
        } else if queue.chunk_count() + behind.len() < FEW_SLICES {
            Self::gathered::<FEW_SLICES, W>(queue, behind, inner, cx)
        } else {
            Self::gathered::<MAX_SLICES, W>(queue, behind, inner, cx)
        }
    }

    /// One piece goes out by a plain write: on epoll tokio takes a short one as a sign that the
    /// socket is full and saves the next call, which it does not for a gathered one.
    #[inline]
    fn plain<W: AsyncWrite + ?Sized>(
        piece: &[u8],
        inner: Pin<&mut W>,
        cx: &mut Context<'_>,
    ) -> Self {
        let piece = &piece[..piece.len().min(MAX_BYTES)];
        Self { bytes: piece.len(), answer: inner.poll_write(cx, piece) }
    }

    /// Gathers up to `N` pieces; one less with slices that come behind the queue, which in the queue may
    /// be one piece more: the first of them is cut where a block ends.
    #[inline(never)]
    fn gathered<const N: usize, W: AsyncWrite + ?Sized>(
        queue: &ChunkQueue,
        behind: &[IoSlice<'_>],
        inner: Pin<&mut W>,
        cx: &mut Context<'_>,
    ) -> Self {
        let mut slices = [IoSlice::new(&[]); N];
        let (mut filled, mut bytes) = (0, 0);
        let limit = if behind.is_empty() { N } else { queue.chunk_count().clamp(N - 1, N) };
        for piece in pieces(queue, behind).take(limit) {
            let piece = &piece[..piece.len().min(MAX_BYTES - bytes)];
            if piece.is_empty() {
                break;
            }
            slices[filled] = IoSlice::new(piece);
            filled += 1;
            bytes += piece.len();
        }
        let answer = match &slices[..filled] {
            [only] => inner.poll_write(cx, only),
            many => inner.poll_write_vectored(cx, many),
        };
        Self { bytes, answer }
    }

    /// Copies neighbours together on the stack: the queue itself stays as it is.
    #[inline(never)]
    fn merged<W: AsyncWrite + ?Sized>(
        queue: &ChunkQueue,
        behind: &[IoSlice<'_>],
        inner: Pin<&mut W>,
        cx: &mut Context<'_>,
    ) -> Self {
        let mut pieces = pieces(queue, behind).peekable();
        let first = pieces.next().unwrap_or_default();
        if first.len() >= MERGED_BYTES || pieces.peek().is_none() {
            return Self::plain(first, inner, cx);
        }
        let mut storage = [const { MaybeUninit::<u8>::uninit() }; MERGED_BYTES];
        let mut merged = ReadBuf::uninit(&mut storage);
        for piece in std::iter::once(first).chain(pieces) {
            merged.put_slice(&piece[..piece.len().min(merged.remaining())]);
            if merged.remaining() == 0 {
                break;
            }
        }
        let bytes = merged.filled().len();
        Self { bytes, answer: inner.poll_write(cx, merged.filled()) }
    }
}

/// How to drain a queue that has no writer of this crate.
impl ChunkQueue {
    /// Offers the front of the queue to `inner` in one call, and removes what it takes. Returns how
    /// many bytes that are; 0 for an empty queue, without a call.
    ///
    /// Many chunks are gathered, and neighbours merged where that is cheaper or `inner` cannot
    /// gather. After `Pending` the next call offers at least as much, from the same byte on.
    ///
    /// # Errors
    ///
    /// Returns the errors of `inner`, also [`Interrupted`](io::ErrorKind::Interrupted), upon which
    /// nothing was removed; [`WriteZero`](io::ErrorKind::WriteZero) if it took none of the bytes; and
    /// [`InvalidData`](io::ErrorKind::InvalidData) if it claims to have taken more than it was
    /// offered, all of which is removed then.
    ///
    /// # Examples
    ///
    /// ```
    /// use flow_controlled_writer::ChunkQueue;
    /// use std::{future::poll_fn, pin::Pin};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// let mut queue = ChunkQueue::with_coalesce_threshold(0);
    /// queue.extend(["hello, ".into(), "world".into()]);
    /// let mut stream = Vec::new();
    /// while !queue.is_empty() {
    ///     poll_fn(|cx| queue.poll_write_to(Pin::new(&mut stream), cx)).await?;
    /// }
    /// assert_eq!(stream, b"hello, world");
    /// # Ok(())
    /// # }
    /// ```
    pub fn poll_write_to<W: AsyncWrite + ?Sized>(
        &mut self,
        inner: Pin<&mut W>,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<usize>> {
        if self.is_empty() {
            return Poll::Ready(Ok(0));
        }
        let Offer { bytes: offered, answer } = Offer::make(self, &[], 0, inner, cx);
        if answer.is_pending() {
            // What earlier steps have taken is not known here.
            self.wait(1);
        }
        answer.map(|result| match result? {
            0 => Err(error::write_zero()),
            written if written > offered => {
                self.advance(offered);
                Err(error::over_report(written, offered))
            }
            written => {
                self.advance(written);
                Ok(written)
            }
        })
    }
}

/// What lies in `queue` and then in `behind`, without empty pieces.
fn pieces<'a>(queue: &'a ChunkQueue, behind: &'a [IoSlice<'a>]) -> impl Iterator<Item = &'a [u8]> {
    let behind = behind.iter().map(|slice| &**slice).filter(|slice| !slice.is_empty());
    queue.slices().chain(behind)
}

/// Tells whether the pieces at the front are so small that to copy them together costs less than to
/// gather them.
///
/// Once they are, pieces that come behind change that only where a gather holds as much.
fn is_fragmented(queue: &ChunkQueue, behind: &[IoSlice<'_>]) -> bool {
    let (mut count, mut bytes) = (0, 0);
    for piece in pieces(queue, behind).take(MAX_SLICES) {
        (count, bytes) = (count + 1, bytes + piece.len());
        if bytes >= MERGED_BYTES {
            break;
        }
    }
    bytes < count * GATHERED_PIECE
}

/// Slices in one gathered call: on TCP 16 cost up to twice as much, and the default marks let 65 chunks
/// of 1 KiB in. Linux allows 1024 (`UIO_MAXIOV`).
const MAX_SLICES: usize = 128;
/// Slices that most gathers do with: an array of all costs more than to fill it with few.
const FEW_SLICES: usize = 8;
/// Bytes in one call: systems refuse or cut more than `i32::MAX` (`writev` on macOS, `WSASend`).
const MAX_BYTES: usize = i32::MAX as usize;
/// Bytes merged to one write: a TLS record, and small enough for the stack.
const MERGED_BYTES: usize = 16 * 1024;
/// Pieces that are shorter on average cost less to copy than to gather.
const GATHERED_PIECE: usize = 512;
