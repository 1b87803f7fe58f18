use std::collections::vec_deque;
use std::fmt;
use std::iter::FusedIterator;

use super::blocks::Pieces;
use super::{ChunkQueue, Kept};

impl ChunkQueue {
    /// Returns the queued bytes as slices, oldest first, none of them empty.
    ///
    /// # Examples
    ///
    /// ```
    /// use flow_controlled_writer::ChunkQueue;
    ///
    /// let mut queue = ChunkQueue::with_coalesce_threshold(4);
    /// queue.extend(["one".into(), "two".into(), "three".into()]);
    /// assert_eq!(queue.slices().collect::<Vec<_>>(), [&b"onetwo"[..], b"three"]);
    /// ```
    #[must_use]
    pub fn slices(&self) -> Slices<'_> {
        Slices {
            pieces: self.blocks.pieces(),
            piece: &[],
            kept: self.kept.iter(),
            chunk: &[],
            run: 0,
            last_run: self.run,
        }
    }
}

/// The slices of a [`ChunkQueue`]; see [`ChunkQueue::slices`].
pub struct Slices<'a> {
    /// The pieces of copied bytes behind `piece`.
    pieces: Pieces<'a>,
    /// What is left of a piece.
    piece: &'a [u8],
    /// The kept chunks behind `chunk`.
    kept: vec_deque::Iter<'a, Kept>,
    /// The kept chunk that comes behind the run, or nothing.
    chunk: &'a [u8],
    /// What is left of a run of copied bytes.
    run: usize,
    /// The run behind all kept chunks.
    last_run: usize,
}

impl<'a> Iterator for Slices<'a> {
    type Item = &'a [u8];

    #[inline]
    fn next(&mut self) -> Option<&'a [u8]> {
        if self.run == 0 && self.chunk.is_empty() {
            match self.kept.next() {
                Some(Kept { before, chunk }) => (self.run, self.chunk) = (*before, chunk),
                None => self.run = std::mem::take(&mut self.last_run),
            }
        }
        if self.run == 0 {
            let chunk = std::mem::take(&mut self.chunk);
            return (!chunk.is_empty()).then_some(chunk);
        }
        if self.piece.is_empty() {
            self.piece = self.pieces.next()?;
        }
        let (slice, rest) = self.piece.split_at(self.piece.len().min(self.run));
        self.piece = rest;
        self.run -= slice.len();
        Some(slice)
    }
}

impl FusedIterator for Slices<'_> {}

impl fmt::Debug for Slices<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Slices").finish_non_exhaustive()
    }
}
