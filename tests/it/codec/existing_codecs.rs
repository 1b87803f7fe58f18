use std::fmt;
use std::io;

use bytes::{Buf, BufMut, Bytes, BytesMut};
use flow_controlled_writer::Builder;
use flow_controlled_writer::FlowControlledWriter;
use flow_controlled_writer::codec::{ChunkEncoder, FramedSink};
use futures::SinkExt;
use tokio_util::codec::{
    AnyDelimiterCodec, BytesCodec, Decoder, Encoder, FramedWrite, LengthDelimitedCodec, LinesCodec,
};

use super::{FrameRig, decode};
use crate::support::Answer::{Pending, Take};
use crate::support::Scripted;

#[test]
fn lines_arrive_whole_whatever_the_inner_writer_takes() {
    let lines = ["", "one", "a longer line, with \r in it", "", &"x".repeat(3000), "last"];
    for wire in wires_of(LinesCodec::new(), &lines) {
        assert_eq!(decode(LinesCodec::new(), &wire), lines);
    }
}

#[test]
fn bytes_arrive_whole_whatever_the_inner_writer_takes() {
    let chunks = [Bytes::new(), Bytes::from_static(b"abc"), Bytes::from(vec![7; 2500])];
    for wire in wires_of(BytesCodec::new(), &chunks) {
        assert_eq!(wire, chunks.concat());
    }
}

#[test]
fn length_delimited_frames_arrive_whole_whatever_the_inner_writer_takes() {
    let payloads = [Bytes::new(), Bytes::from_static(b"abc"), Bytes::from(vec![7; 2500])];
    for wire in wires_of(LengthDelimitedCodec::new(), &payloads) {
        assert_eq!(decode(LengthDelimitedCodec::new(), &wire), payloads);
    }
}

#[test]
fn delimited_sequences_arrive_whole_whatever_the_inner_writer_takes() {
    let codec = || AnyDelimiterCodec::new(b";,".to_vec(), b";--;".to_vec());
    let sequences = ["one", "two words", "three"];
    for wire in wires_of(codec(), &sequences) {
        assert_eq!(wire, b"one;--;two words;--;three;--;");
        let found: Vec<Bytes> = decode(codec(), &wire)
            .into_iter()
            .filter(|found| found.iter().any(|b| *b != b'-'))
            .collect();
        assert_eq!(found, sequences);
    }
}

#[test]
fn frames_of_a_codec_of_ones_own_arrive_whole_whatever_the_inner_writer_takes() {
    let messages = [
        Message { kind: 1, text: String::new() },
        Message { kind: 200, text: "hello".into() },
        Message { kind: 3, text: "y".repeat(2000) },
    ];
    for wire in wires_of(MessageCodec, &messages) {
        assert_eq!(decode(MessageCodec, &wire), messages);
    }
}

/// An encoder that reads what the block already holds gets under `FramedSink` what it gets under
/// `FramedWrite`: this one puts a separator between frames and none before the first.
#[tokio::test]
async fn an_encoder_sees_the_block_that_it_sees_under_framed_write() {
    struct Separated;

    impl Encoder<&str> for Separated {
        type Error = io::Error;

        fn encode(&mut self, item: &str, dst: &mut BytesMut) -> io::Result<()> {
            if !dst.is_empty() && !dst.ends_with(b",") {
                dst.put_u8(b',');
            }
            dst.extend_from_slice(item.as_bytes());
            Ok(())
        }
    }

    let mut rival = FramedWrite::new(Vec::new(), Separated);
    let mut sink = FramedSink::new(FlowControlledWriter::new(Vec::new()), Separated);
    for item in ["a", "b,", "c", "a rather long item that is behind the others", "d"] {
        rival.feed(item).await.expect("a vector takes all");
        sink.feed(item).await.expect("a vector takes all");
    }
    SinkExt::<&str>::flush(&mut rival).await.expect("a vector takes all");
    sink.flush().await.expect("a vector takes all");
    assert_eq!(sink.get_ref().get_ref(), rival.get_ref());
    assert_eq!(rival.get_ref(), b"a,b,c,a rather long item that is behind the others,d");
}

#[test]
fn the_error_of_the_encoder_is_returned_as_it_is() {
    let mut rig = FrameRig::new(MessageCodec, []);
    let message = Message { kind: 1, text: "z".repeat(70_000) };
    assert_eq!(rig.start_send(message, ""), Err(MessageError::TooLong(70_000)));
    rig.start_send(Message { kind: 1, text: "ok".into() }, b"\x01\0\x02ok").expect("fits");
    rig.finish();
}

#[test]
fn an_error_of_the_inner_writer_is_converted_to_that_of_the_encoder() {
    let script = [crate::support::Answer::Fail(io::ErrorKind::ConnectionReset)];
    let mut rig = FrameRig::new(MessageCodec, script);
    rig.start_send(Message { kind: 1, text: "ok".into() }, b"\x01\0\x02ok").expect("fits");
    let cx = &mut rig.task.context();
    let flushed = futures::Sink::<Message>::poll_flush(std::pin::Pin::new(&mut rig.sink), cx);
    let wanted = MessageError::Io(io::ErrorKind::ConnectionReset);
    assert_eq!(flushed, std::task::Poll::Ready(Err(wanted)));
}

/// Sends `items` over inner writers of all kinds and returns what each of them got, having checked
/// that it is what the codec makes of them under `FramedWrite`.
fn wires_of<C, Item>(codec: C, items: &[Item]) -> Vec<Vec<u8>>
where
    C: Clone + Encoder<Item>,
    C::Error: fmt::Debug,
    Item: Clone,
{
    let mut wires = Vec::new();
    for threshold in [0, 1024] {
        for gathering in [false, true] {
            for taken in [1, 3, 1000] {
                let (inner, handle) = Scripted::new(gathering, [Pending, Take(1), Pending]);
                handle.otherwise(Take(taken));
                let options = Builder::new().coalesce_threshold(threshold);
                let mut rig = FrameRig::with_options(&options, codec.clone(), (inner, handle));
                let mut rival = codec.clone();
                for item in items {
                    rig.send_as(item.clone(), &mut rival).expect("the item can be encoded");
                }
                wires.push(rig.flush_to_end());
                rig.finish();
            }
        }
    }
    wires
}

/// A message of a protocol: its kind, the length of its text, its text.
#[derive(Clone, Debug, PartialEq)]
struct Message {
    kind: u8,
    text: String,
}

#[derive(Clone, Debug)]
struct MessageCodec;

#[derive(Debug, PartialEq)]
enum MessageError {
    TooLong(usize),
    Io(io::ErrorKind),
}

impl From<io::Error> for MessageError {
    fn from(error: io::Error) -> Self {
        Self::Io(error.kind())
    }
}

impl Encoder<Message> for MessageCodec {
    type Error = MessageError;

    fn encode(&mut self, message: Message, dst: &mut BytesMut) -> Result<(), MessageError> {
        dst.put_u8(message.kind);
        let length = message.text.len();
        dst.put_u16(length.try_into().map_err(|_| MessageError::TooLong(length))?);
        dst.put_slice(message.text.as_bytes());
        Ok(())
    }
}

impl Decoder for MessageCodec {
    type Item = Message;
    type Error = MessageError;

    fn decode(&mut self, src: &mut BytesMut) -> Result<Option<Message>, MessageError> {
        if src.len() < 3 || src.len() < 3 + usize::from(u16::from_be_bytes([src[1], src[2]])) {
            return Ok(None);
        }
        let (kind, length) = (src.get_u8(), usize::from(src.get_u16()));
        let text = src.split_to(length).to_vec();
        Ok(Some(Message { kind, text: String::from_utf8(text).expect("the test sends text") }))
    }
}

/// That a codec is one is known without naming the trait of this crate.
#[test]
fn every_encoder_is_a_chunk_encoder() {
    fn is_chunk_encoder<Item, E: ChunkEncoder<Item>>(_: &E) {}
    is_chunk_encoder::<&str, _>(&LinesCodec::new());
    is_chunk_encoder::<String, _>(&LinesCodec::new());
    is_chunk_encoder::<BytesMut, _>(&BytesCodec::new());
    is_chunk_encoder::<Bytes, _>(&LengthDelimitedCodec::new());
    is_chunk_encoder::<String, _>(&AnyDelimiterCodec::new(vec![0], vec![0]));
    is_chunk_encoder::<Message, _>(&MessageCodec);
}
