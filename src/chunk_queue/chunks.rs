use std::collections::VecDeque;
use std::fmt;
use std::iter::FusedIterator;

use bytes::{Buf, Bytes};

use super::{ChunkQueue, Kept};

impl ChunkQueue {
    /// Takes the queue apart into its chunks, oldest first.
    ///
    /// # Examples
    ///
    /// ```
    /// use bytes::Bytes;
    /// use flow_controlled_writer::ChunkQueue;
    ///
    /// let mut queue = ChunkQueue::with_coalesce_threshold(0);
    /// queue.push("one");
    /// queue.push("two");
    /// let chunks: Vec<Bytes> = queue.into_chunks().collect();
    /// assert_eq!(chunks, ["one", "two"]);
    /// ```
    pub fn into_chunks(self) -> Chunks {
        let left = self.chunk_count();
        Chunks { kept: self.kept, blocks: self.blocks.into_chunks(), last_run: self.run, left }
    }
}

/// The chunks of a [`ChunkQueue`] that was taken apart; see [`ChunkQueue::into_chunks`].
pub struct Chunks {
    kept: VecDeque<Kept>,
    /// The copied bytes.
    blocks: VecDeque<Bytes>,
    /// The run of copied bytes behind all kept chunks.
    last_run: usize,
    /// Chunks that are still to come.
    left: usize,
}

impl Chunks {
    /// Takes the next piece off a run of copied bytes.
    fn next_of_run(blocks: &mut VecDeque<Bytes>, run: &mut usize) -> Option<Bytes> {
        let block = blocks.front_mut()?;
        let piece = block.split_to(block.len().min(*run));
        if !block.has_remaining() {
            blocks.pop_front();
        }
        *run -= piece.len();
        Some(piece)
    }
}

impl Iterator for Chunks {
    type Item = Bytes;

    fn next(&mut self) -> Option<Bytes> {
        self.left = self.left.checked_sub(1)?;
        match self.kept.front_mut() {
            Some(Kept { before: 0, .. }) => self.kept.pop_front().map(|kept| kept.chunk),
            Some(Kept { before, .. }) => Self::next_of_run(&mut self.blocks, before),
            None => Self::next_of_run(&mut self.blocks, &mut self.last_run),
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl ExactSizeIterator for Chunks {}

impl FusedIterator for Chunks {}

impl fmt::Debug for Chunks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Chunks").field("left", &self.left).finish_non_exhaustive()
    }
}

impl Extend<Bytes> for ChunkQueue {
    fn extend<I: IntoIterator<Item = Bytes>>(&mut self, chunks: I) {
        for chunk in chunks {
            self.push(chunk);
        }
    }
}

impl FromIterator<Bytes> for ChunkQueue {
    fn from_iter<I: IntoIterator<Item = Bytes>>(chunks: I) -> Self {
        let mut queue = Self::new();
        queue.extend(chunks);
        queue
    }
}

impl IntoIterator for ChunkQueue {
    type Item = Bytes;
    type IntoIter = Chunks;

    fn into_iter(self) -> Chunks {
        self.into_chunks()
    }
}
