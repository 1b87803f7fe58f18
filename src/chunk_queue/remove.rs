use bytes::Buf;

use super::{ChunkQueue, KEPT_ENTRIES, Kept, LEAST_FRAME_ROOM, Pace, spare};

/// Kept chunks that were taken back, to be dropped when all is counted.
#[must_use]
pub(crate) struct Removed {
    _kept: Vec<Kept>,
}

/// How bytes leave. What a kept chunk owns may run foreign code when it is dropped, and panic: by then
/// all is counted.
impl ChunkQueue {
    /// Removes all bytes and frees their memory.
    ///
    /// # Examples
    ///
    /// ```
    /// use bytes::Buf;
    /// use flow_controlled_writer::ChunkQueue;
    ///
    /// let mut queue = ChunkQueue::new();
    /// queue.push("hello");
    /// queue.clear();
    /// assert_eq!(queue.remaining(), 0);
    /// ```
    pub fn clear(&mut self) {
        self.release();
    }

    /// Counts `count` bytes from the front out, of those that there are. Returns how many kept chunks
    /// are spent; nothing but [`drop_spent`](Self::drop_spent) may be called before they are dropped.
    #[inline]
    pub(crate) fn trim(&mut self, count: usize) -> usize {
        self.bytes -= count;
        if self.bytes > 0 {
            return self.trim_part(count);
        }
        (self.run, self.cuts) = (0, 0);
        self.kept.len()
    }

    fn trim_part(&mut self, mut count: usize) -> usize {
        let mut spent = 0;
        while count > 0 {
            let Some(front) = self.kept.get_mut(spent) else {
                self.cuts -= self.blocks.drain(count, self.run);
                self.run -= count;
                return spent;
            };
            let copied = count.min(front.before);
            if copied > 0 {
                self.cuts -= self.blocks.drain(copied, front.before);
                self.cuts -= usize::from(copied == front.before);
                front.before -= copied;
                count -= copied;
            }
            if count < front.chunk.len() {
                front.chunk.advance(count);
                return spent;
            }
            count -= front.chunk.len();
            spent += 1;
        }
        spent
    }

    /// Drops the chunks that a [`trim`](Self::trim) has spent.
    #[inline]
    pub(crate) fn drop_spent(&mut self, spent: usize) {
        match spent {
            _ if self.bytes == 0 => self.release(),
            0 => {}
            1 => drop(self.kept.pop_front()),
            _ => drop(self.kept.drain(..spent)),
        }
        self.check();
    }

    /// Gives back what is allocated beyond the bytes of a queue whose inner writer takes no more for
    /// now, having taken `taken` bytes in this poll: by small copies, or by any where it took nothing at
    /// all.
    pub(crate) fn wait(&mut self, taken: usize) {
        if taken == 0 {
            self.pace = Pace::Stalled;
            self.fit(usize::MAX);
        } else {
            self.fit(SMALL_COPY);
        }
    }

    /// Tells whether the inner writer has taken nothing in a whole poll since the queue was last empty.
    pub(crate) fn is_stalled(&self) -> bool {
        self.pace == Pace::Stalled
    }

    /// Removes what was appended since the queue had `size` bytes, as whole chunks and slices, if
    /// nothing has left it in between. What is missing of these `size` bytes stays so.
    #[cold]
    #[inline(never)]
    pub(crate) fn roll_back(&mut self, size: usize) -> Removed {
        let mut removed = Vec::new();
        while self.bytes > size {
            let copied = self.run.min(self.bytes - size);
            self.bytes -= copied;
            self.cuts -= self.blocks.truncate_by(copied, self.run);
            self.run -= copied;
            if self.bytes == size {
                break;
            }
            if let Some(last) = self.kept.pop_back() {
                self.bytes -= last.chunk.len();
                self.cuts -= usize::from(last.before > 0);
                self.run = last.before;
                removed.push(last);
            }
        }
        self.settle();
        Removed { _kept: removed }
    }

    /// Tidies up after bytes were removed from the end, or a block was put in the place of another.
    pub(super) fn settle(&mut self) {
        if self.bytes == 0 {
            self.release();
        } else {
            self.fit(usize::MAX);
            self.check();
        }
    }

    /// Takes note of `count` bytes that an encoder has removed from the end of the newest block.
    pub(super) fn lose(&mut self, count: usize) {
        self.run -= count;
        self.bytes -= count;
        // An empty block goes.
        self.cuts -= self.blocks.truncate_by(0, self.run);
    }

    /// Frees what is allocated beyond what a stalled queue of this size may cost, by copies of up to `most`
    /// bytes.
    fn fit(&mut self, most: usize) {
        // It may be found in three places at once: before the bytes, behind them and in lists.
        let waste = self.bytes / 48 + LEAST_WASTE;
        self.blocks.fit(waste, most);
        let (held, room) = (self.kept.len(), self.kept.capacity() - self.kept.len());
        // What it has just grown by stays, or each chunk and poll would copy the list.
        let is_wasteful = room > held / 2 + KEPT_ENTRIES && room * size_of::<Kept>() > waste;
        if is_wasteful && held * size_of::<Kept>() <= most {
            self.kept.shrink_to_fit();
        }
    }

    /// Empties the queue and gives its memory back.
    #[inline]
    pub(super) fn release(&mut self) {
        (self.run, self.bytes, self.cuts) = (0, 0, 0);
        // Slowly: a large frame now and then still finds its room.
        self.frame_room -= (self.frame_room - LEAST_FRAME_ROOM) / 32;
        self.blocks.release(self.pace);
        if self.kept.capacity() > 0 {
            self.release_kept();
        }
        self.pace = Pace::Flowing;
        self.check();
    }

    #[inline(never)]
    fn release_kept(&mut self) {
        let pace = std::mem::replace(&mut self.pace, Pace::Flowing);
        if self.kept.capacity() <= KEPT_ENTRIES {
            return self.kept.clear();
        }
        let mut entries = std::mem::take(&mut self.kept);
        entries.clear();
        if pace == Pace::Flowing {
            self.kept = spare::give_entries(entries, KEPT_ENTRIES);
        }
    }
}

/// Bytes that are copied at once to give a larger block back: no more than half a microsecond.
const SMALL_COPY: usize = 16 * 1024;
/// Waste that is left alone, in bytes, before the bytes of a block, behind them, and in entries.
const LEAST_WASTE: usize = 256;
