use std::io;

use bytes::{Bytes, BytesMut};
use tokio_util::codec::{Decoder, Encoder, LengthDelimitedCodec};

use super::{ChunkAppender, ChunkEncoder, LengthDelimitedBuilder};

/// Encodes payloads behind a header with their length, without a copy of large ones.
///
/// The bytes are those of tokio-util's [`LengthDelimitedCodec`] with the same options, by which it is a
/// [`Decoder`] too: [`LengthDelimitedBuilder::new_framed`] makes a [`Framed`](super::Framed) of both
/// directions. Payloads are [`Bytes`], [`BytesMut`] or `Vec<u8>`. One from 2 KiB on is queued as it is,
/// behind its header; a smaller one is copied next to it. (A coalesce threshold above 2 KiB takes
/// precedence.)
///
/// # Errors
///
/// A payload that is longer than [`max_frame_length`](Self::max_frame_length), or whose length
/// cannot be written after the adjustment, is refused with
/// [`InvalidInput`](io::ErrorKind::InvalidInput). The stream stays intact.
///
/// # Examples
///
/// ```
/// use bytes::Bytes;
/// use flow_controlled_writer::FlowControlledWriter;
/// use flow_controlled_writer::codec::{FramedSink, LengthDelimitedEncoder};
/// use futures::{SinkExt, StreamExt};
/// use tokio_util::codec::{FramedRead, LengthDelimitedCodec};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> std::io::Result<()> {
/// let (client, server) = tokio::io::duplex(1024 * 1024);
/// let payload = Bytes::from(vec![7; 100_000]);
///
/// let writer = FlowControlledWriter::new(client);
/// let mut sink = FramedSink::new(writer, LengthDelimitedEncoder::new());
/// sink.send(payload.clone()).await?;
///
/// let mut frames = FramedRead::new(server, LengthDelimitedCodec::new());
/// assert_eq!(frames.next().await.transpose()?, Some(payload.into()));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct LengthDelimitedEncoder {
    /// Decodes, and says what is too long.
    pub(super) codec: LengthDelimitedCodec,
    /// Bytes of the length field. Invariant: 1 to 8.
    pub(super) length_field_length: usize,
    pub(super) byte_order: ByteOrder,
    /// What the length field says less than the length of the payload.
    pub(super) length_adjustment: isize,
    /// Longest payload in bytes. Invariant: that of `codec`.
    pub(super) max_frame_length: usize,
}

impl LengthDelimitedEncoder {
    /// Creates an encoder with the defaults of [`LengthDelimitedCodec`]: a length of 4 bytes, big
    /// endian, and payloads of up to 8 MiB.
    ///
    /// # Examples
    ///
    /// ```
    /// use bytes::{Buf, Bytes};
    /// use flow_controlled_writer::ChunkQueue;
    /// use flow_controlled_writer::codec::{ChunkAppender, ChunkEncoder, LengthDelimitedEncoder};
    ///
    /// let mut queue = ChunkQueue::new();
    /// let mut encoder = LengthDelimitedEncoder::new();
    /// encoder.encode(Bytes::from("hello"), &mut ChunkAppender::new(&mut queue))?;
    /// assert_eq!(queue.chunk(), b"\0\0\0\x05hello");
    /// # Ok::<_, std::io::Error>(())
    /// ```
    #[must_use]
    pub fn new() -> Self {
        Self::builder().build()
    }

    /// Returns a builder with the default options.
    ///
    /// # Examples
    ///
    /// ```
    /// use flow_controlled_writer::codec::LengthDelimitedEncoder;
    ///
    /// let encoder = LengthDelimitedEncoder::builder().max_frame_length(64 * 1024).build();
    /// assert_eq!(encoder.max_frame_length(), 65_536);
    /// ```
    pub fn builder() -> LengthDelimitedBuilder {
        LengthDelimitedBuilder::new()
    }

    /// Returns the longest payload in bytes that is encoded.
    ///
    /// # Examples
    ///
    /// ```
    /// use flow_controlled_writer::codec::LengthDelimitedEncoder;
    ///
    /// assert_eq!(LengthDelimitedEncoder::new().max_frame_length(), 8 * 1024 * 1024);
    /// ```
    #[must_use]
    pub fn max_frame_length(&self) -> usize {
        self.max_frame_length
    }

    /// Returns the length field of a payload of `length` bytes.
    #[inline]
    fn length_field(&self, length: usize) -> io::Result<u64> {
        if length > self.max_frame_length {
            return Err(frame_too_long());
        }
        if self.length_adjustment == 0 {
            // The builder keeps the longest payload within the field.
            return Ok(length as u64);
        }
        self.adjusted_length_field(length)
    }

    fn adjusted_length_field(&self, length: usize) -> io::Result<u64> {
        let adjustment = self.length_adjustment.unsigned_abs();
        let adjusted = if self.length_adjustment < 0 {
            length.checked_add(adjustment)
        } else {
            length.checked_sub(adjustment)
        };
        adjusted
            .map(|field| field as u64)
            .filter(|&field| field <= u64::MAX >> (64 - 8 * self.length_field_length))
            .ok_or_else(length_overflow)
    }
}

impl LengthDelimitedEncoder {
    /// Appends the header and the payload.
    #[inline]
    fn append<P>(&self, payload: P, dst: &mut ChunkAppender<'_>) -> io::Result<()>
    where
        P: AsRef<[u8]> + Into<Bytes>,
    {
        let length = payload.as_ref().len();
        let field = self.length_field(length)?;
        match (self.byte_order, self.length_field_length) {
            // The usual one, of a constant length.
            (ByteOrder::Big, 4) => dst.extend_from_slice(&(field as u32).to_be_bytes()),
            (ByteOrder::Big, length) => dst.extend_from_slice(&field.to_be_bytes()[8 - length..]),
            (ByteOrder::Little, length) => dst.extend_from_slice(&field.to_le_bytes()[..length]),
        }
        if length < ZERO_COPY {
            dst.extend_from_slice(payload.as_ref());
        } else {
            dst.push(payload);
        }
        Ok(())
    }
}

impl ChunkEncoder<Bytes> for LengthDelimitedEncoder {
    type Error = io::Error;

    #[inline]
    fn encode(&mut self, payload: Bytes, dst: &mut ChunkAppender<'_>) -> io::Result<()> {
        self.append(payload, dst)
    }
}

impl ChunkEncoder<BytesMut> for LengthDelimitedEncoder {
    type Error = io::Error;

    #[inline]
    fn encode(&mut self, payload: BytesMut, dst: &mut ChunkAppender<'_>) -> io::Result<()> {
        self.append(payload, dst)
    }
}

impl ChunkEncoder<Vec<u8>> for LengthDelimitedEncoder {
    type Error = io::Error;

    #[inline]
    fn encode(&mut self, payload: Vec<u8>, dst: &mut ChunkAppender<'_>) -> io::Result<()> {
        self.append(payload, dst)
    }
}

/// Decodes by tokio-util's codec.
impl Decoder for LengthDelimitedEncoder {
    type Item = BytesMut;
    type Error = io::Error;

    fn decode(&mut self, src: &mut BytesMut) -> io::Result<Option<BytesMut>> {
        self.codec.decode(src)
    }

    fn decode_eof(&mut self, src: &mut BytesMut) -> io::Result<Option<BytesMut>> {
        self.codec.decode_eof(src)
    }
}

impl Default for LengthDelimitedEncoder {
    fn default() -> Self {
        Self::new()
    }
}

/// The order of the bytes of the length field.
#[derive(Clone, Copy, Debug)]
pub(super) enum ByteOrder {
    Big,
    Little,
}

/// Returns the error that tokio-util's codec has for this. Its type has no constructor.
#[cold]
fn frame_too_long() -> io::Error {
    let mut codec = LengthDelimitedCodec::new();
    codec.set_max_frame_length(0);
    match Encoder::encode(&mut codec, Bytes::from_static(&[0]), &mut BytesMut::new()) {
        Err(error) => error,
        Ok(()) => io::Error::new(io::ErrorKind::InvalidInput, "frame size too big"),
    }
}

#[cold]
fn length_overflow() -> io::Error {
    io::Error::new(
        io::ErrorKind::InvalidInput,
        "the adjusted length of the payload does not fit the length field",
    )
}

/// Payloads from this length on are queued without a copy. Behind a header of their own, smaller
/// ones cost more as two slices than as one copied frame; measured on a Unix socket.
const ZERO_COPY: usize = 2 * 1024;
