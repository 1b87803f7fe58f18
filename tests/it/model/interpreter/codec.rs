use std::io::{self, ErrorKind};
use std::pin::{Pin, pin};
use std::task::Poll;

use bytes::Bytes;
use flow_controlled_writer::codec::{ChunkAppender, ChunkEncoder, FramedSink, TrySendItemError};
use futures::Sink;

use super::input::Input;
use super::machine::{Machine, Subject, Writer};
use super::oracle::{Ending, Refusal};
use super::queue::put;
use crate::support::Scripted;

/// Runs the operations that `bytes` spell on a sink of frames, and on the writer in it.
pub(crate) fn run_codec(bytes: &[u8]) {
    let mut input = Input::new(bytes);
    let ends = input.one_in(2);
    let mut machine = Machine::new(&mut input, |writer| FramedSink::new(writer, Frames::default()));
    while !input.is_empty() {
        match if machine.owes_a_write() { 7 } else { input.below(8) } {
            0 | 1 => machine.start_send_frame(Frame::new(&mut input)),
            2 => machine.try_send_frame(Frame::new(&mut input)),
            3 => machine.feed_frame(Frame::new(&mut input)),
            _ => machine.step(&mut input),
        }
    }
    if ends {
        machine.end();
    }
    machine.take_apart();
}

type Framed = FramedSink<Scripted, Frames>;

impl Subject for Framed {
    fn writer(&self) -> &Writer {
        self.get_ref()
    }

    fn writer_mut(&mut self) -> &mut Writer {
        self.get_mut()
    }

    fn into_writer(self) -> Writer {
        self.into_inner()
    }
}

impl Machine<Framed> {
    fn start_send_frame(&mut self, frame: Frame) {
        let result = Pin::new(&mut self.subject).start_send(frame.clone());
        let ending = self.subject.encoder_mut().ending();
        let expected = self.oracle.start_frame(&frame.bytes(), ending);
        assert_eq!(result.map_err(|error| error.kind()), expected, "a frame that is {ending:?}");
        self.check_without_calls();
    }

    fn try_send_frame(&mut self, frame: Frame) {
        let refusal = self.oracle.refusal();
        match (self.subject.try_send(frame.clone()), refusal) {
            (Err(TrySendItemError::Full(item)), Some(Refusal::Full)) => assert_eq!(item, frame),
            (Err(TrySendItemError::Closed(item)), Some(Refusal::Closed | Refusal::Failed(_))) => {
                assert_eq!(item, frame);
            }
            (Err(TrySendItemError::Encode(error)), None) => self.check_frame(&frame, Err(error)),
            (Ok(()), None) => self.check_frame(&frame, Ok(())),
            (result, _) => panic!("{result:?}, not {refusal:?}"),
        }
        self.check_without_calls();
    }

    /// A future of `feed`, polled once and dropped.
    fn feed_frame(&mut self, frame: Frame) {
        let bytes = frame.bytes();
        let ending = std::cell::Cell::new(Ending::Complete);
        self.poll_subject(
            |sink, cx| {
                let result = pin!(sink.feed(frame.clone())).poll(cx);
                ending.set(sink.encoder_mut().ending());
                result
            },
            |oracle, calls| match oracle.ready(calls) {
                Poll::Ready(Ok(())) => Poll::Ready(oracle.encode(&bytes, ending.get())),
                other => other,
            },
        );
    }

    /// Checks what has come of a frame that was taken.
    fn check_frame(&mut self, frame: &Frame, result: io::Result<()>) {
        let ending = self.subject.encoder_mut().ending();
        let expected = self.oracle.encode(&frame.bytes(), ending);
        assert_eq!(result.map_err(|error| error.kind()), expected, "a frame that is {ending:?}");
        self.check_without_calls();
    }
}

/// An item: the parts of its frame and what the encoder does at the end.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Frame {
    parts: Vec<Part>,
    last: Last,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Chunk(Bytes),
    Slice(&'static [u8]),
    /// Written to the block of the queue in one of several manners.
    Block(&'static [u8], usize),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Last {
    Nothing,
    Fail,
    /// Writes to the block and fails there.
    FailInBlock,
    /// Removes up to so many bytes that were in the block before.
    Tear(usize),
}

impl Frame {
    fn new(input: &mut Input<'_>) -> Self {
        let last = match input.below(16) {
            0..=11 => Last::Nothing,
            12 | 13 => Last::Fail,
            14 => Last::FailInBlock,
            // Alone, as what it removes must be older than the frame.
            _ => return Self { parts: Vec::new(), last: Last::Tear(input.size()) },
        };
        let count = input.below(4);
        let parts = std::iter::repeat_with(|| match input.below(3) {
            0 => Part::Chunk(input.chunk()),
            1 => Part::Slice(input.payload()),
            _ => Part::Block(input.payload(), input.below(4)),
        });
        Self { parts: parts.take(count).collect(), last }
    }

    fn bytes(&self) -> Vec<u8> {
        let bytes = self.parts.iter().map(|part| match part {
            Part::Chunk(chunk) => &chunk[..],
            Part::Slice(slice) | Part::Block(slice, _) => slice,
        });
        bytes.collect::<Vec<_>>().concat()
    }
}

/// An encoder that does what its items say and remembers how the last one ended.
#[derive(Debug, Default)]
struct Frames {
    ending: Option<Ending>,
}

impl Frames {
    fn ending(&mut self) -> Ending {
        self.ending.take().unwrap_or(Ending::Complete)
    }
}

impl ChunkEncoder<Frame> for Frames {
    type Error = io::Error;

    fn encode(&mut self, frame: Frame, dst: &mut ChunkAppender<'_>) -> io::Result<()> {
        for part in &frame.parts {
            match part {
                Part::Chunk(chunk) => dst.push(chunk.clone()),
                Part::Slice(slice) => dst.extend_from_slice(slice),
                Part::Block(slice, manner) => dst.encode_with(|block| {
                    put(block, slice, *manner);
                    io::Result::Ok(())
                })?,
            }
        }
        assert_eq!(dst.appended(), frame.bytes().len());
        self.ending = Some(Ending::Failed(ErrorKind::Unsupported));
        match frame.last {
            Last::Nothing => self.ending = None,
            Last::Fail => return Err(ErrorKind::Unsupported.into()),
            Last::FailInBlock => dst.encode_with(|block| {
                block.extend_from_slice(b"half a frame");
                Err(io::Error::from(ErrorKind::Unsupported))
            })?,
            Last::Tear(count) => dst.encode_with(|block| {
                let torn = count.min(block.len());
                block.truncate(block.len() - torn);
                self.ending = (torn > 0).then_some(Ending::Torn(torn));
                io::Result::Ok(())
            })?,
        }
        Ok(())
    }
}
