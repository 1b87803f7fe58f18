//! What holds after a panic of foreign code that somebody has caught: nobody sleeps for good, and every count is
//! right.
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};

use bytes::Bytes;
use futures::{Sink, SinkExt};

use super::{Channel, poll, wait};
use crate::support::{Answer, Task};

/// A waker that panics.
struct Panics;

impl Wake for Panics {
    fn wake(self: Arc<Self>) {
        panic!("on purpose")
    }
}

fn panicking() -> Waker {
    Waker::from(Arc::new(Panics))
}

/// Polls `future`, which has to wait, by a task whose waker panics.
fn wait_and_panic<F: Future>(future: Pin<&mut F>) {
    assert!(future.poll(&mut Context::from_waker(&panicking())).is_pending());
}

fn panics<T>(act: impl FnOnce() -> T) -> bool {
    catch_unwind(AssertUnwindSafe(act)).is_err()
}

/// The driver is woken first, by a waker that panics. All others are woken behind it.
#[test]
fn an_abort_whose_driver_panics_wakes_all_who_wait() {
    let mut channel = Channel::new((2, 4), []);
    channel.inner.otherwise(Answer::Pending);
    channel.pause();
    wait_and_panic(Pin::new(&mut channel.driver));
    let sender = channel.sender.clone();
    let tasks = [(); 3].map(|()| Task::new());
    let (mut sent, mut flushed) = (pin!(sender.send("x")), pin!(sender.flush()));
    let mut closed = pin!(sender.closed());
    wait(&tasks[0], sent.as_mut());
    wait(&tasks[1], flushed.as_mut());
    wait(&tasks[2], closed.as_mut());
    assert!(panics(|| channel.sender.abort()));
    assert_eq!(tasks.each_ref().map(Task::take_wakes), [1, 1, 0]);
    assert!(channel.drive().is_ready());
    assert_eq!(tasks[2].take_wakes(), 1);
}

/// An item is queued, and the driver that it wakes panics: the future has left the line, and does not count among
/// those of its handle that wait.
#[test]
fn a_send_whose_driver_panics_leaves_its_handle_usable() {
    let mut channel = Channel::new((2, 4), []);
    channel.pause();
    let sender = channel.sender.clone();
    let mut sent = Box::pin(sender.send("x"));
    assert!(poll(sent.as_mut()).is_pending());
    wait_and_panic(Pin::new(&mut channel.driver));
    assert!(panics(|| poll(sent.as_mut()).is_ready()));
    drop(sent);
    assert!(!sender.is_paused());
    assert_eq!(sender.try_send("y"), Ok(7));
    channel.drive_on();
    assert_eq!(channel.inner.wire(), b"#####xy");
}

/// The same where a future takes its place, and is called there at once by a waker that panics.
#[test]
fn a_wait_that_begins_with_a_panic_is_counted_once() {
    let Channel { sender, driver: _driver, .. } = Channel::new((2, 4), []);
    // Enough for the next one to be due to yield.
    for _ in 0..1000 {
        sender.try_send("").expect("open");
    }
    let mut sent = Box::pin(sender.send("x"));
    assert!(panics(|| sent.as_mut().poll(&mut Context::from_waker(&panicking())).is_ready()));
    assert_eq!(poll(sent), Poll::Ready(Ok(1)));
    assert!(!sender.is_paused());
    assert_eq!(sender.try_send("y"), Ok(2));
}

/// The handle that goes was called, and the next one in line, which is woken instead, panics. The handle does not
/// count any more all the same.
#[test]
fn a_handle_that_goes_by_a_panic_does_not_keep_the_channel_open() {
    for ends in [false, true] {
        let mut channel = Channel::new((2, 4), []);
        channel.pause();
        let (mut going, mut next) = (channel.sender.clone(), channel.sender.clone());
        let cx = &mut Context::from_waker(Waker::noop());
        assert!(Sink::<Bytes>::poll_ready(Pin::new(&mut going), cx).is_pending());
        let bad = panicking();
        let ready = Sink::<Bytes>::poll_ready(Pin::new(&mut next), &mut Context::from_waker(&bad));
        assert!(ready.is_pending());
        channel.drive_on();
        if ends {
            assert!(panics(|| going.poll_close_unpin(cx).is_ready()));
        } else {
            assert!(panics(|| drop(going)));
        }
        drop(next);
        drop(channel.sender);
        assert!(channel.driving.poll(pin!(channel.driver)).is_ready(), "nobody is left: {ends}");
    }
}

/// What the inner writer has taken in a poll that ends in a panic counts as written, whoever looks then.
#[test]
fn what_was_written_before_a_panic_counts_once_the_driver_has_stopped() {
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
    for looks in [false, true] {
        let mut channel = Channel::new((2, 40), []);
        channel.inner.script([Answer::Take(7), Answer::Pending]);
        channel.sender.try_send(Bytes::from_owner(Owner)).expect("open");
        channel.send("more");
        let sender = channel.sender.clone();
        assert!(panics(|| channel.drive().is_ready()));
        if looks {
            let rest: Vec<u8> = channel.driver.unsent().slices().flatten().copied().collect();
            assert_eq!((rest, sender.buffer_size()), (b"re".to_vec(), 2));
        } else {
            drop(channel.driver);
            assert_eq!(sender.buffer_size(), 0);
        }
        assert_eq!((sender.written(), sender.stats().written_bytes), (7, 7));
    }
}

#[cfg(feature = "tracing")]
mod subscribers {
    use std::sync::Mutex;

    use tracing::subscriber::with_default;

    use super::*;
    use crate::events::Listener;

    /// Each way in which a channel ends, with a driver that is stuck.
    type End = fn(Channel) -> Option<Channel>;

    const ENDS: [(&str, End); 3] = [
        ("an abort", |channel| {
            channel.sender.abort();
            Some(channel)
        }),
        ("a driver that goes", |channel| {
            drop(channel.driver);
            None
        }),
        ("a failure", |mut channel| {
            channel.inner.script([Answer::Fail(std::io::ErrorKind::BrokenPipe)]);
            drop(channel.drive());
            Some(channel)
        }),
    ];

    /// Who looks at an event finds them woken; and a subscriber that panics at each event, by which the
    /// driver is dropped too, neither keeps them asleep nor ends the process.
    #[test]
    fn those_who_wait_are_woken_before_anything_is_told_of_the_end() {
        for (name, end) in ENDS {
            for panics_too in [false, true] {
                let mut channel = Channel::new((2, 4), [Answer::Pending]);
                channel.pause();
                channel.drive_on();
                let sender = channel.sender.clone();
                let task = Arc::new(Task::new());
                let mut sent = pin!(sender.send("x"));
                assert!(task.poll(sent.as_mut()).is_pending());
                task.take_wakes();
                let looking = Arc::clone(&task);
                let seen = Arc::new(Mutex::new(Vec::new()));
                let log = Arc::clone(&seen);
                let look = move || {
                    log.lock().expect("no panic while it is held").push(looking.take_wakes());
                    assert!(!panics_too, "on purpose");
                };
                let ended = with_default(Listener(look), || {
                    catch_unwind(AssertUnwindSafe(|| end(channel)))
                });
                assert_eq!(ended.is_err(), panics_too, "{name}");
                let seen = seen.lock().expect("no panic while it is held");
                assert_eq!(seen.first(), Some(&1), "{name}: at the first event");
                assert!(matches!(poll(sent), Poll::Ready(Err(_))), "{name}");
            }
        }
    }
}
