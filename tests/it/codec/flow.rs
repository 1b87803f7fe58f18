use std::error::Error as _;
use std::io::{self, ErrorKind};
use std::pin::Pin;
use std::task::Poll;

use bytes::{BufMut, BytesMut};
use flow_controlled_writer::codec::{FramedSink, TrySendItemError};
use flow_controlled_writer::{FlowControlledWriter, TrySendError, Watermarks};
use futures::Sink;
use tokio_util::codec::{Encoder, LinesCodec, LinesCodecError};

use super::FrameRig;
use crate::support::Answer::{Fail, Pending, Take};
use crate::support::Call::{Flush, Write};
use crate::support::{READY, Task};

/// Counts how often it is asked.
#[derive(Debug, Default)]
struct Counting {
    encoded: usize,
}

impl Encoder<&'static str> for Counting {
    type Error = io::Error;

    fn encode(&mut self, item: &'static str, dst: &mut BytesMut) -> io::Result<()> {
        self.encoded += 1;
        dst.put_slice(item.as_bytes());
        Ok(())
    }
}

#[test]
fn the_marks_count_encoded_bytes() {
    let mut rig = FrameRig::with_marks((4, 8), LinesCodec::new(), [Take(3), Pending, Take(5)]);
    rig.start_send("abc", "abc\n").expect("open");
    rig.start_send("def", "def\n").expect("open");
    assert!(!rig.sink.get_ref().is_paused(), "8 bytes are not above the mark");
    assert_eq!(rig.ready(), READY);
    assert_eq!(rig.sink.get_ref().bytes_until_pause(), 1);

    rig.start_send("", "\n").expect("open");
    assert!(rig.sink.get_ref().is_paused(), "the newline alone pauses");
    assert_eq!(rig.ready(), Poll::Pending);
    assert_eq!(rig.sink.buffer_size(), 6);
    assert!(rig.inner.wake());
    assert_eq!(rig.task.take_wakes(), 1);
    assert_eq!(rig.ready(), READY);
    assert_eq!(rig.sink.buffer_size(), 1);
    let log = rig.inner.take_log();
    assert_eq!(log, [Write(9, Take(3)), Write(6, Pending), Write(6, Take(5))], "and no flush");
    rig.finish();
}

#[test]
fn a_frame_above_the_high_mark_is_admitted_whole() {
    let mut rig = FrameRig::with_marks((0, 10), LinesCodec::new(), [Pending]);
    let line = "x".repeat(100);
    rig.start_send(&line[..], format!("{line}\n")).expect("not paused");
    assert_eq!(rig.sink.buffer_size(), 101);
    assert_eq!(rig.ready(), Poll::Pending);
    assert_eq!(rig.ready(), READY);
    assert_eq!(rig.sink.buffer_size(), 0);
}

#[test]
fn a_frame_sent_to_a_paused_sink_without_ready_is_accepted_and_counted() {
    let mut rig = FrameRig::with_marks((0, 0), LinesCodec::new(), []);
    rig.start_send("one", "one\n").expect("open");
    assert!(rig.sink.get_ref().is_paused());
    rig.start_send("two", "two\n").expect("open");
    assert_eq!(rig.sink.buffer_size(), 8);
    rig.finish();
}

#[test]
fn a_peer_that_stops_reading_stops_the_feed_at_high_and_one_frame() {
    let mut rig = FrameRig::with_marks((100, 1000), LinesCodec::new(), []);
    rig.inner.otherwise(Pending);
    let mut fed = 0;
    while rig.task.poll_once(rig.sink.feed("a line of 21 bytes..")).is_ready() {
        fed += 1;
    }
    assert_eq!(rig.sink.buffer_size(), 21 * fed);
    assert_eq!(rig.sink.buffer_size(), 1008);
    assert_eq!(rig.sink.get_ref().stats().peak_buffer_size, 1008);
}

/// An item that comes back must not have gone through the encoder: one with a sequence number or a
/// cipher would be out of step.
#[test]
fn try_send_gives_the_item_back_before_it_is_encoded() {
    let mut rig = FrameRig::with_marks((2, 4), Counting::default(), []);
    rig.try_send("hello", "hello").expect("not paused");
    assert_eq!(rig.sink.encoder().encoded, 1);
    for _ in 0..3 {
        let refused = rig.try_send("world", "").expect_err("paused");
        assert!(refused.is_full() && !refused.is_closed());
        assert_eq!(refused.into_item(), Some("world"));
    }
    assert_eq!(rig.sink.encoder().encoded, 1);
    assert_eq!(rig.inner.take_log(), [], "no I/O");
    assert_eq!(rig.ready(), READY);
    rig.try_send("world", "world").expect("resumed");
    rig.finish();
}

#[test]
fn try_send_to_a_closed_sink_gives_the_item_back() {
    let close: [fn(&mut FrameRig<Counting>); 3] = [
        |rig| assert_eq!(rig.shutdown(), READY),
        |rig| assert_eq!(rig.sink.get_mut().abort(), 0),
        |rig| {
            rig.start_send("x", "x").expect("open");
            rig.inner.script([Fail(ErrorKind::ConnectionReset)]);
            assert!(rig.flush().is_ready());
        },
    ];
    for close in close {
        let mut rig = FrameRig::new(Counting::default(), []);
        close(&mut rig);
        let encoded = rig.sink.encoder().encoded;
        let refused = rig.try_send("late", "").expect_err("closed");
        assert!(refused.is_closed() && !refused.is_full());
        assert_eq!(refused.into_item(), Some("late"));
        rig.start_send("late", "").expect_err("closed");
        assert_eq!(rig.sink.encoder().encoded, encoded);
    }
}

#[test]
fn sending_after_the_end_returns_the_kind_of_the_end() {
    let mut shut = FrameRig::new(Counting::default(), []);
    assert_eq!(shut.shutdown(), READY);
    assert_eq!(shut.start_send("x", "").expect_err("shut").kind(), ErrorKind::BrokenPipe);

    let mut reset = FrameRig::new(Counting::default(), [Fail(ErrorKind::ConnectionReset)]);
    reset.start_send("x", "x").expect("open");
    assert!(reset.flush().is_ready());
    assert_eq!(reset.start_send("x", "").expect_err("failed").kind(), ErrorKind::ConnectionReset);
    reset.finish();
}

#[test]
fn the_errors_of_try_send_become_those_of_io_and_of_the_encoder() {
    type Error = TrySendItemError<&'static str, io::Error>;
    let cases: [(fn() -> Error, ErrorKind); 3] = [
        (|| Error::Full("x"), ErrorKind::StorageFull),
        (|| Error::Closed("x"), ErrorKind::BrokenPipe),
        (|| Error::Encode(ErrorKind::InvalidInput.into()), ErrorKind::InvalidInput),
    ];
    for (error, kind) in cases {
        assert_eq!(io::Error::from(error()).kind(), kind);
        assert_eq!(error().into_error().kind(), kind);
        assert!(!format!("{:?} {0}", error()).contains('x'), "no payload: {0:?} {0}", error());
    }
    let lines = TrySendItemError::<_, LinesCodecError>::Full("x").into_error();
    assert!(matches!(lines, LinesCodecError::Io(error) if error.kind() == ErrorKind::StorageFull));
}

#[test]
fn the_errors_of_try_send_say_what_happened() {
    type Error = TrySendItemError<&'static str, io::Error>;
    let encode = Error::Encode(ErrorKind::InvalidInput.into());
    assert_eq!(Error::Full("x").to_string(), "the writer is paused");
    assert_eq!(Error::Closed("x").to_string(), "the writer is closed");
    assert_eq!(encode.to_string(), "the item was not encoded");
    assert_eq!(format!("{:?} {:?}", Error::Full("x"), Error::Closed("x")), "Full(..) Closed(..)");
    assert_eq!(format!("{encode:?}"), "Encode(Kind(InvalidInput))");
    assert!(Error::Full("x").source().is_none() && Error::Closed("x").source().is_none());
    let source = encode.source().map(ToString::to_string);
    assert_eq!(source, Some(io::Error::from(ErrorKind::InvalidInput).to_string()));
    assert!(encode.into_item().is_none(), "the encoder has it");
}

#[test]
fn debug_shows_the_writer_and_the_encoder_and_not_the_frames() {
    let mut sink =
        FramedSink::new(FlowControlledWriter::new(tokio::io::sink()), Counting::default());
    sink.try_send("secret").expect("open");
    let shown = format!("{sink:?}");
    assert!(!shown.contains("secret"), "{shown}");
    assert!(shown.starts_with("FramedSink") && shown.contains("bytes: 6"), "{shown}");
    assert!(shown.contains("encoded: 1"), "{shown}");
}

#[test]
fn marks_that_change_act_on_encoded_bytes_at_once() {
    let mut rig = FrameRig::with_marks((2, 4), LinesCodec::new(), []);
    rig.start_send("hello", "hello\n").expect("open");
    assert!(rig.try_send("more", "").is_err());
    rig.sink.get_mut().set_watermarks(Watermarks::new(10, 20));
    rig.try_send("more", "more\n").expect("resumed by the new marks");
}

#[test]
fn chunks_sent_to_the_writer_itself_lie_between_the_frames() {
    let mut rig = FrameRig::new(LinesCodec::new(), []);
    rig.start_send("one", "one\n").expect("open");
    let refused: Result<(), TrySendError> = rig.sink.get_mut().try_send("raw ");
    assert_eq!(refused, Ok(()));
    let cx = &mut rig.task.context();
    Pin::new(&mut rig.sink).start_send("two").expect("open");
    assert!(Pin::new(&mut rig.sink).poll_flush(cx).is_ready());
    assert_eq!(rig.inner.wire(), b"one\nraw two\n");
}

#[test]
fn shutdown_and_close_deliver_every_frame_first() {
    for close in [false, true] {
        let mut rig = FrameRig::new(LinesCodec::new(), [Take(2), Pending]);
        rig.start_send("one", "one\n").expect("open");
        rig.start_send("two", "two\n").expect("open");
        for _ in 0..2 {
            if close {
                let cx = &mut rig.task.context();
                let _ = Sink::<&str>::poll_close(Pin::new(&mut rig.sink), cx);
            } else {
                let _ = rig.shutdown();
            }
        }
        assert_eq!(rig.inner.wire(), b"one\ntwo\n");
        let log = rig.inner.take_log();
        assert_eq!(
            log[3..],
            [
                Flush(crate::support::Answer::Done),
                crate::support::Call::Shutdown(crate::support::Answer::Done),
            ]
        );
    }
}

#[tokio::test]
async fn the_futures_wait_for_what_their_names_say() {
    let (near, _far) = tokio::io::duplex(16);
    let writer = FlowControlledWriter::with_watermarks(near, Watermarks::new(4, 8));
    let mut sink = FramedSink::new(writer, LinesCodec::new());
    sink.feed("0123456789").await.expect("open");
    assert_eq!(sink.buffer_size(), 11);
    sink.ready().await.expect("the peer has room");
    assert_eq!(sink.buffer_size(), 0);
    sink.feed("01").await.expect("open");
    sink.flush().await.expect("the peer has room");
    assert_eq!(sink.buffer_size(), 0);
    sink.feed("0123456789").await.expect("open");
    assert!(Task::new().poll_once(sink.ready()).is_pending(), "the peer is full");
    assert!(Task::new().poll_once(sink.shutdown()).is_pending(), "the peer is full");
    assert!(sink.try_send("x").expect_err("shutting down").is_closed());
}
