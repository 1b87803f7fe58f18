use std::pin::{Pin, pin};
use std::task::Poll;

use flow_controlled_writer::codec::{Framed, FramedSink};
use flow_controlled_writer::{Builder, FlowControlledWriter, Watermarks};
use futures::{Sink, SinkExt};
use tokio_util::codec::LinesCodec;

use super::{FrameRig, decode};
use crate::support::Answer::{Done, Pending, Take};
use crate::support::Call::{Flush, Shutdown};
use crate::support::{Handle, NotUnpin, Scripted, Task};

type Rig = FrameRig<LinesCodec>;

/// Polls a future up to so often, then drops it. Returns whether it has ended.
type Attempt = fn(&mut Rig, usize) -> bool;

const ATTEMPTS: [(&str, Attempt); 6] = [
    ("ready", |rig, polls| ended(&rig.task, rig.sink.ready(), polls)),
    ("flush", |rig, polls| ended(&rig.task, rig.sink.flush(), polls)),
    ("shutdown", |rig, polls| ended(&rig.task, rig.sink.shutdown(), polls)),
    ("feed", |rig, polls| ended(&rig.task, rig.sink.feed("fed"), polls)),
    ("send", |rig, polls| ended(&rig.task, rig.sink.send("fed"), polls)),
    ("close", |rig, polls| ended(&rig.task, SinkExt::<&str>::close(&mut rig.sink), polls)),
];

/// The futures are dropped at each of their Pendings. Whatever was queued then arrives once and in
/// order, and an item that was not queued yet does not arrive at all.
#[test]
fn a_future_that_is_dropped_loses_and_doubles_nothing() {
    for (name, attempt) in ATTEMPTS {
        for polls in 0..12 {
            let mut rig = scripted();
            let ended = attempt(&mut rig, polls);
            let wire = rig.inner.wire().len();
            let fed = rig.sink.get_ref().stats().enqueued_bytes == 24;
            assert_eq!(wire + rig.sink.buffer_size(), if fed { 24 } else { 20 }, "{name} {polls}");
            assert!(fed || !ended || !matches!(name, "feed" | "send"), "{name} {polls}");

            let more = Pin::new(&mut rig.sink).start_send("more").is_ok();
            assert_eq!(more, polls == 0 || !matches!(name, "shutdown" | "close"), "{name} {polls}");
            shut_down(&mut rig);
            let mut wanted = vec!["first", "second", "third", ""];
            wanted.extend(fed.then_some("fed"));
            wanted.extend(more.then_some("more"));
            assert_eq!(decode(LinesCodec::new(), &rig.inner.wire()), wanted, "{name} {polls}");
            ends_once(&rig.inner);
        }
    }
}

#[test]
fn dropped_flushes_at_random_keep_every_frame() {
    for seed in 0..20 {
        let mut random = fastrand::Rng::with_seed(seed);
        let (inner, handle) = Scripted::new(seed % 2 == 0, []);
        let options = Builder::new().watermarks(Watermarks::new(10, 40));
        let mut sink = FramedSink::new(options.build(inner), LinesCodec::new());
        let task = Task::new();
        let mut sent = Vec::new();
        for round in 0..300 {
            let line = format!("line {round}{}", "x".repeat(random.usize(0..30)));
            handle.script((0..random.usize(0..3)).map(|_| match random.u8(..3) {
                0 => Pending,
                _ => Take(random.usize(1..50)),
            }));
            match random.u8(..3) {
                0 => {
                    let _ = task.poll_once(sink.flush());
                }
                1 => {
                    let _ = task.poll_once(sink.ready());
                }
                _ => {}
            }
            let before = sink.get_ref().stats().enqueued_bytes;
            let _ = task.poll_once(sink.send(&line));
            if sink.get_ref().stats().enqueued_bytes > before {
                sent.push(line);
            }
        }
        handle.script([]);
        while task.poll_once(sink.flush()).is_pending() {}
        assert_eq!(decode(LinesCodec::new(), &handle.wire()), sent, "seed {seed}");
        assert!(sent.len() > 100, "seed {seed}: {} frames", sent.len());
    }
}

#[test]
fn a_sink_over_a_writer_that_must_be_pinned_works_by_its_poll_methods() {
    let (inner, handle) = Scripted::gathering([Take(3), Pending]);
    let marks = Watermarks::new(0, 4);
    let writer = FlowControlledWriter::with_watermarks(NotUnpin::new(inner), marks);
    let mut sink = pin!(FramedSink::new(writer, LinesCodec::new()));
    let task = Task::new();
    let cx = &mut task.context();

    sink.as_mut().start_send("one").expect("open");
    sink.as_mut().start_send("two").expect("open");
    assert!(sink.as_mut().poll_ready(cx).is_pending());
    assert_eq!(sink.buffer_size(), 5);
    assert!(sink.as_mut().poll_ready(cx).is_ready());
    assert_eq!(sink.as_mut().encoder_pin_mut().max_length(), usize::MAX);
    sink.as_mut().start_send("three").expect("open");
    assert_eq!(sink.as_mut().get_pin_mut().queued_chunks(), 1);
    assert!(matches!(sink.as_mut().poll_flush(cx), Poll::Ready(Ok(()))));
    assert!(matches!(sink.as_mut().poll_shutdown(cx), Poll::Ready(Ok(()))));
    assert_eq!(handle.wire(), b"one\ntwo\nthree\n");
    ends_once(&handle);
}

#[test]
fn the_futures_of_sink_ext_work_on_a_pinned_sink() {
    let (inner, handle) = Scripted::gathering([]);
    let writer = FlowControlledWriter::new(NotUnpin::new(inner));
    let mut sink = pin!(FramedSink::new(writer, LinesCodec::new()));
    let task = Task::new();
    assert!(matches!(task.poll_once(sink.send("one")), Poll::Ready(Ok(()))));
    assert!(matches!(task.poll_once(SinkExt::<&str>::close(&mut sink)), Poll::Ready(Ok(()))));
    assert_eq!(handle.wire(), b"one\n");
}

/// `Framed` is `Unpin` and `Send` where the connection and the codec are.
#[test]
fn a_duplex_can_be_moved_to_another_task() {
    fn movable<T: Send + Unpin + 'static>(_: T) {}
    let (near, _far) = tokio::io::duplex(1);
    movable(Framed::new(FlowControlledWriter::new(near), LinesCodec::new()));
}

/// Three frames behind a paused writer that takes them with several Pendings.
fn scripted() -> Rig {
    let script = [Pending, Take(3), Pending, Take(4), Pending, Take(5)];
    let mut rig = Rig::with_marks((4, 10), LinesCodec::new(), script);
    rig.inner.script_flush([Pending, Done]);
    rig.inner.script_shutdown([Pending, Done]);
    for line in ["first", "second", "third"] {
        rig.start_send(line, format!("{line}\n")).expect("open");
    }
    // The three lines with their ends are 19 bytes; an empty line makes them 20.
    rig.start_send("", "\n").expect("open");
    rig
}

fn shut_down(rig: &mut Rig) {
    for _ in 0..10 {
        if rig.task.poll_once(rig.sink.shutdown()).is_ready() {
            return;
        }
    }
    panic!("the shutdown does not end");
}

/// Checks that the inner writer was shut down once, behind a flush, and saw nothing afterwards.
fn ends_once(inner: &Handle) {
    let log = inner.take_log();
    let ends: Vec<_> = log.iter().filter(|call| matches!(call, Shutdown(Done))).collect();
    assert_eq!(ends.len(), 1, "{log:?}");
    assert!(matches!(log.last(), Some(Shutdown(Done))), "{log:?}");
    let first = log.iter().position(|call| matches!(call, Shutdown(_))).expect("there is one");
    assert_eq!(log[first - 1], Flush(Done), "{log:?}");
}

fn ended<F: Future>(task: &Task, future: F, polls: usize) -> bool {
    let mut future = pin!(future);
    (0..polls).any(|_| task.poll(future.as_mut()).is_ready())
}
