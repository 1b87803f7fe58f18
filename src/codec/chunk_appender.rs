use std::fmt;
use std::io;

use bytes::{Buf, Bytes, BytesMut};

use super::fingerprint::Fingerprint;
use crate::chunk_queue::ChunkQueue;
use crate::write_buffer::Encoded;

/// The end of a queue, to which an encoder appends a frame.
///
/// Small parts are copied next to each other; large chunks are [pushed](Self::push) and stay where
/// they are. What was queued before cannot be reached.
///
/// It is an [`io::Write`] too, for `write!` and for serializers; that never fails.
///
/// # Examples
///
/// ```
/// use bytes::{Buf, Bytes};
/// use flow_controlled_writer::ChunkQueue;
/// use flow_controlled_writer::codec::ChunkAppender;
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
    /// A [`FramedSink`](super::FramedSink) makes its own; this one serves to try an encoder without
    /// a writer.
    ///
    /// # Examples
    ///
    /// ```
    /// use bytes::{Buf, Bytes};
    /// use flow_controlled_writer::ChunkQueue;
    /// use flow_controlled_writer::codec::{ChunkAppender, ChunkEncoder, LengthDelimitedEncoder};
    ///
    /// let mut queue = ChunkQueue::new();
    /// let mut dst = ChunkAppender::new(&mut queue);
    /// LengthDelimitedEncoder::new().encode(Bytes::from("hi"), &mut dst)?;
    /// assert_eq!(queue.chunk(), b"\0\0\0\x02hi");
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
    /// use flow_controlled_writer::ChunkQueue;
    /// use flow_controlled_writer::codec::ChunkAppender;
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
    /// use flow_controlled_writer::ChunkQueue;
    /// use flow_controlled_writer::codec::ChunkAppender;
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

    /// Appends what `encode` writes behind the end of the block that it is given, as an
    /// [`Encoder`](tokio_util::codec::Encoder) does.
    ///
    /// The block may hold bytes that were queued before. `encode` must only append: a
    /// [`FramedSink`](super::FramedSink) fails with [`InvalidData`](io::ErrorKind::InvalidData)
    /// when it finds the earlier bytes shorter than before or changed. It compares the length, the
    /// first 16 and the last 16 of these bytes.
    ///
    /// # Errors
    ///
    /// Returns the error of `encode`; nothing that it has written is queued then.
    ///
    /// # Examples
    ///
    /// ```
    /// use bytes::BytesMut;
    /// use flow_controlled_writer::ChunkQueue;
    /// use flow_controlled_writer::codec::ChunkAppender;
    /// use tokio_util::codec::{Encoder, LinesCodec, LinesCodecError};
    ///
    /// let mut queue = ChunkQueue::new();
    /// let mut dst = ChunkAppender::new(&mut queue);
    /// dst.extend_from_slice(b"> ");
    /// dst.encode_with(|block| LinesCodec::new().encode("one line", block))?;
    /// assert_eq!(dst.appended(), 11);
    /// # Ok::<_, LinesCodecError>(())
    /// ```
    #[inline]
    pub fn encode_with<R, E>(
        &mut self,
        encode: impl FnOnce(&mut BytesMut) -> Result<R, E>,
    ) -> Result<R, E> {
        let integrity = &mut self.integrity;
        self.queue.encode_with(|block| {
            let before = Fingerprint::of(block);
            let result = encode(block);
            if !before.matches(block) {
                *integrity = Integrity::Torn;
            }
            result
        })
    }

    /// Returns the bytes appended since the view was made, which is once for each frame.
    ///
    /// # Examples
    ///
    /// ```
    /// use flow_controlled_writer::ChunkQueue;
    /// use flow_controlled_writer::codec::ChunkAppender;
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

    /// Takes note of how many bytes of the frame are going to be copied.
    #[inline]
    pub(super) fn expect(&mut self, bytes: usize) {
        self.queue.expect_frame(bytes);
    }

    /// Joins what the encoder says of its frame with what was seen of it.
    #[inline]
    pub(super) fn finish<E>(self, result: Result<(), E>) -> Encoded<E> {
        match (self.integrity, result) {
            (Integrity::Torn, _) => Encoded::Torn,
            (Integrity::Intact, Ok(())) => Encoded::Complete,
            (Integrity::Intact, Err(error)) => Encoded::Failed(error),
        }
    }
}

impl io::Write for ChunkAppender<'_> {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.extend_from_slice(buf);
        Ok(buf.len())
    }

    fn write_all(&mut self, buf: &[u8]) -> io::Result<()> {
        self.extend_from_slice(buf);
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
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

/// Whether the bytes before the frame are still there.
enum Integrity {
    Intact,
    Torn,
}
