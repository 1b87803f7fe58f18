use bytes::BytesMut;

use super::ChunkQueue;
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
    pub fn encode_with<R, E>(
        &mut self,
        encode: impl FnOnce(&mut BytesMut) -> Result<R, E>,
    ) -> Result<R, E> {
        if self.make_frame_room() {
            self.encode_in_place(encode)
        } else {
            self.encode_apart(encode)
        }
    }

    /// Readies the tail for a frame of the usual size, so that the block need not grow for it.
    /// Returns `false` where that would waste room.
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

    fn encode_in_place<R, E>(
        &mut self,
        encode: impl FnOnce(&mut BytesMut) -> Result<R, E>,
    ) -> Result<R, E> {
        let before = self.tail.len();
        let mut frame = Frame { queue: self, before, complete: false };
        let result = frame.queue.tail.encode(encode);
        frame.complete = result.is_ok();
        drop(frame);
        result
    }

    /// Encodes outside of the block: a small frame is copied to what room is left and to the block
    /// behind it, a larger one becomes a chunk.
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
}

/// A frame that is being encoded. Dropped before it is complete, by an error or a panic of the
/// encoder, it removes what was written of it.
struct Frame<'a> {
    queue: &'a mut ChunkQueue,
    /// Length of the tail before the frame.
    before: usize,
    complete: bool,
}

impl Drop for Frame<'_> {
    fn drop(&mut self) {
        let queue = &mut *self.queue;
        if !self.complete {
            queue.tail.truncate(self.before);
        }
        let after = queue.tail.len();
        queue.tail.encoded(after.saturating_sub(self.before));
        queue.bytes -= self.before;
        queue.add(after);
        if queue.tail.is_oversized(queue.bytes) {
            queue.seal_exact();
        }
        if queue.is_empty() {
            queue.removed();
        }
    }
}
