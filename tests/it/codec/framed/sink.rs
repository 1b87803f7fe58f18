use std::io::ErrorKind;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use fastrand::Rng;
use flow_controlled_writer::codec::{Framed, FramedSink, LengthDelimitedEncoder};
use flow_controlled_writer::{
    Builder, ChunkQueue, FlowControlledWriter, TrySendItemError, Watermarks,
};
use futures::{Sink, SinkExt};
use tokio_util::codec::{LinesCodec, LinesCodecError};

use crate::support::Answer::{Done, Fail, Pending, Take};
use crate::support::{Answer, Call, Handle, Scripted, Task, counts};

type Encoder = LengthDelimitedEncoder;
type Ours = Side<Framed<Scripted, Encoder>>;
type Theirs = Side<FramedSink<Scripted, Encoder>>;

/// The writing half of a `Framed` is a `FramedSink`: whatever is asked of both, in whatever state their inner
/// writers are, has the same outcome and costs the same calls.
#[test]
fn the_writing_half_does_what_a_framed_sink_does() {
    let first = fastrand::u64(..);
    let mut failed = 0;
    for seed in (0..300).map(|at| first.wrapping_add(at)) {
        println!("seed {seed}");
        let mut random = Rng::with_seed(seed);
        let high = random.usize(0..5000);
        let options = Builder::new()
            .watermarks(Watermarks::new(random.usize(0..=high), high))
            .hard_limit(random.usize(1..20_000));
        let script: Vec<Answer> = (0..random.usize(..80)).map(|_| answer(&mut random)).collect();
        let (framed, sink) = pair(&options, &script);
        let (mut framed, mut sink) = (framed, sink);
        for _ in 0..random.usize(1..100) {
            step(&mut random, &mut framed, &mut sink);
        }
        failed += usize::from(framed.subject.get_ref().is_closed());
        let (ours, theirs) = (framed.subject.into_parts(), sink.subject.into_parts());
        assert_eq!(ours.written, theirs.written);
        let bytes = |queue: ChunkQueue| queue.into_iter().collect::<Vec<_>>().concat();
        assert!(bytes(ours.queue) == bytes(theirs.queue));
    }
    assert!((50..290).contains(&failed), "{failed} of 300 were closed in the end");
}

/// One of the two, with the test's side of its inner writer.
struct Side<S> {
    subject: S,
    inner: Handle,
    task: Task,
}

fn pair(options: &Builder, script: &[Answer]) -> (Ours, Theirs) {
    let side = || {
        let (inner, handle) = Scripted::gathering(script.to_vec());
        handle.script_flush([Done, Pending, Pending]);
        handle.script_shutdown([Pending]);
        (options.build(inner), handle)
    };
    let ((first, inner), (second, other)) = (side(), side());
    (
        Side { subject: Framed::new(first, Encoder::new()), inner, task: Task::new() },
        Side { subject: FramedSink::new(second, Encoder::new()), inner: other, task: Task::new() },
    )
}

fn step(random: &mut Rng, framed: &mut Ours, sink: &mut Theirs) {
    let item = Bytes::from(vec![random.u8(..); *random.choice(&[0, 10, 900, 3000]).expect("four")]);
    let (ours, theirs) = (&mut framed.subject, &mut sink.subject);
    let (our_task, their_task) = (&framed.task, &sink.task);
    let cx = (&mut our_task.context(), &mut their_task.context());
    match random.u8(..40) {
        0..6 => assert_eq!(tried(ours.try_send(item.clone())), tried(theirs.try_send(item))),
        6..10 => {
            let sent = Pin::new(&mut *ours).start_send(item.clone()).map_err(|error| error.kind());
            let wanted = Pin::new(&mut *theirs).start_send(item).map_err(|error| error.kind());
            assert_eq!(sent, wanted);
        }
        10..14 => {
            let ours = Framed::poll_ready(Pin::new(&mut *ours), cx.0);
            assert_eq!(
                outcome(ours),
                outcome(FramedSink::poll_ready(Pin::new(&mut *theirs), cx.1))
            );
        }
        14..18 => {
            let ours = Framed::poll_flush(Pin::new(&mut *ours), cx.0);
            assert_eq!(
                outcome(ours),
                outcome(FramedSink::poll_flush(Pin::new(&mut *theirs), cx.1))
            );
        }
        18 => {
            let ours = Framed::poll_shutdown(Pin::new(&mut *ours), cx.0);
            assert_eq!(
                outcome(ours),
                outcome(FramedSink::poll_shutdown(Pin::new(&mut *theirs), cx.1))
            );
        }
        19..23 => {
            let way = random.u8(..50);
            assert_eq!(by_sink(ours, cx.0, way), by_sink(theirs, cx.1, way));
        }
        23..27 => {
            let wanted = outcome(their_task.poll_once(theirs.feed(item.clone())));
            assert_eq!(outcome(our_task.poll_once(ours.feed(item))), wanted);
        }
        27..31 => {
            let wanted = outcome(their_task.poll_once(theirs.send(item.clone())));
            assert_eq!(outcome(our_task.poll_once(ours.send(item))), wanted);
        }
        31..35 => {
            let wanted = outcome(their_task.poll_once(theirs.ready()));
            assert_eq!(outcome(our_task.poll_once(ours.ready())), wanted);
        }
        35 => {
            let wanted = outcome(their_task.poll_once(theirs.flush()));
            assert_eq!(outcome(our_task.poll_once(ours.flush())), wanted);
        }
        36 if random.u8(..4) == 0 => {
            let wanted = outcome(their_task.poll_once(theirs.shutdown()));
            assert_eq!(outcome(our_task.poll_once(ours.shutdown())), wanted);
        }
        37 => {
            let marks = Watermarks::with_high(random.usize(..5000));
            ours.get_mut().set_watermarks(marks);
            theirs.get_mut().set_watermarks(marks);
        }
        38 if random.u8(..8) == 0 => assert_eq!(ours.get_mut().abort(), theirs.get_mut().abort()),
        _ => {}
    }
    assert_eq!(ours.buffer_size(), theirs.buffer_size());
    assert_eq!(ours.is_paused(), theirs.is_paused());
    assert_eq!(counts(ours.stats()), counts(theirs.stats()));
    assert_eq!(calls(&framed.inner), calls(&sink.inner));
    assert_eq!(our_task.take_wakes(), their_task.take_wakes());
}

/// Returns the calls since last asked. How the bytes lie in blocks is another matter: the thread keeps a spare
/// one, which the one of the two has and the other one has not.
fn calls(inner: &Handle) -> Vec<Call> {
    let merged = |call| match call {
        Call::Gather(lengths, answer) => Call::Write(lengths.iter().sum(), answer),
        other => other,
    };
    inner.take_log().into_iter().map(merged).collect()
}

/// Polls once by a method of `Sink`.
fn by_sink<S>(sink: &mut S, cx: &mut Context<'_>, way: u8) -> Poll<Result<(), ErrorKind>>
where
    S: Sink<Bytes, Error = std::io::Error> + Unpin,
{
    let sink = Pin::new(sink);
    outcome(match way {
        0 => sink.poll_close(cx),
        1..25 => sink.poll_flush(cx),
        _ => sink.poll_ready(cx),
    })
}

fn outcome<T>(poll: Poll<Result<T, std::io::Error>>) -> Poll<Result<T, ErrorKind>> {
    poll.map_err(|error| error.kind())
}

type Tried = Result<(), TrySendItemError<Bytes, ErrorKind>>;

fn tried(result: Result<(), TrySendItemError<Bytes, std::io::Error>>) -> Tried {
    result.map_err(|error| match error {
        TrySendItemError::Full(item) => TrySendItemError::Full(item),
        TrySendItemError::Closed(item) => TrySendItemError::Closed(item),
        TrySendItemError::Encode(error) => TrySendItemError::Encode(error.kind()),
    })
}

fn answer(random: &mut Rng) -> Answer {
    match random.u8(..40) {
        0 => Fail(ErrorKind::ConnectionReset),
        1..10 => Pending,
        10..20 => Done,
        _ => Take(random.usize(1..3000)),
    }
}

/// A codec that encodes several types takes each of them, and what needs no item names none.
#[tokio::test]
async fn items_of_several_types_go_through_one_framed() -> Result<(), LinesCodecError> {
    let mut framed = Framed::new(FlowControlledWriter::new(Vec::new()), LinesCodec::new());
    framed.feed("one").await?;
    framed.feed(String::from("two")).await?;
    assert_eq!(framed.get_ref().get_ref(), b"");
    framed.ready().await?;
    framed.flush().await?;
    assert_eq!(framed.get_ref().get_ref(), b"one\ntwo\n");
    framed.send("three").await?;
    framed.shutdown().await?;
    assert_eq!(framed.get_ref().get_ref(), b"one\ntwo\nthree\n");
    assert!(matches!(framed.send("four").await, Err(LinesCodecError::Io(_))));
    Ok(())
}

/// With one type of item there is nothing to infer.
#[tokio::test]
async fn the_futures_of_sink_ext_work_without_a_type_where_there_is_one_item() -> std::io::Result<()>
{
    #[derive(Debug)]
    struct Number;

    impl tokio_util::codec::Encoder<u32> for Number {
        type Error = std::io::Error;

        fn encode(&mut self, item: u32, dst: &mut bytes::BytesMut) -> std::io::Result<()> {
            bytes::BufMut::put_u32(dst, item);
            Ok(())
        }
    }

    let mut framed = Framed::new(FlowControlledWriter::new(Vec::new()), Number);
    SinkExt::feed(&mut framed, 1).await?;
    SinkExt::flush(&mut framed).await?;
    SinkExt::send(&mut framed, 2).await?;
    framed.close().await?;
    assert_eq!(framed.get_ref().get_ref(), &[0, 0, 0, 1, 0, 0, 0, 2]);

    let mut sink = FramedSink::new(FlowControlledWriter::new(Vec::new()), Number);
    SinkExt::feed(&mut sink, 1).await?;
    SinkExt::flush(&mut sink).await?;
    sink.close().await?;
    assert_eq!(sink.get_ref().get_ref(), &[0, 0, 0, 1]);
    Ok(())
}
