use bytes::{Bytes, BytesMut};
use tokio_util::codec::{Encoder, length_delimited};

use super::LengthDelimitedBuilder;
use crate::codec::length_delimited_encoder::ByteOrder;

/// Takes over the settings of tokio-util's builder.
///
/// That has no getters: what concerns encoding is read off the headers that its codec writes.
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
        let mut sample = codec.new_codec();
        let mut header = |length: usize| {
            let mut frame = BytesMut::new();
            Encoder::encode(&mut sample, Bytes::from(vec![0; length]), &mut frame).ok()?;
            frame.truncate(frame.len() - length);
            Some(frame)
        };
        let longest = codec.new_codec().max_frame_length();
        // With a positive adjustment the shortest payloads cannot be encoded.
        let mut lengths = (0..=LONGEST_SAMPLE.ilog2()).map(|shift| (1 << shift) - 1);
        let first = lengths.find_map(|length| Some((length, header(length.min(longest))?)));
        let Some((length, field)) = first else {
            // Nor can any other one, of a usual length.
            return Self { length_adjustment: isize::MAX, codec, ..Self::new() };
        };
        let length = length.min(longest);
        let little =
            |field: &[u8]| field.iter().rev().fold(0_u64, |sum, byte| sum << 8 | u64::from(*byte));
        let big = |field: &[u8]| field.iter().fold(0_u64, |sum, byte| sum << 8 | u64::from(*byte));
        // The length that follows is one more in the right byte order.
        let is_little = header(length + 1).is_some_and(|next| {
            little(&next) == little(&field) + 1 && big(&next) != big(&field) + 1
        });
        let value = if is_little { little(&field) } else { big(&field) };
        Self {
            length_field_length: field.len(),
            byte_order: if is_little { ByteOrder::Little } else { ByteOrder::Big },
            length_adjustment: (length as isize).wrapping_sub(value as isize),
            codec,
        }
    }
}

/// The longest payload that is encoded to learn what a header says: twice what is let through by
/// default.
const LONGEST_SAMPLE: usize = 16 * 1024 * 1024;
