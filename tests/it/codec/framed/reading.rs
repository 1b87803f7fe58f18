use bytes::{Buf, BytesMut};
use flow_controlled_writer::codec::{Framed, FramedParts};
use flow_controlled_writer::{Builder, FlowControlledWriter};
use futures::Stream;
use tokio_util::codec::LengthDelimitedCodec;

use super::source::Read;
use super::{By, Called, Next, Rig, connection, line, next};
use crate::support::Task;

/// The room of the first read, as in tokio-util.
const FIRST: usize = 8192;

fn item(text: &str) -> Next<String> {
    Next::Item(text.into())
}

#[test]
fn items_that_came_by_one_read_are_decoded_without_another_one() {
    let mut rig = Rig::new(By(line), ["one\ntwo\n\nfour\n".into()]);
    for text in ["one", "two", "", "four"] {
        assert_eq!(rig.next(), item(text));
        assert_eq!(rig.source.take_rooms().len(), usize::from(text == "one"));
    }
    assert_eq!(rig.next(), Next::Pending);
    assert_eq!(rig.source.take_rooms().len(), 1);
}

#[test]
fn an_item_that_comes_by_several_reads_is_decoded_when_it_is_whole() {
    let mut rig = Rig::new(By(line), ["o".into(), "n".into(), "e".into(), "\ntw".into()]);
    assert_eq!(rig.next(), item("one"));
    assert_eq!(rig.source.take_rooms().len(), 4);
    assert_eq!(rig.next(), Next::Pending);
    rig.source.script(["o\n".into()]);
    assert_eq!(rig.next(), item("two"));
}

#[test]
fn a_pending_read_in_the_middle_of_an_item_keeps_its_beginning_and_wakes_once() {
    let reads = ["a long ".into(), Read::Pending, "line".into(), Read::Pending, "\n".into()];
    let mut rig = Rig::new(By(line), reads);
    for held in ["a long ", "a long line"] {
        assert_eq!(rig.next(), Next::Pending);
        assert_eq!(rig.framed.read_buffer(), held);
        assert_eq!(rig.task.take_wakes(), 0);
        assert!(rig.source.wake());
        assert_eq!(rig.task.take_wakes(), 1);
    }
    assert_eq!(rig.next(), item("a long line"));
    assert_eq!(rig.task.take_wakes(), 0);
}

/// The waker of the last poll counts: the stream may have moved to another task.
#[test]
fn the_task_that_polled_last_is_woken() {
    let mut rig = Rig::new(By(line), []);
    let other = Task::new();
    assert_eq!(rig.next(), Next::Pending);
    assert_eq!(next(&mut rig.framed, &other), Next::Pending);
    rig.source.script(["one\n".into()]);
    assert_eq!((rig.task.take_wakes(), other.take_wakes()), (0, 1));
    assert_eq!(next(&mut rig.framed, &other), item("one"));
}

#[test]
fn a_decoder_is_asked_before_each_read_and_not_before_the_first_one() {
    let mut calls = Vec::new();
    let decoder = By(|src: &mut BytesMut, called| {
        calls.push((called, src.len()));
        line(src, called)
    });
    let mut rig = Rig::new(decoder, ["12".into(), "3\n4".into()]);
    assert_eq!(rig.next(), item("123"));
    assert_eq!(rig.next(), Next::Pending);
    assert_eq!(rig.next(), Next::Pending);
    drop(rig);
    let lengths = [2, 5, 1];
    assert_eq!(calls, lengths.map(|length| (Called::Decode, length)));
}

/// A decoder may have more items in itself than there are bytes: it is asked until it has none.
#[test]
fn a_decoder_that_has_items_left_gives_them_without_a_byte() {
    let mut left = 0;
    let decoder = By(move |src: &mut BytesMut, _| {
        if src.has_remaining() {
            left += u32::from(src.get_u8());
        }
        let gives = left > 0;
        left -= u32::from(gives);
        Ok(gives.then_some(left))
    });
    let mut rig = Rig::new(decoder, [Read::Bytes(vec![3]), Read::Bytes(vec![1])]);
    assert_eq!(rig.items(), [2, 1, 0, 0]);
}

#[test]
fn a_decoder_may_take_bytes_and_give_nothing() {
    let skips = By(|src: &mut BytesMut, _| {
        let skipped = src.first() == Some(&b'#');
        let taken = src.split();
        Ok((!skipped && !taken.is_empty()).then_some(taken))
    });
    let mut rig = Rig::new(skips, ["#one".into(), "#two".into(), "three".into(), "#".into()]);
    assert_eq!(rig.items(), ["three"]);
    assert_eq!(rig.source.unread(), 0);
}

#[test]
fn nothing_is_allocated_before_the_first_read_which_has_room_for_8_kib() {
    let mut rig = Rig::new(By(line), []);
    assert_eq!(rig.framed.read_buffer().capacity(), 0);
    assert_eq!(rig.next(), Next::Pending);
    assert_eq!(rig.source.take_rooms(), [FIRST]);
}

/// A read of nothing looks like the end of the stream, so that a full buffer must grow first.
#[test]
fn an_item_that_fills_the_room_to_the_byte_is_not_taken_for_the_end() {
    for length in [FIRST - 1, FIRST, FIRST + 1, 2 * FIRST] {
        let text = "x".repeat(length - 1);
        let mut rig = Rig::new(By(line), [Read::Bytes(vec![b'x'; length - 1]), "\n".into()]);
        assert_eq!(rig.next(), item(&text), "{length}");
        assert_eq!(rig.next(), Next::Pending, "{length}");
    }
}

#[test]
fn items_of_any_length_are_read_in_rooms_that_grow() {
    for length in [10_000, 100_000, 3 * 1024 * 1024] {
        let decoder = By(move |src: &mut BytesMut, _| {
            Ok((src.len() >= length).then(|| src.split_to(length)))
        });
        let bytes: Vec<u8> = (0..length + 5).map(|at| (at % 251) as u8).collect();
        let mut rig = Rig::new(decoder, [Read::Bytes(bytes.clone())]);
        let Next::Item(found) = rig.next() else { panic!("{length} bytes are an item") };
        assert!(found == bytes[..length], "{length}");
        let rooms = rig.source.take_rooms();
        assert!(rooms.len() <= 12, "{} reads for {length} bytes: {rooms:?}", rooms.len());
    }
}

#[test]
fn a_buffer_that_is_larger_than_the_first_read_is_used_whole() {
    let (stream, source, _) = connection(["e\n".into()], []);
    let mut parts = FramedParts::new(stream, By(line));
    parts.read_buffer = BytesMut::with_capacity(64 * 1024);
    let capacity = parts.read_buffer.capacity();
    parts.read_buffer.extend_from_slice(b"on");
    let mut framed = Framed::from_parts(parts, &Builder::new());
    assert_eq!(next(&mut framed, &Task::new()), item("one"));
    assert_eq!(source.take_rooms(), [capacity - 2]);
}

/// What a handshake hands over may stand in a buffer of its own length. If that grew only by what each
/// read needs, all reads would be small ones, for good.
#[test]
fn a_small_buffer_that_is_handed_over_grows_to_the_size_of_the_first_read() {
    let stream = "a line of 21 bytes..\n".repeat(1000);
    for handed in [1, 5, 16, 30, 100] {
        let (connection, source, _) = connection([Read::Bytes(stream[handed..].into())], []);
        let mut parts = FramedParts::new(connection, By(line));
        parts.read_buffer = BytesMut::from(&stream[..handed]);
        let mut framed = Framed::from_parts(parts, &Builder::new());
        let task = Task::new();
        for number in 0..1000 {
            assert_eq!(next(&mut framed, &task), item("a line of 21 bytes.."), "{number}");
        }
        let rooms = source.take_rooms();
        assert!(rooms.len() <= 6, "{handed}: {} reads of 21 000 bytes: {rooms:?}", rooms.len());
    }
}

/// Items that are kept share the buffer, so that it cannot be used again. The next one must be as large, also
/// where it is the decoder that makes it: else each read brings a byte, or an item, and no more.
#[test]
fn items_that_are_kept_do_not_make_the_reads_small() {
    for (length, is_handed_over) in [(20, false), (300, false), (20, true), (300, true)] {
        let frame = [&[0, 0, (length >> 8) as u8, length as u8][..], &vec![7; length]].concat();
        let bytes = frame.repeat(200_000 / frame.len());
        let (stream, source, _) = connection([Read::Bytes(bytes.clone())], []);
        let codec = LengthDelimitedCodec::new();
        let mut framed = if is_handed_over {
            Framed::from_parts(FramedParts::new(stream, codec), &Builder::new())
        } else {
            Framed::new(FlowControlledWriter::new(stream), codec)
        };
        let (task, mut kept) = (Task::new(), Vec::new());
        while let Next::Item(item) = next(&mut framed, &task) {
            kept.push(item);
        }
        assert_eq!(kept.len(), bytes.len() / frame.len());
        let reads = source.take_rooms().len();
        assert!(reads <= 60, "{reads} reads of {} bytes", bytes.len());
    }
}

/// Some decoders find an item in nothing.
#[test]
fn an_empty_buffer_is_not_decoded_before_something_was_read() {
    for capacity in [0, 100] {
        let decoder = By(|src: &mut BytesMut, called| {
            assert!(!src.is_empty(), "nothing was read");
            line(src, called)
        });
        let (stream, _, _) = connection([Read::Pending, "one\n".into()], []);
        let mut parts = FramedParts::new(stream, decoder);
        parts.read_buffer = BytesMut::with_capacity(capacity);
        let mut framed = Framed::from_parts(parts, &Builder::new());
        assert_eq!(next(&mut framed, &Task::new()), Next::Pending);
        assert_eq!(next(&mut framed, &Task::new()), item("one"));
    }
}

#[test]
fn an_item_that_shares_the_buffer_is_not_written_to() {
    let halves = By(|src: &mut BytesMut, _| Ok((src.len() >= 4).then(|| src.split_to(4))));
    let bytes: Vec<u8> = (0..40_000).map(|at| (at / 4 % 251) as u8).collect();
    let mut rig = Rig::new(halves, bytes.chunks(1000).map(|part| Read::Bytes(part.into())));
    let items = rig.items();
    assert_eq!(items.len(), 10_000);
    assert!(items.iter().enumerate().all(|(at, item)| item[..] == [(at % 251) as u8; 4]));
}

#[test]
fn the_length_of_the_stream_is_unknown_at_every_stage() {
    let reads = ["one\n!\ntwo".into(), Read::Pending, Read::End];
    let mut rig = Rig::new(By(line), reads);
    for _ in 0..8 {
        assert_eq!(rig.framed.size_hint(), (0, None));
        let _ = rig.next();
    }
}
