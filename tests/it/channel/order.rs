//! What one handle sends keeps its order, also when its futures wait side by side.
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};

use flow_controlled_writer::{Builder, TrySendError, Watermarks};
use futures::{StreamExt, stream};

use flow_controlled_writer::channel::Driver;

use super::{Channel, bytes, poll, wait};
use crate::support::{Answer, Scripted, Task, within};

/// `buffered` polls its futures in turns, and a send that had to wait came after those made later.
#[tokio::test]
async fn a_buffered_stream_of_sends_keeps_its_order() {
    for marks in
        [Watermarks::new(4, 16), Watermarks::new(100, 1000), Watermarks::new(0, usize::MAX)]
    {
        for width in [2, 10, 100, 1000] {
            let (stream, mut peer) = tokio::io::duplex(64);
            let (sender, driver) = Builder::new().watermarks(marks).build(stream).into_channel();
            let driver = tokio::spawn(driver);
            let receiving = tokio::spawn(async move {
                let mut received = Vec::new();
                tokio::io::AsyncReadExt::read_to_end(&mut peer, &mut received)
                    .await
                    .map(|_| received)
            });
            let mut positions = stream::iter(0..2000_u32)
                .map(|number| sender.send(number.to_be_bytes().to_vec()))
                .buffered(width);
            let mut last = 0;
            while let Some(position) = positions.next().await {
                let position = position.expect("open");
                assert_eq!(position, last + 4, "{marks:?}, {width} side by side");
                last = position;
            }
            drop(positions);
            drop(sender);
            driver.await.expect("no panic").expect("the peer reads");
            let received = receiving.await.expect("no panic").expect("readable");
            let numbers: Vec<u32> = received
                .chunks(4)
                .map(|number| u32::from_be_bytes(number.try_into().expect("four")))
                .collect();
            assert!(numbers.into_iter().eq(0..2000), "{marks:?}, {width} side by side");
        }
    }
}

/// Threads that are held up between a call and its wake-up, and tasks that come late, put a send before an earlier
/// one: one in some ten thousand.
#[test]
fn a_buffered_stream_beside_others_on_threads_keeps_its_order() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(4)
        .enable_time()
        .build()
        .expect("threads");
    for marks in [Watermarks::new(4, 16), Watermarks::new(0, 8)] {
        let (stream, mut peer) = tokio::io::duplex(64);
        let (sender, driver) = Builder::new().watermarks(marks).build(stream).into_channel();
        let driver = runtime.spawn(driver);
        let receiving = runtime.spawn(async move {
            tokio::io::copy(&mut peer, &mut tokio::io::sink()).await.expect("readable")
        });
        let filling = [(); 3].map(|()| {
            let sender = sender.clone();
            runtime.spawn(async move {
                while !sender.is_closed() {
                    while sender.try_send("12345678").is_ok() {}
                    tokio::task::yield_now().await;
                }
            })
        });
        let sending = runtime.spawn(async move {
            let mut positions = stream::iter(0..20_000).map(|_| sender.send("1234")).buffered(100);
            let mut last = 0;
            while let Some(position) = positions.next().await {
                let position = position.expect("open");
                assert!(position > last, "{position} after {last}");
                last = position;
            }
            drop(positions);
            sender.close_channel();
        });
        runtime.block_on(within(async {
            sending.await.expect("in order");
            for filling in filling {
                filling.await.expect("no panic");
            }
            driver.await.expect("no panic").expect("the peer reads");
            receiving.await.expect("no panic");
        }));
    }
}

/// A send waits, the channel resumes, and before the send is polled the same handle sends more.
#[test]
fn what_a_handle_sends_later_waits_behind_its_send_that_waits() {
    let mut channel = Channel::new((2, 20), []);
    channel.pause();
    let (sender, other) = (channel.sender.clone(), channel.sender.clone());
    let (early, late) = (Task::new(), Task::new());
    let mut first = Box::pin(sender.send("1"));
    wait(&early, first.as_mut());
    channel.drive_on();
    assert_eq!(early.take_wakes(), 1);

    let mut second = pin!(sender.send("2"));
    assert!(late.poll(second.as_mut()).is_pending());
    let mut chunks = pin!(sender.send_chunks([bytes("3"), bytes("4")]));
    assert!(poll(chunks.as_mut()).is_pending());
    assert!(sender.is_paused(), "for this handle it is");
    assert_eq!(sender.try_send("x"), Err(TrySendError::Full(bytes("x"))));
    assert_eq!(other.try_send("o"), Ok(22), "and for no other one");

    assert_eq!(early.poll(first.as_mut()), Poll::Ready(Ok(23)));
    assert_eq!(late.take_wakes(), 1);
    assert_eq!(late.poll(second), Poll::Ready(Ok(24)));
    assert_eq!(poll(chunks), Poll::Ready(Ok(26)));
    assert!(!sender.is_paused());
    assert_eq!(sender.send_now("5"), Ok(27), "what must not wait does not");
    channel.drive_on();
    assert!(channel.inner.wire().ends_with(b"#o12345"));
}

/// The task is slow: its first send is called, is passed over, and comes when the channel is paused again.
/// Meanwhile the second one was called. It must not go first: the other one is back in line.
#[test]
fn a_send_that_was_passed_over_and_is_back_is_not_overtaken_by_a_later_one() {
    let mut channel = Channel::new((2, 4), []);
    channel.pause();
    let sender = channel.sender.clone();
    let (early, late) = (Task::new(), Task::new());
    let (mut first, mut second) = (pin!(sender.send("1")), pin!(sender.send("2")));
    wait(&early, first.as_mut());
    wait(&late, second.as_mut());
    channel.drive_on();
    channel.drive_on();
    assert_eq!((early.take_wakes(), late.take_wakes()), (1, 1), "both were called");
    channel.pause();
    wait(&early, first.as_mut());
    channel.drive_on();
    assert!(late.poll(second.as_mut()).is_pending());
    assert_eq!(early.take_wakes(), 1);
    assert_eq!(early.poll(first), Poll::Ready(Ok(11)));
    assert_eq!(late.take_wakes(), 1);
    assert_eq!(late.poll(second), Poll::Ready(Ok(12)));
}

/// The first send is called and its task is late. Others pause the channel, and it resumes: the second send of
/// the same handle must not go ahead.
#[test]
fn a_send_that_is_late_for_its_call_is_not_overtaken_by_a_later_one_of_its_handle() {
    let script =
        [Answer::Take(3), Answer::Pending, Answer::Take(2), Answer::Take(3), Answer::Pending];
    let mut channel = Channel::new((2, 4), script);
    channel.pause();
    let (sender, other) = (channel.sender.clone(), channel.sender.clone());
    let (early, late, third) = (Task::new(), Task::new(), Task::new());
    let (mut first, mut second) = (pin!(sender.send("1")), pin!(sender.send("2")));
    let mut others = pin!(other.send("3"));
    wait(&early, first.as_mut());
    wait(&late, second.as_mut());
    wait(&third, others.as_mut());
    channel.drive_on();
    assert_eq!(early.take_wakes(), 1);
    channel.pause();
    channel.drive_on();
    assert_eq!((late.take_wakes(), third.take_wakes()), (0, 0));
    assert!(late.poll(second.as_mut()).is_pending());
    assert_eq!(early.poll(first), Poll::Ready(Ok(11)));
    assert_eq!(late.take_wakes(), 1);
    assert_eq!(late.poll(second), Poll::Ready(Ok(12)));
    assert_eq!(third.take_wakes(), 1);
    assert_eq!(third.poll(others), Poll::Ready(Ok(13)));
}

/// A thread is held up between its call of the first send and the wake-up itself, for long enough that the
/// driver finds the channel empty again and again. The second send, of the same stream, would go first.
#[test]
fn a_send_whose_wake_up_is_held_up_is_not_passed_over() {
    /// Drives while it wakes.
    struct HeldUp(Mutex<Driver<Scripted>>);
    impl Wake for HeldUp {
        fn wake(self: Arc<Self>) {
            let mut driver = self.0.lock().expect("no panic");
            for _ in 0..10 {
                assert!(poll(Pin::new(&mut *driver)).is_pending());
            }
        }
    }
    let channel = Channel::new((2, 4), []);
    channel.pause();
    let Channel { sender, driver, .. } = channel;
    let driver = Arc::new(HeldUp(Mutex::new(driver)));
    let (other, late, held_up) = (sender.clone(), Task::new(), Waker::from(Arc::clone(&driver)));
    let (mut gone, mut first) = (Box::pin(other.send("0")), pin!(sender.send("1")));
    let mut second = pin!(sender.send("2"));
    assert!(poll(gone.as_mut()).is_pending());
    assert!(first.as_mut().poll(&mut Context::from_waker(&held_up)).is_pending());
    wait(&late, second.as_mut());
    assert!(poll(Pin::new(&mut *driver.0.lock().expect("no panic"))).is_pending());
    drop(gone);
    assert_eq!(late.take_wakes(), 0, "the first one has only now been woken");
    assert_eq!(poll(first), Poll::Ready(Ok(6)));
    assert_eq!(late.take_wakes(), 1);
    assert_eq!(late.poll(second), Poll::Ready(Ok(7)));
}

#[test]
fn a_send_that_is_given_up_lets_those_behind_it_go() {
    let mut channel = Channel::new((2, 4), []);
    channel.pause();
    let sender = channel.sender.clone();
    let mut first = Box::pin(sender.send("1"));
    assert!(poll(first.as_mut()).is_pending());
    channel.drive_on();
    assert!(sender.try_send("2").is_err());
    drop(first);
    assert_eq!(sender.try_send("2"), Ok(6));
}

/// A loop of sends that never wait yields now and then. It is not overtaken there either.
#[test]
fn a_send_that_yields_is_not_overtaken_by_a_later_one_of_its_handle() {
    let channel = Channel::new((0, usize::MAX), []);
    let (task, mut yields) = (Task::new(), 0);
    for sent in (0..2000).step_by(2) {
        let mut first = pin!(channel.sender.send("1"));
        let mut second = pin!(channel.sender.send("2"));
        let early = task.poll(first.as_mut());
        let late = poll(second.as_mut());
        if early.is_pending() {
            assert_eq!(task.take_wakes(), 1, "it is to go on at once");
            assert!(late.is_pending(), "after {sent}");
            assert!(channel.sender.try_send("x").is_err_and(|error| error.is_full()));
            assert_eq!(channel.sender.clone().try_send(""), Ok(sent));
            assert_eq!(task.poll(first), Poll::Ready(Ok(sent + 1)));
        } else {
            assert_eq!(early, Poll::Ready(Ok(sent + 1)));
        }
        if late.is_pending() {
            yields += 1;
            assert_eq!(poll(second), Poll::Ready(Ok(sent + 2)));
        } else {
            assert_eq!(late, Poll::Ready(Ok(sent + 2)));
        }
    }
    assert!((2..=30).contains(&yields), "{yields} in 2000 sends");
}

/// Of several sends of one handle none wakes itself: it would be polled before those that were woken earlier.
#[test]
fn a_send_looks_again_by_itself_only_where_it_waits_alone() {
    let channel = Channel::new((2, 4), []);
    channel.pause();
    let sender = &channel.sender;
    let (early, late) = (Task::new(), Task::new());
    let (mut first, mut second) = (pin!(sender.send("1")), pin!(sender.send("2")));
    assert!(early.poll(first.as_mut()).is_pending());
    assert_eq!(early.take_wakes(), 1, "the driver is about to drain");
    assert!(late.poll(second.as_mut()).is_pending());
    assert!(early.poll(first.as_mut()).is_pending());
    assert_eq!((early.take_wakes(), late.take_wakes()), (0, 0));
}
