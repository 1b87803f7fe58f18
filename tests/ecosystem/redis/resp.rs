use std::io;

use bytes::{Buf, Bytes, BytesMut};
use flow_controlled_writer::codec::{ChunkAppender, ChunkEncoder};
use tokio_util::codec::Decoder;

/// The server's side of the protocol: decodes commands and encodes replies.
#[derive(Clone, Debug)]
pub(super) struct Resp;

#[derive(Debug)]
pub(super) enum Reply {
    Status(&'static str),
    Integer(i64),
    Value(Bytes),
    Nil,
}

impl Decoder for Resp {
    type Item = Vec<Bytes>;
    type Error = io::Error;

    fn decode(&mut self, src: &mut BytesMut) -> io::Result<Option<Vec<Bytes>>> {
        let mut rest = &src[..];
        let Some(count) = number(&mut rest, b'*')? else { return Ok(None) };
        let mut ranges = Vec::with_capacity(count);
        for _ in 0..count {
            let Some(length) = number(&mut rest, b'$')? else { return Ok(None) };
            let start = src.len() - rest.len();
            if rest.len() < length + 2 {
                src.reserve(start + length + 2 - src.len());
                return Ok(None);
            }
            ranges.push(start..start + length);
            rest = &rest[length + 2..];
        }
        let taken = src.len() - rest.len();
        let command = src.split_to(taken).freeze();
        Ok(Some(ranges.into_iter().map(|range| command.slice(range)).collect()))
    }
}

/// Takes a line that begins with `mark` and holds a number; `None` if it is not yet complete.
fn number(src: &mut &[u8], mark: u8) -> io::Result<Option<usize>> {
    let Some(end) = src.windows(2).position(|pair| pair == b"\r\n") else { return Ok(None) };
    let line = &src[..end];
    let digits = line.strip_prefix(&[mark]).and_then(|digits| std::str::from_utf8(digits).ok());
    let value = digits.and_then(|digits| digits.parse().ok()).ok_or(io::ErrorKind::InvalidData)?;
    src.advance(end + 2);
    Ok(Some(value))
}

impl ChunkEncoder<Reply> for Resp {
    type Error = io::Error;

    /// Large values are queued as they are.
    fn encode(&mut self, reply: Reply, dst: &mut ChunkAppender<'_>) -> io::Result<()> {
        match reply {
            Reply::Status(text) => dst.extend_from_slice(format!("+{text}\r\n").as_bytes()),
            Reply::Integer(value) => dst.extend_from_slice(format!(":{value}\r\n").as_bytes()),
            Reply::Nil => dst.extend_from_slice(b"$-1\r\n"),
            Reply::Value(value) => {
                dst.extend_from_slice(format!("${}\r\n", value.len()).as_bytes());
                dst.push(value);
                dst.extend_from_slice(b"\r\n");
            }
        }
        Ok(())
    }
}
