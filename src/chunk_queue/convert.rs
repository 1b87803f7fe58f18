use std::collections::vec_deque;

use bytes::Bytes;

use super::ChunkQueue;

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
    pub fn into_chunks(mut self) -> vec_deque::IntoIter<Bytes> {
        self.seal_tail();
        self.chunks.into_iter()
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
    type IntoIter = vec_deque::IntoIter<Bytes>;

    fn into_iter(self) -> Self::IntoIter {
        self.into_chunks()
    }
}
