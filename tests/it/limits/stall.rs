use std::io::ErrorKind;
use std::task::Poll;
use std::time::Duration;

use bytes::Buf;
use flow_controlled_writer::{Builder, MemoryBudget, Watermarks};
use tokio::io::AsyncWriteExt;
use tokio::time::{Instant, advance};

use crate::support::Answer::{Done, Fail, Pending, Take};
use crate::support::{READY, Rig, Scripted, failed};

const TIMEOUT: Duration = Duration::from_secs(10);

/// A writer whose inner writer takes nothing until told, with a stall timeout of ten seconds.
fn stalling() -> Rig {
    let options = Builder::new().coalesce_threshold(0).stall_timeout(TIMEOUT);
    let rig = Rig::with_options(&options, Scripted::gathering([]));
    rig.inner.otherwise(Pending);
    rig
}

#[tokio::test(start_paused = true)]
async fn nothing_accepted_for_the_timeout_fails_the_writer_for_good() {
    let mut rig = stalling();
    rig.queue(["unsent"]);
    assert!(rig.flush().is_pending());
    advance(TIMEOUT - Duration::from_millis(1)).await;
    assert!(rig.flush().is_pending());
    advance(Duration::from_millis(1)).await;
    assert_eq!(rig.flush(), failed(ErrorKind::TimedOut));

    rig.inner.take_log();
    rig.inner.otherwise(Done);
    assert_eq!(rig.ready(), failed(ErrorKind::TimedOut));
    assert_eq!(rig.shutdown(), failed(ErrorKind::TimedOut));
    assert_eq!(rig.inner.take_log(), []);
    assert_eq!(rig.finish().copy_to_bytes(6), "unsent");
}

#[tokio::test(start_paused = true)]
async fn the_task_that_waits_is_woken_when_the_time_is_over() {
    let (inner, handle) = Scripted::gathering([]);
    handle.otherwise(Pending);
    let mut writer = Builder::new().stall_timeout(TIMEOUT).build(inner);
    writer.write_all(b"unsent").await.expect("there is room");
    let start = Instant::now();
    let error = writer.flush().await.expect_err("the inner writer takes nothing");
    assert_eq!(error.kind(), ErrorKind::TimedOut);
    assert_eq!(start.elapsed(), TIMEOUT);
}

#[tokio::test(start_paused = true)]
async fn one_byte_restarts_the_clock_and_a_wake_without_one_does_not() {
    let mut rig = stalling();
    rig.queue(["12345"]);
    assert!(rig.flush().is_pending());
    advance(TIMEOUT * 9 / 10).await;
    rig.inner.script([Take(1), Pending]);
    assert!(rig.flush().is_pending());

    for _ in 0..9 {
        advance(TIMEOUT / 10).await;
        rig.inner.wake();
        assert!(rig.flush().is_pending());
    }
    advance(TIMEOUT / 10).await;
    assert_eq!(rig.flush(), failed(ErrorKind::TimedOut));
    assert_eq!(rig.writer.buffer_size(), 4);
}

#[tokio::test(start_paused = true)]
async fn interrupted_is_no_progress() {
    let mut rig = stalling();
    rig.queue(["12345"]);
    assert!(rig.flush().is_pending());
    advance(TIMEOUT / 2).await;
    rig.inner.script([Fail(ErrorKind::Interrupted), Pending]);
    assert!(rig.flush().is_pending());
    advance(TIMEOUT / 2).await;
    assert_eq!(rig.flush(), failed(ErrorKind::TimedOut));
}

#[tokio::test(start_paused = true)]
async fn the_clock_starts_with_the_first_pending_and_not_with_the_send() {
    let mut rig = stalling();
    rig.queue(["12345"]);
    advance(TIMEOUT * 3).await;
    assert!(rig.flush().is_pending());
    advance(TIMEOUT - Duration::from_millis(1)).await;
    assert!(rig.flush().is_pending());
}

#[tokio::test(start_paused = true)]
async fn the_clock_does_not_run_while_nothing_waits() {
    let mut rig = stalling();
    rig.queue(["12345"]);
    assert!(rig.flush().is_pending());
    advance(TIMEOUT / 2).await;
    rig.inner.script([Take(5)]);
    assert_eq!(rig.flush(), READY);
    advance(TIMEOUT * 5).await;
    assert_eq!(rig.task.take_wakes(), 0, "no timer is left behind");

    rig.queue(["6"]);
    assert!(rig.flush().is_pending());
    advance(TIMEOUT / 2).await;
    assert!(rig.flush().is_pending(), "a new clock");
    advance(TIMEOUT / 2).await;
    assert_eq!(rig.flush(), failed(ErrorKind::TimedOut));
}

/// A TLS layer holds up to 64 KiB, and the queue is empty: a flush waited for ever.
#[tokio::test(start_paused = true)]
async fn a_flush_or_shutdown_that_does_not_end_times_out() {
    for shuts in [false, true] {
        let mut rig = stalling();
        rig.inner.otherwise(Done);
        let poll = if shuts { Rig::shutdown } else { Rig::flush };
        if shuts {
            rig.inner.script_shutdown([Pending; 3]);
        } else {
            rig.inner.script_flush([Pending; 3]);
        }
        rig.queue(["12345"]);
        assert!(poll(&mut rig).is_pending());
        advance(TIMEOUT - Duration::from_millis(1)).await;
        assert!(poll(&mut rig).is_pending());
        assert_eq!(rig.task.take_wakes(), 0);
        advance(Duration::from_millis(1)).await;
        assert_eq!(rig.task.take_wakes(), 1);
        assert_eq!(poll(&mut rig), failed(ErrorKind::TimedOut));
    }
}

/// Only accepted bytes restart the clock, and the end of the flush or shutdown.
#[tokio::test(start_paused = true)]
async fn each_step_of_a_shutdown_that_ends_restarts_the_clock() {
    let mut rig = stalling();
    rig.queue(["12345"]);
    rig.inner.script([Pending, Take(5)]);
    rig.inner.script_flush([Pending, Done]);
    rig.inner.script_shutdown([Pending, Done]);
    for _ in 0..3 {
        assert!(rig.shutdown().is_pending());
        advance(TIMEOUT * 9 / 10).await;
    }
    assert_eq!(rig.shutdown(), READY);
    advance(TIMEOUT * 5).await;
    assert_eq!(rig.task.take_wakes(), 0, "no timer is left behind");
    assert_eq!(rig.shutdown(), READY);
}

/// Nothing is queued by a writer that writes through, and its slice waits all the same.
#[tokio::test(start_paused = true)]
async fn a_slice_that_is_written_through_times_out() {
    let budget = MemoryBudget::new(0);
    let mut hog = Builder::new().budget(budget.clone()).build(tokio::io::sink());
    hog.try_send("x").expect("holds nothing");
    let options = Builder::new().stall_timeout(TIMEOUT);
    for (options, length) in [
        (options.clone().watermarks(Watermarks::new(0, 0)), 5),
        (options.clone().budget(budget), 5),
        (options, 100_000),
    ] {
        let mut rig = Rig::with_options(&options, Scripted::gathering([]));
        rig.inner.otherwise(Pending);
        let slice = vec![1; length];
        assert!(rig.write(&slice).is_pending());
        advance(TIMEOUT / 2).await;
        rig.inner.script([Take(1)]);
        assert_eq!(rig.write(&slice), Poll::Ready(Ok(1)));
        assert!(rig.write(&slice).is_pending());
        advance(TIMEOUT - Duration::from_millis(1)).await;
        assert!(rig.write(&slice).is_pending());
        advance(Duration::from_millis(1)).await;
        assert_eq!(rig.write(&slice), failed(ErrorKind::TimedOut));
        assert_eq!(rig.writer.buffer_size(), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn bytes_that_can_be_written_when_the_time_is_over_are_written() {
    let mut rig = stalling();
    rig.queue(["12345"]);
    assert!(rig.flush().is_pending());
    advance(TIMEOUT * 2).await;
    rig.inner.otherwise(Done);
    assert_eq!(rig.flush(), READY);
}

#[tokio::test(start_paused = true)]
async fn abort_stops_the_clock() {
    let mut rig = stalling();
    rig.queue(["12345"]);
    assert!(rig.flush().is_pending());
    assert_eq!(rig.abort(), 5);
    advance(TIMEOUT * 2).await;
    assert_eq!(rig.flush(), READY);
    assert_eq!(rig.shutdown(), READY);
}

/// The time before an abort is not held against the shutdown after it.
#[tokio::test(start_paused = true)]
async fn a_shutdown_after_an_abort_has_its_own_time() {
    let mut rig = stalling();
    rig.queue(["12345"]);
    assert!(rig.flush().is_pending());
    assert_eq!(rig.abort(), 5);
    advance(TIMEOUT * 2).await;
    rig.inner.script_flush([Pending, Pending, Pending]);
    assert!(rig.shutdown().is_pending());
    advance(TIMEOUT - Duration::from_millis(1)).await;
    assert!(rig.shutdown().is_pending());
    advance(Duration::from_millis(1)).await;
    assert_eq!(rig.shutdown(), failed(ErrorKind::TimedOut));
}

/// A task sleeps in a flush, and another one aborts: nothing but the clock will wake it.
#[tokio::test(start_paused = true)]
async fn who_flushes_is_woken_by_the_clock_after_an_abort_too() {
    for drained in [false, true] {
        let mut rig = stalling();
        rig.queue(["12345"]);
        if drained {
            rig.inner.script([Take(5)]);
        }
        rig.inner.script_flush([Pending, Pending, Pending]);
        assert!(rig.flush().is_pending());
        assert_eq!(rig.abort(), if drained { 0 } else { 5 });
        rig.task.take_wakes();
        advance(TIMEOUT).await;
        assert_eq!(rig.task.take_wakes(), 1, "{drained}");
        if !drained {
            // The time of the flush itself begins here.
            assert!(rig.flush().is_pending());
            advance(TIMEOUT).await;
            assert_eq!(rig.task.take_wakes(), 1);
        }
        assert_eq!(rig.flush(), failed(ErrorKind::TimedOut), "{drained}");
    }
}

/// An abort that discards nothing is no progress.
#[tokio::test(start_paused = true)]
async fn aborts_do_not_put_a_stalled_shutdown_off() {
    let mut rig = stalling();
    rig.inner.script_shutdown([Pending; 20]);
    assert!(rig.shutdown().is_pending());
    for _ in 0..9 {
        advance(TIMEOUT / 10).await;
        assert_eq!(rig.abort(), 0);
        assert!(rig.shutdown().is_pending());
    }
    advance(TIMEOUT / 10).await;
    assert_eq!(rig.shutdown(), failed(ErrorKind::TimedOut));
}

#[tokio::test(start_paused = true)]
async fn every_call_that_drains_notices_the_stall() {
    let calls: [fn(&mut Rig) -> Option<ErrorKind>; 5] = [
        |rig| kind(rig.ready()),
        |rig| kind(rig.drain()),
        |rig| kind(rig.flush()),
        |rig| kind(rig.shutdown()),
        |rig| kind(rig.write(b"more")),
    ];
    for call in calls {
        let mut rig = stalling();
        rig.writer.set_watermarks(Watermarks::new(0, 1));
        rig.queue(["12345"]);
        assert_eq!(call(&mut rig), None);
        advance(TIMEOUT).await;
        assert_eq!(call(&mut rig), Some(ErrorKind::TimedOut));
    }
}

#[tokio::test(start_paused = true)]
async fn a_timeout_of_nothing_fails_a_writer_as_soon_as_it_has_to_wait() {
    let options = Builder::new().stall_timeout(Duration::ZERO);
    let mut rig = Rig::with_options(&options, Scripted::gathering([Take(4)]));
    rig.inner.otherwise(Pending);
    rig.queue(["sent"]);
    assert_eq!(rig.flush(), READY);
    rig.queue(["unsent"]);
    assert_eq!(rig.flush(), failed(ErrorKind::TimedOut));
}

#[tokio::test(start_paused = true)]
async fn a_timeout_too_long_to_count_never_ends() {
    let options = Builder::new().stall_timeout(Duration::MAX);
    let mut rig = Rig::with_options(&options, Scripted::gathering([Pending, Pending]));
    rig.queue(["12345"]);
    assert!(rig.flush().is_pending());
    advance(Duration::from_secs(1_000_000)).await;
    assert!(rig.flush().is_pending());
    assert_eq!(rig.flush(), READY);
}

fn kind<T>(outcome: Poll<Result<T, ErrorKind>>) -> Option<ErrorKind> {
    match outcome {
        Poll::Ready(result) => Some(result.err().expect("neither waits nor fails")),
        Poll::Pending => None,
    }
}
