use std::pin::pin;
use std::task::Poll;

use bytes::Bytes;
use futures::SinkExt;
use tokio::io::AsyncWriteExt;

use crate::support::Answer::{Pending, Take};
use crate::support::Call::{Flush, Shutdown};
use crate::support::{READY, Rig};

/// Pendings that the inner writer answers in each test: in the drain, the flush, the shutdown.
const PENDINGS: (usize, usize, usize) = (4, 2, 2);

/// Polls a future so often, then drops it.
type Drop = fn(&mut Rig, usize);

#[test]
fn ready_that_is_dropped_keeps_the_queue() {
    cancel_everywhere(PENDINGS.0, |rig, polls| {
        let mut future = pin!(rig.writer.ready());
        (0..polls).for_each(|_| assert!(rig.task.poll(future.as_mut()).is_pending()));
    });
}

#[test]
fn flush_that_is_dropped_keeps_the_queue() {
    cancel_everywhere(PENDINGS.0 + PENDINGS.1, |rig, polls| {
        let mut future = pin!(rig.writer.flush());
        (0..polls).for_each(|_| assert!(rig.task.poll(future.as_mut()).is_pending()));
    });
}

#[test]
fn the_flushes_of_both_traits_may_be_dropped_too() {
    cancel_everywhere(PENDINGS.0 + PENDINGS.1, |rig, polls| {
        let mut future = pin!(SinkExt::flush(&mut rig.writer));
        (0..polls).for_each(|_| assert!(rig.task.poll(future.as_mut()).is_pending()));
    });
    cancel_everywhere(PENDINGS.0 + PENDINGS.1, |rig, polls| {
        let mut future = pin!(AsyncWriteExt::flush(&mut rig.writer));
        (0..polls).for_each(|_| assert!(rig.task.poll(future.as_mut()).is_pending()));
    });
}

/// Drops the future at each Pending, sends more, and lets everything end.
fn cancel_everywhere(pendings: usize, drop_after: Drop) {
    for polls in 0..=pendings {
        let mut rig = scripted();
        drop_after(&mut rig, polls);
        let (size, wire) = (rig.writer.buffer_size(), rig.inner.wire().len());
        assert_eq!(size + wire, 16, "dropped after {polls}");
        rig.queue(["more"]);
        finish(&mut rig);
        assert_eq!(rig.inner.wire(), b"first 1second 22more", "dropped after {polls}");
        let log = rig.inner.take_log();
        let ends = log.iter().filter(|call| matches!(call, Shutdown(_))).count();
        assert_eq!(ends, PENDINGS.2 + 1, "dropped after {polls}");
    }
}

#[test]
fn shutdown_that_is_dropped_closes_the_writer_and_is_resumed() {
    let all = PENDINGS.0 + PENDINGS.1 + PENDINGS.2;
    let cases: [Drop; 3] = [
        |rig, polls| {
            let mut future = pin!(rig.writer.shutdown());
            (0..polls).for_each(|_| assert!(rig.task.poll(future.as_mut()).is_pending()));
        },
        |rig, polls| {
            let mut future = pin!(rig.writer.close());
            (0..polls).for_each(|_| assert!(rig.task.poll(future.as_mut()).is_pending()));
        },
        |rig, polls| {
            let mut future = pin!(AsyncWriteExt::shutdown(&mut rig.writer));
            (0..polls).for_each(|_| assert!(rig.task.poll(future.as_mut()).is_pending()));
        },
    ];
    for drop_after in cases {
        for polls in 0..=all {
            let mut rig = scripted();
            drop_after(&mut rig, polls);
            let closed = rig.try_send("late").is_err_and(|error| error.is_closed());
            assert_eq!(closed, polls > 0, "dropped after {polls}");
            finish(&mut rig);
            assert!(rig.inner.wire().starts_with(b"first 1second 22"));
            let log = rig.inner.take_log();
            let flushes = log.iter().filter(|call| matches!(call, Flush(_))).count();
            let ends = log.iter().filter(|call| matches!(call, Shutdown(_))).count();
            assert_eq!((flushes, ends), (PENDINGS.1 + 1, PENDINGS.2 + 1));
        }
    }
}

#[test]
fn feed_that_is_dropped_has_not_queued_its_chunk() {
    for polls in 1..=PENDINGS.0 {
        let mut rig = scripted();
        {
            let mut future = pin!(rig.writer.feed(Bytes::from_static(b"dropped")));
            (0..polls).for_each(|_| assert!(rig.task.poll(future.as_mut()).is_pending()));
        }
        finish(&mut rig);
        assert_eq!(rig.inner.wire(), b"first 1second 22");
    }
}

#[test]
fn send_that_is_dropped_has_queued_all_of_its_chunk_or_nothing() {
    for (marks, queued) in [((0, 3), false), ((0, 100), true)] {
        for polls in 1..=PENDINGS.0 {
            let mut rig = scripted_with(marks);
            {
                let mut future = pin!(rig.writer.send(Bytes::from_static(b"chunk")));
                (0..polls).for_each(|_| assert!(rig.task.poll(future.as_mut()).is_pending()));
            }
            assert_eq!(rig.writer.stats().enqueued_bytes, if queued { 21 } else { 16 });
            while rig.writer.buffer_size() > 0 {
                let _ = rig.task.poll_once(rig.writer.ready());
                let _ = rig.task.poll_once(rig.writer.flush());
            }
            let wire = rig.inner.wire();
            assert_eq!(wire.ends_with(b"chunk"), queued);
            assert!(wire.starts_with(b"first 1second 22"));
        }
    }
}

#[test]
fn write_that_is_dropped_while_pending_has_accepted_nothing() {
    for polls in 1..=PENDINGS.0 {
        let mut rig = scripted();
        {
            let mut future = pin!(rig.writer.write(b"dropped"));
            (0..polls).for_each(|_| assert!(rig.task.poll(future.as_mut()).is_pending()));
        }
        assert_eq!(rig.writer.stats().enqueued_bytes, 16);
        finish(&mut rig);
        assert_eq!(rig.inner.wire(), b"first 1second 22");
    }
}

/// What does not fit is not copied while the inner writer is pending: only what it took counts, and what
/// was left of the slice once it fitted.
#[test]
fn write_all_that_is_dropped_has_accepted_a_prefix() {
    for (polls, taken) in [(1, 0), (2, 1), (3, 2), (6, 5), (7, 16)] {
        let mut rig = Rig::gathering((0, 10), []);
        rig.inner.otherwise(Pending);
        {
            let mut future = pin!(rig.writer.write_all(b"0123456789abcdef"));
            for poll in 1..=polls {
                assert_eq!(rig.task.poll(future.as_mut()).is_ready(), poll == 7);
                rig.inner.script([Take(1)]);
            }
        }
        rig.give_up_write();
        let accepted = rig.writer.stats().enqueued_bytes as usize;
        assert_eq!(accepted, taken, "dropped after {polls}");
        rig.inner.otherwise(Take(100));
        assert!(rig.task.poll_once(rig.writer.flush()).is_ready());
        assert_eq!(rig.inner.wire(), b"0123456789abcdef"[..accepted]);
    }
}

/// A flush that was dropped sent its bytes again at the next one.
#[test]
fn a_dropped_flush_sends_nothing_again() {
    let mut rig = Rig::gathering((0, 100), [Take(2), Pending]);
    rig.queue(["old"]);
    assert!(rig.task.poll_once(rig.writer.flush()).is_pending());
    assert_eq!(rig.writer.buffer_size(), 1);
    rig.queue(["new"]);
    assert_eq!(rig.write(b"er"), Poll::Ready(Ok(2)));
    assert!(rig.task.poll_once(rig.writer.flush()).is_ready());
    assert_eq!(rig.inner.wire(), b"oldnewer");
}

/// A writer of 16 bytes, paused, with a Pending before, between and after its short writes.
fn scripted() -> Rig {
    scripted_with((0, 15))
}

fn scripted_with(marks: (usize, usize)) -> Rig {
    let script = [Pending, Take(3), Pending, Take(4), Pending, Take(2), Pending];
    let mut rig = Rig::gathering(marks, script);
    rig.inner.script_flush([Pending; PENDINGS.1]);
    rig.inner.script_shutdown([Pending; PENDINGS.2]);
    rig.queue(["first 1", "second 22"]);
    rig
}

fn finish(rig: &mut Rig) {
    while rig.shutdown() != READY {
        assert!(rig.inner.wake(), "someone is waited for");
    }
}
