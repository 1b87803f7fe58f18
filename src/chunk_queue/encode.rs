use std::mem;

use bytes::BytesMut;

use super::ChunkQueue;
#[cfg(feature = "codec")]
use super::tail::MAX_BLOCK;
use super::tail::{MIN_BLOCK, freeze_exact};

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
        if self.tail.has_frame_room() || self.make_frame_room() {
            self.encode_in_place(encode)
        } else {
            self.encode_apart(encode)
        }
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
    /// Returns `false` where that would waste room.
    #[cold]
    fn make_frame_room(&mut self) -> bool {
        let room = self.tail.frame_room();
        if self.tail.reclaim(room) {
            return true;
        }
        let wasteful = !self.is_empty() && self.tail.has_spare();
        if wasteful || room > self.tail.block_size(self.bytes) {
            return false;
        }
        self.seal_tail();
        self.tail.start_block(room, self.bytes);
        true
    }

    #[inline]
    fn encode_in_place<R, E>(
        &mut self,
        encode: impl FnOnce(&mut BytesMut) -> Result<R, E>,
    ) -> Result<R, E> {
        let (before, capacity) = (self.tail.len(), self.tail.capacity());
        let frame = Frame { queue: self, before, capacity };
        let result = encode(frame.queue.tail.block());
        if result.is_ok() {
            mem::forget(frame);
            self.count_frame(before, capacity);
        }
        result
    }

    /// Encodes outside of the block: a small frame is copied to what room is left and to the block
    /// behind it, a larger one becomes a chunk.
    #[cold]
    fn encode_apart<R, E>(
        &mut self,
        encode: impl FnOnce(&mut BytesMut) -> Result<R, E>,
    ) -> Result<R, E> {
        let mut frame = self.tail.frame_apart();
        let result = encode(&mut frame)?;
        self.tail.encoded(frame.len());
        if frame.len() < MIN_BLOCK {
            self.extend_from_slice(&frame);
        } else {
            self.keep(freeze_exact(frame));
        }
        Ok(result)
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
struct Frame<'a> {
    queue: &'a mut ChunkQueue,
    /// Length of the tail before the frame.
    before: usize,
    /// Capacity of the tail before the frame.
    capacity: usize,
}

impl Drop for Frame<'_> {
    #[cold]
    fn drop(&mut self) {
        self.queue.tail.truncate(self.before);
        self.queue.count_frame(self.before, self.capacity);
    }
}
