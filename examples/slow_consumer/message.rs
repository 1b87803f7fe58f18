use std::io;

use bytes::{Buf, BufMut, Bytes, BytesMut};
use crc32fast::Hasher;

/// Makes a message: its size, its number, and content that follows from the number, so that the
/// reader can tell one that is damaged.
pub(crate) fn make(number: u32, size: u16) -> Bytes {
    let mut message = BytesMut::with_capacity(size.into());
    message.put_u16(size);
    message.put_u32(number);
    message.extend((HEADER..size).map(|offset| content(number, offset)));
    message.freeze()
}

/// What went over one connection: kept by the server of what it sends, and by the client of what
/// it receives. They must be equal in the end.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) messages: u64,
    pub(crate) bytes: u64,
    /// The checksum of all bytes.
    pub(crate) checksum: u32,
    last: Option<u32>,
}

impl Tally {
    /// Counts one message in.
    ///
    /// # Errors
    ///
    /// Returns what is wrong with a message that is damaged, doubled or out of order.
    pub(crate) fn add(&mut self, message: &[u8]) -> io::Result<()> {
        let mut rest = message;
        let (size, number) = (rest.get_u16(), rest.get_u32());
        let damaged = (HEADER..size).zip(rest).any(|(at, byte)| content(number, at) != *byte);
        if damaged || usize::from(size) != message.len() {
            return Err(invalid(format!("message {number} is damaged")));
        }
        if self.last.is_some_and(|last| last >= number) {
            return Err(invalid(format!("message {number} comes after {:?}", self.last)));
        }
        let mut hasher = Hasher::new_with_initial(self.checksum);
        hasher.update(message);
        self.checksum = hasher.finalize();
        self.bytes += message.len() as u64;
        self.messages += 1;
        self.last = Some(number);
        Ok(())
    }

    /// Counts all whole messages at the front of `buffer` and removes them.
    ///
    /// # Errors
    ///
    /// Returns the error of [`add`](Self::add).
    pub(crate) fn add_received(&mut self, buffer: &mut BytesMut) -> io::Result<()> {
        while buffer.len() >= HEADER.into() {
            let size = usize::from(u16::from_be_bytes([buffer[0], buffer[1]]));
            if size < HEADER.into() {
                return Err(invalid(format!("a message of {size} bytes")));
            }
            if buffer.len() < size {
                break;
            }
            self.add(&buffer.split_to(size))?;
        }
        Ok(())
    }
}

fn content(number: u32, offset: u16) -> u8 {
    number.wrapping_mul(31).wrapping_add(offset.into()).to_be_bytes()[3]
}

fn invalid(what: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

/// The size in two bytes and the number in four.
pub(crate) const HEADER: u16 = 6;
