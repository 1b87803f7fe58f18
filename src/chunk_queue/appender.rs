use std::fmt;
use std::io;

use bytes::{Buf, Bytes, BytesMut};

use super::{ChunkQueue, Integrity};

/// The end of a queue, to which an item is appended by several verbs.
///
/// Small parts are copied next to each other; large chunks are [pushed](Self::push) and stay where
/// they are. Nothing that was queued before is changed.
///
/// It is an [`io::Write`] and a [`fmt::Write`] too, for `write!` and for serializers; that never
/// fails.
///
/// # Examples
///
/// ```
/// use bytes::{Buf, Bytes};
/// use flow_controlled_writer::{ChunkAppender, ChunkQueue};
/// use std::io::Write;
///
/// let body = Bytes::from(vec![b'x'; 4096]);
///
/// let mut queue = ChunkQueue::new();
/// let mut dst = ChunkAppender::new(&mut queue);
/// write!(dst, "{:x}\r\n", body.len())?;
/// dst.push(body);
/// dst.extend_from_slice(b"\r\n");
/// assert_eq!(dst.appended(), 6 + 4096 + 2);
///
/// assert_eq!(queue.chunk_count(), 3);
/// assert_eq!(queue.chunk(), b"1000\r\n");
/// # Ok::<_, std::io::Error>(())
/// ```
pub struct ChunkAppender<'a> {
    queue: &'a mut ChunkQueue,
    /// Size of the queue before the frame.
    before: usize,
    integrity: Integrity,
}

impl<'a> ChunkAppender<'a> {
    /// Creates a view of the end of `queue`.
    ///
    /// A writer makes its own for
    /// [`try_append`](crate::FlowControlledWriter::try_append) and for encoders; this one serves to
    /// try an encoder without a writer.
    ///
    /// # Examples
    ///
    /// ```
    /// use bytes::Buf;
    /// use flow_controlled_writer::{ChunkAppender, ChunkQueue};
    /// use std::io::{self, Write};
    ///
    /// fn status(code: u16, dst: &mut ChunkAppender<'_>) -> io::Result<()> {
    ///     write!(dst, "HTTP/1.1 {code}\r\n")
    /// }
    ///
    /// let mut queue = ChunkQueue::new();
    /// status(204, &mut ChunkAppender::new(&mut queue))?;
    /// assert_eq!(queue.chunk(), b"HTTP/1.1 204\r\n");
    /// # Ok::<_, std::io::Error>(())
    /// ```
    #[inline]
    pub fn new(queue: &'a mut ChunkQueue) -> Self {
        Self { before: queue.remaining(), queue, integrity: Integrity::Intact }
    }

    /// Appends a chunk: a copy of it below the writer's coalesce threshold (1024 bytes unless set
    /// otherwise), else the chunk itself.
    ///
    /// # Examples
    ///
    /// ```
    /// use bytes::{Buf, Bytes};
    /// use flow_controlled_writer::{ChunkAppender, ChunkQueue};
    ///
    /// let body = Bytes::from(vec![1; 4096]);
    /// let mut queue = ChunkQueue::new();
    /// ChunkAppender::new(&mut queue).push(body.clone());
    /// assert_eq!(queue.chunk().as_ptr(), body.as_ptr());
    /// ```
    pub fn push(&mut self, chunk: impl Into<Bytes>) {
        self.queue.push(chunk);
    }

    /// Appends a copy of `src`.
    ///
    /// # Examples
    ///
    /// ```
    /// use bytes::Buf;
    /// use flow_controlled_writer::{ChunkAppender, ChunkQueue};
    ///
    /// let mut queue = ChunkQueue::new();
    /// let mut dst = ChunkAppender::new(&mut queue);
    /// dst.extend_from_slice(b"head");
    /// dst.extend_from_slice(b"er");
    /// assert_eq!(queue.chunk(), b"header");
    /// ```
    #[inline]
    pub fn extend_from_slice(&mut self, src: &[u8]) {
        self.queue.extend_from_slice(src);
    }

    /// Appends what `encode` writes behind the end of the block that it is given, as an `Encoder` of
    /// tokio-util does.
    ///
    /// The block may hold bytes that were queued before, or be an empty one. `encode` must only append:
    /// a writer fails with [`InvalidData`](io::ErrorKind::InvalidData) when the block is shorter
    /// afterwards; other changes to earlier bytes are not noticed.
    ///
    /// # Errors
    ///
    /// Returns the error of `encode`; nothing that it has written is queued then.
    ///
    /// # Examples
    ///
    /// ```
    /// use bytes::BufMut;
    /// use flow_controlled_writer::{ChunkAppender, ChunkQueue};
    ///
    /// let mut queue = ChunkQueue::new();
    /// let mut dst = ChunkAppender::new(&mut queue);
    /// dst.extend_from_slice(b"> ");
    /// dst.encode_with(|block| {
    ///     block.put_u16(7);
    ///     Ok::<_, std::io::Error>(())
    /// })?;
    /// assert_eq!(dst.appended(), 4);
    /// # Ok::<_, std::io::Error>(())
    /// ```
    #[inline]
    pub fn encode_with<R, E>(
        &mut self,
        encode: impl FnOnce(&mut BytesMut) -> Result<R, E>,
    ) -> Result<R, E> {
        let (result, integrity) = self.queue.encode(encode);
        if integrity == Integrity::Torn {
            self.integrity = Integrity::Torn;
        }
        result
    }

    /// Returns the bytes appended since the view was made, which is once for each frame.
    ///
    /// # Examples
    ///
    /// ```
    /// use flow_controlled_writer::{ChunkAppender, ChunkQueue};
    ///
    /// let mut queue = ChunkQueue::new();
    /// queue.push("an earlier frame");
    /// let mut dst = ChunkAppender::new(&mut queue);
    /// dst.extend_from_slice(b"hello");
    /// assert_eq!(dst.appended(), 5);
    /// ```
    #[must_use]
    pub fn appended(&self) -> usize {
        self.queue.remaining().saturating_sub(self.before)
    }

    /// Tells whether all that was queued before is still there.
    #[inline]
    pub(crate) fn integrity(&self) -> Integrity {
        self.integrity
    }
}

/// Appends a copy; never fails.
impl io::Write for ChunkAppender<'_> {
    #[inline]
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.queue.write(buf)
    }

    #[inline]
    fn write_all(&mut self, buf: &[u8]) -> io::Result<()> {
        self.queue.write_all(buf)
    }

    #[inline]
    fn write_fmt(&mut self, args: fmt::Arguments<'_>) -> io::Result<()> {
        io::Write::write_fmt(self.queue, args)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Appends a copy; never fails.
impl fmt::Write for ChunkAppender<'_> {
    #[inline]
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.queue.write_str(text)
    }
}

impl fmt::Debug for ChunkAppender<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChunkAppender")
            .field("appended", &self.appended())
            .field("queue", &self.queue)
            .finish()
    }
}
