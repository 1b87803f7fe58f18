use std::io::{self, ErrorKind};
use std::task::Poll;

use bytes::{Buf, BytesMut};
use flow_controlled_writer::FlowControlledWriter;
use flow_controlled_writer::codec::Framed;
use futures::StreamExt;
use tokio_util::codec::{LengthDelimitedCodec, LinesCodec, LinesCodecError};

use super::source::Read;
use super::{By, Called, Next, Rig, connection, line, next};
use crate::support::Task;

const RESET: ErrorKind = ErrorKind::ConnectionReset;

fn item(text: &str) -> Next<String> {
    Next::Item(text.into())
}

/// Polls as often as there are outcomes, and compares.
#[track_caller]
fn expect<T, F>(rig: &mut Rig<By<F>>, outcomes: &[Next<T>])
where
    T: std::fmt::Debug + PartialEq,
    F: FnMut(&mut BytesMut, Called) -> io::Result<Option<T>>,
{
    for (at, outcome) in outcomes.iter().enumerate() {
        assert_eq!(rig.next(), *outcome, "poll {at}");
    }
}

#[test]
fn the_rest_at_the_end_is_an_item_if_the_decoder_says_so() {
    let mut rig = Rig::new(By(line), ["one\ntw".into(), "o".into(), Read::End]);
    expect(&mut rig, &[item("one"), item("two"), Next::End, Next::Pending]);
}

#[test]
fn the_decoder_is_asked_for_the_rest_until_it_has_none() {
    let mut at_end = 0;
    let letters = By(|src: &mut BytesMut, called| {
        at_end += usize::from(called == Called::DecodeEof);
        let gives = called == Called::DecodeEof && src.has_remaining();
        Ok(gives.then(|| char::from(src.get_u8())))
    });
    let mut rig = Rig::new(letters, ["abc".into(), Read::End, Read::End]);
    let items = ['a', 'b', 'c'].map(Next::Item);
    expect(&mut rig, &items);
    expect(&mut rig, &[Next::End]);
    assert_eq!(rig.source.take_rooms().len(), 2, "nothing is read while there is a rest");
    expect(&mut rig, &[Next::End]);
    drop(rig);
    assert_eq!(at_end, 4);
}

/// A decoder may have a last word that is in no byte.
#[test]
fn the_decoder_is_asked_at_the_end_also_where_nothing_is_left() {
    let mut words = vec!["bye", "good"];
    let farewell = By(move |_: &mut BytesMut, called| {
        Ok(if called == Called::DecodeEof { words.pop() } else { None })
    });
    let mut rig = Rig::new(farewell, [Read::End, Read::End]);
    let ends = [Next::End, Next::End, Next::Pending];
    expect(&mut rig, &[Next::Item("good"), Next::Item("bye")]);
    expect(&mut rig, &ends);
}

#[test]
fn a_rest_that_the_decoder_does_not_know_is_an_error_and_then_the_end() {
    let (stream, source, _) = connection([Read::Bytes(vec![0, 0, 0, 5, b'h']), Read::End], []);
    let mut framed = Framed::new(FlowControlledWriter::new(stream), LengthDelimitedCodec::new());
    let task = Task::new();
    assert_eq!(next(&mut framed, &task), Next::Failed(ErrorKind::Other));
    assert_eq!(next(&mut framed, &task), Next::End);
    assert_eq!(next(&mut framed, &task), Next::Pending);
    source.script([Read::End]);
    assert_eq!(next(&mut framed, &task), Next::End, "the error comes once");
}

/// The end may be one for now: a file that grows, a terminal.
#[test]
fn a_stream_that_has_ended_goes_on_where_there_is_more() {
    let reads = [
        Read::End,
        Read::End,
        "one\ntw".into(),
        Read::Pending,
        "o\nthree".into(),
        Read::End,
        Read::End,
        "four\n".into(),
    ];
    let mut rig = Rig::new(By(line), reads);
    expect(&mut rig, &[Next::End, Next::End, item("one"), Next::Pending, item("two")]);
    expect(&mut rig, &[item("three"), Next::End, Next::End, item("four"), Next::Pending]);
}

#[test]
fn an_end_that_comes_twice_is_not_two_ends_for_the_decoder() {
    let mut ends = 0;
    let counts = By(|src: &mut BytesMut, called| {
        ends += usize::from(called == Called::DecodeEof);
        line(src, called)
    });
    let reads = [Read::End, Read::End, Read::End, "one\n".into(), Read::End, Read::End];
    let mut rig = Rig::new(counts, reads);
    expect(&mut rig, &[Next::End, Next::End, Next::End, item("one"), Next::End, Next::End]);
    drop(rig);
    assert_eq!(ends, 2, "once for each time that bytes came before it");
}

#[test]
fn an_error_of_the_decoder_ends_the_stream_which_then_goes_on_with_a_read() {
    let reads = ["one\n!\ntwo\n".into(), Read::Pending, "three\n".into()];
    let mut rig = Rig::new(By(line), reads);
    expect(&mut rig, &[item("one"), Next::Failed(ErrorKind::InvalidData), Next::End]);
    assert_eq!(rig.source.take_rooms().len(), 1);
    expect(&mut rig, &[Next::Pending]);
    assert_eq!(rig.framed.read_buffer(), "two\n");
    expect(&mut rig, &[item("two"), item("three"), Next::Pending]);
}

#[test]
fn a_decoder_that_fails_without_taking_anything_fails_once_for_each_read() {
    let fails = By(|_: &mut BytesMut, _| Err::<Option<()>, _>(ErrorKind::Unsupported.into()));
    let mut rig = Rig::new(fails, ["a".into(), "b".into(), Read::End]);
    for _ in 0..3 {
        expect(&mut rig, &[Next::Failed(ErrorKind::Unsupported), Next::End]);
    }
    expect(&mut rig, &[Next::Pending]);
    assert_eq!(rig.framed.read_buffer(), "ab");
}

#[test]
fn an_error_of_a_read_ends_the_stream_and_loses_nothing_that_came_before() {
    let reads = ["one\ntw".into(), Read::Fail(RESET), "o\n".into(), Read::Fail(RESET), Read::End];
    let mut rig = Rig::new(By(line), reads);
    expect(&mut rig, &[item("one"), Next::Failed(RESET), Next::End, item("two")]);
    expect(&mut rig, &[Next::Failed(RESET), Next::End, Next::End, Next::Pending]);
}

#[test]
fn an_error_of_the_decoder_at_the_end_comes_once() {
    let reads = ["!".into(), Read::End, Read::End, "!\n".into(), Read::End];
    let mut rig = Rig::new(By(line), reads);
    let failed = Next::Failed(ErrorKind::InvalidData);
    expect(&mut rig, &[failed.clone(), Next::End, Next::End]);
    expect(&mut rig, &[failed, Next::End, Next::End, Next::Pending]);
}

#[test]
fn an_error_of_a_read_after_the_end_does_not_ask_the_decoder_again() {
    let mut ends = 0;
    let counts = By(|src: &mut BytesMut, called| {
        ends += usize::from(called == Called::DecodeEof);
        line(src, called)
    });
    let reads = [Read::End, Read::Fail(RESET), Read::End, Read::Fail(RESET), Read::Pending];
    let mut rig = Rig::new(counts, reads);
    expect(&mut rig, &[Next::End, Next::Failed(RESET), Next::End, Next::End]);
    expect(&mut rig, &[Next::Failed(RESET), Next::End, Next::Pending]);
    drop(rig);
    assert_eq!(ends, 1);
}

/// tokio-util hands these on too; it is for the reader below to retry them.
#[test]
fn reads_that_would_block_or_were_interrupted_are_errors_like_others() {
    for kind in [ErrorKind::WouldBlock, ErrorKind::Interrupted] {
        let mut rig = Rig::new(By(line), ["on".into(), Read::Fail(kind), "e\n".into()]);
        expect(&mut rig, &[Next::Failed(kind), Next::End, item("one")]);
    }
}

/// A decoder that has failed leaves what it did not understand. Who looks for the next item in the buffer
/// by hand need not wait for another read.
#[test]
fn what_is_left_after_an_error_is_decoded_at_once_if_somebody_has_looked() {
    let mut rig = Rig::new(By(line), ["!one\ntwo\n".into()]);
    expect(&mut rig, &[Next::Failed(ErrorKind::InvalidData)]);
    assert_eq!(rig.framed.read_buffer_mut(), "two\n");
    expect(&mut rig, &[Next::End, item("two"), Next::Pending]);

    let mut rig = Rig::new(By(line), ["!".into(), Read::End]);
    expect(&mut rig, &[Next::Failed(ErrorKind::InvalidData)]);
    rig.framed.read_buffer_mut().extend_from_slice(b"more\n");
    expect(&mut rig, &[Next::End, item("more"), Next::Pending]);

    let mut rig = Rig::new(By(line), [Read::Fail(RESET), "ne\n".into()]);
    expect(&mut rig, &[Next::Failed(RESET)]);
    rig.framed.read_buffer_mut().extend_from_slice(b"o");
    expect(&mut rig, &[Next::End, item("one"), Next::Pending]);
}

#[test]
fn an_error_of_a_read_is_converted_to_that_of_the_decoder() {
    let (stream, ..) = connection([Read::Fail(RESET)], []);
    let mut framed = Framed::new(FlowControlledWriter::new(stream), LinesCodec::new());
    let Poll::Ready(Some(Err(LinesCodecError::Io(error)))) = Task::new().poll_once(framed.next())
    else {
        panic!("not the error of the read");
    };
    assert_eq!(error.kind(), RESET);
}
