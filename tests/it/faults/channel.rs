use std::cell::Cell;
use std::pin::{Pin, pin};
use std::task::Poll;

use bytes::Bytes;
use flow_controlled_writer::channel::Sender;
use flow_controlled_writer::{Builder, TrySendError, Watermarks};
use futures::FutureExt;
use futures::future::FusedFuture;

use super::Fault;
use super::rig::stream;
use crate::support::{Answer, Call, Handle, Scripted, Task};

/// The chunks of the workload, in bytes; after every third comes a flush.
const CHUNKS: [usize; 9] = [600, 20, 1000, 30, 900, 700, 5, 1500, 64];

/// Two senders and a driver, polled by turns until the driver ends or is dropped.
struct Channel {
    inner: Handle,
    /// Bytes that the channel has accepted.
    accepted: Cell<usize>,
}

#[test]
fn every_fault_at_every_call_of_a_driver_is_survived_or_reported() {
    let mut runs = 0;
    for gathering in [true, false] {
        for usual in [Answer::Done, Answer::Take(1000), Answer::Take(170)] {
            let calls = run(gathering, usual, &[], None);
            for point in 0..calls.len() {
                for fault in Fault::ALL.into_iter().filter(|fault| fault.suits(&calls[point])) {
                    run(gathering, usual, &calls[..=point], Some(fault));
                    runs += 1;
                }
            }
        }
    }
    println!("{runs} runs");
    assert!(runs > 500, "{runs} runs are too few to mean much");
}

/// Runs the workload, with `fault` in the place of the last of `calls`, and returns the calls of
/// the inner writer.
fn run(gathering: bool, usual: Answer, calls: &[Call], fault: Option<Fault>) -> Vec<Call> {
    let (inner, handle) = Scripted::new(gathering, []);
    handle.otherwise(usual);
    if let Some(fault) = fault {
        fault.script(&handle, usual, calls);
    }
    let writer =
        Builder::new().watermarks(Watermarks::new(500, 1500)).coalesce_threshold(128).build(inner);
    let (sender, driver) = writer.into_channel();
    let channel = Channel { inner: handle, accepted: Cell::new(0) };
    let (ours, theirs) = (sender.clone(), sender.clone());
    let (task, driver_task) = (Task::new(), Task::new());
    // Fused, as the driver may fail after all was sent.
    let mut work = pin!(channel.work(ours, theirs).fuse());
    let mut driver = Box::new(driver);
    loop {
        let _ = task.poll(work.as_mut());
        match driver_task.poll(Pin::new(&mut *driver)) {
            Poll::Ready(Ok(_)) => {
                assert_eq!(fault.and_then(Fault::error), None, "the fault is final");
                assert!(work.is_terminated(), "a sender hangs");
                assert_eq!(channel.accepted.get(), CHUNKS.iter().sum());
                assert!(channel.inner.wire() == stream(0, channel.accepted.get()));
                return channel.inner.take_log();
            }
            Poll::Ready(Err(failure)) => {
                assert_eq!(Some(failure.error.kind()), fault.and_then(Fault::error));
                let queued: Vec<Bytes> = failure.parts.queue.into_iter().collect();
                channel.assert_accounted_for(&sender, &queued.concat());
                channel.assert_over(&task, work);
                return channel.inner.take_log();
            }
            Poll::Pending => {}
        }
        let inner_is_pending = channel.inner.wake();
        if inner_is_pending && fault == Some(Fault::PendingThenDropped) {
            drop(driver);
            channel.assert_over(&task, work);
            assert_closed(&sender);
            let wire = channel.inner.wire();
            assert!(wire == stream(0, wire.len()));
            return channel.inner.take_log();
        }
        let wakes = (task.take_wakes(), driver_task.take_wakes());
        assert!(wakes.0 + wakes.1 > 0, "nobody would wake either task");
    }
}

impl Channel {
    /// Sends everything by two handles in turn, and ends the channel.
    async fn work(&self, ours: Sender, theirs: Sender) -> std::io::Result<()> {
        for (index, size) in CHUNKS.into_iter().enumerate() {
            let sender = if index % 2 == 0 { &ours } else { &theirs };
            sender.send(stream(self.accepted.get(), size)).await?;
            self.accepted.set(self.accepted.get() + size);
            if index % 3 == 2 {
                theirs.flush().await?;
            }
        }
        ours.close_channel();
        Ok(())
    }

    /// Checks that nobody waits for a driver that is gone.
    fn assert_over(&self, task: &Task, mut work: Pin<&mut impl FusedFuture>) {
        let is_over = work.is_terminated() || task.poll(work.as_mut()).is_ready();
        assert!(is_over, "a sender hangs");
    }

    /// Checks that wire and queue are what was accepted; an inner writer that reports too many
    /// bytes has all that it was offered.
    fn assert_accounted_for(&self, sender: &Sender, queued: &[u8]) {
        assert_closed(sender);
        let mut bytes = self.inner.wire();
        bytes.extend_from_slice(queued);
        assert_eq!(bytes.len(), self.accepted.get());
        assert!(bytes == stream(0, bytes.len()), "wire and queue are not the stream");
    }
}

fn assert_closed(sender: &Sender) {
    let chunk = Bytes::from_static(b"late");
    assert_eq!(sender.try_send(chunk.clone()), Err(TrySendError::Closed(chunk)));
}
