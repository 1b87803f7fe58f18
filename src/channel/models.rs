//! The channel under loom, which runs each model in every order in which its threads may meet (up
//! to a number of preemptions) and fails it if they end up waiting for each other: a lost wake-up.
//!
//! ```sh
//! RUSTFLAGS="--cfg loom" cargo test --release -p flow-controlled-writer --lib models --target-dir target/loom
//! ```

mod drive;

use std::future::{Future, poll_fn};
use std::io;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bytes::Bytes;
use futures_sink::Sink;
use loom::future::block_on;
use loom::sync::Arc;
use loom::sync::atomic::{AtomicUsize, Ordering};
use loom::thread;
use tokio::io::AsyncWrite;

use super::{Driver, Sender};
use crate::builder::Builder;
use crate::watermarks::Watermarks;

/// Keeps what is written, and takes it only after so many `Pending`s.
struct Wire {
    bytes: Vec<u8>,
    pending: Pendings,
}

enum Pendings {
    /// Wakes itself.
    Left(usize),
    /// Wakes nobody.
    Forever,
    /// Fails.
    Broken,
}

impl AsyncWrite for Wire {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        match &mut self.pending {
            Pendings::Forever => return Poll::Pending,
            Pendings::Broken => return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into())),
            Pendings::Left(0) => {}
            Pendings::Left(left) => {
                *left -= 1;
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
        }
        self.bytes.extend_from_slice(buf);
        Poll::Ready(Ok(buf.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

fn model(model: impl Fn() + Sync + Send + 'static) {
    let mut builder = loom::model::Builder::new();
    // A lost wake-up takes one or two preemptions.
    builder.preemption_bound = Some(2);
    // For slow machines; most models are through in a second or two.
    builder.max_duration = Some(Duration::from_secs(15));
    builder.check(model);
}

/// A channel in which one item is in flight at a time.
fn narrow(pending: Pendings) -> (Sender, Driver<Wire>) {
    channel(Watermarks::new(0, 0), pending)
}

fn wide(pending: Pendings) -> (Sender, Driver<Wire>) {
    channel(Watermarks::new(16, 64), pending)
}

fn channel(watermarks: Watermarks, pending: Pendings) -> (Sender, Driver<Wire>) {
    let wire = Wire { bytes: Vec::new(), pending };
    Builder::new().watermarks(watermarks).coalesce_threshold(0).build(wire).into_channel()
}

fn finish(driver: Driver<Wire>) -> Vec<u8> {
    block_on(driver).expect("the wire takes all").bytes
}

fn sorted(mut bytes: Vec<u8>) -> Vec<u8> {
    bytes.sort_unstable();
    bytes
}

/// Polls once.
fn poll_once<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

#[test]
fn the_driver_hears_of_what_is_sent_and_of_the_last_drop() {
    model(|| {
        let (sender, driver) = wide(Pendings::Left(0));
        let sending = thread::spawn(move || {
            sender.try_send("a").expect("not paused");
            sender.try_send("b").expect("not paused");
        });
        assert_eq!(finish(driver), b"ab");
        sending.join().expect("no panic");
    });
}

#[test]
fn the_driver_hears_of_the_last_of_two_drops() {
    model(|| {
        let (sender, driver) = wide(Pendings::Left(1));
        let other = sender.clone();
        let sending = thread::spawn(move || other.try_send("a").expect("not paused"));
        drop(sender);
        assert_eq!(finish(driver), b"a");
        sending.join().expect("no panic");
    });
}

#[test]
fn one_who_waits_hears_of_the_resume() {
    model(|| {
        let (sender, driver) = narrow(Pendings::Left(1));
        let sending = thread::spawn(move || {
            for chunk in ["a", "b", "c"] {
                block_on(sender.send(chunk)).expect("open");
            }
        });
        assert_eq!(finish(driver), b"abc");
        sending.join().expect("no panic");
    });
}

#[test]
fn two_who_wait_both_hear_of_the_resume() {
    model(|| {
        let (sender, driver) = narrow(Pendings::Left(0));
        sender.try_send("a").expect("not paused");
        let sending = ["b", "c"].map(|chunk| {
            let sender = sender.clone();
            thread::spawn(move || block_on(sender.send(chunk)).expect("open"))
        });
        drop(sender);
        assert_eq!(sorted(finish(driver)), b"abc");
        for sending in sending {
            sending.join().expect("no panic");
        }
    });
}

/// One wait is given up at any moment, maybe just after it was woken.
#[test]
fn a_wait_that_is_given_up_passes_its_wake_up_on() {
    model(|| {
        let (sender, driver) = narrow(Pendings::Left(0));
        sender.try_send("a").expect("not paused");
        let given_up = {
            let sender = sender.clone();
            let mut wait = Box::pin(async move { sender.send("-").await });
            assert!(poll_once(wait.as_mut()).is_pending());
            wait
        };
        let sending = thread::spawn(move || block_on(sender.send("b")).expect("open"));
        let giving_up = thread::spawn(move || drop(given_up));
        assert_eq!(finish(driver), b"ab");
        sending.join().expect("no panic");
        giving_up.join().expect("no panic");
    });
}

/// A sink that nobody polls any more stands first in line.
#[test]
fn a_handle_that_lost_interest_passes_its_wake_up_on() {
    model(|| {
        let (sender, driver) = narrow(Pendings::Left(0));
        sender.try_send("a").expect("not paused");
        let mut stale = sender.clone();
        let mut ready = pin!(poll_fn(|cx| Pin::new(&mut stale).poll_ready(cx)));
        assert!(poll_once(ready.as_mut()).is_pending());
        let sending = thread::spawn(move || {
            block_on(sender.send("b")).expect("open");
            sender.close_channel();
        });
        assert_eq!(finish(driver), b"ab");
        sending.join().expect("no panic");
    });
}

/// Two sinks are told to be ready; one of them loses its turn.
#[test]
fn sinks_that_race_lose_nothing() {
    model(|| {
        let (sender, driver) = narrow(Pendings::Left(0));
        let sending = ["a", "b"].map(|chunk| {
            let mut sink = sender.clone();
            thread::spawn(move || {
                block_on(poll_fn(|cx| Pin::new(&mut sink).poll_ready(cx))).expect("open");
                Pin::new(&mut sink).start_send(Bytes::from(chunk)).expect("open");
            })
        });
        drop(sender);
        assert_eq!(sorted(finish(driver)), b"ab");
        for sending in sending {
            sending.join().expect("no panic");
        }
    });
}

#[test]
fn a_flush_resolves_while_another_sends() {
    model(|| {
        let (sender, driver) = wide(Pendings::Left(1));
        let other = sender.clone();
        let flushing = thread::spawn(move || {
            sender.try_send("a").expect("not paused");
            block_on(sender.flush()).expect("open");
        });
        let sending = thread::spawn(move || other.try_send("b").expect("not paused"));
        assert_eq!(sorted(finish(driver)), b"ab");
        flushing.join().expect("no panic");
        sending.join().expect("no panic");
    });
}

/// Nothing is sent: only the flush itself can wake the driver.
#[test]
fn the_driver_hears_of_a_flush() {
    model(|| {
        let (sender, driver) = wide(Pendings::Left(0));
        let flushing = thread::spawn(move || block_on(sender.flush()).expect("open"));
        assert_eq!(finish(driver), b"");
        flushing.join().expect("no panic");
    });
}

#[test]
fn close_ends_those_who_wait_and_loses_nothing_that_was_accepted() {
    model(|| {
        let (sender, driver) = narrow(Pendings::Left(0));
        sender.try_send("a").expect("not paused");
        let sent = Arc::new(AtomicUsize::new(1));
        let sending = thread::spawn({
            let (sender, sent) = (sender.clone(), Arc::clone(&sent));
            move || {
                if block_on(sender.send("b")).is_ok() {
                    sent.fetch_add(1, Ordering::SeqCst);
                }
            }
        });
        let closing = thread::spawn(move || sender.close_channel());
        let wire = finish(driver);
        sending.join().expect("no panic");
        closing.join().expect("no panic");
        assert_eq!(wire.len(), sent.load(Ordering::SeqCst));
    });
}

#[test]
fn those_who_wait_hear_of_the_drivers_end() {
    model(|| {
        let (sender, driver) = narrow(Pendings::Left(0));
        sender.try_send("a").expect("not paused");
        let sending = thread::spawn({
            let sender = sender.clone();
            move || block_on(sender.send("b")).expect_err("nobody drives")
        });
        let flushing = thread::spawn(move || {
            block_on(sender.flush()).expect_err("nobody drives");
            block_on(sender.closed()).expect_err("nobody drives");
        });
        drop(driver);
        sending.join().expect("no panic");
        flushing.join().expect("no panic");
    });
}

/// The inner writer takes nothing, ever: only an abort can wake the driver.
#[test]
fn an_abort_reaches_a_driver_that_is_stuck() {
    model(|| {
        let (sender, driver) = wide(Pendings::Forever);
        sender.try_send("a").expect("not paused");
        let aborting = thread::spawn(move || {
            assert_eq!(sender.abort(), 1);
            block_on(sender.closed()).expect("ends by the abort");
        });
        assert_eq!(finish(driver), b"");
        aborting.join().expect("no panic");
    });
}

/// The marks are raised while somebody waits and the driver is stuck.
#[test]
fn one_who_waits_hears_of_new_watermarks() {
    model(|| {
        let (sender, driver) = narrow(Pendings::Forever);
        sender.try_send("a").expect("not paused");
        let sending = thread::spawn({
            let sender = sender.clone();
            move || block_on(sender.send("b")).expect("open")
        });
        sender.set_watermarks(Watermarks::new(5, 5));
        sending.join().expect("no panic");
        assert_eq!(sender.buffer_size(), 2);
        drop(driver);
    });
}

/// It is asked for by its position, when others have sent more.
#[test]
fn a_flush_up_to_a_position_resolves_once_that_is_written() {
    model(|| {
        let (sender, driver) = wide(Pendings::Left(1));
        let other = sender.clone();
        let flushing = thread::spawn(move || {
            let position = sender.try_send("a").expect("not paused");
            block_on(sender.flushed(position)).expect("open");
            assert!(sender.written() >= position);
        });
        let sending = thread::spawn(move || other.try_send("b").expect("not paused"));
        assert_eq!(sorted(finish(driver)), b"ab");
        flushing.join().expect("no panic");
        sending.join().expect("no panic");
    });
}

/// One was called and comes too late, again and again.
#[test]
fn one_who_waits_is_served_beside_one_who_fills_the_channel() {
    model(|| {
        let (sender, driver) = narrow(Pendings::Left(0));
        sender.try_send("a").expect("not paused");
        let filling = {
            let sender = sender.clone();
            thread::spawn(move || (0..2).filter(|_| sender.try_send("b").is_ok()).count())
        };
        let sending = thread::spawn(move || block_on(sender.send("c")).expect("open"));
        let wire = finish(driver);
        sending.join().expect("no panic");
        let filled = filling.join().expect("no panic");
        assert_eq!(wire.len(), 2 + filled);
    });
}

/// A future that is woken and is neither polled nor dropped.
#[test]
fn one_who_was_called_and_does_not_come_is_passed_over() {
    model(|| {
        let (sender, driver) = narrow(Pendings::Left(0));
        sender.try_send("a").expect("not paused");
        let aside = sender.clone();
        let mut aside = pin!(aside.send("-"));
        assert!(poll_once(aside.as_mut()).is_pending());
        let sending = thread::spawn(move || {
            block_on(sender.send("b")).expect("open");
            sender.close_channel();
        });
        assert_eq!(finish(driver), b"ab");
        sending.join().expect("no panic");
    });
}
