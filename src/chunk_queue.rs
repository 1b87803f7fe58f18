mod append;
mod appender;
mod blocks;
mod buf;
mod chunks;
mod encode;
mod remove;
mod slices;
mod spare;
mod write;

use std::collections::VecDeque;
use std::fmt;

use bytes::{Buf, Bytes};

pub use self::appender::ChunkAppender;
use self::blocks::Blocks;
pub use self::chunks::Chunks;
pub(crate) use self::encode::Integrity;
pub use self::slices::Slices;

/// A queue of bytes in chunks that always knows its size.
///
/// The number of queued bytes ([`Buf::remaining`]) is kept as bytes enter and leave, so asking for it
/// costs the same at any depth.
///
/// Chunks below the coalesce threshold are copied next to each other and so become one chunk; they
/// do not pin the larger allocation that they may have been cut from. Larger chunks are kept as they
/// are, without a copy. Order is never changed and no chunk is ever empty.
///
/// An empty queue that was never used holds no heap; one that has been drained keeps less than
/// 1.5 KiB. The thread that drains queues of much traffic keeps one block of up to 4 MiB for all of
/// them, for as long as it is needed.
///
/// Read it through [`Buf`], which removes bytes from the front, or write it to a writer by
/// [`poll_write_to`](Self::poll_write_to). It is an [`io::Write`](std::io::Write) and a
/// [`fmt::Write`], both of which append a copy.
///
/// # Panics
///
/// All methods that add bytes panic if the size would exceed `usize::MAX`, which takes a shared
/// `Bytes` queued many times over.
///
/// # Drop behavior
///
/// Dropping the queue discards what it holds.
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
    /// The chunks that were kept, oldest first, each with the copied bytes before it.
    kept: VecDeque<Kept>,
    /// All copied bytes, one after the other.
    blocks: Blocks,
    /// The copied bytes behind the last kept chunk.
    ///
    /// Invariant: `blocks` holds this many and those before each kept chunk.
    run: usize,
    /// Invariant: the bytes in `kept` and in `blocks`.
    bytes: usize,
    /// The ends of pieces of copied bytes, but for the newest piece: where a kept chunk follows, and
    /// where a run goes on in the next block.
    cuts: usize,
    /// The room in which an encoder is let append to the newest block: what the largest of the last
    /// frames took or, if its encoder reserved more, that.
    frame_room: usize,
    /// Chunks shorter than this, in bytes, are copied.
    coalesce_threshold: usize,
    pace: Pace,
    /// Mutations since the count was last checked against the queue.
    #[cfg(debug_assertions)]
    unchecked: usize,
}

/// A chunk that was kept.
struct Kept {
    /// The copied bytes between the kept chunk before this one and this one.
    before: usize,
    /// Invariant: not empty.
    chunk: Bytes,
}

/// Whether a queue may expect to be drained at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Pace {
    /// It may use what its thread keeps, however large that is.
    Flowing,
    /// Since it was last empty the inner writer took nothing in a whole poll: what is allocated is
    /// bounded by what is queued.
    Stalled,
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
        Self::with_options(coalesce_threshold, KEPT_BLOCK)
    }

    fn with_options(coalesce_threshold: usize, kept_block: usize) -> Self {
        Self {
            kept: VecDeque::new(),
            blocks: Blocks::new(kept_block),
            run: 0,
            bytes: 0,
            cuts: 0,
            frame_room: LEAST_FRAME_ROOM,
            coalesce_threshold,
            pace: Pace::Flowing,
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
        let bytes = self.with_more(src.len());
        if !self.blocks.try_append(src) {
            self.append_in_new_block(src);
        }
        self.run += src.len();
        self.bytes = bytes;
        self.check();
    }

    /// Returns the number of chunks: kept ones, and merged ones as one each. What was merged counts
    /// once for each block of memory in which it lies.
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
        self.kept.len() + self.cuts + usize::from(self.run > 0)
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

    /// Returns an empty queue with the same options.
    pub(crate) fn like(&self) -> Self {
        Self::with_options(self.coalesce_threshold, self.blocks.kept())
    }

    /// Returns a second queue. Together they keep as much as one when they have been drained.
    pub(crate) fn halve(&mut self) -> Self {
        self.blocks.set_kept(KEPT_BLOCK_OF_TWO);
        if self.is_empty() {
            *self = self.like();
        }
        self.like()
    }

    /// Takes the options of another queue over.
    #[inline]
    pub(crate) fn set_options_of(&mut self, other: &Self) {
        self.blocks.set_kept(other.blocks.kept());
        self.coalesce_threshold = other.coalesce_threshold;
    }

    /// Takes the queue over for a writer that merges chunks shorter than `coalesce_threshold` bytes.
    pub(crate) fn set_options(&mut self, coalesce_threshold: usize) {
        self.blocks.set_kept(KEPT_BLOCK);
        self.coalesce_threshold = coalesce_threshold;
    }

    /// Appends a chunk that is not empty as it is.
    #[inline]
    fn keep(&mut self, chunk: Bytes) {
        let bytes = self.with_more(chunk.len());
        if self.kept.len() == self.kept.capacity() {
            self.make_room_for_entries();
        }
        let before = std::mem::take(&mut self.run);
        self.cuts += usize::from(before > 0);
        self.kept.push_back(Kept { before, chunk });
        self.bytes = bytes;
        self.check();
    }

    #[cold]
    #[inline(never)]
    fn append_in_new_block(&mut self, src: &[u8]) {
        let begun = self.blocks.append_in_new_block(src, self.bytes, self.pace);
        if let Some(part) = begun {
            self.cuts += usize::from(self.run + part > 0);
        }
    }

    /// Makes room for more entries: the room that its thread keeps, or half as much again, so that
    /// those of a stalled queue cost little.
    #[cold]
    #[inline(never)]
    fn make_room_for_entries(&mut self) {
        let held = self.kept.len();
        if held == KEPT_ENTRIES && self.pace == Pace::Flowing {
            if let Some(mut larger) = spare::take_entries(held) {
                larger.append(&mut self.kept);
                spare::leave_entries(std::mem::replace(&mut self.kept, larger));
            }
        }
        if self.kept.capacity() == held {
            self.kept.reserve_exact((held / 2).max(KEPT_ENTRIES));
        }
    }

    /// Returns the size with `count` bytes more.
    #[inline]
    fn with_more(&self, count: usize) -> usize {
        self.bytes.checked_add(count).expect("queue size exceeds usize::MAX")
    }

    #[cfg(not(debug_assertions))]
    #[inline]
    fn check(&mut self) {}

    /// Recounts the queue, at a constant cost for each mutation: a short one every time, a long one
    /// once in as many mutations as it has chunks.
    #[cfg(debug_assertions)]
    fn check(&mut self) {
        self.unchecked += 1;
        let chunks = self.chunk_count();
        if chunks <= ALWAYS_CHECKED || self.unchecked >= chunks {
            self.unchecked = 0;
            // Without a list: what the queue itself allocates is counted in tests.
            let (mut count, mut bytes) = (0, 0);
            for slice in self.slices() {
                debug_assert!(!slice.is_empty(), "an empty chunk");
                (count, bytes) = (count + 1, bytes + slice.len());
            }
            debug_assert_eq!(bytes, self.bytes, "the count is wrong");
            debug_assert_eq!(count, chunks, "the count of chunks is wrong");
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
            .field("bytes", &self.remaining())
            .field("chunks", &self.chunk_count())
            .field("coalesce_threshold", &self.coalesce_threshold)
            .finish()
    }
}

/// Below this size a chunk costs less to copy than to gather; measured on a Unix socket, where 512
/// was behind one larger buffer and 1024 was not.
pub(crate) const DEFAULT_COALESCE_THRESHOLD: usize = 1024;
/// Largest block that an empty queue keeps, so that messages of a KiB sent one by one allocate
/// nothing. With the entries it is less than 1.5 KiB.
const KEPT_BLOCK: usize = 1152;
/// The same for each of two queues.
const KEPT_BLOCK_OF_TWO: usize = 256;
/// Entries that an empty queue keeps room for: 240 bytes, enough for the chunks of 16 KiB that the default
/// high mark lets in.
const KEPT_ENTRIES: usize = 6;
/// The least room in which an encoder is let append to a block.
const LEAST_FRAME_ROOM: usize = 32;
/// Queues up to this many chunks are recounted after every mutation in debug builds.
#[cfg(debug_assertions)]
const ALWAYS_CHECKED: usize = 32;

#[cfg(test)]
mod tests;
