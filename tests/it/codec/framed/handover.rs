use std::io::{self, ErrorKind};
use std::pin::Pin;

use bytes::{Buf, BufMut, Bytes, BytesMut};
use flow_controlled_writer::codec::Framed;
use flow_controlled_writer::{Builder, FlowControlledWriter, Watermarks};
use futures::{Sink, SinkExt, StreamExt};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio_util::codec::{self, BytesCodec, Decoder, Encoder, LengthDelimitedCodec};

use super::source::Read;
use super::{By, Connection, Next, Rig, connection, line, next};
use crate::support::Answer::{Pending, Take};
use crate::support::{Answer, Handle, Task, within};

fn item(text: &str) -> Next<String> {
    Next::Item(text.into())
}

/// Lines in both directions, and how many there were of both kinds in each that is sent. Not `Clone`.
#[derive(Debug, Default)]
struct Numbered {
    received: u32,
    sent: u32,
}

impl Decoder for Numbered {
    type Item = String;
    type Error = io::Error;

    fn decode(&mut self, src: &mut BytesMut) -> io::Result<Option<String>> {
        let line = line(src, super::Called::Decode)?;
        self.received += u32::from(line.is_some());
        Ok(line)
    }
}

impl Encoder<&str> for Numbered {
    type Error = io::Error;

    fn encode(&mut self, item: &str, dst: &mut BytesMut) -> io::Result<()> {
        self.sent += 1;
        dst.put_slice(format!("{}/{} {item}\n", self.sent, self.received).as_bytes());
        Ok(())
    }
}

#[test]
fn a_codec_that_is_not_clone_shares_its_state_between_the_halves() {
    let mut rig = Rig::new(Numbered::default(), ["one\ntwo\n".into()]);
    rig.framed.try_send("a").expect("open");
    assert_eq!(rig.next(), item("one"));
    rig.framed.try_send("b").expect("open");
    rig.framed.try_send("c").expect("open");
    assert_eq!(rig.next(), item("two"));
    Pin::new(&mut rig.framed).start_send("d").expect("open");
    assert!(rig.task.poll_once(rig.framed.flush()).is_ready());
    assert_eq!(rig.inner.wire(), b"1/0 a\n2/1 b\n3/1 c\n4/2 d\n");
    assert_eq!((rig.framed.codec().received, rig.framed.codec().sent), (2, 4));
    rig.framed.codec_mut().sent = 10;
    rig.framed.try_send("e").expect("open");
    assert!(rig.task.poll_once(rig.framed.flush()).is_ready());
    assert!(rig.inner.wire().ends_with(b"\n11/2 e\n"));
}

/// Makes a `Framed` of tokio-util's that has read `ahead` beyond its first line and has `unsent` queued.
fn used(
    ahead: &str,
    unsent: &[&str],
    writes: impl IntoIterator<Item = Answer>,
) -> (codec::Framed<Connection, Numbered>, super::Reader, Handle) {
    let (stream, source, inner) = connection([Read::from(&*format!("first\n{ahead}"))], writes);
    let mut framed = codec::Framed::new(stream, Numbered::default());
    assert_eq!(next(&mut framed, &Task::new()), item("first"));
    for line in unsent {
        Pin::new(&mut framed).start_send(*line).expect("a buffer takes all");
    }
    (framed, source, inner)
}

/// The peer sends no more before it has an answer: a reader that waits for a read, with the question in its
/// buffer, waits for ever.
#[test]
fn what_tokio_util_has_read_ahead_is_decoded_without_a_read() {
    let (theirs, source, _) = used("second\nthird\nfou", &[], []);
    source.take_rooms();
    let mut ours = Framed::from(theirs);
    let task = Task::new();
    assert_eq!(next(&mut ours, &task), item("second"));
    assert_eq!(next(&mut ours, &task), item("third"));
    assert_eq!(source.take_rooms(), []);
    assert_eq!(next(&mut ours, &task), Next::Pending);
    source.script(["rth\n".into()]);
    assert_eq!(next(&mut ours, &task), item("fourth"));
    assert_eq!(ours.codec().received, 4);
}

#[test]
fn what_tokio_util_has_not_sent_goes_first() {
    let (theirs, _, inner) = used("", &["a", "b"], []);
    let mut ours = Framed::from(theirs);
    assert_eq!((ours.buffer_size(), ours.stats().enqueued_bytes), (12, 12));
    ours.try_send("c").expect("open");
    assert_eq!(inner.wire(), b"");
    assert!(Task::new().poll_once(ours.flush()).is_ready());
    assert_eq!(inner.wire(), b"1/1 a\n2/1 b\n3/1 c\n");
}

/// The inner writer has been offered these bytes and may remember them: the next offer begins with them.
#[test]
fn a_frame_that_tokio_util_has_sent_in_part_goes_on_where_it_was() {
    let (mut theirs, _, inner) = used("", &["a", "bcd"], [Take(8), Pending]);
    assert!(Task::new().poll_once(SinkExt::<&str>::flush(&mut theirs)).is_pending());
    assert_eq!(inner.wire(), b"1/1 a\n2/");
    let mut ours = Framed::from(theirs);
    assert_eq!((ours.buffer_size(), inner.promised()), (6, 6));
    ours.try_send("e").expect("open");
    assert!(Task::new().poll_once(ours.flush()).is_ready());
    assert_eq!(inner.wire(), b"1/1 a\n2/1 bcd\n3/1 e\n");
}

#[test]
fn what_was_unsent_counts_against_the_marks() {
    let long = "x".repeat(65_000);
    for (lines, paused) in [(1, false), (2, true)] {
        let (theirs, ..) = used("", &vec![&long[..]; lines], [Pending]);
        let mut ours = Framed::from(theirs);
        assert_eq!(ours.buffer_size(), lines * 65_005);
        assert_eq!(ours.is_paused(), paused);
        assert_eq!(ours.try_send("more").is_ok(), !paused);
    }
}

#[test]
fn a_fresh_one_of_tokio_util_becomes_a_fresh_one() {
    let (stream, source, inner) = connection(["one\n".into()], []);
    let mut ours = Framed::from(codec::Framed::new(stream, Numbered::default()));
    assert_eq!((ours.buffer_size(), ours.get_ref().queued_chunks()), (0, 0));
    assert!(ours.read_buffer().is_empty());
    assert_eq!(next(&mut ours, &Task::new()), item("one"));
    assert_eq!(source.take_rooms().len(), 1);
    assert_eq!(inner.take_log(), []);
}

/// Each of two ends turns from tokio-util's to ours in the middle of a round of its own: the one has a question
/// unsent, the other one has read into the next.
#[tokio::test]
async fn a_conversation_goes_on_over_a_handover_in_its_middle() -> io::Result<()> {
    for turns in [(0, 3), (2, 2), (3, 1)] {
        let (near, far) = duplex(16);
        let both = async { tokio::try_join!(ask(near, turns.0), answer(far, turns.1)) };
        within(both).await?;
    }
    Ok(())
}

async fn ask(stream: DuplexStream, turn: u8) -> io::Result<()> {
    let mut theirs = codec::Framed::new(stream, LengthDelimitedCodec::new());
    for round in 0..turn {
        theirs.feed(frame(round, "1st question")).await?;
        theirs.send(frame(round, "2nd question")).await?;
        assert_eq!(theirs.next().await.transpose()?, Some(frame(round, "answer").into()));
    }
    theirs.feed(frame(turn, "1st question")).await?;
    let mut ours = Framed::from(theirs);
    ours.send(frame(turn, "2nd question")).await?;
    assert_eq!(ours.next().await.transpose()?, Some(frame(turn, "answer").into()));
    for round in turn + 1..ROUNDS {
        ours.feed(frame(round, "1st question")).await?;
        ours.send(frame(round, "2nd question")).await?;
        assert_eq!(ours.next().await.transpose()?, Some(frame(round, "answer").into()));
    }
    ours.shutdown().await
}

async fn answer(stream: DuplexStream, turn: u8) -> io::Result<()> {
    let mut theirs = codec::Framed::new(stream, LengthDelimitedCodec::new());
    for round in 0..turn {
        assert_eq!(theirs.next().await.transpose()?, Some(frame(round, "1st question").into()));
        assert_eq!(theirs.next().await.transpose()?, Some(frame(round, "2nd question").into()));
        theirs.send(frame(round, "answer")).await?;
    }
    assert_eq!(theirs.next().await.transpose()?, Some(frame(turn, "1st question").into()));
    let mut ours = Framed::from(theirs);
    assert_eq!(ours.next().await.transpose()?, Some(frame(turn, "2nd question").into()));
    ours.send(frame(turn, "answer")).await?;
    for round in turn + 1..ROUNDS {
        assert_eq!(ours.next().await.transpose()?, Some(frame(round, "1st question").into()));
        assert_eq!(ours.next().await.transpose()?, Some(frame(round, "2nd question").into()));
        ours.send(frame(round, "answer")).await?;
    }
    assert!(ours.next().await.is_none());
    Ok(())
}

fn frame(round: u8, what: &str) -> Bytes {
    format!("{what} of round {round}").into()
}

#[test]
fn parts_carry_both_buffers_the_codec_and_the_position() {
    let mut rig = Rig::with_marks(
        (4, 8),
        Numbered::default(),
        ["one\ntwo\nthr".into(), Read::Pending, "ee\n".into()],
        [Take(4), Pending],
    );
    assert_eq!(rig.next(), item("one"));
    rig.framed.try_send("a").expect("open");
    rig.framed.try_send("b").expect("open");
    assert!(rig.task.poll_once(rig.framed.flush()).is_pending());

    let mut parts = rig.framed.into_parts();
    assert_eq!((parts.written, parts.queue.remaining()), (4, 8));
    assert_eq!(parts.read_buffer, "two\nthr");
    assert_eq!((parts.codec.received, parts.codec.sent), (1, 2));
    parts.queue.push("raw\n");

    let options = Builder::new().watermarks(Watermarks::new(4, 11));
    let mut framed = Framed::from_parts(parts, &options);
    assert_eq!((framed.buffer_size(), framed.is_paused()), (12, true));
    assert_eq!(framed.stats().written_bytes, 4, "positions go on");
    assert_eq!(next(&mut framed, &rig.task), item("two"));
    assert!(rig.task.poll_once(framed.flush()).is_ready());
    framed.try_send("c").expect("resumed");
    assert!(rig.task.poll_once(framed.flush()).is_ready());
    assert_eq!(rig.inner.wire(), b"1/1 a\n2/1 b\nraw\n3/2 c\n");
    assert_eq!(next(&mut framed, &rig.task), Next::Pending);
    assert_eq!(next(&mut framed, &rig.task), item("three"));
}

#[test]
fn parts_of_a_failed_one_hold_what_was_not_sent() {
    let writes = [Take(3), Answer::Fail(ErrorKind::ConnectionReset)];
    let mut rig = Rig::with_marks((4, 8), Numbered::default(), ["one\nrest".into()], writes);
    assert_eq!(rig.next(), item("one"));
    rig.framed.try_send("a").expect("open");
    assert!(rig.task.poll_once(rig.framed.flush()).is_ready());
    let mut parts = rig.framed.into_parts();
    assert_eq!((parts.written, parts.queue.copy_to_bytes(3)), (3, Bytes::from(" a\n")));
    assert_eq!(parts.read_buffer, "rest");
}

#[test]
fn what_is_put_into_the_read_buffer_is_decoded_before_anything_is_read() {
    let mut rig = Rig::new(By(line), [Read::Pending, Read::End, Read::Pending, "five\n".into()]);
    rig.framed.read_buffer_mut().extend_from_slice(b"one\ntwo\n");
    assert_eq!(rig.items(), ["one", "two"]);
    assert_eq!(rig.source.take_rooms().len(), 1, "the read was pending");

    rig.framed.read_buffer_mut().extend_from_slice(b"three\n");
    assert_eq!(rig.next(), item("three"));
    assert_eq!(rig.source.take_rooms(), []);
    assert_eq!(rig.next(), Next::End);
    rig.source.take_rooms();

    rig.framed.read_buffer_mut().extend_from_slice(b"four\n");
    assert_eq!(rig.next(), item("four"));
    assert_eq!(rig.source.take_rooms(), []);
    assert_eq!(rig.next(), Next::Pending);
    assert_eq!(rig.next(), item("five"));
}

#[test]
fn bytes_put_into_the_buffer_behind_the_end_are_a_rest() {
    let mut rig = Rig::new(By(line), [Read::End, Read::End]);
    assert_eq!(rig.next(), Next::End);
    rig.framed.read_buffer_mut().extend_from_slice(b"late");
    assert_eq!(rig.next(), item("late"));
    assert_eq!(rig.next(), Next::End);
}

/// The upgrade of a protocol: what stands behind the answer belongs to the new one. The old codec has seen it
/// already, found no item, and was about to read.
#[test]
fn a_new_codec_decodes_what_the_old_one_has_left_before_anything_is_read() {
    let mut rig = Rig::new(By(line), ["upgrade\nraw".into()]);
    assert_eq!(rig.next(), item("upgrade"));
    assert_eq!(rig.next(), Next::Pending);
    rig.source.take_rooms();
    let mut framed = rig.framed.map_codec(|_| BytesCodec::new());
    assert_eq!(next(&mut framed, &rig.task), Next::Item(BytesMut::from("raw")));
    assert_eq!(rig.source.take_rooms(), []);
    assert_eq!(next(&mut framed, &rig.task), Next::Pending);
}

/// As in tokio-util, a new codec begins anew: with what is left, then with a read.
#[test]
fn a_new_codec_begins_anew_also_after_an_error_or_the_end() {
    for (reads, before) in [
        (["!\nraw".into(), Read::End], Next::Failed(ErrorKind::InvalidData)),
        (["line\nraw".into(), Read::End], item("line")),
    ] {
        let mut rig = Rig::new(By(line), reads);
        assert_eq!(rig.next(), before);
        let mut framed = rig.framed.map_codec(|_| BytesCodec::new());
        assert_eq!(next(&mut framed, &rig.task), Next::Item(BytesMut::from("raw")));
        assert_eq!(next(&mut framed, &rig.task), Next::End);
    }
    let mut rig = Rig::new(By(line), [Read::End, "raw".into()]);
    assert_eq!(rig.next(), Next::End);
    let mut framed = rig.framed.map_codec(|_| BytesCodec::new());
    assert_eq!(next(&mut framed, &rig.task), Next::Item(BytesMut::from("raw")));
}

#[test]
fn a_new_codec_sends_behind_the_frames_of_the_old_one() {
    let mut rig = Rig::new(Numbered::default(), ["one\nr".into()]);
    rig.framed.try_send("a").expect("open");
    assert_eq!(rig.next(), item("one"));
    let mut framed = rig.framed.map_codec(|codec| {
        assert_eq!((codec.received, codec.sent), (1, 1), "the old codec makes the new one");
        BytesCodec::new()
    });
    framed.try_send(Bytes::from_static(b"raw")).expect("open");
    assert_eq!(framed.buffer_size(), 9);
    assert_eq!(next(&mut framed, &rig.task), Next::Item(BytesMut::from("r")));
    assert!(rig.task.poll_once(framed.flush()).is_ready());
    assert_eq!(rig.inner.wire(), b"1/0 a\nraw");
}

#[tokio::test]
async fn the_writer_can_be_taken_out_with_what_is_queued() -> io::Result<()> {
    let (near, mut far) = duplex(64);
    let mut framed = Framed::new(FlowControlledWriter::new(near), Numbered::default());
    framed.feed("a").await?;
    let mut writer = framed.into_inner();
    writer.write_all(b"raw").await?;
    writer.shutdown().await?;
    let mut received = String::new();
    far.read_to_string(&mut received).await?;
    assert_eq!(received, "1/0 a\nraw");
    Ok(())
}

#[test]
fn debug_shows_the_counts_and_the_codec_and_no_payload() {
    let mut rig = Rig::new(Numbered::default(), ["one\nsecret".into()]);
    assert_eq!(rig.next(), item("one"));
    rig.framed.try_send("secret").expect("open");
    let shown = format!("{:?}", rig.framed);
    assert!(shown.starts_with("Framed { writer: FlowControlledWriter"), "{shown}");
    assert!(shown.contains("received: 1") && shown.contains("read_buffer: 6"), "{shown}");
    assert!(!shown.contains("secret"), "{shown}");
}

const ROUNDS: u8 = 5;
