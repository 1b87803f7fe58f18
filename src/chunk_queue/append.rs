use bytes::Bytes;

use super::blocks::Blocks;
use super::{ChunkQueue, Kept};

/// How chunks come in that are dropped later, and the bytes of one queue into another one.
impl ChunkQueue {
    /// Appends a chunk. One that is copied, or empty, is left to the caller, who drops it when all is
    /// counted: what owns it may run foreign code then.
    #[inline]
    pub(crate) fn push_from(&mut self, chunk: &mut Bytes) {
        if chunk.len() < self.coalesce_threshold || chunk.is_empty() {
            self.extend_from_slice(chunk);
        } else {
            self.keep(std::mem::take(chunk));
        }
    }

    /// Appends all that `other` holds, which is empty afterwards: kept chunks as they are, copied bytes by
    /// another copy, long ones as kept chunks.
    pub(crate) fn append(&mut self, other: &mut Self) {
        // Before anything has moved.
        self.with_more(other.bytes);
        while let Some(Kept { before, chunk }) = other.kept.pop_front() {
            self.append_run(&mut other.blocks, before);
            self.keep(chunk);
        }
        self.append_run(&mut other.blocks, other.run);
        other.release();
    }

    /// Moves `run` bytes from the front of `blocks`.
    fn append_run(&mut self, blocks: &mut Blocks, mut run: usize) {
        while run > 0 {
            let piece = blocks.front(run);
            if piece.len() < LONG_RUN {
                self.extend_from_slice(piece);
            } else {
                self.keep(Bytes::copy_from_slice(piece));
            }
            let count = piece.len();
            blocks.drain(count, run);
            run -= count;
        }
    }

    /// Puts long runs of copied bytes into chunks, so that they can be appended to another queue without
    /// a long copy.
    pub(crate) fn seal(&mut self) {
        if self.blocks.is_long(LONG_RUN) {
            let mut sealed = self.like();
            sealed.append(self);
            *self = sealed;
        }
    }
}

/// Copied bytes that are a chunk of their own when they are appended to another queue: to copy fewer
/// takes no more than half a microsecond.
pub(super) const LONG_RUN: usize = 8 * 1024;
