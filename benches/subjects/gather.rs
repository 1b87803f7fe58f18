//! Small kept chunks: gathered, or copied together first.
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use flow_controlled_writer::{Builder, FlowControlledWriter, Watermarks};
use tokio::io::AsyncWrite;

use super::{Batch, Contestants, Place, Setting};
use crate::support::entry::Entry;

/// Queue so many chunks, none of which is copied, and flush, again and again.
pub struct Gather {
    pub per_flush: usize,
}

impl Contestants for Gather {
    fn entries<W: AsyncWrite + Unpin + 'static>(&self, setting: &Setting<'_, W>) -> Vec<Entry> {
        let marks = Watermarks::new(0, usize::MAX);
        let options = |threshold| Builder::new().watermarks(marks).coalesce_threshold(threshold);
        vec![
            self.entry(MERGED, setting, |writer| options(0).build(Plain(writer))),
            self.entry(GATHERED, setting, |writer| options(0).build(writer)),
            self.entry(CHOSEN, setting, |writer| options(KEPT_FROM).build(writer)),
        ]
    }

    fn batch(&self, place: Place, size: usize) -> Batch {
        let Batch { size, count } = Batch::new(place, size);
        Batch { size, count: count.min(500 * self.per_flush).next_multiple_of(self.per_flush) }
    }
}

impl Gather {
    fn entry<W, A: AsyncWrite + Unpin + 'static>(
        &self,
        name: &'static str,
        setting: &Setting<'_, W>,
        wrap: impl FnOnce(W) -> FlowControlledWriter<A>,
    ) -> Entry {
        let Batch { size, count } = setting.batch;
        let per_flush = self.per_flush;
        let chunk = Bytes::from(vec![b'x'; size]);
        setting.entry(name, size * count, wrap, async move |writer| {
            for _ in 0..count / per_flush {
                for _ in 0..per_flush {
                    writer.try_send(chunk.clone()).expect("never paused");
                }
                writer.flush().await?;
            }
            io::Result::Ok(())
        })
    }
}

/// A writer that cannot gather.
struct Plain<W>(W);

impl<W: AsyncWrite + Unpin> AsyncWrite for Plain<W> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}

/// The threshold by which all of these chunks are kept, and may be merged by the drain.
const KEPT_FROM: usize = 64;
/// Lengths of the chunks.
pub const CHUNKS: [usize; 11] = [64, 128, 256, 384, 512, 768, 1024, 1536, 2048, 4096, 8192];
/// Chunks for each flush.
pub const COUNTS: [usize; 4] = [2, 7, 32, 128];

pub const MERGED: &str = "merged";
pub const GATHERED: &str = "gathered";
pub const CHOSEN: &str = "as it chooses";
