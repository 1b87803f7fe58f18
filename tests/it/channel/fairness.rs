//! Who waits is served, at a bounded cost, whatever others do.
use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;
use std::time::Duration;

use bytes::Bytes;
use flow_controlled_writer::channel::Sender;
use flow_controlled_writer::{Builder, FlowControlledWriter, Watermarks};
use futures::SinkExt;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::task::JoinSet;

use super::{Channel, bytes, poll, wait};
use crate::support::{Answer, Task, within};

/// One task fills the channel by `try_send` whenever it can, another one waits in `send`. It starved
/// through 200 000 resumes.
#[test]
fn one_who_fills_by_try_send_does_not_starve_one_who_waits() {
    let mut channel = Channel::new((2, 4), []);
    channel.pause();
    let (waiting, filling) = (channel.sender.clone(), channel.sender.clone());
    let task = Task::new();
    for round in 0..20 {
        let mut sent = pin!(waiting.send("!"));
        wait(&task, sent.as_mut());
        let served = (1..=10).find(|_| {
            channel.drive_on();
            while filling.try_send("x").is_ok() {}
            task.take_wakes() > 0 && task.poll(sent.as_mut()).is_ready()
        });
        assert!(served.is_some_and(|turns| turns <= 2), "round {round}: {served:?}");
        while filling.try_send("x").is_ok() {}
    }
}

/// A newcomer may go ahead until one was called in vain, and again after that one was served or left.
#[test]
fn newcomers_wait_behind_one_that_was_called_in_vain_until_it_is_served_or_leaves() {
    for leaves in [false, true] {
        let mut channel = Channel::new((2, 4), []);
        channel.pause();
        let (starving, newcomer) = (channel.sender.clone(), channel.sender.clone());
        let task = Task::new();
        let mut sent = Box::pin(starving.send("1"));
        wait(&task, sent.as_mut());
        channel.drive_on();
        assert_eq!(newcomer.try_send("12345"), Ok(10), "it goes ahead");
        wait(&task, sent.as_mut());
        channel.drive_on();
        assert!(newcomer.is_paused());
        assert!(newcomer.try_send("x").is_err_and(|error| error.is_full()));
        assert_eq!(newcomer.send_now("!"), Ok(11), "but for what must not wait");
        if leaves {
            drop(sent);
        } else {
            assert_eq!(task.poll(sent.as_mut()), Poll::Ready(Ok(12)));
        }
        assert!(newcomer.try_send("x").is_ok());
    }
}

/// A handle has lost interest and is called first. Newcomers keep the queue from ever running empty: those
/// behind that handle must be called all the same.
#[test]
fn one_behind_a_handle_that_lost_interest_does_not_starve_though_newcomers_keep_coming() {
    let mut channel = Channel::new((4, 8), []);
    channel.inner.otherwise(Answer::Pending);
    channel.pause();
    let (mut stale, sender) = (channel.sender.clone(), channel.sender.clone());
    assert!(poll(stale.feed(bytes("never"))).is_pending());
    let task = Task::new();
    let mut sent = pin!(sender.send("!"));
    wait(&task, sent.as_mut());
    let served = (1..=20).find(|_| {
        channel.drive_on();
        let drained = channel.sender.buffer_size() - 4;
        let answers = (0..drained).map(|_| Answer::Take(1));
        channel.inner.script(answers.chain([Answer::Pending]));
        while channel.sender.try_send("x").is_ok() {}
        assert!(channel.sender.buffer_size() >= 4, "it never runs empty");
        task.take_wakes() > 0 && task.poll(sent.as_mut()).is_ready()
    });
    assert!(served.is_some(), "starved through 20 resumes");
}

/// The same behind a send that was called and is kept aside: newcomers wait until the queue has run empty.
#[test]
fn one_behind_a_send_that_is_kept_aside_does_not_starve_though_newcomers_keep_coming() {
    let mut channel = Channel::new((4, 8), []);
    channel.inner.otherwise(Answer::Pending);
    channel.pause();
    let (kept, sender) = (channel.sender.clone(), channel.sender.clone());
    let mut aside = pin!(kept.send("never"));
    assert!(poll(aside.as_mut()).is_pending());
    let task = Task::new();
    let mut sent = pin!(sender.send("!"));
    wait(&task, sent.as_mut());
    let served = (1..=20).find(|_| {
        channel.drive_on();
        let drained = channel.sender.buffer_size().saturating_sub(4).max(1);
        channel.inner.script((0..drained).map(|_| Answer::Take(1)).chain([Answer::Pending]));
        while channel.sender.try_send("x").is_ok() {}
        task.take_wakes() > 0 && task.poll(sent.as_mut()).is_ready()
    });
    assert!(served.is_some(), "starved through 20 resumes");
    let last = poll(aside);
    assert!(last.is_pending() || matches!(last, Poll::Ready(Ok(_))), "it goes on: {last:?}");
}

/// A handle was called in vain, is called again and has lost interest. Those who only try must not be held back
/// by it for good.
#[test]
fn one_who_only_tries_is_not_held_back_for_good_by_a_handle_that_lost_interest() {
    let mut channel = Channel::new((2, 4), []);
    channel.pause();
    let mut stale = channel.sender.clone();
    let task = Task::new();
    assert!(task.poll_once(stale.feed(bytes("never"))).is_pending());
    channel.drive_on();
    channel.pause();
    assert!(task.poll_once(stale.feed(bytes("never"))).is_pending());
    for _ in 0..3 {
        channel.drive_on();
    }
    assert_eq!(channel.sender.buffer_size(), 0);
    assert_eq!(channel.sender.try_send("x"), Ok(11));
    assert!(!channel.sender.is_paused());
}

/// A send is kept aside in a `select!` whose other branch awaits another send: the first one is not
/// polled meanwhile. Both wait for each other unless the second one may go ahead in the end.
#[tokio::test(start_paused = true)]
async fn a_send_that_is_kept_aside_does_not_stop_another_one_for_ever() {
    for same_handle in [true, false] {
        let (stream, mut peer) = tokio::io::duplex(4);
        let options = Builder::new().watermarks(Watermarks::new(2, 8));
        let (sender, driver) = options.build(stream).into_channel();
        let other = if same_handle { None } else { Some(sender.clone()) };
        let other = other.as_ref().unwrap_or(&sender);
        let driver = tokio::spawn(driver);
        let reading = tokio::spawn(async move {
            let mut received = Vec::new();
            peer.read_to_end(&mut received).await.map(|_| received.len())
        });
        let talk = async {
            for _ in 0..100 {
                sender.send_now(vec![b'#'; 9]).expect("open");
                let mut aside = pin!(sender.send("aside"));
                tokio::select! {
                    biased;
                    sent = &mut aside => drop(sent.expect("open")),
                    () = std::future::ready(()) => {
                        other.send("other").await.expect("open");
                        aside.await.expect("open");
                    }
                }
            }
        };
        within(talk).await;
        sender.close_channel();
        driver.await.expect("no panic").expect("the peer reads");
        assert!(reading.await.expect("no panic").expect("readable") >= 100 * (9 + 5));
    }
}

/// Counts the polls of all tasks that send `rounds` messages each through clones of one channel.
async fn polls_of_many<F>(tasks: usize, rounds: usize, send: fn(Sender, Bytes) -> F) -> usize
where
    F: Future<Output = Sender> + Send + 'static,
{
    let (stream, mut peer) = tokio::io::duplex(64);
    let options = Builder::new().watermarks(Watermarks::new(16, 64));
    let (sender, driver) = options.build(stream).into_channel();
    tokio::spawn(driver);
    let polls = Arc::new(AtomicUsize::new(0));
    let mut sending = JoinSet::new();
    for _ in 0..tasks {
        let (polls, mut sender) = (Arc::clone(&polls), sender.clone());
        sending.spawn(async move {
            for _ in 0..rounds {
                let mut sent = Box::pin(send(sender, Bytes::from_static(b"12345678")));
                sender = poll_fn(|cx| {
                    polls.fetch_add(1, Ordering::Relaxed);
                    sent.as_mut().poll(cx)
                })
                .await;
            }
        });
    }
    drop(sender);
    let mut received = Vec::new();
    peer.read_to_end(&mut received).await.expect("readable");
    assert_eq!(received.len(), tasks * rounds * 8);
    sending.join_all().await;
    polls.load(Ordering::Relaxed)
}

/// 320 000 polls were made for 800 messages: each resume woke all.
#[tokio::test]
async fn a_message_costs_few_polls_however_many_wait() {
    let (tasks, rounds) = (800, 3);
    let by_send = polls_of_many(tasks, rounds, |sender: Sender, chunk| async move {
        sender.send(chunk).await.expect("open");
        sender
    });
    let by_sink = polls_of_many(tasks, rounds, |mut sender: Sender, chunk| async move {
        sender.feed(chunk).await.expect("open");
        sender
    });
    let by_write = polls_of_many(tasks, rounds, |mut sender: Sender, chunk| async move {
        sender.write_all(&chunk).await.expect("open");
        sender
    });
    for (name, polls) in [
        ("send", within(by_send).await),
        ("feed", within(by_sink).await),
        ("write_all", within(by_write).await),
    ] {
        assert!(polls <= 6 * tasks * rounds, "{polls} polls by {name}");
    }
}

/// Sends a byte.
type Way = fn(&mut Sender) -> Pin<Box<dyn Future<Output = ()> + '_>>;

/// Nothing ever pauses it, so that a loop of sends never waits: neither the driver nor the timer of the
/// same thread had a turn.
#[tokio::test]
async fn a_loop_of_sends_that_never_wait_leaves_its_thread_to_the_driver_and_to_timers() {
    let marks = Watermarks::new(0, usize::MAX);
    let ways: [Way; 5] = [
        |sender| Box::pin(async { assert!(Sender::send(sender, "x").await.is_ok()) }),
        |sender| Box::pin(async { sender.feed(bytes("x")).await.expect("open") }),
        |sender| Box::pin(async { sender.write_all(b"x").await.expect("open") }),
        |sender| Box::pin(async { assert!(sender.send_chunks([bytes("x")]).await.is_ok()) }),
        |sender| {
            Box::pin(async {
                sender.ready().await.expect("open");
                sender.try_send("x").expect("ready");
            })
        },
    ];
    for way in ways {
        let writer = FlowControlledWriter::with_watermarks(tokio::io::sink(), marks);
        let (mut sender, driver) = writer.into_channel();
        tokio::spawn(driver);
        let endless = async {
            loop {
                way(&mut sender).await;
            }
        };
        let ended = within(tokio::time::timeout(Duration::from_millis(20), endless)).await;
        assert!(ended.is_err(), "the timer had its turn");
        assert!(sender.written() > 0, "and the driver");
    }
}

#[test]
fn a_loop_that_never_waits_yields_once_in_hundreds_of_items_by_every_way() {
    let marks = Watermarks::new(0, usize::MAX);
    let ways: [Way; 4] = [
        |sender| Box::pin(async { assert!(Sender::send(sender, "x").await.is_ok()) }),
        |sender| Box::pin(async { sender.feed(bytes("x")).await.expect("open") }),
        |sender| Box::pin(async { sender.write_all(b"x").await.expect("open") }),
        |sender| {
            Box::pin(async {
                sender.ready().await.expect("open");
                sender.try_send("x").expect("ready");
            })
        },
    ];
    for (index, way) in ways.into_iter().enumerate() {
        let writer = FlowControlledWriter::with_watermarks(tokio::io::sink(), marks);
        let (mut sender, _driver) = writer.into_channel();
        let task = Task::new();
        let mut yields = 0;
        for _ in 0..2000 {
            let mut sent = way(&mut sender);
            if task.poll(sent.as_mut()).is_pending() {
                yields += 1;
                assert_eq!(task.take_wakes(), 1, "it is to go on at once");
                assert!(task.poll(sent.as_mut()).is_ready());
            }
        }
        assert!((2..=20).contains(&yields), "{yields} in 2000 by way {index}");
    }
}

/// To give up took time in proportion to all who wait.
#[test]
fn a_hundred_thousand_waits_are_given_up_in_any_order() {
    const COUNT: usize = 100_000;
    let mut channel = Channel::new((2, 4), []);
    channel.pause();
    let sender = channel.sender.clone();
    let task = Task::new();
    let mut random = fastrand::Rng::with_seed(71);
    let mut sends: Vec<_> = (0..COUNT).map(|_| Box::pin(sender.send("x"))).collect();
    let mut flushes: Vec<_> = (0..COUNT).map(|_| Box::pin(sender.flush())).collect();
    let mut readies: Vec<_> = (0..COUNT).map(|_| Box::pin(sender.ready())).collect();
    sends.iter_mut().for_each(|send| assert!(task.poll(send.as_mut()).is_pending()));
    flushes.iter_mut().for_each(|flush| assert!(task.poll(flush.as_mut()).is_pending()));
    readies.iter_mut().for_each(|ready| assert!(task.poll(ready.as_mut()).is_pending()));
    random.shuffle(&mut sends);
    random.shuffle(&mut flushes);
    random.shuffle(&mut readies);
    let mut last = sends.pop().expect("one of many");
    drop((sends, flushes, readies));
    task.take_wakes();
    channel.drive_on();
    assert_eq!(task.take_wakes(), 1, "the one that is left");
    assert_eq!(task.poll(last.as_mut()), Poll::Ready(Ok(6)));
}

/// At both marks a slice found no room, was first in line, and those behind it were not called.
#[test]
fn a_write_that_waits_at_equal_marks_does_not_hold_up_those_behind_it() {
    let mut channel = Channel::new((4, 4), [Answer::Take(1), Answer::Pending]);
    channel.pause();
    let mut writing = channel.sender.clone();
    let sender = channel.sender.clone();
    let (first, second) = (Task::new(), Task::new());
    let mut write = Box::pin(writing.write_all(b"56789"));
    assert!(first.poll(write.as_mut()).is_pending());
    let mut sent = pin!(sender.send("x"));
    assert!(poll(sent.as_mut()).is_pending());
    wait(&second, sent.as_mut());
    channel.drive_on();
    assert_eq!((channel.sender.buffer_size(), first.take_wakes()), (4, 1));
    assert!(first.poll(write.as_mut()).is_ready());
    channel.inner.script([Answer::Take(4), Answer::Take(1), Answer::Pending]);
    channel.drive_on();
    assert_eq!((channel.sender.buffer_size(), second.take_wakes()), (4, 1));
    assert_eq!(second.poll(sent), Poll::Ready(Ok(11)));
}
