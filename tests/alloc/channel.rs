use std::future::Future;
use std::pin::{Pin, pin};
use std::task::Poll;

use allocation_counter::measure;
use bytes::Bytes;
use flow_controlled_writer::channel::{Driver, Sender};
use flow_controlled_writer::{FlowControlledWriter, Watermarks};

use crate::{Peer, context, forget_spare};

/// What an idle channel may keep beyond what it is made with, in bytes: as much as a writer.
const IDLE: i64 = 1536;

/// Sends, and polls once more where the sender yields.
fn send(sender: &Sender, chunk: &Bytes) {
    let mut sending = pin!(sender.send(chunk.clone()));
    let mut poll = || sending.as_mut().poll(&mut context());
    let sent = match poll() {
        Poll::Pending => poll(),
        sent => sent,
    };
    assert!(matches!(sent, Poll::Ready(Ok(_))));
}

/// Polls until the driver waits for more.
fn drive(driver: &mut Driver<Peer>, sender: &Sender) {
    while sender.buffer_size() > 0 {
        assert!(Pin::new(&mut *driver).poll(&mut context()).is_pending());
    }
}

fn shared(size: usize) -> Bytes {
    let chunk = Bytes::from(vec![7; size]);
    // The first clone of a vector-made chunk allocates the count that all of them share.
    drop(chunk.clone());
    chunk
}

#[test]
fn a_message_at_a_time_allocates_nothing() {
    for size in [1, 64, 1000, 4096] {
        let chunk = shared(size);
        let (sender, mut driver) = FlowControlledWriter::new(Peer::DRAINS).into_channel();
        let mut exchange = || {
            send(&sender, &chunk);
            drive(&mut driver, &sender);
        };
        // The first time that the sender yields it makes a place for itself, which stays.
        (0..300).for_each(|_| exchange());
        let used = measure(|| (0..1000).for_each(|_| exchange()));
        assert_eq!(used.count_total, 0, "messages of {size}");
    }
}

#[test]
fn a_stream_allocates_for_each_cycle_and_not_for_each_message() {
    let chunk = shared(64);
    let (sender, mut driver) = FlowControlledWriter::new(Peer::DRAINS).into_channel();
    let mut cycle = || {
        (0..1000).for_each(|_| send(&sender, &chunk));
        drive(&mut driver, &sender);
    };
    (0..10).for_each(|_| cycle());
    let used = measure(cycle);
    assert!(used.count_total <= 5, "{} allocations", used.count_total);
}

#[test]
fn after_a_burst_a_channel_keeps_no_more_than_a_writer() {
    for size in [64, 1000, 4096] {
        let chunk = shared(size);
        let marks = Watermarks::new(0, usize::MAX);
        let writer = FlowControlledWriter::with_watermarks(Peer::DRAINS, marks);
        let (sender, mut driver) = writer.into_channel();
        let used = measure(|| {
            while sender.buffer_size() < 4 << 20 {
                send(&sender, &chunk);
            }
            drive(&mut driver, &sender);
            forget_spare();
        });
        assert!(used.bytes_current <= IDLE, "{} bytes after {size}", used.bytes_current);
    }
}

/// Both halves have been used, by turns.
#[test]
fn after_some_messages_both_halves_keep_no_more_than_a_writer() {
    for size in [64, 300, 500, 1000] {
        let chunk = shared(size);
        let (sender, mut driver) = FlowControlledWriter::new(Peer::DRAINS).into_channel();
        let used = measure(|| {
            for messages in [1, 2, 1, 2, 3, 4] {
                (0..messages).for_each(|_| send(&sender, &chunk));
                drive(&mut driver, &sender);
            }
            forget_spare();
        });
        assert!(used.bytes_current <= IDLE, "{} bytes after {size}", used.bytes_current);
    }
}

/// Headers and kept payloads, by a handle that has waited, yielded and given up.
#[test]
fn after_all_kinds_of_messages_a_channel_keeps_no_more_than_a_writer() {
    let (head, body) = (shared(100), shared(4096));
    let (sender, mut driver) = FlowControlledWriter::new(Peer::DRAINS).into_channel();
    let used = measure(|| {
        for _ in 0..600 {
            let mut sending = pin!(sender.send_chunks([head.clone(), body.clone()]));
            while sending.as_mut().poll(&mut context()).is_pending() {}
            let mut flush = pin!(sender.flush());
            assert!(flush.as_mut().poll(&mut context()).is_pending());
            drive(&mut driver, &sender);
        }
        assert!(pin!(sender.flushed(u64::MAX)).poll(&mut context()).is_pending());
        forget_spare();
    });
    assert!(used.bytes_current <= IDLE, "{} bytes", used.bytes_current);
}

/// Those who have waited in line, for a flush or for the end leave next to nothing behind.
#[test]
fn after_many_have_waited_a_channel_keeps_no_more_than_a_writer() {
    let marks = Watermarks::new(2, 4);
    let writer = FlowControlledWriter::with_watermarks(Peer::DRAINS, marks);
    let (sender, mut driver) = writer.into_channel();
    let used = measure(|| {
        sender.send_now(vec![7; 10]).expect("open");
        let mut sends: Vec<_> = (0..100).map(|_| Box::pin(sender.send("more"))).collect();
        let mut flushes: Vec<_> = (0..100).map(|_| Box::pin(sender.flush())).collect();
        let mut waiting = sends.len();
        for send in &mut sends {
            assert!(send.as_mut().poll(&mut context()).is_pending());
        }
        for flush in &mut flushes {
            assert!(flush.as_mut().poll(&mut context()).is_pending());
        }
        while waiting > 0 {
            assert!(Pin::new(&mut driver).poll(&mut context()).is_pending());
            sends.retain_mut(|send| send.as_mut().poll(&mut context()).is_pending());
            waiting = sends.len();
        }
        drive(&mut driver, &sender);
        drop(flushes);
        forget_spare();
    });
    assert!(used.bytes_current <= IDLE, "{} bytes", used.bytes_current);
}

#[test]
fn a_flush_that_was_waited_for_leaves_nothing() {
    let (sender, mut driver) = FlowControlledWriter::new(Peer::DRAINS).into_channel();
    send(&sender, &shared(64));
    drive(&mut driver, &sender);
    let used = measure(|| {
        sender.try_send("more").expect("not paused");
        let mut flush = pin!(sender.flush());
        assert!(flush.as_mut().poll(&mut context()).is_pending());
        drive(&mut driver, &sender);
        assert!(flush.poll(&mut context()).is_ready());
    });
    // What the other half of the channel begins with.
    assert!(used.bytes_current <= 512, "{} bytes", used.bytes_current);
}
