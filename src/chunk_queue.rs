mod buf;
mod convert;
mod encode;
mod remove;
mod tail;

use std::collections::VecDeque;
use std::fmt;

use bytes::Bytes;

use self::tail::{MAX_BLOCK, Tail};

/// A queue of bytes in chunks that always knows its size.
///
/// The number of queued bytes ([`Buf::remaining`](bytes::Buf::remaining)) is kept as bytes enter
/// and leave, so asking for it costs the same at any depth.
///
/// Chunks below the coalesce threshold are copied to an owned block at the end of the queue and
/// so become one chunk with their neighbours; they do not pin the larger allocation that they may
/// have been cut from. Larger chunks are kept as they are, without a copy. Order is never changed
/// and no chunk is ever empty.
///
/// An empty queue that was never used holds no heap; one that has been drained keeps at most
/// 1.5 KiB.
///
/// Read it through [`Buf`](bytes::Buf), which removes bytes from the front.
///
/// # Panics
///
/// All methods that add bytes panic if the size would exceed `usize::MAX`, which takes a shared
/// `Bytes` queued many times over.
///
/// # Examples
///
/// ```
/// use bytes::{Buf, Bytes};
/// use flow_controlled_writer::ChunkQueue;
///
/// let mut queue = ChunkQueue::new();
/// queue.push(&b"head "[..]);
/// queue.extend_from_slice(b"and ");
/// queue.push(Bytes::from(vec![b'x'; 4096]));
/// assert_eq!(queue.chunk_count(), 2);
/// assert_eq!(queue.remaining(), 9 + 4096);
///
/// queue.advance(5);
/// assert_eq!(queue.chunk(), b"and ");
/// ```
pub struct ChunkQueue {
    /// Sealed chunks, oldest first. Invariant: none is empty.
    chunks: VecDeque<Bytes>,
    /// The newest bytes, behind all of `chunks`.
    tail: Tail,
    /// Invariant: the sum of the lengths of `chunks` and `tail`.
    bytes: usize,
    /// Chunks shorter than this, in bytes, are copied to the tail.
    coalesce_threshold: usize,
    /// The most sealed chunks held since the queue was last empty.
    peak_chunks: usize,
    /// Room for sealed chunks that the next cycle is expected to need.
    expected_chunks: usize,
    /// Mutations since the count was last checked against the queue.
    #[cfg(debug_assertions)]
    unchecked: usize,
}

impl ChunkQueue {
    /// Creates an empty queue with the default coalesce threshold, 1024 bytes. Does not allocate.
    ///
    /// # Examples
    ///
    /// ```
    /// use flow_controlled_writer::ChunkQueue;
    ///
    /// let queue = ChunkQueue::new();
    /// assert!(queue.is_empty());
    /// assert_eq!(queue.coalesce_threshold(), 1024);
    /// ```
    #[must_use]
    pub fn new() -> Self {
        Self::with_coalesce_threshold(DEFAULT_COALESCE_THRESHOLD)
    }

    /// Creates an empty queue that merges chunks shorter than `coalesce_threshold` bytes; 0 keeps
    /// every chunk as it is. Does not allocate.
    ///
    /// # Examples
    ///
    /// ```
    /// use bytes::Bytes;
    /// use flow_controlled_writer::ChunkQueue;
    ///
    /// let mut queue = ChunkQueue::with_coalesce_threshold(4);
    /// queue.extend([Bytes::from("one"), Bytes::from("two"), Bytes::from("three")]);
    /// assert_eq!(queue.chunk_count(), 2);
    /// let chunks: Vec<Bytes> = queue.into_chunks().collect();
    /// assert_eq!(chunks, ["onetwo", "three"]);
    /// ```
    #[must_use]
    pub fn with_coalesce_threshold(coalesce_threshold: usize) -> Self {
        Self {
            chunks: VecDeque::new(),
            tail: Tail::default(),
            bytes: 0,
            coalesce_threshold,
            peak_chunks: 0,
            expected_chunks: 0,
            #[cfg(debug_assertions)]
            unchecked: 0,
        }
    }

    /// Appends a chunk: a copy of it below the coalesce threshold, else the chunk itself. An empty
    /// one is ignored.
    ///
    /// # Examples
    ///
    /// ```
    /// use bytes::{Buf, Bytes};
    /// use flow_controlled_writer::ChunkQueue;
    ///
    /// let large = Bytes::from(vec![1; 4096]);
    /// let mut queue = ChunkQueue::new();
    /// queue.push(large.clone());
    /// assert_eq!(queue.chunk().as_ptr(), large.as_ptr());
    /// ```
    #[inline]
    pub fn push(&mut self, chunk: impl Into<Bytes>) {
        let chunk = chunk.into();
        if chunk.len() < self.coalesce_threshold {
            self.extend_from_slice(&chunk);
        } else if !chunk.is_empty() {
            self.keep(chunk);
        }
    }

    /// Appends a copy of `src`.
    ///
    /// # Examples
    ///
    /// ```
    /// use bytes::Buf;
    /// use flow_controlled_writer::ChunkQueue;
    ///
    /// let mut queue = ChunkQueue::new();
    /// queue.extend_from_slice(b"hello, ");
    /// queue.extend_from_slice(b"world");
    /// assert_eq!(queue.chunk(), b"hello, world");
    /// ```
    #[inline]
    pub fn extend_from_slice(&mut self, src: &[u8]) {
        if self.tail.try_append(src) {
            self.add(src.len());
        } else {
            self.extend_in_new_block(src);
        }
    }

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
        self.truncate(0);
    }

    /// Gives back the room that was allocated in the expectation of more bytes, beyond what a
    /// stalled queue of this size may cost.
    pub(crate) fn stalled(&mut self) {
        if self.tail.expects_more_than(self.bytes) {
            self.tail.expect_nothing();
            self.seal_exact();
        }
    }

    /// Returns the number of chunks: kept ones, and merged ones as one each.
    ///
    /// # Examples
    ///
    /// ```
    /// use flow_controlled_writer::ChunkQueue;
    ///
    /// let mut queue = ChunkQueue::new();
    /// queue.push("merged with ");
    /// queue.push("its neighbour");
    /// queue.push(vec![0; 4096]);
    /// assert_eq!(queue.chunk_count(), 2);
    /// ```
    #[must_use]
    #[inline]
    pub fn chunk_count(&self) -> usize {
        self.chunks.len() + usize::from(!self.tail.is_empty())
    }

    /// Tells whether no bytes are queued.
    ///
    /// # Examples
    ///
    /// ```
    /// use bytes::Buf;
    /// use flow_controlled_writer::ChunkQueue;
    ///
    /// let mut queue = ChunkQueue::new();
    /// queue.push("hello");
    /// assert!(!queue.is_empty());
    /// queue.advance(5);
    /// assert!(queue.is_empty());
    /// ```
    #[must_use]
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.bytes == 0
    }

    /// Returns the threshold in bytes below which chunks are merged.
    ///
    /// # Examples
    ///
    /// ```
    /// use flow_controlled_writer::ChunkQueue;
    ///
    /// assert_eq!(ChunkQueue::with_coalesce_threshold(512).coalesce_threshold(), 512);
    /// ```
    #[must_use]
    pub fn coalesce_threshold(&self) -> usize {
        self.coalesce_threshold
    }

    /// Returns the chunks as slices, oldest first.
    pub(crate) fn slices(&self) -> impl Iterator<Item = &[u8]> {
        let tail = (!self.tail.is_empty()).then(|| self.tail.as_slice());
        self.chunks.iter().map(|chunk| &chunk[..]).chain(tail)
    }

    fn keep(&mut self, chunk: Bytes) {
        let length = chunk.len();
        self.seal_tail();
        self.push_sealed(chunk);
        self.add(length);
    }

    /// Appends a copy of `src` where the tail has no room for it.
    #[cold]
    #[inline(never)]
    fn extend_in_new_block(&mut self, src: &[u8]) {
        if self.tail.reclaim(src.len()) {
            self.tail.try_append(src);
            return self.add(src.len());
        }
        let rest = self.tail.append_part(src);
        self.add(src.len() - rest.len());
        if rest.len() > MAX_BLOCK {
            return self.keep(Bytes::copy_from_slice(rest));
        }
        self.seal_tail();
        self.tail.start_block(rest.len(), self.bytes);
        self.tail.try_append(rest);
        self.add(rest.len());
    }

    fn seal_tail(&mut self) {
        if !self.tail.is_empty() {
            let sealed = self.tail.seal();
            self.push_sealed(sealed);
        }
    }

    /// Seals the tail and gives back the room behind it.
    fn seal_exact(&mut self) {
        let sealed = self.tail.seal_exact();
        if !sealed.is_empty() {
            self.push_sealed(sealed);
        }
    }

    /// Makes the last chunk the tail again, with the room that lies behind it. Otherwise bytes that
    /// are removed again would leave a chunk behind each time, and cost the rest of its block.
    fn unseal_tail(&mut self) {
        if !self.tail.is_empty() {
            return;
        }
        if let Some(last) = self.chunks.pop_back() {
            if last.len() > MAX_BLOCK {
                self.chunks.push_back(last);
            } else if let Err(shared) = self.tail.unseal(last) {
                self.chunks.push_back(shared);
            }
        }
    }

    fn push_sealed(&mut self, chunk: Bytes) {
        let held = self.chunks.len();
        if held == self.chunks.capacity() {
            let room = (held + held / 4).max(held + KEPT_CHUNKS).max(self.expected_chunks);
            self.chunks.reserve_exact(room - held);
        }
        self.chunks.push_back(chunk);
    }

    /// Counts bytes that were appended.
    #[inline]
    fn add(&mut self, count: usize) {
        self.bytes = self.bytes.checked_add(count).expect("queue size exceeds usize::MAX");
        self.check();
    }

    #[cfg(not(debug_assertions))]
    #[inline]
    fn check(&mut self) {}

    /// Recounts the queue, at a constant cost for each mutation: a short one every time, a long one
    /// once in as many mutations as it has chunks.
    #[cfg(debug_assertions)]
    fn check(&mut self) {
        self.unchecked += 1;
        if self.chunks.len() <= ALWAYS_CHECKED || self.unchecked >= self.chunks.len() {
            self.unchecked = 0;
            let counted: usize = self.slices().map(<[u8]>::len).sum();
            debug_assert_eq!(counted, self.bytes, "the count differs from the queue");
            debug_assert!(self.chunks.iter().all(|chunk| !chunk.is_empty()), "an empty chunk");
        }
    }
}

impl Default for ChunkQueue {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for ChunkQueue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChunkQueue")
            .field("bytes", &self.bytes)
            .field("chunks", &self.chunk_count())
            .field("coalesce_threshold", &self.coalesce_threshold)
            .finish()
    }
}

/// Below this size a chunk costs less to copy than to gather; measured on a Unix socket, where 512
/// was behind one larger buffer and 1024 was not.
pub(crate) const DEFAULT_COALESCE_THRESHOLD: usize = 1024;
/// Entries that an empty queue keeps room for: 256 bytes, enough for large chunks in ping-pong.
const KEPT_CHUNKS: usize = 8;
/// Entries that are made room for ahead of need at the most: 8 KiB.
const MAX_EXPECTED_CHUNKS: usize = 256;
/// Queues up to this many chunks are recounted after every mutation in debug builds.
#[cfg(debug_assertions)]
const ALWAYS_CHECKED: usize = 32;

#[cfg(test)]
mod tests;
