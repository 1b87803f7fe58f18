use std::io::ErrorKind;
use std::task::Poll;
use std::time::Duration;

use bytes::Buf;
use flow_controlled_writer::{Builder, FlowControlledWriter, Watermarks};
use tokio::time::{Instant, advance};

use crate::support::Answer::{Done, Pending, Take};
use crate::support::{Outcome, READY, Rig, Scripted, Task, failed};

const TIMEOUT: Duration = Duration::from_secs(10);
const TIMED_OUT: Outcome = Poll::Ready(Err(ErrorKind::TimedOut));

/// A writer with marks of 5 and 10 bytes that may be paused for ten seconds, over an inner writer that
/// takes nothing until told.
fn pausing() -> Rig {
    let options = Builder::new().watermarks(Watermarks::new(5, 10)).pause_timeout(TIMEOUT);
    let rig = Rig::with_options(&options.coalesce_threshold(0), Scripted::gathering([]));
    rig.inner.otherwise(Pending);
    rig
}

/// A byte now and then is no stall, and never lets the writer resume.
#[tokio::test(start_paused = true)]
async fn a_peer_that_takes_a_byte_now_and_then_is_given_up_by_the_pause_and_not_by_the_stall() {
    for pauses in [true, false] {
        let options = Builder::new().watermarks(Watermarks::new(5, 10)).coalesce_threshold(0);
        let options =
            if pauses { options.pause_timeout(TIMEOUT) } else { options.stall_timeout(TIMEOUT) };
        let mut rig = Rig::with_options(&options, Scripted::gathering([]));
        rig.inner.otherwise(Pending);
        rig.queue([vec![1; 20]]);
        let start = Instant::now();
        let mut ended = None;
        for _ in 0..8 {
            rig.inner.script([Take(1), Pending]);
            if rig.ready() == TIMED_OUT {
                ended.get_or_insert_with(|| start.elapsed());
            }
            advance(TIMEOUT * 9 / 10).await;
        }
        assert_eq!(ended, pauses.then_some(TIMEOUT * 18 / 10));
        assert_eq!(rig.writer.is_closed(), pauses);
    }
}

#[tokio::test(start_paused = true)]
async fn the_task_that_waits_is_woken_when_the_pause_has_lasted_too_long() {
    let (inner, handle) = Scripted::gathering([]);
    handle.otherwise(Pending);
    let options = Builder::new().watermarks(Watermarks::new(5, 10)).pause_timeout(TIMEOUT);
    let mut writer: FlowControlledWriter<_> = options.build(inner);
    writer.try_send(vec![1; 11]).expect("not paused");
    advance(TIMEOUT / 2).await;
    let start = Instant::now();
    let error = writer.ready().await.expect_err("the inner writer takes nothing");
    assert_eq!(error.kind(), ErrorKind::TimedOut);
    assert_eq!(start.elapsed(), TIMEOUT / 2, "it counts from the pause on");
    assert_eq!(writer.into_parts().queue.remaining(), 11);
}

/// The timer was set for the stall, which would come later.
#[tokio::test(start_paused = true)]
async fn the_task_that_waits_is_woken_by_a_pause_that_ends_before_a_stall_would() {
    let (inner, handle) = Scripted::gathering([]);
    handle.otherwise(Pending);
    let options = Builder::new().watermarks(Watermarks::new(5, 10)).pause_timeout(TIMEOUT);
    let mut writer = options.stall_timeout(TIMEOUT * 3).build(inner);
    writer.try_send("first").expect("not paused");
    assert!(Task::new().poll_once(writer.flush()).is_pending());
    advance(TIMEOUT).await;
    writer.try_send("and second").expect("not paused");
    let start = Instant::now();
    let error = writer.flush().await.expect_err("the inner writer takes nothing");
    assert_eq!((error.kind(), start.elapsed()), (ErrorKind::TimedOut, TIMEOUT));
}

#[tokio::test(start_paused = true)]
async fn every_call_that_waits_notices_a_pause_that_lasts_too_long() {
    let calls: [fn(&mut Rig) -> Option<ErrorKind>; 5] = [
        |rig| kind(rig.ready()),
        |rig| kind(rig.drain()),
        |rig| kind(rig.flush()),
        |rig| kind(rig.shutdown()),
        |rig| kind(rig.write(b"more")),
    ];
    for call in calls {
        let mut rig = pausing();
        rig.queue([vec![1; 11]]);
        assert_eq!(call(&mut rig), None);
        advance(TIMEOUT - Duration::from_millis(1)).await;
        assert_eq!(call(&mut rig), None);
        assert_eq!(rig.task.take_wakes(), 0);
        advance(Duration::from_millis(1)).await;
        assert_eq!(rig.task.take_wakes(), 1);
        assert_eq!(call(&mut rig), Some(ErrorKind::TimedOut));
        assert_eq!(rig.ready(), failed(ErrorKind::TimedOut));
    }
}

/// Time in which nobody polled is not held against an inner writer that is ready again.
#[tokio::test(start_paused = true)]
async fn a_pause_that_can_end_when_the_time_is_over_ends() {
    let mut rig = pausing();
    rig.queue([vec![1; 11]]);
    assert!(rig.ready().is_pending());
    advance(TIMEOUT * 2).await;
    rig.inner.script([Take(6)]);
    assert_eq!(rig.ready(), READY);
    rig.inner.otherwise(Done);
    assert_eq!(rig.flush(), READY);
}

#[tokio::test(start_paused = true)]
async fn each_pause_has_its_own_time_and_paused_time_is_their_sum() {
    let mut rig = pausing();
    for round in 1..=3 {
        rig.queue([vec![1; 11]]);
        assert!(rig.ready().is_pending());
        advance(TIMEOUT * 9 / 10).await;
        let before = TIMEOUT * 9 / 10 * round;
        assert_eq!(rig.writer.stats().paused_time, before, "the pause that lasts is in it");
        rig.inner.script([Take(11)]);
        assert_eq!(rig.ready(), READY);
        advance(TIMEOUT).await;
        assert_eq!(rig.writer.stats().paused_time, before);
        assert_eq!(rig.task.take_wakes(), 0, "no timer is left behind");
    }
    assert_eq!(rig.writer.stats().pauses, 3);
}

#[tokio::test(start_paused = true)]
async fn new_marks_end_a_pause_and_its_time() {
    let mut rig = pausing();
    rig.queue([vec![1; 11]]);
    advance(TIMEOUT / 2).await;
    rig.writer.set_watermarks(Watermarks::new(20, 20));
    assert_eq!(rig.writer.stats().paused_time, TIMEOUT / 2);
    rig.writer.set_watermarks(Watermarks::new(5, 10));
    assert!(rig.ready().is_pending());
    advance(TIMEOUT * 9 / 10).await;
    assert!(rig.ready().is_pending(), "a pause of its own");
    advance(TIMEOUT / 10).await;
    assert_eq!(rig.ready(), TIMED_OUT);
}

#[tokio::test(start_paused = true)]
async fn an_abort_ends_the_pause() {
    let mut rig = pausing();
    rig.queue([vec![1; 11]]);
    assert!(rig.ready().is_pending());
    assert_eq!(rig.abort(), 11);
    advance(TIMEOUT * 2).await;
    assert_eq!(rig.shutdown(), READY);
    assert_eq!(rig.writer.stats().paused_time, Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn whichever_of_the_two_times_is_over_first_fails_the_writer() {
    for (stall, pause) in [(3, 8), (8, 3)] {
        let options = Builder::new()
            .watermarks(Watermarks::new(5, 10))
            .stall_timeout(Duration::from_secs(stall))
            .pause_timeout(Duration::from_secs(pause));
        let (inner, handle) = Scripted::gathering([]);
        handle.otherwise(Pending);
        let mut writer = options.build(inner);
        writer.try_send(vec![1; 11]).expect("not paused");
        let start = Instant::now();
        let error = writer.ready().await.expect_err("the inner writer takes nothing");
        assert_eq!(error.kind(), ErrorKind::TimedOut);
        assert_eq!(start.elapsed(), Duration::from_secs(3));
        assert_eq!(error.to_string().contains("paused"), pause == 3, "{error}");
    }
}

fn kind<T>(outcome: Outcome<T>) -> Option<ErrorKind> {
    match outcome {
        Poll::Ready(result) => Some(result.err().expect("neither waits nor fails")),
        Poll::Pending => None,
    }
}
