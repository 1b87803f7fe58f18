use std::future::poll_fn;
use std::io::ErrorKind;
use std::pin::pin;
use std::sync::{Arc, mpsc};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;

use flow_controlled_writer::TrySendError;
use flow_controlled_writer::channel::Sender;
use futures::SinkExt;

use super::{Acts, Channel, bytes, kind, poll, unmerged};
use crate::support::{Answer, Call, READY, Task, failed};

/// The driver has taken a chunk and waits for the inner writer. An abort must reach also what was
/// taken, and wake the driver, which would else wait for ever.
#[test]
fn abort_discards_what_is_queued_and_what_the_driver_has_taken() {
    let mut channel = Channel::new((2, 4), [Answer::Take(2), Answer::Pending]);
    channel.send("data");
    channel.drive_on();
    channel.pause();
    channel.driving.take_wakes();
    let sender = channel.sender.clone();
    let tasks = [Task::new(), Task::new(), Task::new()];
    let mut send = pin!(sender.send("waits"));
    let mut flush = pin!(sender.flush());
    let mut closed = pin!(sender.closed());
    assert!(tasks[0].poll(send.as_mut()).is_pending());
    assert!(tasks[1].poll(flush.as_mut()).is_pending());
    assert!(tasks[2].poll(closed.as_mut()).is_pending());

    assert_eq!(channel.sender.abort(), 7);
    assert_eq!((sender.buffer_size(), sender.abort()), (0, 0));
    assert_eq!(tasks.each_ref().map(Task::take_wakes), [1, 1, 0]);
    assert_eq!(channel.driving.take_wakes(), 1);
    assert_eq!(poll(send), Poll::Ready(Err(TrySendError::Closed(bytes("waits")))));
    assert_eq!(kind(poll(flush)), failed(ErrorKind::BrokenPipe));
    assert_eq!(sender.try_send("x"), Err(TrySendError::Closed(bytes("x"))));

    channel.inner.take_log();
    let Poll::Ready(Ok(_)) = channel.drive() else { panic!("the driver goes on") };
    assert_eq!(kind(poll(closed)), READY);
    assert_eq!((sender.buffer_size(), channel.inner.wire()), (0, b"da".to_vec()));
    let log = channel.inner.take_log();
    assert!(log.ends_with(&[Call::Flush(Answer::Done), Call::Shutdown(Answer::Done)]), "{log:?}");
    let stats = sender.stats();
    assert_eq!((stats.enqueued_bytes, stats.written_bytes), (9, 2));
}

#[test]
fn an_idle_driver_is_woken_by_abort() {
    let mut channel = Channel::new((2, 4), []);
    channel.drive_on();
    assert_eq!(channel.sender.abort(), 0);
    assert_eq!(channel.driving.take_wakes(), 1);
    assert!(channel.drive().is_ready());
}

#[test]
fn abort_after_close_discards_the_rest() {
    let mut channel = Channel::new((2, 4), [Answer::Pending]);
    channel.pause();
    channel.sender.close_channel();
    channel.drive_on();
    assert_eq!(channel.sender.abort(), 5);
    assert_eq!(channel.driving.take_wakes(), 1);
    assert!(matches!(channel.drive(), Poll::Ready(Ok(_))));
    assert_eq!(channel.inner.wire(), b"");
}

#[test]
fn a_flush_after_an_abort_covers_what_was_written() {
    let mut channel = Channel::new((2, 40), []);
    channel.send("data");
    channel.drive_on();
    channel.send("discarded");
    channel.sender.abort();
    assert_eq!(kind(poll(channel.sender.flush())), READY);
    assert!(channel.drive().is_ready());
    assert_eq!(kind(poll(channel.sender.flush())), READY);
}

/// What was sent is written, and the inner writer is still being flushed when the abort comes. The
/// bytes are not discarded, so a flush of them waits and succeeds.
#[test]
fn a_flush_after_an_abort_waits_for_that_of_the_inner_writer() {
    let mut channel = Channel::new((2, 40), []);
    channel.inner.script_flush([Answer::Pending]);
    channel.send("data");
    channel.drive_on();
    assert_eq!((channel.sender.abort(), channel.inner.wire()), (0, b"data".to_vec()));
    let sender = channel.sender.clone();
    let mut flush = pin!(sender.flush());
    assert!(poll(flush.as_mut()).is_pending());
    assert!(matches!(channel.drive(), Poll::Ready(Ok(_))));
    assert_eq!(kind(poll(flush)), READY);
}

/// An abort comes between two calls of the inner writer, in the midst of a poll of the driver.
#[test]
fn an_abort_by_a_waiter_that_the_driver_wakes_ends_the_channel() {
    struct Aborts(Sender);

    impl Wake for Aborts {
        fn wake(self: Arc<Self>) {
            self.0.abort();
        }
    }

    let mut channel = Channel::new((6, 7), [Answer::Take(2), Answer::Take(2)]);
    channel.pause();
    let mut sender = channel.sender.clone();
    let waker = Waker::from(Arc::new(Aborts(channel.sender.clone())));
    assert!(sender.poll_ready_unpin(&mut Context::from_waker(&waker)).is_pending());
    assert!(matches!(channel.drive(), Poll::Ready(Ok(_))));
    assert_eq!((channel.inner.wire(), sender.buffer_size()), (b"####".to_vec(), 0));
}

/// Two sinks are told to be ready, and the first one pauses the channel.
#[test]
fn abort_counts_the_items_of_all_who_were_told_ready() {
    let channel = Channel::new((2, 4), []);
    let mut sinks = [(); 2].map(|()| channel.sender.clone());
    for sink in &mut sinks {
        assert!(poll(poll_fn(|cx| sink.poll_ready_unpin(cx))).is_ready());
    }
    for (sink, chunk) in sinks.iter_mut().zip(["11111", "2222222"]) {
        sink.start_send_unpin(bytes(chunk)).expect("ready");
    }
    assert_eq!(channel.sender.buffer_size(), 12);
    assert_eq!(channel.sender.abort(), 12);
    assert_eq!(channel.sender.stats().enqueued_bytes, 12);
}

/// Another thread is in the midst of a write of five bytes, of which the inner writer takes two; four more
/// are queued. Whoever aborts looks a thousand times whether that has ended, and takes the five for written if
/// the thread was held up for longer.
#[test]
fn an_abort_beside_a_running_write_counts_what_that_takes_as_written() {
    let mut exact = 0;
    for _ in 0..50 {
        let (entered, is_in) = mpsc::channel();
        let (lend, lent) = mpsc::channel::<Sender>();
        let takes_two = Acts(move || {
            entered.send(()).expect("the test waits");
            let sender = lent.recv().expect("the test sends it");
            while !sender.is_closed() {
                std::hint::spin_loop();
            }
            Poll::Ready(2)
        });
        let (sender, driver) = unmerged((2, 40)).build(takes_two).into_channel();
        sender.try_send("taken").expect("not paused");
        let driving = thread::spawn(move || poll(driver).is_ready());
        is_in.recv().expect("the driver writes");
        sender.try_send("more").expect("not paused");
        lend.send(sender.clone()).expect("the driver waits for it");
        let discarded = sender.abort();
        assert!(matches!(discarded, 4 | 7), "{discarded} bytes");
        exact += usize::from(discarded == 7);
        assert!(driving.join().expect("no panic"), "it ends in that poll");
        assert_eq!((sender.buffer_size(), sender.stats().written_bytes), (0, 2));
    }
    assert!(exact > 0, "no thread is held up fifty times");
}

/// A driver that watches the time of a pause beside a stuck writer hears of an abort like any other.
#[cfg(feature = "time")]
#[tokio::test(start_paused = true)]
async fn an_abort_wakes_a_driver_that_watches_the_time_of_a_pause() {
    let options = unmerged((2, 40)).pause_timeout(std::time::Duration::from_secs(10));
    for is_flushing in [false, true] {
        let mut channel = Channel::with_options(&options, [Answer::Pending]);
        channel.send("data");
        if is_flushing {
            channel.inner.script_flush([Answer::Pending; 2]);
            channel.drive_on();
        }
        channel.drive_on();
        channel.driving.take_wakes();
        channel.sender.abort();
        assert_eq!(channel.driving.take_wakes(), 1, "{is_flushing}");
    }
}
