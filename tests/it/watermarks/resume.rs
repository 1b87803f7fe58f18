use std::io::ErrorKind;
use std::task::Poll;

use flow_controlled_writer::{TrySendError, Watermarks};

use crate::support::Answer::{Fail, OverReport, Pending, Take};
use crate::support::Call::{Gather, Write};
use crate::support::{READY, Rig, Task, failed};

#[test]
fn ready_below_high_is_immediate_and_flushes_nothing() {
    let mut rig = Rig::gathering((50, 100), []);
    rig.queue([vec![1; 99]]);
    assert_eq!(rig.ready(), READY);
    assert_eq!(rig.inner.take_log(), []);
    assert_eq!(rig.writer.buffer_size(), 99);
}

#[test]
fn ready_stays_pending_until_the_low_watermark() {
    let mut rig = Rig::gathering((50, 100), [Take(50), Pending, Take(1), Pending]);
    rig.queue([vec![1; 102]]);
    assert_eq!(rig.ready(), Poll::Pending);
    assert_eq!((rig.writer.buffer_size(), rig.writer.is_paused()), (52, true));
    assert_eq!(rig.ready(), Poll::Pending);
    assert_eq!((rig.writer.buffer_size(), rig.writer.is_paused()), (51, true));
    assert_eq!(rig.writer.bytes_until_resume(), 1);
    rig.inner.script([Take(1)]);
    assert_eq!(rig.ready(), READY);
    assert_eq!((rig.writer.buffer_size(), rig.writer.is_paused()), (50, false));
}

#[test]
fn ready_drains_no_further_than_needed_and_never_flushes() {
    let mut rig = Rig::gathering((50, 100), [Take(10), Take(60)]);
    rig.queue([vec![1; 110]]);
    assert_eq!(rig.ready(), READY);
    assert_eq!(rig.writer.buffer_size(), 40);
    assert_eq!(rig.inner.take_log(), [Write(110, Take(10)), Write(100, Take(60))]);
}

/// The size fell below high, the writer took that for "nothing to wait for" and returned `Pending`
/// without a waker registered anywhere.
#[test]
fn a_partial_write_between_the_marks_leaves_a_waker() {
    let mut rig = Rig::gathering((50, 100), [Take(30), Pending]);
    rig.queue([vec![1; 110]]);
    assert_eq!(rig.ready(), Poll::Pending);
    assert_eq!(rig.writer.buffer_size(), 80);
    assert_eq!(rig.task.take_wakes(), 0);
    assert!(rig.inner.wake());
    assert_eq!(rig.task.take_wakes(), 1);
    assert_eq!(rig.ready(), READY);
    assert_eq!(rig.writer.buffer_size(), 0);
}

#[test]
fn every_pending_call_leaves_its_own_waker() {
    let polls: [fn(&mut Rig) -> bool; 6] = [
        |rig| rig.ready().is_pending(),
        |rig| rig.drain().is_pending(),
        |rig| rig.flush().is_pending(),
        |rig| rig.write(b"x").is_pending(),
        |rig| rig.write_vectored(&[b"x"]).is_pending(),
        |rig| rig.shutdown().is_pending(),
    ];
    for (index, poll) in polls.into_iter().enumerate() {
        let mut rig = Rig::gathering((5, 10), [Pending, Take(2), Pending]);
        rig.queue([vec![1; 15]]);
        for _ in 0..2 {
            assert!(poll(&mut rig), "call {index}");
            assert!(rig.inner.wake(), "call {index}");
            assert_eq!(rig.task.take_wakes(), 1, "call {index}");
        }
        assert!(!poll(&mut rig), "call {index}");
    }
}

#[test]
fn a_poll_by_another_task_moves_the_waker() {
    let mut rig = Rig::gathering((5, 10), [Pending, Pending]);
    rig.queue([vec![1; 15]]);
    assert_eq!(rig.ready(), Poll::Pending);
    let first = std::mem::replace(&mut rig.task, crate::support::Task::new());
    assert_eq!(rig.flush(), Poll::Pending);
    assert!(rig.inner.wake());
    assert_eq!((first.take_wakes(), rig.task.take_wakes()), (0, 1));
}

#[test]
fn marks_of_zero_and_one_resume_exactly_at_zero() {
    let mut rig = Rig::gathering((0, 1), [Take(2), Pending, Take(1)]);
    rig.queue(["x"]);
    assert!(!rig.writer.is_paused());
    rig.queue(["yz"]);
    assert!(rig.writer.is_paused());
    assert_eq!(rig.ready(), Poll::Pending);
    assert_eq!((rig.writer.buffer_size(), rig.writer.is_paused()), (1, true));
    assert_eq!(rig.ready(), READY);
    assert_eq!((rig.writer.buffer_size(), rig.writer.is_paused()), (0, false));
    assert_eq!(rig.inner.take_log()[0], Gather(vec![1, 2], Take(2)));
}

#[test]
fn drain_and_flush_resume_at_low_on_their_way() {
    let mut rig = Rig::gathering((5, 10), [Take(9), Pending, Take(1), Pending]);
    rig.queue([vec![1; 15]]);
    assert_eq!(rig.flush(), Poll::Pending);
    assert!(rig.writer.is_paused());
    assert_eq!(rig.drain(), Poll::Pending);
    assert_eq!((rig.writer.buffer_size(), rig.writer.is_paused()), (5, false));
    assert_eq!(rig.try_send("12345"), Ok(()));
    assert_eq!((rig.writer.buffer_size(), rig.writer.is_paused()), (10, false));
}

/// The resumed task refilled the buffer within its own poll, part of that was written at once, and
/// the second resume was lost.
#[test]
fn a_refill_in_the_poll_that_resumed_still_gets_the_next_resume() {
    let mut rig = Rig::gathering((4, 10), [Take(11), Take(3), Pending]);
    rig.queue([vec![1; 15]]);
    for round in 1..=4 {
        assert_eq!(rig.ready(), READY);
        rig.queue([vec![2; 14]]);
        assert_eq!(rig.ready(), Poll::Pending);
        assert!(rig.writer.is_paused());
        assert_eq!(rig.writer.buffer_size(), 15);
        assert_eq!(rig.writer.stats().pauses, round + 1);
        assert!(rig.inner.wake(), "round {round}");
        assert_eq!(rig.task.take_wakes(), 1);
        rig.inner.script([Take(11), Take(3), Pending]);
    }
}

#[test]
fn try_send_works_again_at_low_and_not_above() {
    let mut rig = Rig::gathering((5, 10), [Take(5), Pending, Take(1)]);
    rig.queue([vec![1; 11]]);
    assert_eq!(rig.ready(), Poll::Pending);
    assert_eq!(rig.writer.buffer_size(), 6);
    assert_eq!(rig.try_send("a"), Err(TrySendError::Full("a".into())));
    assert_eq!(rig.ready(), READY);
    assert_eq!(rig.try_send("a"), Ok(()));
}

#[test]
fn equal_marks_pause_above_and_resume_at_the_same_size() {
    let mut rig = Rig::gathering((8, 8), [Take(1)]);
    rig.queue([vec![1; 9]]);
    assert!(rig.writer.is_paused());
    assert_eq!(rig.ready(), READY);
    assert_eq!((rig.writer.buffer_size(), rig.writer.is_paused()), (8, false));
    rig.inner.script([Pending]);
    assert_eq!(rig.write(b"no room"), Poll::Pending);
    assert!(rig.inner.wake());
    rig.inner.script([Take(3), Pending]);
    assert_eq!(rig.write(b"no room"), Poll::Pending, "there is room for 3 of 7");
    rig.inner.script([Take(4)]);
    assert_eq!(rig.write(b"no room"), Poll::Ready(Ok(7)));
    assert_eq!(rig.writer.buffer_size(), 8);
}

/// Something that another task does to the writer.
type Step = fn(&mut Rig);

/// The inner writer knows of the last task that it told to wait, and of no other one.
#[test]
fn a_task_that_waits_is_woken_by_whatever_ends_its_wait_elsewhere() {
    let ends: [(&str, Step); 10] = [
        ("new marks", |rig| rig.writer.set_watermarks(Watermarks::new(6, 8))),
        ("a drain", |rig| assert_eq!(rig.drain(), READY)),
        ("a flush", |rig| assert_eq!(rig.flush(), READY)),
        ("a drain to the low mark", |rig| {
            rig.inner.script([Take(4), Pending]);
            assert!(rig.flush().is_pending());
        }),
        ("ready", |rig| assert_eq!(rig.ready(), READY)),
        ("a write", |rig| assert_eq!(rig.write(b"7"), Poll::Ready(Ok(1)))),
        ("a shutdown", |rig| {
            rig.inner.script([Pending]);
            assert!(rig.shutdown().is_pending());
        }),
        ("an abort", |rig| assert_eq!(rig.abort(), 6)),
        ("a failure", |rig| {
            rig.inner.script([Fail(ErrorKind::BrokenPipe)]);
            assert_eq!(rig.flush(), failed(ErrorKind::BrokenPipe));
        }),
        ("a claim of too much", |rig| {
            rig.inner.script([OverReport(1)]);
            assert_eq!(rig.flush(), failed(ErrorKind::InvalidData));
        }),
    ];
    for (name, end) in ends {
        let mut rig = Rig::gathering((2, 4), [Pending]);
        rig.queue(["123456"]);
        let waiting = Task::new();
        assert!(waiting.poll_once(rig.writer.ready()).is_pending());
        assert_eq!(waiting.take_wakes(), 0);
        end(&mut rig);
        assert_eq!((waiting.take_wakes(), rig.task.take_wakes()), (1, 0), "{name}");
    }
}

/// What leaves the writer paused wakes nobody, and a task that polls by itself is not woken for it.
#[test]
fn nobody_is_woken_for_nothing() {
    let steps: [(&str, Step); 5] = [
        ("marks that are still too low", |rig| rig.writer.set_watermarks(Watermarks::new(5, 8))),
        ("a refused chunk", |rig| assert!(rig.try_send("7").is_err())),
        ("a chunk past the pause", |rig| rig.send_now("7").expect("no hard limit")),
        ("a drain that takes too little", |rig| {
            rig.inner.script([Take(3), Pending]);
            assert!(rig.flush().is_pending());
        }),
        ("a write without room", |rig| {
            rig.inner.script([Pending]);
            assert!(rig.write(b"7").is_pending());
        }),
    ];
    for (name, step) in steps {
        let mut rig = Rig::gathering((2, 4), [Pending]);
        rig.queue(["123456"]);
        let waiting = Task::new();
        assert!(waiting.poll_once(rig.writer.ready()).is_pending());
        step(&mut rig);
        assert_eq!((waiting.take_wakes(), rig.task.take_wakes()), (0, 0), "{name}");
    }
    let mut rig = Rig::gathering((2, 4), [Pending]);
    rig.queue(["123456"]);
    assert!(rig.ready().is_pending());
    assert_eq!((rig.drain(), rig.task.take_wakes()), (READY, 0));

    // Who waited and was ready waits no more.
    let mut rig = Rig::gathering((2, 4), [Pending]);
    let once = Task::new();
    rig.queue(["123456"]);
    assert!(once.poll_once(rig.writer.ready()).is_pending());
    assert!(once.poll_once(rig.writer.ready()).is_ready());
    rig.queue(["123456"]);
    assert_eq!((rig.drain(), once.take_wakes()), (READY, 0));
}
