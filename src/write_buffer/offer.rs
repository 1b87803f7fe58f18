use std::io::{self, IoSlice};
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Buf;
use tokio::io::{AsyncWrite, ReadBuf};

use crate::chunk_queue::ChunkQueue;

/// What one call of the inner writer was offered, and what it answered.
pub(super) struct Offer {
    /// Bytes offered: a prefix of the queue followed by the slices behind it.
    pub(super) bytes: usize,
    pub(super) answer: Poll<io::Result<usize>>,
}

impl Offer {
    /// Offers the front of `queue`, and behind its end the slices of `behind`, in one call.
    ///
    /// Nothing is removed from the queue.
    #[inline]
    pub(super) fn make<W: AsyncWrite + ?Sized>(
        queue: &ChunkQueue,
        behind: &[IoSlice<'_>],
        inner: Pin<&mut W>,
        cx: &mut Context<'_>,
    ) -> Self {
        if behind.is_empty() && queue.chunk().len() == queue.remaining() {
            return Self::plain(queue.chunk(), inner, cx);
        }
        let Self { bytes, answer } = Self::many(queue, behind, inner, cx);
        Self { bytes, answer }
    }

    #[inline(never)]
    fn many<W: AsyncWrite + ?Sized>(
        queue: &ChunkQueue,
        behind: &[IoSlice<'_>],
        inner: Pin<&mut W>,
        cx: &mut Context<'_>,
    ) -> Self {
        if !inner.is_write_vectored() {
            Self::merged(queue, behind, inner, cx)
        } else if queue.chunk_count() + behind.len() <= FEW_SLICES {
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

    /// Gathers up to `N` pieces.
    #[inline(never)]
    fn gathered<const N: usize, W: AsyncWrite + ?Sized>(
        queue: &ChunkQueue,
        behind: &[IoSlice<'_>],
        inner: Pin<&mut W>,
        cx: &mut Context<'_>,
    ) -> Self {
        let mut slices = [IoSlice::new(&[]); N];
        let (mut filled, mut bytes) = (0, 0);
        pieces(queue, behind).take(N).for_each(|piece| {
            let piece = &piece[..piece.len().min(MAX_BYTES - bytes)];
            if !piece.is_empty() {
                slices[filled] = IoSlice::new(piece);
                filled += 1;
                bytes += piece.len();
            }
        });
        let answer = match &slices[..filled] {
            [only] => inner.poll_write(cx, only),
            many => inner.poll_write_vectored(cx, many),
        };
        Self { bytes, answer }
    }

    /// For a writer that cannot gather, neighbours are copied together on the stack: the queue
    /// itself stays as it is.
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

/// What lies in `queue` and then in `behind`, without empty pieces.
fn pieces<'a>(queue: &'a ChunkQueue, behind: &'a [IoSlice<'a>]) -> impl Iterator<Item = &'a [u8]> {
    let behind = behind.iter().map(|slice| &**slice).filter(|slice| !slice.is_empty());
    queue.slices().chain(behind)
}

/// Slices in one gathered call: on TCP 16 cost up to twice as much, and more than 64 gain nothing
/// measurable. Linux allows 1024 (`UIO_MAXIOV`).
const MAX_SLICES: usize = 64;
/// Slices that most gathers do with: an array of all costs more than to fill it with few.
const FEW_SLICES: usize = 8;
/// Bytes in one call: systems refuse or cut more than `i32::MAX` (`writev` on macOS, `WSASend`).
const MAX_BYTES: usize = i32::MAX as usize;
/// Bytes merged for a writer that cannot gather: a TLS record, and small enough for the stack.
const MERGED_BYTES: usize = 16 * 1024;
