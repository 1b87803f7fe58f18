use bytes::{Buf, Bytes, BytesMut};

/// The newest bytes of a queue: one owned block into which small chunks are copied.
///
/// Blocks are sized by what the queue needed before it was last empty, so that steady streaming
/// fills one contiguous block a cycle. Beyond that they grow with the queue, by a sixteenth of it,
/// so that a stalled queue wastes little.
pub(super) struct Tail {
    bytes: BytesMut,
    /// Size of the allocation behind `bytes`, as far as it is known.
    allocated: usize,
    /// Sizes of the blocks that were filled since the queue was last empty.
    filled: usize,
    /// What a cycle from empty to empty is expected to copy. Invariant: at most `MAX_BLOCK`.
    expected: usize,
    /// Length of the largest of the last frames: the room that the next one gets. Invariant: at
    /// least `MIN_SPARE`.
    usual_frame: usize,
}

impl Tail {
    /// Copies all of `src` if there is room for it.
    #[inline]
    pub(super) fn try_append(&mut self, src: &[u8]) -> bool {
        let fits = src.len() <= self.spare();
        if fits {
            self.bytes.extend_from_slice(src);
        }
        fits
    }

    /// Copies as much of `src` as there is room for and returns the rest.
    pub(super) fn append_part<'a>(&mut self, src: &'a [u8]) -> &'a [u8] {
        let (part, rest) = src.split_at(src.len().min(self.spare()));
        self.bytes.extend_from_slice(part);
        rest
    }

    /// Makes room for `needed` bytes without a new block, where drained bytes have left some.
    pub(super) fn reclaim(&mut self, needed: usize) -> bool {
        needed <= self.spare() || self.bytes.try_reclaim(needed)
    }

    /// Starts a new block of at least `needed` bytes behind a queue of `queued` bytes.
    ///
    /// The old block must have been sealed.
    pub(super) fn start_block(&mut self, needed: usize, queued: usize) {
        debug_assert!(self.bytes.is_empty());
        self.filled = self.filled.saturating_add(self.allocated);
        let size = self.block_size(queued).max(needed);
        self.bytes = BytesMut::with_capacity(size);
        self.allocated = size;
    }

    /// Returns the size of the block to start behind a queue of `queued` bytes.
    pub(super) fn block_size(&self, queued: usize) -> usize {
        let smallest = if queued == 0 { KEPT_BLOCK } else { MIN_BLOCK };
        let expected = self.expected.saturating_sub(self.filled);
        expected.max(queued / GROWTH).clamp(smallest, MAX_BLOCK)
    }

    /// Takes the bytes out as a chunk of their own. The rest of the block stays for later bytes.
    pub(super) fn seal(&mut self) -> Bytes {
        if self.spare() >= MIN_SPARE {
            return self.bytes.split().freeze();
        }
        self.filled = self.filled.saturating_add(self.allocated);
        self.allocated = 0;
        std::mem::take(&mut self.bytes).freeze()
    }

    /// Takes a sealed chunk back in place of an empty block, which is freed. Gives the chunk back if
    /// its memory is in use elsewhere too.
    pub(super) fn unseal(&mut self, chunk: Bytes) -> Result<(), Bytes> {
        // The block goes first, as it may be the rest of the one that the chunk was cut from.
        self.forget_block();
        self.bytes = chunk.try_into_mut()?;
        self.allocated = self.bytes.capacity();
        self.filled = self.filled.saturating_sub(self.allocated);
        Ok(())
    }

    /// Gives an empty block up.
    fn forget_block(&mut self) {
        self.filled = self.filled.saturating_add(self.allocated);
        self.allocated = 0;
        self.bytes = BytesMut::new();
    }

    /// Takes the bytes out as a chunk of their own without room behind it.
    pub(super) fn seal_exact(&mut self) -> Bytes {
        self.filled = self.used();
        self.allocated = 0;
        freeze_exact(std::mem::take(&mut self.bytes))
    }

    /// Removes `count` bytes from the front.
    #[inline]
    pub(super) fn advance(&mut self, count: usize) {
        self.bytes.advance(count);
    }

    /// Removes all bytes behind the first `length`.
    pub(super) fn truncate(&mut self, length: usize) {
        self.bytes.truncate(length);
    }

    /// Frees the block of an empty queue unless it is small enough to keep.
    #[inline]
    pub(super) fn release(&mut self) {
        if self.allocated > KEPT_BLOCK || self.filled > 0 {
            self.end_cycle();
        }
        self.bytes.clear();
    }

    /// Learns what a cycle copies. One that did not leave a block that is kept teaches nothing: the
    /// block was started in the expectation of no more.
    fn end_cycle(&mut self) {
        self.expected = self.used().max(self.expected / 2).min(MAX_BLOCK);
        self.filled = 0;
        if self.allocated > KEPT_BLOCK {
            self.bytes = BytesMut::new();
            self.allocated = 0;
        }
    }

    /// Tells whether a frame finds the room that the largest of the last ones needed.
    #[inline]
    pub(super) fn has_frame_room(&self) -> bool {
        self.usual_frame <= self.spare()
    }

    /// Returns the room that a frame should find. Smaller frames lower it each time that there is
    /// not so much.
    pub(super) fn expect_usual_frame(&mut self) -> usize {
        let room = self.usual_frame;
        self.usual_frame = (room - room / 4).max(MIN_SPARE);
        room
    }

    /// Returns the block for an encoder. Whoever asks counts afterwards what is left in it.
    #[inline]
    pub(super) fn block(&mut self) -> &mut BytesMut {
        &mut self.bytes
    }

    /// Takes note of a frame that was encoded.
    #[inline]
    pub(super) fn encoded(&mut self, frame: usize) {
        if frame > self.usual_frame {
            self.usual_frame = frame;
        }
    }

    /// Takes note of a block that grew for a frame.
    pub(super) fn grown(&mut self) {
        self.allocated = self.allocated.max(self.bytes.capacity());
    }

    /// Tells whether the block grew so far that it wastes memory behind a queue of `queued` bytes.
    pub(super) fn is_oversized(&self, queued: usize) -> bool {
        self.len() > MAX_BLOCK || self.spare() > self.block_size(queued)
    }

    /// Tells whether the block has more room than a stalled queue of `queued` bytes may waste: it
    /// was sized for more bytes than came.
    pub(super) fn expects_more_than(&self, queued: usize) -> bool {
        !self.is_empty() && self.spare() > (queued / GROWTH).max(MIN_BLOCK)
    }

    /// Forgets what earlier cycles have copied.
    pub(super) fn expect_nothing(&mut self) {
        self.expected = 0;
    }

    #[inline]
    pub(super) fn capacity(&self) -> usize {
        self.bytes.capacity()
    }

    pub(super) fn has_spare(&self) -> bool {
        self.spare() > 0
    }

    #[inline]
    pub(super) fn len(&self) -> usize {
        self.bytes.len()
    }

    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    #[inline]
    pub(super) fn as_slice(&self) -> &[u8] {
        &self.bytes
    }

    /// Returns the bytes that were copied to this block and those before it.
    #[inline]
    fn used(&self) -> usize {
        self.filled.saturating_add(self.allocated.saturating_sub(self.spare()))
    }

    #[inline]
    fn spare(&self) -> usize {
        self.bytes.capacity() - self.bytes.len()
    }
}

impl Default for Tail {
    fn default() -> Self {
        Self {
            bytes: BytesMut::new(),
            allocated: 0,
            filled: 0,
            expected: 0,
            usual_frame: MIN_SPARE,
        }
    }
}

/// Freezes a block and gives back what it has allocated behind its bytes.
pub(super) fn freeze_exact(block: BytesMut) -> Bytes {
    let mut block = Vec::from(block);
    block.shrink_to_fit();
    block.into()
}

/// Largest block that is allocated ahead of need: what the default high mark lets through, plus
/// one merged chunk at the default threshold, so that such a cycle is one contiguous write.
pub(super) const MAX_BLOCK: usize = 65 * 1024;
/// Smallest block behind queued bytes: with it, the queue's own entries cost below 2 %.
pub(super) const MIN_BLOCK: usize = 2 * 1024;
/// Largest block that an empty queue keeps, so that small messages sent one by one allocate
/// nothing.
const KEPT_BLOCK: usize = 1024;
/// A block may be this fraction of the queued bytes, which bounds the waste of a stalled queue.
const GROWTH: usize = 16;
/// Less room than this is not worth keeping, nor worth handing to an encoder.
const MIN_SPARE: usize = 64;
