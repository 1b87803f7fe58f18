use std::collections::VecDeque;
use std::io;

use bytes::{Buf, BufMut, Bytes, BytesMut};
use tokio_util::codec::{Decoder, Encoder};

/// What a client sends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Request {
    Query(String),
    Data(Bytes),
    CopyDone,
}

/// What a server sends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    Row(Bytes),
    Complete,
    CopyIn,
    CopyOut,
    Data(Bytes),
    CopyDone,
}

/// The client's side. An answer is understood by what was asked, which what encodes tells what decodes.
#[derive(Debug, Default)]
pub(super) struct Frontend {
    asked: VecDeque<String>,
}

/// The server's side. What may come in depends on what has gone out.
#[derive(Debug, Default)]
pub(super) struct Backend {
    is_copying_in: bool,
}

impl Frontend {
    /// Returns how many queries have not been answered to the end.
    pub(super) fn asked(&self) -> usize {
        self.asked.len()
    }
}

impl Encoder<Request> for Frontend {
    type Error = io::Error;

    fn encode(&mut self, request: Request, dst: &mut BytesMut) -> io::Result<()> {
        match request {
            Request::Query(text) => {
                put(b'Q', text.as_bytes(), dst);
                self.asked.push_back(text);
            }
            Request::Data(data) => put(b'd', &data, dst),
            Request::CopyDone => put(b'c', b"", dst),
        }
        Ok(())
    }
}

impl Decoder for Frontend {
    type Item = Answer;
    type Error = io::Error;

    fn decode(&mut self, src: &mut BytesMut) -> io::Result<Option<Answer>> {
        let Some((tag, body)) = take(src)? else { return Ok(None) };
        let asked = self.asked.front().ok_or_else(|| invalid("an answer to no query"))?;
        Ok(Some(match tag {
            b'D' => Answer::Row(body),
            b'G' if asked == "copy in" => Answer::CopyIn,
            b'H' if asked.starts_with("copy out") => Answer::CopyOut,
            b'd' if asked.starts_with("copy out") => Answer::Data(body),
            b'c' if asked.starts_with("copy out") => Answer::CopyDone,
            b'C' => {
                self.asked.pop_front();
                Answer::Complete
            }
            _ => return Err(invalid("an answer to another query")),
        }))
    }
}

impl Encoder<Answer> for Backend {
    type Error = io::Error;

    fn encode(&mut self, answer: Answer, dst: &mut BytesMut) -> io::Result<()> {
        match answer {
            Answer::Row(row) => put(b'D', &row, dst),
            Answer::Complete => put(b'C', b"", dst),
            Answer::CopyIn => {
                self.is_copying_in = true;
                put(b'G', b"", dst);
            }
            Answer::CopyOut => put(b'H', b"", dst),
            Answer::Data(data) => put(b'd', &data, dst),
            Answer::CopyDone => put(b'c', b"", dst),
        }
        Ok(())
    }
}

impl Decoder for Backend {
    type Item = Request;
    type Error = io::Error;

    fn decode(&mut self, src: &mut BytesMut) -> io::Result<Option<Request>> {
        let Some((tag, body)) = take(src)? else { return Ok(None) };
        Ok(Some(match tag {
            b'Q' if !self.is_copying_in => {
                Request::Query(String::from_utf8(body.to_vec()).map_err(invalid)?)
            }
            b'd' if self.is_copying_in => Request::Data(body),
            b'c' if self.is_copying_in => {
                self.is_copying_in = false;
                Request::CopyDone
            }
            _ => return Err(invalid("a request at the wrong time")),
        }))
    }
}

/// Appends a message: a tag, a length that counts itself, and a body.
fn put(tag: u8, body: &[u8], dst: &mut BytesMut) {
    dst.reserve(HEAD + body.len());
    dst.put_u8(tag);
    dst.put_u32((HEAD - 1 + body.len()) as u32);
    dst.put_slice(body);
}

/// Takes a message off, if it is there as a whole.
fn take(src: &mut BytesMut) -> io::Result<Option<(u8, Bytes)>> {
    let Some((head, _)) = src.split_first_chunk::<HEAD>() else { return Ok(None) };
    let (tag, mut length) = (head[0], &head[1..]);
    let length = length.get_u32() as usize;
    if length < HEAD - 1 {
        return Err(invalid("a length that is none"));
    }
    if src.len() <= length {
        src.reserve(length + 1 - src.len());
        return Ok(None);
    }
    let mut message = src.split_to(length + 1).freeze();
    message.advance(HEAD);
    Ok(Some((tag, message)))
}

fn invalid(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, error)
}

/// The bytes of a tag and a length.
const HEAD: usize = 5;
