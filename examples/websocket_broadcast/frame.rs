//! WebSocket frames, with the frame types of tungstenite and none of its buffering.

use std::io::{self, Cursor};

use bytes::{Bytes, BytesMut};
use tokio_util::codec::Decoder;
use tungstenite::protocol::frame::coding::{Data, OpCode};
use tungstenite::protocol::frame::{Frame, FrameHeader};

/// Encodes a message of bytes. What a server sends is not masked, so one frame serves everybody.
pub(crate) fn binary(payload: Vec<u8>) -> Bytes {
    encode(Frame::message(payload, OpCode::Data(Data::Binary), true))
}

/// Encodes a message of text.
pub(crate) fn text(payload: String) -> Bytes {
    encode(Frame::message(payload, OpCode::Data(Data::Text), true))
}

/// Encodes a frame as it goes over the wire.
pub(crate) fn encode(frame: Frame) -> Bytes {
    let mut bytes = Vec::with_capacity(frame.len());
    frame.format(&mut bytes).expect("a vector takes all that is written to it");
    bytes.into()
}

/// Decodes what a client sends. The page sends nothing but the frames that control the connection.
#[derive(Debug)]
pub(crate) struct ClientFrames;

impl Decoder for ClientFrames {
    type Item = Frame;
    type Error = io::Error;

    fn decode(&mut self, received: &mut BytesMut) -> io::Result<Option<Frame>> {
        let mut cursor = Cursor::new(&received[..]);
        let parsed = FrameHeader::parse(&mut cursor).map_err(invalid)?;
        let Some((mut header, length)) = parsed else { return Ok(None) };
        let start = cursor.position() as usize;
        let Some(mask) = header.mask.take() else { return Err(invalid("a frame without a mask")) };
        if length > LONGEST {
            return Err(invalid("a frame too long for this server"));
        }
        let end = start + length as usize;
        if received.len() < end {
            return Ok(None);
        }
        let mut payload = received.split_to(end).split_off(start);
        for (byte, key) in payload.iter_mut().zip(mask.iter().cycle()) {
            *byte ^= key;
        }
        Ok(Some(Frame::from_payload(header, payload.freeze())))
    }
}

/// The error of a client that does not speak the protocol.
pub(crate) fn invalid(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, error)
}

/// The most that a frame with a control code may carry, in bytes.
const LONGEST: u64 = 125;
