use std::io::{self, IoSlice};
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::task::{Context, Poll};

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
    pub(super) fn make<W: AsyncWrite + ?Sized>(
        queue: &ChunkQueue,
        behind: &[IoSlice<'_>],
        inner: Pin<&mut W>,
        cx: &mut Context<'_>,
    ) -> Self {
        let mut pieces = queue
            .slices()
            .chain(behind.iter().map(|slice| &**slice))
            .filter(|piece| !piece.is_empty())
            .peekable();
        let first = pieces.next().unwrap_or_default();
        if pieces.peek().is_none() {
            Self::plain(first, inner, cx)
        } else if inner.is_write_vectored() {
            Self::gathered(first, pieces, inner, cx)
        } else if first.len() < MERGED_BYTES {
            Self::merged(first, pieces, inner, cx)
        } else {
            Self::plain(first, inner, cx)
        }
    }

    /// One piece goes out by a plain write: on epoll tokio takes a short one as a sign that the
    /// socket is full and saves the next call, which it does not for a gathered one.
    fn plain<W: AsyncWrite + ?Sized>(
        piece: &[u8],
        inner: Pin<&mut W>,
        cx: &mut Context<'_>,
    ) -> Self {
        let piece = &piece[..piece.len().min(MAX_BYTES)];
        Self { bytes: piece.len(), answer: inner.poll_write(cx, piece) }
    }

    fn gathered<'a, W: AsyncWrite + ?Sized>(
        first: &'a [u8],
        rest: impl Iterator<Item = &'a [u8]>,
        inner: Pin<&mut W>,
        cx: &mut Context<'_>,
    ) -> Self {
        let mut slices = [IoSlice::new(&[]); MAX_SLICES];
        let (mut filled, mut bytes) = (0, 0);
        for piece in std::iter::once(first).chain(rest).take(MAX_SLICES) {
            let piece = &piece[..piece.len().min(MAX_BYTES - bytes)];
            if piece.is_empty() {
                break;
            }
            slices[filled] = IoSlice::new(piece);
            filled += 1;
            bytes += piece.len();
        }
        Self { bytes, answer: inner.poll_write_vectored(cx, &slices[..filled]) }
    }

    /// For a writer that cannot gather, neighbours are copied together on the stack: the queue
    /// itself stays as it is.
    #[inline(never)]
    fn merged<'a, W: AsyncWrite + ?Sized>(
        first: &'a [u8],
        rest: impl Iterator<Item = &'a [u8]>,
        inner: Pin<&mut W>,
        cx: &mut Context<'_>,
    ) -> Self {
        let mut storage = [const { MaybeUninit::<u8>::uninit() }; MERGED_BYTES];
        let mut merged = ReadBuf::uninit(&mut storage);
        for piece in std::iter::once(first).chain(rest) {
            merged.put_slice(&piece[..piece.len().min(merged.remaining())]);
            if merged.remaining() == 0 {
                break;
            }
        }
        let bytes = merged.filled().len();
        Self { bytes, answer: inner.poll_write(cx, merged.filled()) }
    }
}

/// Slices in one gathered call: on TCP 16 cost up to twice as much, and more than 64 gain nothing
/// measurable. Linux allows 1024 (`UIO_MAXIOV`).
const MAX_SLICES: usize = 64;
/// Bytes in one call: systems refuse or cut more than `i32::MAX` (`writev` on macOS, `WSASend`).
const MAX_BYTES: usize = i32::MAX as usize;
/// Bytes merged for a writer that cannot gather: a TLS record, and small enough for the stack.
const MERGED_BYTES: usize = 16 * 1024;
