use std::io::ErrorKind::Interrupted;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;

use bytes::Bytes;
use flow_controlled_writer::{Builder, FlowControlledWriter, Watermarks};

use crate::support::Answer::{self, Done, Fail, Take};
use crate::support::Call::{Flush, Shutdown};
use crate::support::{Outcome, READY, Rig, Scripted};

/// Inner writes that a poll may make.
const CALLS: usize = 32;

#[test]
fn a_poll_stops_after_its_calls_and_wakes_itself() {
    let polls: [fn(&mut Rig) -> Outcome; 4] = [Rig::drain, Rig::flush, Rig::shutdown, Rig::ready];
    for poll in polls {
        let mut rig = Rig::gathering((0, 10), []);
        rig.inner.otherwise(Take(1));
        rig.queue([[1_u8; 70].as_slice()]);
        for left in [70 - CALLS, 70 - 2 * CALLS] {
            assert_eq!(poll(&mut rig), Poll::Pending);
            assert_eq!(rig.task.take_wakes(), 1);
            assert!(!rig.inner.wake(), "no waker is left with the inner writer");
            assert_eq!(rig.inner.take_log().len(), CALLS);
            assert_eq!(rig.writer.buffer_size(), left);
        }
        assert_eq!(poll(&mut rig), READY);
        assert_eq!(rig.task.take_wakes(), 0);
    }
}

#[test]
fn a_queue_that_is_empty_after_the_last_call_is_flushed_in_the_same_poll() {
    let mut rig = Rig::gathering((0, 100), []);
    rig.inner.otherwise(Take(1));
    rig.queue([[1_u8; CALLS].as_slice()]);
    assert_eq!(rig.shutdown(), READY);
    let log = rig.inner.take_log();
    assert_eq!(log[CALLS..], [Flush(Done), Shutdown(Done)]);
    assert_eq!(rig.task.take_wakes(), 0);
}

#[test]
fn a_slice_that_is_written_counts_the_calls_too() {
    let mut rig = Rig::gathering((0, 100), []);
    rig.inner.otherwise(Take(1));
    rig.queue([[1_u8; 100].as_slice()]);
    assert_eq!(rig.write(b"no room"), Poll::Pending);
    assert!(rig.writer.is_paused());
    assert_eq!(rig.task.take_wakes(), 1);
    assert_eq!(rig.writer.buffer_size(), 100 - CALLS);
    assert_eq!(rig.inner.take_log().len(), CALLS);
}

#[test]
fn interruptions_without_end_do_not_hold_the_thread() {
    let endless = || vec![Fail(Interrupted); 3 * CALLS];
    type Case = (fn(&mut Rig) -> Outcome, fn(&Rig, Vec<Answer>));
    let cases: [Case; 3] = [
        (Rig::drain, |rig, script| rig.inner.script(script)),
        (Rig::flush, |rig, script| rig.inner.script_flush(script)),
        (Rig::shutdown, |rig, script| rig.inner.script_shutdown(script)),
    ];
    for (poll, script) in cases {
        let mut rig = Rig::gathering((0, 100), []);
        rig.queue(["x"]);
        script(&rig, endless());
        let mut polls = 0;
        while poll(&mut rig).is_pending() {
            polls += 1;
            assert_eq!(rig.task.take_wakes(), 1);
            let interrupted = rig
                .inner
                .take_log()
                .iter()
                .filter(|call| format!("{call:?}").contains("Interrupted"))
                .count();
            assert!(interrupted <= CALLS, "{interrupted} calls in a poll");
        }
        assert!((3..=4).contains(&polls), "{polls}");
        assert_eq!(rig.inner.wire(), b"x");
    }
}

/// An inner writer that is always ready kept its thread until the whole queue was written.
#[tokio::test]
async fn a_second_task_runs_while_a_million_chunks_drain() {
    let marks = Watermarks::new(0, usize::MAX);
    let options = Builder::new().watermarks(marks).coalesce_threshold(0);
    let mut writer: FlowControlledWriter<Scripted> = options.build(Scripted::gathering([]).0);
    for _ in 0..1_000_000 {
        writer.try_send(Bytes::from_static(b"x")).expect("never paused");
    }
    let turns = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&turns);
    let other = tokio::spawn(async move {
        std::future::poll_fn(|cx| {
            counted.fetch_add(1, Ordering::Relaxed);
            cx.waker().wake_by_ref();
            Poll::<()>::Pending
        })
        .await;
    });
    tokio::spawn(async move { writer.flush().await })
        .await
        .expect("no panic")
        .expect("the inner writer takes all");
    other.abort();
    let polls = 1_000_000_usize.div_ceil(128).div_ceil(CALLS);
    assert!(turns.load(Ordering::Relaxed) >= polls - 1, "{turns:?} turns in {polls} polls");
}
