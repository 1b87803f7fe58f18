use std::mem;

use bytes::BytesMut;

use super::{ChunkQueue, Pace, spare};

/// Whether an encoder has left the bytes that were there before its frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub(crate) enum Integrity {
    Intact,
    /// The block is shorter than it was.
    Torn,
}

impl ChunkQueue {
    /// Appends what `encode` writes behind the end of the block that it is given.
    ///
    /// The block may hold bytes that were queued before, as that of tokio-util's `FramedWrite`, or
    /// be an empty one. `encode` must only append: what it changes is queued as it is then, and what it
    /// removes is gone from the queue, and from the count.
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
        self.encode(encode).0
    }

    /// Appends what `encode` writes, and tells whether it has left what was there before.
    #[inline]
    pub(crate) fn encode<R, E>(
        &mut self,
        encode: impl FnOnce(&mut BytesMut) -> Result<R, E>,
    ) -> (Result<R, E>, Integrity) {
        if !self.has_frame_room() && !self.make_frame_room() {
            return (self.encode_apart(encode), Integrity::Intact);
        }
        let (before, capacity) = (self.blocks.tail_len(), self.blocks.tail_capacity());
        let unfinished = Unfinished { queue: self, before, capacity };
        match encode(unfinished.queue.blocks.tail()) {
            Ok(result) => {
                mem::forget(unfinished);
                (Ok(result), self.count_frame(before, capacity))
            }
            Err(error) => (Err(error), unfinished.take_back()),
        }
    }

    /// Lets `encode` write to a block that is not in the queue, the thread's if it has one. A large
    /// frame stays there; a small one is copied to what room is left and to the block behind it.
    #[cold]
    fn encode_apart<R, E>(
        &mut self,
        encode: impl FnOnce(&mut BytesMut) -> Result<R, E>,
    ) -> Result<R, E> {
        let room = self.frame_room.min(MOST_FRAME_ROOM);
        let mut block = spare::take_block(room).unwrap_or_else(|| BytesMut::with_capacity(room));
        let result = encode(&mut block)?;
        self.append_frame(block);
        Ok(result)
    }

    #[inline(never)]
    fn append_frame(&mut self, mut block: BytesMut) {
        let frame = block.len();
        self.frame_room = self.frame_room.max(frame);
        if hides_room(&mut block) || !self.adopts(&block) {
            self.extend_from_slice(&block);
            return spare::put_back(block);
        }
        self.bytes = self.with_more(frame);
        self.cuts += usize::from(self.run > 0);
        self.run += frame;
        self.blocks.begin(block);
        self.check();
    }

    /// Tells whether a frame becomes a part of the queue with its block: one that is worth it and
    /// wastes little or, where the queue is empty and flows, will not waste it for long.
    fn adopts(&self, block: &BytesMut) -> bool {
        let frame = block.len();
        let waste = block.capacity() - frame;
        let left = if self.blocks.tail_len() > 0 { self.blocks.room() } else { 0 };
        frame > self.blocks.kept()
            && (left + waste <= frame / 32
                || (self.is_empty() && self.pace == Pace::Flowing && waste / 4 < frame))
    }

    /// Tells whether a frame may be written behind the newest bytes: there is the room that it is
    /// likely to take, and no kept chunk or drained bytes in between.
    #[inline]
    fn has_frame_room(&self) -> bool {
        self.frame_room <= self.blocks.room() && self.blocks.tail_len() <= self.run
    }

    /// Makes room for a frame where one block holds all copied bytes: for a small one as for a slice,
    /// for a larger one in what the thread keeps.
    #[cold]
    #[inline(never)]
    fn make_frame_room(&mut self) -> bool {
        if self.blocks.live_tail() > self.run {
            return false;
        }
        if self.frame_room <= self.blocks.kept() {
            self.blocks.make_room(self.frame_room, self.pace);
        } else if self.pace == Pace::Flowing {
            self.blocks.move_to_spare(self.frame_room);
        }
        self.has_frame_room()
    }

    /// Counts what an encoder has written behind `before` bytes.
    #[inline]
    fn count_frame(&mut self, before: usize, capacity: usize) -> Integrity {
        let after = self.blocks.tail_len();
        if after < before || self.blocks.tail_capacity() != capacity {
            return self.count_odd_frame(before, capacity);
        }
        let frame = after - before;
        if frame > self.frame_room {
            self.frame_room = frame;
        }
        self.add_frame(before, frame);
        self.check();
        Integrity::Intact
    }

    /// Counts a frame behind the first `before` bytes of the newest block.
    #[inline]
    fn add_frame(&mut self, before: usize, frame: usize) {
        if self.bytes.checked_add(frame).is_none() {
            self.blocks.tail().truncate(before);
        }
        self.bytes = self.with_more(frame);
        self.run += frame;
    }

    /// Counts a frame in a block that is shorter than it was, or another one.
    #[cold]
    #[inline(never)]
    fn count_odd_frame(&mut self, before: usize, capacity: usize) -> Integrity {
        let after = self.blocks.tail_len();
        if let Some(lost) = before.checked_sub(after).filter(|&lost| lost > 0) {
            self.lose(lost);
            self.settle();
            return Integrity::Torn;
        }
        let (frame, room) = (after - before, capacity - before);
        // One that fitted and grew the block all the same has reserved more than there was.
        let needed = if frame <= room { room + frame } else { frame };
        self.frame_room = self.frame_room.max(needed);
        self.add_frame(before, frame);
        if hides_room(self.blocks.tail()) {
            self.blocks.renew_tail();
        }
        self.settle();
        Integrity::Intact
    }

    /// Removes what was written of a frame behind `before` bytes.
    #[cold]
    #[inline(never)]
    fn take_back(&mut self, before: usize, capacity: usize) -> Integrity {
        self.blocks.tail().truncate(before);
        let is_same = self.blocks.tail_capacity() == capacity;
        if is_same && self.blocks.tail_len() == before {
            return Integrity::Intact;
        }
        self.count_odd_frame(before, capacity.max(before))
    }
}

/// A frame that is being encoded. Dropped by a panic of the encoder only.
struct Unfinished<'a> {
    queue: &'a mut ChunkQueue,
    /// Length of the block before the frame.
    before: usize,
    capacity: usize,
}

impl Unfinished<'_> {
    /// Removes what was written of the frame.
    #[cold]
    fn take_back(self) -> Integrity {
        let integrity = self.queue.take_back(self.before, self.capacity);
        mem::forget(self);
        integrity
    }
}

impl Drop for Unfinished<'_> {
    // Inlined, so that a frame which succeeds need not keep these values in memory.
    #[inline(always)]
    fn drop(&mut self) {
        let _ = self.queue.take_back(self.before, self.capacity);
    }
}

/// Tells whether a block is a cut of a larger one, which it would hold. It does not show that, but it can be
/// extended without a copy if nobody else holds the larger one.
fn hides_room(block: &mut BytesMut) -> bool {
    let room = block.len() / 32 + LEAST_HIDDEN;
    block.capacity() - block.len() < room && block.try_reclaim(room)
}

/// Hidden room that is left alone, in bytes.
const LEAST_HIDDEN: usize = 256;
/// Room that is allocated for a frame apart, at the most: a larger one is reserved by its encoder.
const MOST_FRAME_ROOM: usize = 4 * 1024;
