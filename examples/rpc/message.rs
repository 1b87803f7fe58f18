use std::io;
use std::sync::LazyLock;

use bytes::{Buf, BufMut, Bytes, BytesMut};
use flow_controlled_writer::codec::{ChunkAppender, ChunkEncoder};
use tokio_util::codec::{Decoder, Encoder};

/// A request or its answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Message {
    /// Ties an answer to its request: answers come in any order.
    pub(crate) id: u64,
    /// The bytes of the body that a request asks for.
    pub(crate) wanted: u32,
    pub(crate) body: Bytes,
}

impl Message {
    pub(crate) fn request(id: u64, length: usize, wanted: usize) -> Self {
        Self { id, wanted: wanted as u32, body: body(id, length) }
    }

    /// Returns the answer to this request, or an error if it is not as it was sent.
    pub(crate) fn answer(&self) -> io::Result<Self> {
        if self.body != body(self.id, self.body.len()) {
            return Err(io::Error::other(format!("request {} has arrived damaged", self.id)));
        }
        Ok(Self { id: self.id, wanted: 0, body: body(!self.id, self.wanted as usize) })
    }

    /// Checks every byte of an answer to the request `id`, of which the length is checked if it is known.
    pub(crate) fn check_answer(&self, id: u64, length: Option<usize>) -> io::Result<()> {
        let is_long = length.is_none_or(|length| length == self.body.len());
        if self.id == id && is_long && self.body == body(!id, self.body.len()) {
            return Ok(());
        }
        Err(io::Error::other(format!("request {id} has a wrong answer")))
    }
}

/// Frames of the length of the rest, the id, what is wanted, and the body.
///
/// For [`FramedSender`](flow_controlled_writer::codec::FramedSender): a large body is queued as it is.
#[derive(Clone, Debug)]
pub(crate) struct Frames;

impl ChunkEncoder<Message> for Frames {
    type Error = io::Error;

    fn encode(&mut self, message: Message, dst: &mut ChunkAppender<'_>) -> io::Result<()> {
        dst.extend_from_slice(&head(&message));
        dst.push(message.body);
        Ok(())
    }
}

impl Decoder for Frames {
    type Item = Message;
    type Error = io::Error;

    fn decode(&mut self, src: &mut BytesMut) -> io::Result<Option<Message>> {
        let Some(length) = src.first_chunk().map(|length| u32::from_be_bytes(*length) as usize)
        else {
            return Ok(None);
        };
        if !(HEAD - 4..=LONGEST).contains(&length) {
            return Err(io::Error::other(format!("a frame of {length} bytes")));
        }
        if src.len() < 4 + length {
            src.reserve(4 + length - src.len());
            return Ok(None);
        }
        src.advance(4);
        let mut frame = src.split_to(length).freeze();
        Ok(Some(Message { id: frame.get_u64(), wanted: frame.get_u32(), body: frame }))
    }
}

/// The same frames for tokio-util's `FramedWrite`, which copies every body.
#[derive(Clone, Debug)]
pub(crate) struct CopiedFrames;

impl Encoder<Message> for CopiedFrames {
    type Error = io::Error;

    fn encode(&mut self, message: Message, dst: &mut BytesMut) -> io::Result<()> {
        dst.reserve(HEAD + message.body.len());
        dst.put_slice(&head(&message));
        dst.put_slice(&message.body);
        Ok(())
    }
}

fn head(message: &Message) -> [u8; HEAD] {
    let mut head = [0; HEAD];
    let mut fields = &mut head[..];
    fields.put_u32((HEAD - 4 + message.body.len()) as u32);
    fields.put_u64(message.id);
    fields.put_u32(message.wanted);
    head
}

/// Returns the body of a message: a part of random bytes that both ends have.
fn body(id: u64, length: usize) -> Bytes {
    static RANDOM: LazyLock<Bytes> = LazyLock::new(|| {
        let mut random = fastrand::Rng::with_seed(7);
        let mut bytes = vec![0; 2 * LONGEST];
        random.fill(&mut bytes);
        bytes.into()
    });
    // Neighbours have bodies that are far from each other.
    let start = id.wrapping_mul(0x9E37_79B9_7F4A_7C15) as usize % LONGEST;
    RANDOM.slice(start..start + length)
}

/// Bytes before the body.
const HEAD: usize = 4 + 8 + 4;
/// The longest frame: a body of 1 MiB, and some room.
const LONGEST: usize = 2 * 1024 * 1024;
