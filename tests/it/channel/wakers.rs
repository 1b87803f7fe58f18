use std::pin::{Pin, pin};
use std::sync::mpsc;
use std::sync::{Arc, Mutex, Weak};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;
use std::time::Duration;

use bytes::Bytes;
use flow_controlled_writer::channel::Sender;
use flow_controlled_writer::{FlowControlledWriter, MemoryBudget, Watermarks};
use futures::SinkExt;

use super::{Acts, Channel, kind, poll, unmerged};
use crate::support::{READY, Task};

/// Those who wait are polled again by another task, as by a `select!` that moved: who polled last
/// is woken.
#[test]
fn those_who_wait_are_woken_where_they_were_polled_last() {
    let mut channel = Channel::new((2, 4), []);
    channel.pause();
    let sender = channel.sender.clone();
    let mut sink = channel.sender.clone();
    let (mut ready, mut flush) = (pin!(sender.ready()), pin!(sender.flush()));
    let mut closed = pin!(sender.closed());
    let tasks = [(); 2].map(|()| [(); 4].map(|()| Task::new()));
    for [sinking, waiting, flushing, closing] in &tasks {
        assert!(sink.poll_ready_unpin(&mut sinking.context()).is_pending());
        assert!(waiting.poll(ready.as_mut()).is_pending());
        assert!(flushing.poll(flush.as_mut()).is_pending());
        assert!(closing.poll(closed.as_mut()).is_pending());
    }

    channel.drive_on();
    channel.sender.close_channel();
    assert!(channel.drive().is_ready());
    let wakes = tasks.map(|tasks| tasks.map(|task| task.take_wakes()));
    assert_eq!(wakes, [[0; 4], [1; 4]]);
}

#[test]
fn a_sink_that_is_dropped_or_ended_in_line_leaves_no_waker_behind() {
    let channel = Channel::new((2, 4), []);
    channel.pause();
    for end in [drop::<Sender>, |mut sink| drop(poll(SinkExt::close(&mut sink)))] {
        let (waker, alive) = waker_that_holds(None);
        let mut sink = channel.sender.clone();
        assert!(sink.poll_ready_unpin(&mut Context::from_waker(&waker)).is_pending());
        drop(waker);
        assert!(alive.upgrade().is_some(), "it waits");
        end(sink);
        assert!(alive.upgrade().is_none());
    }
}

#[test]
fn a_future_that_is_dropped_while_it_waits_leaves_no_waker_behind() {
    let channel = Channel::new((2, 4), []);
    channel.pause();
    let sender = &channel.sender;
    let waits: [Pin<Box<dyn Future<Output = ()> + '_>>; 4] = [
        Box::pin(async { drop(sender.send("x").await) }),
        Box::pin(async { drop(sender.ready().await) }),
        Box::pin(async { drop(sender.flush().await) }),
        Box::pin(async { drop(sender.closed().await) }),
    ];
    for mut wait in waits {
        let (waker, alive) = waker_that_holds(None);
        assert!(wait.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
        drop(waker);
        assert!(alive.upgrade().is_some(), "it waits");
        drop(wait);
        assert!(alive.upgrade().is_none());
    }
}

/// To look again costs less than to sleep, and helps where bytes may leave meanwhile: while the driver is in
/// the midst of a write, and not while it waits for the inner writer.
#[test]
fn a_sender_looks_again_while_the_driver_writes_and_sleeps_while_that_is_stuck() {
    type Waiting = Pin<Box<dyn Future<Output = ()> + Send>>;
    let task = Arc::new(Task::new());
    let waiting: Arc<Mutex<Option<Waiting>>> = Arc::default();
    let mut writes = 0;
    let inner = Acts({
        let (task, waiting) = (Arc::clone(&task), Arc::clone(&waiting));
        move || {
            writes += 1;
            if writes == 1 {
                return Poll::Pending;
            }
            if let Some(mut send) = waiting.lock().expect("no panic").take() {
                assert!(task.poll(send.as_mut()).is_pending());
                assert_eq!(task.take_wakes(), 1, "the driver writes");
            }
            Poll::Ready(1)
        }
    });
    let (sender, driver) = unmerged((2, 4)).build(inner).into_channel();
    let mut driver = pin!(driver);
    sender.try_send("12345").expect("not paused");
    assert!(poll(driver.as_mut()).is_pending());
    let mut send = Box::pin(async move { drop(sender.send("6").await) });
    assert!(task.poll(send.as_mut()).is_pending());
    assert_eq!(task.take_wakes(), 0, "the driver is stuck");
    *waiting.lock().expect("no panic") = Some(send);
    assert!(poll(driver).is_ready(), "the last sender is gone");
}

/// A waker may hold the last reference to a task, and the task a sender. Wherever the channel lets
/// go of such a waker, the sender goes too, and locks the channel: it must not be locked already.
#[test]
fn a_waker_may_hold_a_sender_of_the_channel_that_lets_go_of_it() {
    let (done, finished) = mpsc::channel();
    thread::spawn(move || {
        let mut channel = Channel::new((2, 4), []);
        let task = Task::new();
        let sender = channel.sender.clone();
        let hold = |sender: &Sender| waker_that_holds(Some(sender.clone()));

        let (waker, drivers) = hold(&sender);
        assert!(Pin::new(&mut channel.driver).poll(&mut Context::from_waker(&waker)).is_pending());
        drop(waker);
        assert!(drivers.upgrade().is_some());
        channel.drive_on();
        assert!(drivers.upgrade().is_none(), "replaced");

        channel.pause();
        let (waker, replaced) = hold(&sender);
        let mut ready = Box::pin(sender.ready());
        assert!(ready.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
        drop(waker);
        assert!(task.poll(ready.as_mut()).is_pending());
        assert!(replaced.upgrade().is_none());

        let (waker, dropped) = hold(&sender);
        assert!(ready.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
        drop(waker);
        drop(ready);
        assert!(dropped.upgrade().is_none());

        let (waker, woken) = hold(&sender);
        let mut flush = Box::pin(sender.flush());
        assert!(flush.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
        drop(waker);
        channel.drive_on();
        assert!(woken.upgrade().is_none());
        assert_eq!(kind(task.poll(flush.as_mut())), READY);
        done.send(()).expect("the test waits");
    });
    finished.recv_timeout(Duration::from_secs(60)).expect("nobody waits for ever");
}

/// It has its turn before it was called, as others have given a budget back, and is polled by another task.
#[test]
fn a_waker_that_is_not_needed_any_more_is_dropped_without_the_lock() {
    let (done, finished) = mpsc::channel();
    thread::spawn(move || {
        let budget = MemoryBudget::new(4);
        let channel = Channel::with_options(&unmerged((2, 4)).budget(budget.clone()), []);
        let other = Channel::with_options(&unmerged((2, 100)).budget(budget), []);
        channel.send("a");
        other.send("others");
        let sender = &channel.sender;
        let mut sent = Box::pin(sender.send("b"));
        let (waker, kept) = waker_that_holds(Some(sender.clone()));
        for _ in 0..4 {
            assert!(sent.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
        }
        drop(waker);
        drop(other);
        assert_eq!(poll(sent.as_mut()), Poll::Ready(Ok(2)));
        assert!(kept.upgrade().is_none());
        done.send(()).expect("the test waits");
    });
    finished.recv_timeout(Duration::from_secs(10)).expect("nobody waits for ever");
}

/// The same for the memory of a chunk, which may be anything: a small one is copied, and dropped.
#[test]
fn a_chunk_may_hold_a_sender_of_the_channel_that_copies_it() {
    let (done, finished) = mpsc::channel();
    thread::spawn(move || {
        let (sender, driver) =
            FlowControlledWriter::with_watermarks(Vec::new(), Watermarks::new(2, 4)).into_channel();
        let hold = || Bytes::from_owner(Owner { _sender: sender.clone() });
        sender.try_send(hold()).expect("not paused");
        assert!(poll(sender.send(hold())).is_ready());
        sender.clone().start_send_unpin(hold()).expect("open");
        assert!(sender.try_send(hold()).expect_err("paused").is_full());
        sender.close_channel();
        let Poll::Ready(Ok(wire)) = poll(driver) else { panic!("a vector takes all") };
        done.send(wire).expect("the test waits");
    });
    let wire = finished.recv_timeout(Duration::from_secs(60)).expect("nobody waits for ever");
    assert_eq!(wire, b"ababab");
}

struct Owner {
    _sender: Sender,
}

impl AsRef<[u8]> for Owner {
    fn as_ref(&self) -> &[u8] {
        b"ab"
    }
}

struct Holds {
    _sender: Option<Sender>,
}

impl Wake for Holds {
    fn wake(self: Arc<Self>) {}
}

/// Returns the waker of a task that holds `sender`, and what tells whether that task is still held.
fn waker_that_holds(sender: Option<Sender>) -> (Waker, Weak<Holds>) {
    let task = Arc::new(Holds { _sender: sender });
    let alive = Arc::downgrade(&task);
    (Waker::from(task), alive)
}
