use bytes::{Bytes, BytesMut};
use tokio_util::codec::{Encoder, length_delimited};

use super::LengthDelimitedBuilder;
use crate::codec::length_delimited_encoder::ByteOrder;

/// Takes over the settings of tokio-util's builder.
///
/// # Examples
///
/// ```
/// use bytes::{Buf, Bytes};
/// use flow_controlled_writer::ChunkQueue;
/// use flow_controlled_writer::codec::{ChunkAppender, ChunkEncoder, LengthDelimitedBuilder};
/// use tokio_util::codec::length_delimited;
///
/// let mut settings = length_delimited::Builder::new();
/// settings.length_field_type::<u16>().little_endian().length_adjustment(-2);
///
/// let mut queue = ChunkQueue::new();
/// let mut encoder = LengthDelimitedBuilder::from(settings).build();
/// encoder.encode(Bytes::from("hello"), &mut ChunkAppender::new(&mut queue))?;
/// assert_eq!(queue.chunk(), b"\x07\0hello");
/// # Ok::<_, std::io::Error>(())
/// ```
impl From<length_delimited::Builder> for LengthDelimitedBuilder {
    fn from(codec: length_delimited::Builder) -> Self {
        // It has no getters. What is longest is cut to what the field can say, and is thus more than that by
        // the adjustment, or is all that there is: then a shorter field tells.
        let longest = |field| {
            let mut codec = codec;
            codec.length_field_length(field).max_frame_length(usize::MAX);
            codec.new_codec().max_frame_length()
        };
        let negative = longest(WORD).wrapping_sub(usize::MAX);
        let adjustment =
            if negative == 0 { longest(WORD - 1).wrapping_sub(usize::MAX >> 8) } else { negative };

        // The rest is in a header.
        let mut sample = codec;
        sample.length_adjustment(0).max_frame_length(usize::MAX);
        let mut frame = BytesMut::new();
        let encoded = sample.new_codec().encode(Bytes::from_static(&[0]), &mut frame);
        encoded.expect("a field of any length can say 1");
        let length_field_length = frame.len() - 1;
        let is_little = length_field_length > 1 && frame[0] == 1;
        Self {
            length_field_length,
            byte_order: if is_little { ByteOrder::Little } else { ByteOrder::Big },
            length_adjustment: adjustment as isize,
            codec,
        }
    }
}

/// The bytes of a `usize`.
const WORD: usize = size_of::<usize>();
