//! Messages as they go over the wire. What a server sends is not masked, so one encoding serves all
//! clients.

use bytes::Bytes;
use tokio_tungstenite::tungstenite::protocol::frame::Frame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};

pub(crate) fn binary(payload: Vec<u8>) -> Bytes {
    encode(payload.into(), Data::Binary)
}

pub(crate) fn text(payload: String) -> Bytes {
    encode(payload.into(), Data::Text)
}

fn encode(payload: Bytes, kind: Data) -> Bytes {
    let frame = Frame::message(payload, OpCode::Data(kind), true);
    let mut bytes = Vec::with_capacity(frame.len());
    frame.format(&mut bytes).expect("a vector takes all that is written to it");
    bytes.into()
}
