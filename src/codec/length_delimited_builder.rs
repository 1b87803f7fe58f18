mod settings;

use tokio_util::codec::{LengthDelimitedCodec, length_delimited};

use super::length_delimited_encoder::ByteOrder;
use super::{Framed, LengthDelimitedEncoder, LengthFieldType};
use crate::writer::FlowControlledWriter;

/// The options of a [`LengthDelimitedEncoder`].
///
/// The setters have the names of those of tokio-util's [`Builder`](length_delimited::Builder). It
/// makes the [decoder](Self::build_decoder) with the same options too, for which there are the
/// two setters that do not change what is encoded.
///
/// # Examples
///
/// ```
/// use bytes::Bytes;
/// use flow_controlled_writer::FlowControlledWriter;
/// use flow_controlled_writer::codec::{FramedSink, LengthDelimitedEncoder};
/// use futures::SinkExt;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> std::io::Result<()> {
/// let encoder = LengthDelimitedEncoder::builder()
///     .length_field_type::<u16>()
///     .little_endian()
///     .max_frame_length(4096)
///     .build();
///
/// let mut sink = FramedSink::new(FlowControlledWriter::new(Vec::new()), encoder);
/// sink.send(Bytes::from_static(b"hello")).await?;
/// assert_eq!(sink.get_ref().get_ref(), b"\x05\0hello");
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[must_use = "a builder does nothing until `build` is called"]
pub struct LengthDelimitedBuilder {
    length_field_length: usize,
    byte_order: ByteOrder,
    length_adjustment: isize,
    /// Invariant: has all options from above, and others.
    codec: length_delimited::Builder,
}

impl LengthDelimitedBuilder {
    /// Creates the default options: a length of 4 bytes, big endian, without an adjustment, and
    /// payloads of up to 8 MiB.
    ///
    /// # Examples
    ///
    /// ```
    /// use flow_controlled_writer::codec::LengthDelimitedBuilder;
    ///
    /// let encoder = LengthDelimitedBuilder::new().build();
    /// assert_eq!(encoder.max_frame_length(), 8 * 1024 * 1024);
    /// ```
    pub fn new() -> Self {
        Self {
            length_field_length: 4,
            byte_order: ByteOrder::Big,
            length_adjustment: 0,
            codec: length_delimited::Builder::new(),
        }
    }

    /// Writes the length as a big endian integer. This is the default.
    ///
    /// # Examples
    ///
    /// ```
    /// use bytes::{Buf, Bytes};
    /// use flow_controlled_writer::ChunkQueue;
    /// use flow_controlled_writer::codec::{ChunkAppender, ChunkEncoder, LengthDelimitedEncoder};
    ///
    /// let mut queue = ChunkQueue::new();
    /// let mut encoder = LengthDelimitedEncoder::builder().big_endian().build();
    /// encoder.encode(Bytes::from("hello"), &mut ChunkAppender::new(&mut queue))?;
    /// assert_eq!(queue.chunk(), b"\0\0\0\x05hello");
    /// # Ok::<_, std::io::Error>(())
    /// ```
    pub fn big_endian(mut self) -> Self {
        self.byte_order = ByteOrder::Big;
        self.codec.big_endian();
        self
    }

    /// Writes the length as a little endian integer. The default is big endian.
    ///
    /// # Examples
    ///
    /// ```
    /// use bytes::{Buf, Bytes};
    /// use flow_controlled_writer::ChunkQueue;
    /// use flow_controlled_writer::codec::{ChunkAppender, ChunkEncoder, LengthDelimitedEncoder};
    ///
    /// let mut queue = ChunkQueue::new();
    /// let mut encoder = LengthDelimitedEncoder::builder().little_endian().build();
    /// encoder.encode(Bytes::from("hello"), &mut ChunkAppender::new(&mut queue))?;
    /// assert_eq!(queue.chunk(), b"\x05\0\0\0hello");
    /// # Ok::<_, std::io::Error>(())
    /// ```
    pub fn little_endian(mut self) -> Self {
        self.byte_order = ByteOrder::Little;
        self.codec.little_endian();
        self
    }

    /// Writes the length in the byte order of the machine. The default is big endian.
    ///
    /// # Examples
    ///
    /// ```
    /// use bytes::{Buf, Bytes};
    /// use flow_controlled_writer::ChunkQueue;
    /// use flow_controlled_writer::codec::{ChunkAppender, ChunkEncoder, LengthDelimitedEncoder};
    ///
    /// let mut queue = ChunkQueue::new();
    /// let mut encoder = LengthDelimitedEncoder::builder().native_endian().build();
    /// encoder.encode(Bytes::from("hello"), &mut ChunkAppender::new(&mut queue))?;
    /// assert_eq!(queue.chunk(), [&5_u32.to_ne_bytes()[..], b"hello"].concat());
    /// # Ok::<_, std::io::Error>(())
    /// ```
    pub fn native_endian(self) -> Self {
        if cfg!(target_endian = "big") { self.big_endian() } else { self.little_endian() }
    }

    /// Sets the longest payload in bytes. Default: 8 MiB.
    ///
    /// It is cut to what the length field can say.
    ///
    /// # Examples
    ///
    /// ```
    /// use flow_controlled_writer::codec::LengthDelimitedEncoder;
    ///
    /// let options = LengthDelimitedEncoder::builder().max_frame_length(1000);
    /// assert_eq!(options.build().max_frame_length(), 1000);
    /// assert_eq!(options.length_field_length(1).build().max_frame_length(), 255);
    /// ```
    pub fn max_frame_length(mut self, bytes: usize) -> Self {
        self.codec.max_frame_length(bytes);
        self
    }

    /// Sets the type of the length field, which is `u32` by default.
    ///
    /// # Examples
    ///
    /// ```
    /// use bytes::{Buf, Bytes};
    /// use flow_controlled_writer::ChunkQueue;
    /// use flow_controlled_writer::codec::{ChunkAppender, ChunkEncoder, LengthDelimitedEncoder};
    ///
    /// let mut queue = ChunkQueue::new();
    /// let mut encoder = LengthDelimitedEncoder::builder().length_field_type::<u16>().build();
    /// encoder.encode(Bytes::from("hello"), &mut ChunkAppender::new(&mut queue))?;
    /// assert_eq!(queue.chunk(), b"\0\x05hello");
    /// # Ok::<_, std::io::Error>(())
    /// ```
    pub fn length_field_type<T: LengthFieldType>(self) -> Self {
        self.length_field_length(T::LENGTH)
    }

    /// Sets the length of the length field in bytes, 1 to 8. Default: 4.
    ///
    /// # Panics
    ///
    /// Panics if `bytes` is 0 or above 8.
    ///
    /// # Examples
    ///
    /// ```
    /// use bytes::{Buf, Bytes};
    /// use flow_controlled_writer::ChunkQueue;
    /// use flow_controlled_writer::codec::{ChunkAppender, ChunkEncoder, LengthDelimitedEncoder};
    ///
    /// let mut queue = ChunkQueue::new();
    /// let mut encoder = LengthDelimitedEncoder::builder().length_field_length(3).build();
    /// encoder.encode(Bytes::from("hello"), &mut ChunkAppender::new(&mut queue))?;
    /// assert_eq!(queue.chunk(), b"\0\0\x05hello");
    /// # Ok::<_, std::io::Error>(())
    /// ```
    #[track_caller]
    pub fn length_field_length(mut self, bytes: usize) -> Self {
        assert!((1..=8).contains(&bytes), "a length field of {bytes} bytes is not possible");
        self.length_field_length = bytes;
        self.codec.length_field_length(bytes);
        self
    }

    /// Sets what the length field leaves out of the length of the payload, in bytes; a negative
    /// number is what it adds, such as the length of the header. Default: 0.
    ///
    /// # Examples
    ///
    /// ```
    /// use bytes::{Buf, Bytes};
    /// use flow_controlled_writer::ChunkQueue;
    /// use flow_controlled_writer::codec::{ChunkAppender, ChunkEncoder, LengthDelimitedEncoder};
    ///
    /// // The length says that of the whole frame: 4 more than the payload.
    /// let mut queue = ChunkQueue::new();
    /// let mut encoder = LengthDelimitedEncoder::builder().length_adjustment(-4).build();
    /// encoder.encode(Bytes::from("hello"), &mut ChunkAppender::new(&mut queue))?;
    /// assert_eq!(queue.chunk(), b"\0\0\0\x09hello");
    /// # Ok::<_, std::io::Error>(())
    /// ```
    pub fn length_adjustment(mut self, bytes: isize) -> Self {
        self.length_adjustment = bytes;
        self.codec.length_adjustment(bytes);
        self
    }

    /// Sets the number of bytes before the length field in the header, for the decoder alone.
    /// Default: 0.
    ///
    /// An encoder does not write these: as with tokio-util's, the length comes first.
    ///
    /// # Examples
    ///
    /// ```
    /// use bytes::BytesMut;
    /// use flow_controlled_writer::codec::LengthDelimitedEncoder;
    /// use tokio_util::codec::Decoder;
    ///
    /// let options = LengthDelimitedEncoder::builder().length_field_offset(2);
    /// let mut received = BytesMut::from(&b"v1\0\0\0\x05hello"[..]);
    /// let frame = options.build_decoder().decode(&mut received)?;
    /// assert_eq!(frame.as_deref(), Some(&b"hello"[..]));
    /// # Ok::<_, std::io::Error>(())
    /// ```
    pub fn length_field_offset(mut self, bytes: usize) -> Self {
        self.codec.length_field_offset(bytes);
        self
    }

    /// Sets the number of bytes before the payload, for the decoder alone. Default: the offset and
    /// the length of the length field.
    ///
    /// # Examples
    ///
    /// ```
    /// use bytes::BytesMut;
    /// use flow_controlled_writer::codec::LengthDelimitedEncoder;
    /// use tokio_util::codec::Decoder;
    ///
    /// // Two bytes between the length and the payload.
    /// let options = LengthDelimitedEncoder::builder().num_skip(6);
    /// let mut received = BytesMut::from(&b"\0\0\0\x05v1hello"[..]);
    /// let frame = options.build_decoder().decode(&mut received)?;
    /// assert_eq!(frame.as_deref(), Some(&b"hello"[..]));
    /// # Ok::<_, std::io::Error>(())
    /// ```
    pub fn num_skip(mut self, bytes: usize) -> Self {
        self.codec.num_skip(bytes);
        self
    }

    /// Makes the encoder.
    ///
    /// # Examples
    ///
    /// ```
    /// use bytes::{Buf, Bytes};
    /// use flow_controlled_writer::ChunkQueue;
    /// use flow_controlled_writer::codec::{ChunkAppender, ChunkEncoder, LengthDelimitedEncoder};
    ///
    /// let mut queue = ChunkQueue::new();
    /// let mut encoder = LengthDelimitedEncoder::builder().build();
    /// encoder.encode(Bytes::from("hello"), &mut ChunkAppender::new(&mut queue))?;
    /// assert_eq!(queue.chunk(), b"\0\0\0\x05hello");
    /// # Ok::<_, std::io::Error>(())
    /// ```
    #[must_use]
    pub fn build(&self) -> LengthDelimitedEncoder {
        let codec = self.codec.new_codec();
        LengthDelimitedEncoder {
            max_frame_length: codec.max_frame_length(),
            codec,
            length_field_length: self.length_field_length,
            byte_order: self.byte_order,
            length_adjustment: self.length_adjustment,
        }
    }

    /// Makes a `Stream` and `Sink` of payloads over a connection.
    ///
    /// # Examples
    ///
    /// ```
    /// use bytes::Bytes;
    /// use flow_controlled_writer::FlowControlledWriter;
    /// use flow_controlled_writer::codec::LengthDelimitedEncoder;
    /// use futures::{SinkExt, StreamExt};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// let options = LengthDelimitedEncoder::builder().length_field_length(3);
    /// let (near, far) = tokio::io::duplex(1024);
    /// let mut near = options.new_framed(FlowControlledWriter::new(near));
    /// let mut far = options.new_framed(FlowControlledWriter::new(far));
    ///
    /// near.send(Bytes::from_static(b"hello")).await?;
    /// assert_eq!(far.next().await.transpose()?.as_deref(), Some(&b"hello"[..]));
    /// # Ok(())
    /// # }
    /// ```
    pub fn new_framed<W>(
        &self,
        writer: FlowControlledWriter<W>,
    ) -> Framed<W, LengthDelimitedEncoder> {
        Framed::new(writer, self.build())
    }

    /// Makes tokio-util's codec with the same options, to decode with.
    ///
    /// # Examples
    ///
    /// ```
    /// use bytes::BytesMut;
    /// use flow_controlled_writer::codec::LengthDelimitedEncoder;
    /// use tokio_util::codec::Decoder;
    ///
    /// let options = LengthDelimitedEncoder::builder().length_field_length(1);
    /// let frame = options.build_decoder().decode(&mut BytesMut::from("\x05hello"))?;
    /// assert_eq!(frame.as_deref(), Some(&b"hello"[..]));
    /// # Ok::<_, std::io::Error>(())
    /// ```
    #[must_use]
    pub fn build_decoder(&self) -> LengthDelimitedCodec {
        self.codec.new_codec()
    }
}

impl Default for LengthDelimitedBuilder {
    fn default() -> Self {
        Self::new()
    }
}
