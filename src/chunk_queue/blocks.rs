use std::collections::{VecDeque, vec_deque};

use bytes::{Bytes, BytesMut};

use super::{Pace, spare};

/// The copied bytes of a queue, first in, first out. They stay in the blocks to which they were
/// copied; which of them lie between which kept chunks is the queue's to know.
///
/// A queue begins with a small block of its own. When that is full its bytes move to a larger one,
/// the thread's [spare](spare) if there is one, so that what comes in fast is drained as one piece.
/// Without a spare, and once the inner writer stalls, blocks are a sixteenth of what is queued, so
/// that the room in the newest of them is no more.
pub(super) struct Blocks {
    /// Largest block, in bytes, that stays when all are empty.
    kept: usize,
    /// The newest block, to which bytes are copied.
    tail: BytesMut,
    /// The blocks before it, oldest first. Invariant: none is empty.
    full: VecDeque<BytesMut>,
    /// Bytes at the front of the oldest block that have been drained. Invariant: less than its
    /// length, or 0.
    drained: usize,
}

impl Blocks {
    pub(super) fn new(kept: usize) -> Self {
        Self { kept, tail: BytesMut::new(), full: VecDeque::new(), drained: 0 }
    }

    /// Returns the largest block, in bytes, that stays when all are empty.
    pub(super) fn kept(&self) -> usize {
        self.kept
    }

    pub(super) fn set_kept(&mut self, kept: usize) {
        self.kept = kept;
    }

    /// Copies all of `src` if there is room for it.
    #[inline]
    pub(super) fn try_append(&mut self, src: &[u8]) -> bool {
        let fits = src.len() <= self.room();
        if fits {
            self.tail.extend_from_slice(src);
        }
        fits
    }

    /// Copies all of `src` behind a queue of `queued` bytes, where there is not the room. Returns how
    /// much of it went to the old block, if a new one was begun.
    pub(super) fn append_in_new_block(
        &mut self,
        src: &[u8],
        queued: usize,
        pace: Pace,
    ) -> Option<usize> {
        if self.make_room(src.len(), pace) {
            self.tail.extend_from_slice(src);
            return None;
        }
        let (part, rest) = src.split_at(src.len().min(self.room()));
        self.tail.extend_from_slice(part);
        let size = (queued / GROWTH).clamp(MIN_BLOCK, MAX_BLOCK).max(rest.len());
        self.begin(BytesMut::with_capacity(size));
        self.tail.extend_from_slice(rest);
        Some(part.len())
    }

    /// Makes room for `needed` bytes behind those of a single block: in the place of drained bytes
    /// or, if the block is a small one, in a larger one. Returns whether there is room now.
    pub(super) fn make_room(&mut self, needed: usize, pace: Pace) -> bool {
        if !self.full.is_empty() {
            return false;
        }
        let live = self.live_tail();
        let total = live + needed;
        let is_small = self.tail.capacity() <= SMALL_BLOCK;
        if total <= self.tail.capacity() && (is_small || live <= self.drained) {
            self.shift();
        } else if total <= self.kept && is_small {
            let capacity =
                if total <= FIRST_BLOCK { FIRST_BLOCK.min(self.kept) } else { self.kept };
            self.move_to(BytesMut::with_capacity(capacity));
        } else if (pace == Pace::Stalled || !self.move_to_spare(needed))
            && self.tail.capacity() <= self.kept
        {
            self.move_to(BytesMut::with_capacity(total.max(MIN_BLOCK)));
        }
        needed <= self.room()
    }

    /// Moves the bytes of the newest block, if it is a small one, to the one that the thread keeps, if that
    /// has room for `needed` more. Returns whether it has.
    pub(super) fn move_to_spare(&mut self, needed: usize) -> bool {
        if self.tail.capacity() > SMALL_BLOCK {
            return false;
        }
        let spare = spare::take_block(self.live_tail() + needed);
        let is_there = spare.is_some();
        if let Some(block) = spare {
            spare::put_back(self.move_to(block));
        }
        is_there
    }

    /// Begins a new block, with the bytes that it may hold already.
    pub(super) fn begin(&mut self, block: BytesMut) {
        let old = std::mem::replace(&mut self.tail, block);
        if old.is_empty() {
            return;
        }
        if self.full.len() == self.full.capacity() {
            // By less than half as much again: beside small blocks the room for their entries counts.
            self.full.reserve_exact((self.full.len() / 4).max(LEAST_GROWTH));
        }
        self.full.push_back(old);
    }

    /// Returns the oldest bytes that lie in one piece, at most `limit`.
    #[inline]
    pub(super) fn front(&self, limit: usize) -> &[u8] {
        let front = &self.full.front().unwrap_or(&self.tail)[self.drained..];
        &front[..front.len().min(limit)]
    }

    /// Returns the pieces in which the bytes lie, oldest first.
    #[inline]
    pub(super) fn pieces(&self) -> Pieces<'_> {
        Pieces { full: self.full.iter(), tail: Some(&self.tail), drained: self.drained }
    }

    /// Removes `count` bytes from the front, which belong to a run of `run`. Returns how many blocks
    /// that run has left.
    #[inline]
    pub(super) fn drain(&mut self, count: usize, run: usize) -> usize {
        if self.full.is_empty() {
            self.drained += count;
            if self.drained == self.tail.len() {
                self.tail.clear();
                self.drained = 0;
            }
            return 0;
        }
        self.drain_blocks(count, run)
    }

    fn drain_blocks(&mut self, count: usize, run: usize) -> usize {
        let (mut left, mut blocks) = (count, 0);
        while let Some(front) = self.full.front() {
            let cut = left.min(front.len() - self.drained);
            self.drained += cut;
            left -= cut;
            if self.drained < front.len() {
                return blocks;
            }
            self.drained = 0;
            self.full.pop_front();
            blocks += usize::from(left > 0 || run > count);
        }
        self.drain(left, 0);
        blocks
    }

    /// Removes `count` bytes from the back, which belong to a run of `run`. Returns how many blocks that
    /// run has left.
    pub(super) fn truncate_by(&mut self, count: usize, run: usize) -> usize {
        let (mut left, mut blocks) = (count, 0);
        loop {
            let cut = left.min(self.tail.len());
            self.tail.truncate(self.tail.len() - cut);
            left -= cut;
            if !self.tail.is_empty() {
                break;
            }
            let Some(last) = self.full.pop_back() else { break };
            self.tail = last;
            blocks += usize::from(left > 0 || run > count);
        }
        if self.full.is_empty() && self.drained >= self.tail.len() {
            self.tail.clear();
            self.drained = 0;
        }
        blocks
    }

    /// Gives the memory of emptied blocks back, but for a small one.
    #[inline]
    pub(super) fn release(&mut self, pace: Pace) {
        self.drained = 0;
        if self.tail.capacity() > self.kept || self.full.capacity() > 0 {
            return self.release_blocks(pace);
        }
        self.tail.clear();
        spare::not_needed();
    }

    #[inline(never)]
    fn release_blocks(&mut self, pace: Pace) {
        let full = std::mem::take(&mut self.full);
        if pace == Pace::Flowing && full.capacity() > 0 {
            // One block for all would have been drained in one piece. Each block is looked at once, when it is
            // freed.
            let total: usize = full.iter().map(BytesMut::len).sum();
            spare::provide_block(MAX_BLOCK.max(total + self.tail.len()));
        }
        if self.tail.capacity() <= self.kept {
            return self.tail.clear();
        }
        let tail = std::mem::take(&mut self.tail);
        // That of a large frame also after a stall: most sockets are full but for a moment, and the next
        // such frame needs one again.
        if full.capacity() == 0 && (pace == Pace::Flowing || tail.capacity() > MAX_BLOCK) {
            self.tail = spare::give_block(tail, self.kept);
        }
    }

    /// Gives back what is allocated beyond the bytes, but for as much as `waste` before them, behind
    /// them and in the list: small chunks that come one by one to a stalled queue share a block. Copies up to
    /// `most` bytes at a time for that.
    ///
    /// A block that was made here is not copied again before a share of what it holds has left or come in.
    pub(super) fn fit(&mut self, waste: usize, most: usize) {
        // A steady stream finds room in one block, and is to find it again.
        let most = if self.full.is_empty() { most } else { most.max(MAX_BLOCK) };
        if let Some(front) = self.full.front_mut() {
            if self.drained > waste && front.len() - self.drained <= most {
                *front = BytesMut::from(&front[self.drained..]);
                self.drained = 0;
            }
        }
        let room = self.full.capacity() - self.full.len();
        if room > self.full.len() / 4 + LEAST_GROWTH && room * size_of::<BytesMut>() > waste {
            self.full.shrink_to_fit();
        }
        let live = self.live_tail();
        let is_wasteful = self.tail.len() - live > waste || self.room() > waste;
        if is_wasteful && self.tail.capacity() > self.kept && live <= most {
            let old = self.move_to(BytesMut::with_capacity((live + waste / 2).max(self.kept)));
            if old.capacity() > MAX_BLOCK {
                drop(spare::give_block(old, 0));
            }
        }
    }

    /// Returns the bytes as chunks that share the blocks.
    pub(super) fn into_chunks(mut self) -> VecDeque<Bytes> {
        self.begin(BytesMut::new());
        let mut chunks: VecDeque<Bytes> = self.full.into_iter().map(BytesMut::freeze).collect();
        if let Some(front) = chunks.front_mut() {
            *front = front.slice(self.drained..);
        }
        chunks
    }

    /// Tells whether some piece may have `length` bytes.
    pub(super) fn is_long(&self, length: usize) -> bool {
        self.tail.len() >= length || !self.full.is_empty()
    }

    /// Returns the room behind the newest bytes.
    #[inline]
    pub(super) fn room(&self) -> usize {
        self.tail.capacity() - self.tail.len()
    }

    /// Returns the newest block. Whoever changes it counts afterwards what is left in it.
    #[inline]
    pub(super) fn tail(&mut self) -> &mut BytesMut {
        &mut self.tail
    }

    #[inline]
    pub(super) fn tail_len(&self) -> usize {
        self.tail.len()
    }

    /// Returns the bytes in the newest block that were not drained.
    pub(super) fn live_tail(&self) -> usize {
        self.tail.len() - if self.full.is_empty() { self.drained } else { 0 }
    }

    #[inline]
    pub(super) fn tail_capacity(&self) -> usize {
        self.tail.capacity()
    }

    /// Moves the bytes of the newest block to one of their size.
    pub(super) fn renew_tail(&mut self) {
        self.move_to(BytesMut::with_capacity(self.live_tail()));
    }

    /// Moves the bytes of the newest block to the place of those before them, which were drained.
    fn shift(&mut self) {
        let live = self.tail.len() - self.drained;
        self.tail.copy_within(self.drained.., 0);
        self.tail.truncate(live);
        self.drained = 0;
    }

    /// Moves the bytes of the newest block to another one, which takes its place. Returns the old one.
    fn move_to(&mut self, mut block: BytesMut) -> BytesMut {
        let drained = if self.full.is_empty() { std::mem::take(&mut self.drained) } else { 0 };
        block.extend_from_slice(&self.tail[drained..]);
        std::mem::replace(&mut self.tail, block)
    }
}

/// The pieces of [`Blocks`], oldest first.
pub(super) struct Pieces<'a> {
    full: vec_deque::Iter<'a, BytesMut>,
    tail: Option<&'a BytesMut>,
    drained: usize,
}

impl<'a> Iterator for Pieces<'a> {
    type Item = &'a [u8];

    #[inline]
    fn next(&mut self) -> Option<&'a [u8]> {
        let block = self.full.next().or_else(|| self.tail.take())?;
        Some(&block[std::mem::take(&mut self.drained)..])
    }
}

/// Largest block that is allocated ahead of need: what the default high mark lets through, plus
/// one merged chunk at the default threshold, so that such a cycle is one contiguous write.
const MAX_BLOCK: usize = 65 * 1024;
/// Blocks up to this size are left for a larger one: to copy them costs some 50 ns at the most.
const SMALL_BLOCK: usize = 2 * 1024;
/// First block of a queue that begins with little.
const FIRST_BLOCK: usize = 512;
/// Smallest block but the first: with it, the entry of a block costs below 4 %.
const MIN_BLOCK: usize = 1024;
/// Entries by which the list of full blocks grows at the least.
const LEAST_GROWTH: usize = 4;
/// A block may be this fraction of the queued bytes, which bounds the waste of a stalled queue.
const GROWTH: usize = 16;
