use std::fmt;
use std::io::{self, ErrorKind};

use bytes::{Buf, BufMut, BytesMut};
use tokio_util::codec::{Decoder, Encoder};

/// A codec that does what the bytes tell it, and has a state that both of its halves change.
///
/// It is deliberately not `Clone`: two that begin alike and see the same calls give the same items and
/// write the same frames.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Toy {
    /// How many calls of all kinds there were, but those of `decode` for an empty buffer.
    calls: u32,
    /// Items that are in no byte.
    owed: u32,
}

/// An item of the toy.
#[derive(PartialEq, Eq)]
pub(super) struct Item {
    /// The calls before it.
    calls: u32,
    bytes: BytesMut,
}

impl Item {
    /// Returns a copy that does not share the buffer.
    pub(super) fn copy(&self) -> Self {
        Self { calls: self.calls, bytes: BytesMut::from(&self.bytes[..]) }
    }
}

impl fmt::Debug for Item {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes in call {}", self.bytes.len(), self.calls)
    }
}

impl Toy {
    /// Tells whether it has an item that is in no byte.
    pub(super) fn owes(&self) -> bool {
        self.owed > 0
    }

    fn item(&mut self, bytes: BytesMut) -> io::Result<Option<Item>> {
        Ok(Some(Item { calls: self.calls, bytes }))
    }

    fn owed(&mut self) -> io::Result<Option<Item>> {
        if self.owed == 0 {
            return Ok(None);
        }
        self.owed -= 1;
        self.item(BytesMut::new())
    }
}

impl Decoder for Toy {
    type Item = Item;
    type Error = io::Error;

    fn decode(&mut self, src: &mut BytesMut) -> io::Result<Option<Item>> {
        let Some(&head) = src.first() else { return self.owed() };
        self.calls += 1;
        let length = usize::from(head / 8);
        match head % 8 {
            // Fails, having taken a byte, all, or nothing.
            0 if length < 4 => {
                src.advance(1);
                Err(ErrorKind::InvalidData.into())
            }
            0 if length < 6 => {
                src.clear();
                Err(ErrorKind::Unsupported.into())
            }
            0 if length < 7 && self.calls % 2 == 0 => Err(ErrorKind::Other.into()),
            // Takes bytes and gives nothing, for now or at all.
            0 | 1 => {
                src.advance(1);
                self.owed += u32::from(head % 16 == 1);
                Ok(None)
            }
            // A short item, or one of kilobytes, for which it makes room.
            2..7 if src.len() > length => self.item(src.split_to(1 + length)),
            7 if src.len() > 300 * length => self.item(src.split_to(1 + 300 * length)),
            7 => {
                src.reserve(1 + 300 * length - src.len());
                Ok(None)
            }
            _ => Ok(None),
        }
    }

    fn decode_eof(&mut self, src: &mut BytesMut) -> io::Result<Option<Item>> {
        self.calls += 1;
        match src.first().map(|head| head % 8) {
            None => self.owed(),
            Some(0) => Err(ErrorKind::UnexpectedEof.into()),
            Some(1) => Ok(None),
            Some(2 | 3) => {
                let rest = src.split();
                self.item(rest)
            }
            Some(4) => {
                let one = src.split_to(1);
                self.item(one)
            }
            // As tokio-util does where a codec says nothing about the end.
            Some(_) => match self.decode(src)? {
                None if !src.is_empty() => Err(ErrorKind::Other.into()),
                item => Ok(item),
            },
        }
    }
}

impl Encoder<Vec<u8>> for Toy {
    type Error = io::Error;

    fn encode(&mut self, item: Vec<u8>, dst: &mut BytesMut) -> io::Result<()> {
        self.calls += 1;
        if self.calls % 7 == 0 {
            return Err(ErrorKind::InvalidInput.into());
        }
        dst.put_u32(self.calls);
        dst.put_slice(&item);
        Ok(())
    }
}
