use std::collections::VecDeque;

use super::{ChunkQueue, KEPT_CHUNKS, MAX_EXPECTED_CHUNKS};

/// How bytes leave.
impl ChunkQueue {
    /// Removes bytes from the back until `size` are left; does nothing if it holds no more.
    pub(crate) fn truncate(&mut self, size: usize) {
        while self.bytes > size {
            let excess = self.bytes - size;
            if !self.tail.is_empty() {
                let cut = excess.min(self.tail.len());
                self.tail.truncate(self.tail.len() - cut);
                self.bytes -= cut;
            } else if let Some(mut last) = self.chunks.pop_back() {
                let cut = excess.min(last.len());
                last.truncate(last.len() - cut);
                self.bytes -= cut;
                if !last.is_empty() {
                    self.chunks.push_back(last);
                }
            }
        }
        self.unseal_tail();
        self.removed();
    }

    /// Removes `count` bytes from the front, fewer than there are.
    pub(super) fn remove_part(&mut self, mut count: usize) {
        self.peak_chunks = self.peak_chunks.max(self.chunks.len());
        while count > 0 {
            count -= self.trim_front(count);
        }
        self.check();
    }

    /// Removes up to `count` bytes from the front of the oldest chunk and returns how many.
    fn trim_front(&mut self, count: usize) -> usize {
        let Some(front) = self.chunks.front_mut() else {
            let cut = count.min(self.tail.len());
            self.tail.advance(cut);
            self.bytes -= cut;
            return cut;
        };
        let cut = count.min(front.len());
        self.bytes -= cut;
        if cut < front.len() {
            bytes::Buf::advance(front, cut);
        } else {
            self.chunks.pop_front();
        }
        cut
    }

    /// Tidies up after bytes were removed: a queue that ran empty gives its memory back.
    pub(super) fn removed(&mut self) {
        if self.bytes == 0 {
            self.remove_all();
        } else {
            self.check();
        }
    }

    /// Removes all bytes and gives their memory back.
    #[inline]
    pub(super) fn remove_all(&mut self) {
        self.bytes = 0;
        self.tail.release();
        if !self.chunks.is_empty() || self.peak_chunks > 0 {
            self.release_chunks();
        }
        self.check();
    }

    fn release_chunks(&mut self) {
        self.expected_chunks = self.peak_chunks.max(self.chunks.len()).min(MAX_EXPECTED_CHUNKS);
        self.peak_chunks = 0;
        if self.chunks.capacity() > KEPT_CHUNKS {
            self.chunks = VecDeque::new();
        } else {
            self.chunks.clear();
        }
    }
}
