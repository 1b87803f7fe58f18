//! Foreign code: wakers, subscribers and owners of memory that panic, or use the channel.
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, mpsc};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;
use std::time::Duration;

use bytes::Bytes;
use flow_controlled_writer::channel::Sender;
use flow_controlled_writer::{FlowControlledWriter, Watermarks};
use futures::{Sink, SinkExt};
use tokio::io::AsyncWriteExt;

use super::{Channel, kind, poll, wait};
use crate::support::{Answer, READY, Task};

/// A waker that panics.
struct Panics;

impl Wake for Panics {
    fn wake(self: Arc<Self>) {
        panic!("on purpose")
    }
}

/// Polls `future`, which has to wait, by a task whose waker panics.
fn wait_and_panic<F: Future>(future: Pin<&mut F>) {
    let waker = Waker::from(Arc::new(Panics));
    assert!(future.poll(&mut Context::from_waker(&waker)).is_pending());
}

/// The waker of the first one in line panics: the driver that wakes it goes on, and so do the others.
#[test]
fn a_waker_that_panics_does_not_keep_the_others_asleep() {
    let mut channel = Channel::new((2, 4), []);
    channel.pause();
    let sender = channel.sender.clone();
    let tasks = [(); 3].map(|()| Task::new());
    let (mut bad, mut flush) = (pin!(sender.flush()), pin!(sender.flush()));
    let mut other = pin!(sender.flush());
    wait(&tasks[0], flush.as_mut());
    wait_and_panic(bad.as_mut());
    wait(&tasks[1], other.as_mut());
    let panicked = catch_unwind(AssertUnwindSafe(|| channel.drive().is_pending()));
    assert!(panicked.is_err());
    assert_eq!((tasks[0].take_wakes(), tasks[1].take_wakes()), (1, 1));
    assert_eq!(kind(poll(flush)), READY);
    assert_eq!(kind(poll(other)), READY);
    assert_eq!(kind(poll(bad)), READY);
    channel.send("more");
    channel.drive_on();
    assert_eq!(channel.inner.wire(), b"#####more");
}

/// A waker lets another one stand in line, then panics; the idle driver, whose waker panics too, is to watch the
/// line from then on.
#[test]
fn wakers_that_panic_one_after_the_other_end_in_one_panic() {
    struct Joins(Mutex<Pin<Box<dyn Future<Output = ()> + Send>>>);
    impl Wake for Joins {
        fn wake(self: Arc<Self>) {
            assert!(poll(self.0.lock().expect("no panic").as_mut()).is_pending());
            panic!("on purpose")
        }
    }
    let mut channel = Channel::new((2, 4), []);
    wait_and_panic(Pin::new(&mut channel.driver));
    let (first, second) = (channel.sender.clone(), channel.sender.clone());
    // Both have sent so much that they are to yield.
    for _ in 0..1000 {
        first.try_send("").expect("open");
        second.try_send("").expect("open");
    }
    let joins = Mutex::new(Box::pin(async move { drop(second.send("2").await) }) as Pin<Box<_>>);
    let waker = Waker::from(Arc::new(Joins(joins)));
    let mut sent = pin!(first.send("1"));
    let cx = &mut Context::from_waker(&waker);
    assert!(catch_unwind(AssertUnwindSafe(|| sent.as_mut().poll(cx).is_pending())).is_err());
    assert_eq!(poll(sent), Poll::Ready(Ok(1)));
    channel.drive_on();
    assert_eq!(channel.inner.wire(), b"1");
}

#[test]
fn an_end_whose_waiters_panic_wakes_all_and_ends_the_channel() {
    let mut channel = Channel::new((2, 4), [Answer::Pending]);
    channel.pause();
    channel.drive_on();
    let sender = channel.sender.clone();
    let task = Task::new();
    let (mut bad, mut good) = (pin!(sender.ready()), pin!(sender.ready()));
    wait_and_panic(bad.as_mut());
    wait(&task, good.as_mut());
    assert!(catch_unwind(AssertUnwindSafe(|| sender.abort())).is_err());
    assert_eq!((task.take_wakes(), channel.driving.take_wakes()), (1, 1));
    assert!(channel.drive().is_ready());
}

/// The driver sleeps by a waker that panics. Who sends gets the panic, and its item is queued.
#[test]
fn the_waker_of_a_driver_that_panics_leaves_the_item_queued_and_the_sender_awake() {
    let mut channel = Channel::new((2, 40), []);
    let waker = Waker::from(Arc::new(Panics));
    let driver = Pin::new(&mut channel.driver);
    assert!(driver.poll(&mut Context::from_waker(&waker)).is_pending());
    let sent = catch_unwind(AssertUnwindSafe(|| channel.sender.try_send("data")));
    assert!(sent.is_err());
    assert_eq!(channel.sender.buffer_size(), 4);
    assert_eq!(channel.sender.try_send("more"), Ok(8));
    channel.drive_on();
    assert_eq!(channel.inner.wire(), b"datamore");
}

/// The memory of an empty chunk, which looks at the channel when it is let go of.
struct Looks(Sender);

impl AsRef<[u8]> for Looks {
    fn as_ref(&self) -> &[u8] {
        b""
    }
}

impl Drop for Looks {
    fn drop(&mut self) {
        let _ = self.0.stats();
        let _ = self.0.try_send("dropped");
    }
}

/// An empty chunk queues nothing, and was dropped under the lock.
#[test]
fn an_empty_chunk_may_use_the_channel_in_its_drop_by_every_way_in() {
    let (done, finished) = mpsc::channel();
    thread::spawn(move || {
        let marks = Watermarks::new(2, 10_000);
        let writer = FlowControlledWriter::with_watermarks(Vec::new(), marks);
        let (sender, driver) = writer.into_channel();
        let empty = || Bytes::from_owner(Looks(sender.clone()));
        let mut sink = sender.clone();
        sender.try_send(empty()).expect("open");
        sender.send_now(empty()).expect("open");
        assert!(poll(sender.send(empty())).is_ready());
        assert!(poll(sender.send_chunks([empty(), "x".into(), empty()])).is_ready());
        sink.start_send_unpin(empty()).expect("open");
        assert!(poll(SinkExt::feed(&mut sink, empty())).is_ready());
        drop(sender.send(empty()));
        // While paused too.
        sender.set_watermarks(Watermarks::new(0, 0));
        assert!(sender.is_paused());
        sender.try_send(empty()).expect("nothing needs no room");
        sender.send_now(empty()).expect("nothing needs no room");
        assert!(poll(sender.send(empty())).is_pending());
        sender.close_channel();
        assert!(sender.try_send(empty()).is_err());
        drop(sink);
        let Poll::Ready(Ok(wire)) = poll(driver) else { panic!("a vector takes all") };
        done.send(wire).expect("the test waits");
    });
    let wire = finished.recv_timeout(Duration::from_secs(60)).expect("nobody waits for ever");
    assert!(wire.starts_with(b"dropped") && wire.ends_with(b"dropped"), "{wire:?}");
}

/// A chunk whose owner panics is written by the driver. Somebody catches the panic and polls it again.
#[test]
fn an_owner_that_panics_in_the_driver_fails_the_channel_and_sends_no_byte_twice() {
    struct Owner;
    impl AsRef<[u8]> for Owner {
        fn as_ref(&self) -> &[u8] {
            b"owned"
        }
    }
    impl Drop for Owner {
        fn drop(&mut self) {
            panic!("on purpose")
        }
    }
    let mut channel = Channel::new((2, 40), []);
    channel.sender.try_send(Bytes::from_owner(Owner)).expect("open");
    channel.send("more");
    let sender = channel.sender.clone();
    let mut flush = pin!(sender.flush());
    assert!(poll(flush.as_mut()).is_pending());
    assert!(catch_unwind(AssertUnwindSafe(|| channel.drive().is_ready())).is_err());
    let written = channel.inner.wire().len();
    let Poll::Ready(Err(failure)) = channel.drive() else { panic!("it goes on") };
    assert_eq!(failure.error.kind(), std::io::ErrorKind::Other);
    assert_eq!(channel.inner.wire().len(), written);
    assert!(sender.is_closed());
    assert!(matches!(poll(flush), Poll::Ready(Err(_))));
}

/// The inner writer panics in the driver, whose task is gone with that: the driver is dropped.
#[test]
fn a_driver_that_is_dropped_by_a_panic_lets_nobody_wait() {
    let mut channel = Channel::new((2, 4), [Answer::Pending]);
    channel.pause();
    channel.drive_on();
    let sender = channel.sender.clone();
    let (sending, closing) = (Task::new(), Task::new());
    let (mut send, mut closed) = (pin!(sender.send("x")), pin!(sender.closed()));
    wait(&sending, send.as_mut());
    wait(&closing, closed.as_mut());
    let driver = channel.driver;
    let dropped = catch_unwind(AssertUnwindSafe(move || {
        let _driver = driver;
        panic!("on purpose")
    }));
    assert!(dropped.is_err());
    assert_eq!((sending.take_wakes(), closing.take_wakes()), (1, 1));
    assert!(matches!(poll(send), Poll::Ready(Err(error)) if error.is_closed()));
    let mut late = sender.clone();
    assert!(matches!(poll(late.write(b"x")), Poll::Ready(Err(_))));
    assert!(Sink::<Bytes>::poll_ready(Pin::new(&mut late), &mut Task::new().context()).is_ready());
}
