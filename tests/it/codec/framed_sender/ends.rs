use std::io::{self, ErrorKind};
use std::pin::{Pin, pin};
use std::task::Poll;

use bytes::{BufMut, Bytes, BytesMut};
use flow_controlled_writer::channel::Sender;
use flow_controlled_writer::codec::{FramedSender, FramedSink, LengthDelimitedEncoder};
use flow_controlled_writer::{FlowControlledWriter, TrySendItemError};
use futures::{Sink, SinkExt, StreamExt, stream};
use tokio_util::codec::{Encoder, FramedRead, LengthDelimitedCodec, LinesCodec};

use super::{Counting, Rig};
use crate::support::Answer::{Done, Fail, Pending, Take};
use crate::support::Call::{Flush, Shutdown, Write};
use crate::support::{Task, within};

const RESET: ErrorKind = ErrorKind::ConnectionReset;

/// Checks that every way to send ends with `kind`, and that nothing is encoded.
fn expect_closed(sender: &mut FramedSender<Counting>, encoder: &Counting, kind: ErrorKind) {
    let before = encoder.encoded();
    let task = Task::new();
    let refused = sender.try_send("late").expect_err("closed");
    assert!(matches!(refused, TrySendItemError::Closed("late")), "{refused:?}");
    let Poll::Ready(Err(error)) = task.poll_once(sender.send("late")) else { panic!("closed") };
    assert_eq!(error.kind(), kind);
    let started = Pin::new(&mut *sender).start_send("late").map_err(|error| error.kind());
    assert_eq!(started, Err(kind));
    let cx = &mut task.context();
    let ready = Sink::<&str>::poll_ready(Pin::new(sender), cx).map_err(|error| error.kind());
    assert_eq!(ready, Poll::Ready(Err(kind)));
    assert_eq!(encoder.encoded(), before);
}

/// Each way in which a channel ends while somebody waits to send.
#[test]
fn who_waits_when_the_channel_ends_has_an_error_and_has_encoded_nothing() {
    type End = fn(&mut Rig<Counting>);
    let ends: [(End, ErrorKind); 4] = [
        (|rig| drop(std::mem::replace(&mut rig.driver, other_driver())), ErrorKind::BrokenPipe),
        (|rig| assert_eq!(rig.sender.sender().abort(), 4), ErrorKind::BrokenPipe),
        (|rig| rig.sender.sender().close_channel(), ErrorKind::BrokenPipe),
        (
            |rig| {
                rig.inner.script([Fail(RESET)]);
                assert!(matches!(rig.drive(), Poll::Ready(Err(_))));
            },
            RESET,
        ),
    ];
    for (end, kind) in ends {
        let encoder = Counting::default();
        let mut rig = Rig::new((0, 3), encoder.clone(), []);
        rig.sender.try_send("one").expect("open");
        let waiting = Task::new();
        let (mut other, mut told) = (rig.sender.clone(), rig.sender.clone());
        let mut sending = pin!(other.send("two"));
        assert!(waiting.poll(sending.as_mut()).is_pending());
        let cx = &mut waiting.context();
        assert!(Sink::<&str>::poll_ready(Pin::new(&mut told), cx).is_pending());
        waiting.take_wakes();

        end(&mut rig);
        assert_eq!(waiting.take_wakes(), 2, "{kind:?}");
        let Poll::Ready(Err(error)) = waiting.poll(sending.as_mut()) else { panic!("not ended") };
        assert_eq!((error.kind(), encoder.encoded()), (kind, 1));
        expect_closed(&mut rig.sender, &encoder, kind);
        expect_closed(&mut told, &encoder, kind);
    }
}

/// Returns a driver to put in the place of one that is dropped.
fn other_driver() -> Pin<Box<flow_controlled_writer::channel::Driver<crate::support::Scripted>>> {
    Rig::new((0, 0), Counting::default(), []).driver
}

/// Being told ready is no promise that the connection lives.
#[test]
fn a_handle_that_was_told_ready_learns_of_the_end() {
    let mut rig = Rig::new((0, 3), Counting::default(), []);
    let task = Task::new();
    let cx = &mut task.context();
    assert!(Sink::<&str>::poll_ready(Pin::new(&mut rig.sender), cx).is_ready());
    drop(rig.driver);
    let sent = Pin::new(&mut rig.sender).start_send("late").map_err(|error| error.kind());
    assert_eq!(sent, Err(ErrorKind::BrokenPipe));
}

/// Encodes a line, upon which the channel is at an end.
#[derive(Clone, Debug)]
struct Closing(Option<Sender>);

impl Encoder<&'static str> for Closing {
    type Error = io::Error;

    fn encode(&mut self, item: &'static str, dst: &mut BytesMut) -> io::Result<()> {
        dst.put_slice(item.as_bytes());
        if let Some(sender) = &self.0 {
            sender.close_channel();
        }
        Ok(())
    }
}

#[test]
fn a_channel_that_is_closed_during_the_encoding_queues_nothing() {
    let mut rig = Rig::new((4, 100), Closing(None), []);
    rig.sender.try_send("one").expect("open");
    let sender = rig.sender.sender().clone();
    rig.sender.encoder_mut().0 = Some(sender);
    match rig.sender.try_send("two") {
        Err(TrySendItemError::Encode(error)) => assert_eq!(error.kind(), ErrorKind::BrokenPipe),
        other => panic!("{other:?}"),
    }
    assert!(matches!(rig.drive(), Poll::Ready(Ok(_))));
    assert_eq!(rig.inner.wire(), b"one");
}

#[test]
fn the_close_of_a_sink_flushes_and_ends_its_handle_alone() {
    let encoder = Counting::default();
    let mut rig = Rig::new((4, 100), encoder.clone(), [Take(2), Pending, Done]);
    let task = Task::new();
    let mut closing = rig.sender.clone();
    closing.try_send("one").expect("open");
    let close = |sender: &mut FramedSender<Counting>| {
        task.poll_once(SinkExt::<&str>::close(sender)).map(|result| result.is_ok())
    };
    assert_eq!(close(&mut closing), Poll::Pending);
    expect_closed(&mut closing, &encoder, ErrorKind::BrokenPipe);
    assert!(rig.drive().is_pending());
    assert_eq!(close(&mut closing), Poll::Pending);
    assert!(rig.drive().is_pending());
    assert_eq!(close(&mut closing), Poll::Ready(true));
    assert_eq!(close(&mut closing), Poll::Ready(true), "once more is nothing new");

    rig.sender.try_send("two").expect("the channel is open");
    assert!(rig.drive().is_pending());
    assert_eq!(close(&mut rig.sender), Poll::Ready(true));
    assert!(matches!(rig.drive(), Poll::Ready(Ok(_))), "it was the last handle");
    assert_eq!(rig.inner.wire(), b"one\ntwo\n");
}

#[test]
fn after_the_last_handle_the_frames_are_written_flushed_and_the_writer_shut_down() {
    let mut rig = Rig::new((4, 100), Counting::default(), [Pending]);
    let mut other = rig.sender.clone();
    rig.sender.try_send("one").expect("open");
    other.try_send("two").expect("open");
    let Rig { sender, mut driver, inner, pump } = rig;
    drop(sender);
    assert!(pump.poll(driver.as_mut()).is_pending());
    drop(other);
    assert!(matches!(pump.poll(driver.as_mut()), Poll::Ready(Ok(_))));
    let log = inner.take_log();
    assert_eq!(log, [Write(8, Pending), Write(8, Take(8)), Flush(Done), Shutdown(Done)]);
}

#[test]
fn abort_takes_the_frames_that_were_not_written() {
    let encoder = Counting::default();
    let mut rig = Rig::new((4, 100), encoder.clone(), [Take(6), Pending]);
    for line in ["one", "two", "three"] {
        rig.sender.try_send(line).expect("open");
    }
    assert!(rig.drive().is_pending());
    assert_eq!(rig.sender.sender().abort(), 8);
    expect_closed(&mut rig.sender, &encoder, ErrorKind::BrokenPipe);
    assert!(matches!(rig.drive(), Poll::Ready(Ok(_))));
    assert_eq!(rig.inner.wire(), b"one\ntw");
}

/// What a failed connection holds begins in the middle of a frame; the positions tell where.
#[test]
fn a_driver_that_failed_hands_out_the_frames_that_were_not_written() {
    let mut rig = Rig::new((4, 100), LinesCodec::new(), [Take(6), Fail(RESET)]);
    let ends = ["one", "two", "three"].map(|line| rig.sender.try_send(line).expect("open"));
    let Poll::Ready(Err(failure)) = rig.drive() else { panic!("the writer failed") };
    let written = failure.parts.written;
    assert_eq!((written, rig.sender.sender().written()), (6, 6));
    let unsent = failure.parts.queue.into_iter().collect::<Vec<_>>().concat();
    assert_eq!(unsent, b"o\nthree\n");
    let cut = (ends[1] - written) as usize;
    assert_eq!(unsent[cut..], *b"three\n");
}

/// `forward` closes its sink at the end of its stream: that must not end the channel for the others.
#[tokio::test]
async fn streams_are_forwarded_into_clones_of_one_channel() -> io::Result<()> {
    let (near, far) = tokio::io::duplex(100);
    let writer = FlowControlledWriter::new(near);
    let (sender, driver) = FramedSink::new(writer, LengthDelimitedEncoder::new()).into_channel();
    let driver = tokio::spawn(driver);
    for name in 0..4_u8 {
        let items = (0..100 + u32::from(name)).map(move |number| {
            Ok(Bytes::from([&[name], &number.to_be_bytes()[..], &[0; 50]].concat()))
        });
        tokio::spawn(stream::iter(items).forward(sender.clone()));
    }
    drop(sender);
    let frames: Vec<_> = FramedRead::new(far, LengthDelimitedCodec::new()).collect().await;
    within(driver).await??;
    for name in 0..4_u8 {
        let numbers = frames.iter().map(|frame| frame.as_ref().expect("a frame"));
        let numbers = numbers.filter(|frame| frame[0] == name).map(|frame| frame[1..5].to_vec());
        let wanted = (0..100 + u32::from(name)).map(|number| number.to_be_bytes().to_vec());
        assert!(numbers.eq(wanted), "the stream {name}");
    }
    Ok(())
}
