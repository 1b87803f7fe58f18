use std::mem;

use bytes::BytesMut;

use super::ChunkQueue;
use super::tail::{MAX_BLOCK, MIN_BLOCK, freeze_exact};

impl ChunkQueue {
    /// Appends what `encode` writes behind the end of the block that it is given.
    ///
    /// The block is the queue's own and may hold bytes that were queued before; `encode` must only
    /// append. What it removes of them is gone from the queue, and from the count.
    ///
    /// # Errors
    ///
    /// Returns the error of `encode`; nothing is queued then, also if part of a frame had been
    /// written.
    ///
    /// # Examples
    ///
    /// ```
    /// use bytes::{Buf, BufMut};
    /// use flow_controlled_writer::ChunkQueue;
    ///
    /// let mut queue = ChunkQueue::new();
    /// queue.encode_with(|block| {
    ///     block.put_u16(7);
    ///     Ok::<_, std::io::Error>(())
    /// })?;
    /// assert_eq!(queue.remaining(), 2);
    ///
    /// let failed = queue.encode_with(|block| {
    ///     block.put_u16(8);
    ///     Err::<(), _>("half a frame")
    /// });
    /// assert_eq!(failed, Err("half a frame"));
    /// assert_eq!(queue.remaining(), 2);
    /// # Ok::<_, std::io::Error>(())
    /// ```
    #[inline]
    pub fn encode_with<R, E>(
        &mut self,
        encode: impl FnOnce(&mut BytesMut) -> Result<R, E>,
    ) -> Result<R, E> {
        let mut apart = if self.tail.has_frame_room() { None } else { self.make_frame_room() };
        let (before, capacity) = (self.tail.len(), self.tail.capacity());
        let unfinished = Unfinished { queue: self, before };
        let block = match &mut apart {
            None => unfinished.queue.tail.block(),
            Some(block) => block,
        };
        let result = encode(block)?;
        mem::forget(unfinished);
        match apart {
            None => self.count_frame(before, capacity),
            Some(frame) => self.append_frame(frame),
        }
        Ok(result)
    }

    /// Takes note of how many bytes a frame will copy in parts: where it is the first one, they come
    /// to lie in one block.
    #[cfg(feature = "codec")]
    #[inline]
    pub(crate) fn expect_frame(&mut self, bytes: usize) {
        if self.is_empty() && bytes <= MAX_BLOCK && !self.tail.reclaim(bytes) {
            self.tail.start_block(bytes, 0);
        }
    }

    /// Readies the tail for a frame of the usual size, so that the block need not grow for it.
    /// Returns a block outside of the queue where that would waste room.
    #[cold]
    fn make_frame_room(&mut self) -> Option<BytesMut> {
        let room = self.tail.expect_usual_frame();
        if self.tail.reclaim(room) {
            return None;
        }
        let wasteful = !self.is_empty() && self.tail.has_spare();
        if wasteful || room > self.tail.block_size(self.bytes) {
            // An encoder reserves what a frame needs that is larger than a block; more would be a
            // second copy.
            return Some(BytesMut::with_capacity(if room > MAX_BLOCK { 0 } else { room }));
        }
        self.seal_tail();
        self.tail.start_block(room, self.bytes);
        None
    }

    /// Appends a frame that was encoded outside of the queue: a small one is copied to what room is
    /// left and to the block behind it, a larger one becomes a chunk.
    #[cold]
    fn append_frame(&mut self, frame: BytesMut) {
        self.tail.encoded(frame.len());
        if frame.len() < MIN_BLOCK {
            self.extend_from_slice(&frame);
        } else {
            self.keep(freeze_exact(frame));
        }
    }

    /// Removes what was written of a frame to a block that had `before` bytes.
    #[cold]
    #[inline(never)]
    fn remove_frame(&mut self, before: usize) {
        self.tail.truncate(before);
        self.count_block(before);
    }

    /// Counts what an encoder has left of a block that had `before` bytes and this `capacity`.
    #[inline]
    fn count_frame(&mut self, before: usize, capacity: usize) {
        let after = self.tail.len();
        if after > before && self.tail.capacity() == capacity {
            self.tail.encoded(after - before);
            self.add(after - before);
        } else {
            self.count_block(before);
        }
    }

    /// Counts a block that has grown or that has no more bytes than `before`.
    #[cold]
    #[inline(never)]
    fn count_block(&mut self, before: usize) {
        let after = self.tail.len();
        self.tail.encoded(after.saturating_sub(before));
        self.tail.grown();
        self.bytes -= before;
        self.add(after);
        if self.tail.is_oversized(self.bytes) {
            self.seal_exact();
        }
        if self.is_empty() {
            self.removed();
        }
    }
}

/// A frame that is being encoded. Dropped by an error or a panic of the encoder only: removes what
/// was written of it.
struct Unfinished<'a> {
    queue: &'a mut ChunkQueue,
    /// Length of the tail before the frame.
    before: usize,
}

impl Drop for Unfinished<'_> {
    // Inlined, so that a frame which succeeds need not keep these values in memory.
    #[inline(always)]
    fn drop(&mut self) {
        self.queue.remove_frame(self.before);
    }
}
