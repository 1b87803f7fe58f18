//! What the crate asks of the heap, in counts and bytes of the thread that runs the test.

mod bounds;
mod channel;
#[cfg(feature = "codec")]
mod frames;
mod idle;
mod stalled;
mod steady;

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use allocation_counter::{AllocationInfo, measure};
use bytes::Buf;
use flow_controlled_writer::ChunkQueue;
use tokio::io::AsyncWrite;

/// An inner writer that takes all that it is offered, or up to a number of bytes a call, or nothing.
/// It holds no heap.
#[derive(Clone, Copy)]
enum Peer {
    Takes {
        at_most: usize,
        gathers: bool,
    },
    /// One call, then none.
    TakesOnce {
        at_most: usize,
    },
    Stalls,
}

impl Peer {
    const DRAINS: Self = Self::Takes { at_most: usize::MAX, gathers: true };
}

impl AsyncWrite for Peer {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.poll_write_vectored(cx, &[IoSlice::new(buf)])
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        _cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let at_most = match *self {
            Self::Takes { at_most, .. } => at_most,
            Self::TakesOnce { at_most } => {
                *self = Self::Stalls;
                at_most
            }
            Self::Stalls => return Poll::Pending,
        };
        Poll::Ready(Ok(bufs.iter().map(|buf| buf.len()).sum::<usize>().min(at_most)))
    }

    fn is_write_vectored(&self) -> bool {
        matches!(self, Self::Takes { gathers: true, .. })
    }

    fn poll_flush(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

fn context() -> Context<'static> {
    Context::from_waker(Waker::noop())
}

/// Unwraps the answer of a poll that must neither wait nor fail.
#[track_caller]
fn done<T>(poll: Poll<io::Result<T>>) -> T {
    match poll {
        Poll::Ready(Ok(value)) => value,
        Poll::Ready(Err(error)) => panic!("failed: {error}"),
        Poll::Pending => panic!("pending"),
    }
}

/// Has this thread give up the block and the list that it keeps for all queues which need more than
/// their own: none has for some time. What stays then is what each queue keeps.
fn forget_spare() {
    let mut queue = ChunkQueue::new();
    for _ in 0..100 {
        queue.extend_from_slice(b"small");
        queue.advance(5);
    }
}

/// Runs `step` often enough to settle, then measures `times` further runs.
fn steady(times: usize, mut step: impl FnMut()) -> AllocationInfo {
    for _ in 0..times {
        step();
    }
    measure(|| {
        for _ in 0..times {
            step();
        }
    })
}
