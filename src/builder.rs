use crate::chunk_queue::DEFAULT_COALESCE_THRESHOLD;
use crate::watermarks::Watermarks;
use crate::write_buffer::WriteBuffer;
use crate::writer::FlowControlledWriter;

/// The options of a [`FlowControlledWriter`].
///
/// A server makes one and builds the writer of each connection from it.
///
/// # Examples
///
/// ```
/// use flow_controlled_writer::{Builder, Watermarks};
///
/// let options = Builder::new()
///     .watermarks(Watermarks::with_high(256 * 1024))
///     .max_buffer_size(1024 * 1024);
/// let writer = options.build(tokio::io::sink());
/// assert_eq!(writer.watermarks().low(), 64 * 1024);
/// ```
#[derive(Clone, Debug)]
#[must_use = "a builder does nothing until `build` is called"]
pub struct Builder {
    watermarks: Watermarks,
    max_buffer_size: usize,
    coalesce_threshold: usize,
}

impl Builder {
    /// Creates the default options: marks of 16 and 64 KiB, no cap, a coalesce threshold of 1 KiB.
    pub fn new() -> Self {
        Self {
            watermarks: Watermarks::default(),
            max_buffer_size: usize::MAX,
            coalesce_threshold: DEFAULT_COALESCE_THRESHOLD,
        }
    }

    /// Sets the marks between which the writer pauses and resumes. Default: 16 and 64 KiB.
    pub fn watermarks(mut self, watermarks: Watermarks) -> Self {
        self.watermarks = watermarks;
        self
    }

    /// Sets a size in bytes that the buffer never exceeds. Default: `usize::MAX`, no cap.
    ///
    /// The high mark makes a sender wait; the cap refuses a chunk, which comes back in a
    /// [`TrySendError::Full`](crate::TrySendError::Full). A writer that is not paused may hold up
    /// to the high mark, so a chunk longer than the cap less the high mark may be refused where it
    /// could have waited; choose a cap of at least the high mark plus the largest chunk to rule
    /// that out. A cap at or below the high mark acts as the high mark too: the writer pauses when
    /// its buffer is full.
    pub fn max_buffer_size(mut self, bytes: usize) -> Self {
        self.max_buffer_size = bytes;
        self
    }

    /// Sets the length in bytes below which chunks are merged by copying. Default: 1024; 0 keeps
    /// every chunk as it is.
    pub fn coalesce_threshold(mut self, bytes: usize) -> Self {
        self.coalesce_threshold = bytes;
        self
    }

    /// Wraps `inner` with these options. Does not allocate.
    pub fn build<W>(&self, inner: W) -> FlowControlledWriter<W> {
        FlowControlledWriter::from_parts(
            inner,
            WriteBuffer::new(self.watermarks, self.max_buffer_size, self.coalesce_threshold),
        )
    }
}

impl Default for Builder {
    fn default() -> Self {
        Self::new()
    }
}
