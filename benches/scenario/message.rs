use std::io;
use std::ops::RangeInclusive;
use std::time::{SystemTime, UNIX_EPOCH};

use bytes::{Buf, BufMut, Bytes, BytesMut};

/// Makes a message: its length, its number and the time.
pub fn make(number: u32, length: u16) -> Bytes {
    let mut message = BytesMut::with_capacity(length.into());
    message.put_u16(length);
    message.put_u32(number);
    message.put_u64(now());
    message.resize(length.into(), b'x');
    message.freeze()
}

/// Takes the first message off `received`, if all of it is there. Returns its number and when it was made.
///
/// # Errors
///
/// Returns an error if that is no message.
pub fn take(received: &mut &[u8]) -> io::Result<Option<(u32, u64)>> {
    let Some(length) = received.first_chunk().map(|length| u16::from_be_bytes(*length)) else {
        return Ok(None);
    };
    if !SIZES.contains(&length) {
        return Err(io::ErrorKind::InvalidData.into());
    }
    if received.len() < length.into() {
        return Ok(None);
    }
    let mut fields = &received[2..];
    let (number, made) = (fields.get_u32(), fields.get_u64());
    received.advance(length.into());
    Ok(Some((number, made)))
}

/// Returns the time in nanoseconds, the same for all processes.
pub fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.expect("the clock is right").as_nanos() as u64
}

/// Lengths of the messages in bytes.
pub const SIZES: RangeInclusive<u16> = 16..=200;
