use std::future::Future;
use std::io::{self, ErrorKind};
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, mpsc};
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::Duration;

use flow_controlled_writer::channel::Sender;
use flow_controlled_writer::{Builder, MemoryBudget, Watermarks};
use tracing_subscriber::fmt::MakeWriter;

use crate::support::Answer::{Fail, Pending, Take};
use crate::support::{Rig, Scripted, Task};

/// Collects the events of `run`, one line each.
fn events(run: impl FnOnce()) -> Vec<String> {
    let lines = Lines::default();
    events_to(lines.clone(), lines, run)
}

/// Has the events of `run` written by `writer`, and returns what it has added to `lines`.
fn events_to<M>(writer: M, lines: Lines, run: impl FnOnce()) -> Vec<String>
where
    M: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_ansi(false)
        .without_time()
        .with_writer(writer)
        .finish();
    tracing::subscriber::with_default(subscriber, run);
    let text = lines.0.lock().expect("nobody panics with it").clone();
    let text = String::from_utf8(text).expect("events are text");
    text.lines().map(|line| line.trim().to_owned()).collect()
}

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().expect("nobody panics with it").write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Lines {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

/// Looks at a channel before it writes a line.
struct Curious {
    sender: Sender,
    lines: Lines,
}

impl<'a> MakeWriter<'a> for Curious {
    type Writer = Lines;

    fn make_writer(&'a self) -> Lines {
        let _looked = self.sender.stats();
        self.lines.clone()
    }
}

/// A writer with marks of 2 and 4 bytes whose inner writer takes nothing until told.
fn small(options: Builder) -> Rig {
    let options = options.watermarks(Watermarks::new(2, 4));
    let rig = Rig::with_options(&options, Scripted::gathering([]));
    rig.inner.otherwise(Pending);
    rig
}

#[test]
fn a_pause_and_a_resume_are_told_once_an_episode() {
    let told = events(|| {
        let mut rig = small(Builder::new());
        rig.queue(["12345", "6"]);
        rig.inner.script([Take(4)]);
        let _ready = rig.ready();
        let _aborted = rig.abort();
    });
    assert_eq!(
        told,
        [
            "DEBUG flow_controlled_writer: paused size=5 low=2 high=4",
            "DEBUG flow_controlled_writer: resumed size=2 low=2 high=4",
        ]
    );
}

#[test]
fn a_failure_and_a_drop_tell_the_bytes_unsent_and_never_the_payload() {
    let told = events(|| {
        let mut rig = small(Builder::new());
        rig.queue(["abc"]);
        rig.inner.otherwise(Fail(ErrorKind::BrokenPipe));
        let _failed = rig.flush();
    });
    assert_eq!(
        told,
        [
            "WARN flow_controlled_writer: failed kind=BrokenPipe unsent=3",
            "WARN flow_controlled_writer: dropped with bytes queued unsent=3",
        ]
    );
}

/// What its writer has to tell is told by the channel, behind what that tells of itself.
#[test]
fn a_channel_that_fails_tells_so_once() {
    let told = events(|| {
        let (inner, handle) = Scripted::gathering([]);
        handle.otherwise(Fail(ErrorKind::BrokenPipe));
        let (sender, driver) = Builder::new().build(inner).into_channel();
        sender.try_send("abc").expect("not paused");
        let Poll::Ready(Err(failure)) = Task::new().poll_once(driver) else { panic!("it fails") };
        assert_eq!(failure.parts.queue.chunk_count(), 1);
    });
    assert_eq!(told, ["WARN flow_controlled_writer: failed kind=BrokenPipe unsent=3"]);
}

#[test]
fn a_dropped_driver_tells_all_bytes_unsent_in_one_event() {
    let told = events(|| {
        let (inner, handle) = Scripted::gathering([Take(2), Pending]);
        let (sender, mut driver) = Builder::new().build(inner).into_channel();
        sender.try_send("taken").expect("not paused");
        assert!(Task::new().poll(Pin::new(&mut driver)).is_pending());
        sender.try_send("queued").expect("not paused");
        drop(driver);
        assert_eq!(handle.wire(), b"ta");
    });
    assert_eq!(told, ["WARN flow_controlled_writer: dropped with bytes queued unsent=9"]);
}

/// A channel pauses under its lock. A subscriber that looked at the channel from there, as one does
/// that ships the log through it, waited for that lock for ever.
#[test]
fn a_subscriber_may_use_the_channel_that_it_is_told_of() {
    let (done, finished) = mpsc::channel();
    thread::spawn(move || {
        let options = Builder::new().watermarks(Watermarks::new(2, 4));
        let options = options.budget(MemoryBudget::new(3));
        let (sender, driver) = options.build(tokio::io::sink()).into_channel();
        let lines = Lines::default();
        let curious = Curious { sender: sender.clone(), lines: lines.clone() };
        let told = events_to(curious, lines, || {
            let cx = &mut Context::from_waker(Waker::noop());
            assert!(pin!(sender.send("1234")).poll(cx).is_ready());
            assert!(pin!(driver).poll(cx).is_pending());
        });
        done.send(told).expect("the test waits");
    });
    let told = finished.recv_timeout(Duration::from_secs(60)).expect("nobody waits for ever");
    assert_eq!(
        told,
        [
            "WARN flow_controlled_writer: budget exceeded used=4 limit=3",
            "DEBUG flow_controlled_writer: paused size=4 low=2 high=4",
            "WARN flow_controlled_writer: budget back within its limit used=0 limit=3",
            "DEBUG flow_controlled_writer: resumed size=0 low=2 high=4",
        ]
    );
}

/// The same for the first event of all, which no earlier one can have sent the other way.
#[test]
fn a_subscriber_may_use_a_channel_that_has_told_nothing_before() {
    let (done, finished) = mpsc::channel();
    thread::spawn(move || {
        let options = Builder::new().watermarks(Watermarks::new(2, 4));
        let (sender, _driver) = options.build(tokio::io::sink()).into_channel();
        let lines = Lines::default();
        let curious = Curious { sender: sender.clone(), lines: lines.clone() };
        let told = events_to(curious, lines, || {
            sender.try_send("12345").expect("not paused");
        });
        done.send(told).expect("the test waits");
    });
    let told = finished.recv_timeout(Duration::from_secs(60)).expect("nobody waits for ever");
    assert_eq!(told, ["DEBUG flow_controlled_writer: paused size=5 low=2 high=4"]);
}

/// Nobody waits and the driver was never polled, so nothing else is due when the channel resumes.
#[test]
fn a_channel_tells_a_resume_at_once() {
    let options = Builder::new().watermarks(Watermarks::new(2, 4));
    let (sender, _driver) = options.build(tokio::io::sink()).into_channel();
    let told = events(|| {
        sender.try_send("12345").expect("not paused");
        sender.set_watermarks(Watermarks::new(5, 9));
    });
    assert_eq!(
        told,
        [
            "DEBUG flow_controlled_writer: paused size=5 low=2 high=4",
            "DEBUG flow_controlled_writer: resumed size=5 low=5 high=9",
        ]
    );
}

/// The driver's own part of the queue has no marks: those of the channel speak for it.
#[test]
fn a_channel_below_its_high_mark_tells_nothing_however_much_its_driver_holds() {
    let told = events(|| {
        let (inner, _) = Scripted::gathering([Take(1000), Pending]);
        let marks = Watermarks::new(0, 1 << 20);
        let (sender, mut driver) = Builder::new().watermarks(marks).build(inner).into_channel();
        sender.try_send(vec![7; 200_000]).expect("not paused");
        let task = Task::new();
        for _ in 0..2 {
            assert!(task.poll(Pin::new(&mut driver)).is_pending());
        }
        assert_eq!(sender.buffer_size(), 0);
    });
    assert!(told.is_empty(), "{told:?}");
}

#[test]
fn parts_and_an_empty_writer_are_dropped_silently() {
    let told = events(|| {
        let mut rig = small(Builder::new());
        rig.queue(["abc"]);
        drop(rig.finish());
        drop(small(Builder::new()));
    });
    assert!(told.is_empty(), "{told:?}");
}

#[test]
fn an_exceeded_budget_is_told_once_an_episode() {
    let told = events(|| {
        let budget = MemoryBudget::new(4);
        let mut rig = small(Builder::new().budget(budget));
        rig.queue(["12", "34", "5", "67"]);
        rig.inner.script([Take(2), Take(1), Pending]);
        assert!(rig.flush().is_pending());
        rig.queue(["8"]);
        rig.inner.script([Take(2), Pending]);
        assert!(rig.flush().is_pending());
        rig.queue(["901"]);
        rig.abort();
    });
    let budget: Vec<_> = told.iter().filter(|line| line.contains("budget")).collect();
    assert_eq!(
        budget,
        [
            "WARN flow_controlled_writer: budget exceeded used=5 limit=4",
            "WARN flow_controlled_writer: budget back within its limit used=3 limit=4",
            "WARN flow_controlled_writer: budget exceeded used=6 limit=4",
            "WARN flow_controlled_writer: budget back within its limit used=0 limit=4",
        ]
    );
}

#[cfg(feature = "time")]
#[tokio::test(start_paused = true)]
async fn a_stall_is_told_before_the_failure() {
    let mut rig = small(Builder::new().stall_timeout(Duration::from_secs(1)));
    rig.queue(["abc"]);
    assert!(rig.flush().is_pending());
    tokio::time::advance(Duration::from_secs(1)).await;
    let told = events(|| {
        let _failed = rig.flush();
    });
    assert_eq!(
        told,
        [
            "WARN flow_controlled_writer: stalled timeout=1s size=3",
            "WARN flow_controlled_writer: failed kind=TimedOut unsent=3",
        ]
    );
}
