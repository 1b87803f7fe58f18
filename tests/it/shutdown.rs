//! How a writer ends: by a shutdown, by an abort, by both.
use std::io::ErrorKind::{self, BrokenPipe};
use std::task::Poll;

use flow_controlled_writer::TrySendError;

use crate::support::Answer::{Done, Fail, Pending, Take};
use crate::support::Call::{Flush, Gather, Shutdown, Write};
use crate::support::{Outcome, READY, Rig, failed};

/// The inner writer was shut down while its last bytes were still queued.
#[test]
fn the_inner_writer_is_shut_down_after_the_last_byte_and_once() {
    let mut rig = Rig::gathering((0, 100), [Pending]);
    rig.queue(["data"]);
    assert_eq!(rig.shutdown(), Poll::Pending);
    assert_eq!(rig.inner.take_log(), [Write(4, Pending)]);
    assert!(rig.inner.wake());
    rig.inner.script([Take(4)]);
    assert_eq!(rig.shutdown(), READY);
    assert_eq!(rig.inner.take_log(), [Write(4, Take(4)), Flush(Done), Shutdown(Done)]);
    assert_eq!(rig.shutdown(), READY);
    assert_eq!(rig.close(), READY);
    assert_eq!(rig.inner.take_log(), []);
    assert_eq!(rig.try_send("late"), Err(TrySendError::Closed("late".into())));
    assert_eq!(rig.task.take_wakes(), 1);
}

#[test]
fn a_shutdown_goes_on_where_it_was_pending() {
    let mut rig = Rig::gathering((0, 5), [Take(3), Pending, Take(2), Pending]);
    rig.inner.script_flush([Pending, Pending]);
    rig.inner.script_shutdown([Pending, Pending]);
    rig.queue(["data1", "data2"]);
    let mut polls = Vec::new();
    loop {
        let result = rig.shutdown();
        polls.push(rig.inner.take_log());
        if result == READY {
            break;
        }
        assert_eq!(result, Poll::Pending);
        assert!(rig.inner.wake());
        assert_eq!(rig.task.take_wakes(), 1);
    }
    assert_eq!(
        polls,
        [
            vec![Gather(vec![5, 5], Take(3)), Gather(vec![2, 5], Pending)],
            vec![Gather(vec![2, 5], Take(2)), Write(5, Pending)],
            vec![Write(5, Take(5)), Flush(Pending)],
            vec![Flush(Pending)],
            vec![Flush(Done), Shutdown(Pending)],
            vec![Shutdown(Pending)],
            vec![Shutdown(Done)],
        ]
    );
    assert_eq!(rig.inner.wire(), b"data1data2");
}

#[test]
fn a_writer_without_bytes_is_flushed_and_shut_down() {
    let mut rig = Rig::gathering((0, 5), []);
    assert_eq!(rig.shutdown(), READY);
    assert_eq!(rig.inner.take_log(), [Flush(Done), Shutdown(Done)]);
}

#[test]
fn a_flush_after_the_shutdown_touches_nothing() {
    let mut rig = Rig::gathering((0, 5), []);
    rig.queue(["x"]);
    assert_eq!(rig.shutdown(), READY);
    rig.inner.take_log();
    for _ in 0..2 {
        assert_eq!(rig.flush(), READY);
        assert_eq!(rig.drain(), READY);
        assert_eq!(rig.shutdown(), READY);
        assert_eq!(rig.ready(), failed(BrokenPipe));
        assert_eq!(rig.write(b"x"), failed(BrokenPipe));
        assert_eq!(rig.write_vectored(&[b"x"]), failed(BrokenPipe));
    }
    assert_eq!(rig.inner.take_log(), []);
}

#[test]
fn nothing_is_flushed_while_the_inner_writer_shuts_down() {
    let mut rig = Rig::gathering((0, 5), []);
    rig.inner.script_shutdown([Pending]);
    rig.queue(["x"]);
    assert_eq!(rig.shutdown(), Poll::Pending);
    rig.inner.take_log();
    assert_eq!(rig.flush(), READY);
    assert_eq!(rig.drain(), READY);
    assert_eq!(rig.inner.take_log(), []);
    assert_eq!(rig.shutdown(), READY);
    assert_eq!(rig.inner.take_log(), [Shutdown(Done)]);
}

#[test]
fn nothing_is_accepted_from_the_first_poll_of_a_shutdown_on() {
    for (index, stop) in stops().into_iter().enumerate() {
        let mut rig = stop();
        let size = rig.writer.buffer_size();
        assert_eq!(rig.try_send("late"), Err(TrySendError::Closed("late".into())));
        assert_eq!(rig.start_send("late").expect_err("closed").kind(), BrokenPipe);
        assert_eq!(rig.write(b"late"), failed(BrokenPipe));
        assert_eq!(rig.write_vectored(&[b"la", b"te"]), failed(BrokenPipe));
        assert_eq!(rig.ready(), failed(BrokenPipe));
        assert_eq!(rig.writer.buffer_size(), size, "stop {index}");
        assert_eq!(rig.inner.take_log(), [], "stop {index}");
        assert_eq!(rig.shutdown(), READY);
        assert_eq!(rig.inner.wire(), b"data");
    }
}

#[test]
fn a_flush_may_go_on_with_the_drain_of_a_shutdown() {
    let mut rig = Rig::gathering((0, 5), [Take(1), Pending, Take(1), Pending]);
    rig.queue(["data"]);
    assert_eq!(rig.shutdown(), Poll::Pending);
    assert_eq!(rig.flush(), Poll::Pending);
    assert_eq!(rig.writer.buffer_size(), 2);
    assert_eq!(rig.drain(), READY);
    rig.inner.take_log();
    assert_eq!(rig.shutdown(), READY);
    assert_eq!(rig.inner.take_log(), [Flush(Done), Shutdown(Done)]);
    assert_eq!(rig.inner.wire(), b"data");
}

#[test]
fn abort_discards_the_queue_and_still_lets_the_inner_writer_end() {
    let mut rig = Rig::gathering((0, 5), [Take(3), Pending]);
    rig.queue(["data1", "data2"]);
    assert_eq!(rig.drain(), Poll::Pending);
    assert_eq!(rig.abort(), 7);
    assert_eq!((rig.writer.buffer_size(), rig.writer.queued_chunks()), (0, 0));
    assert!(!rig.writer.is_paused());
    assert_eq!(rig.abort(), 0);
    assert_eq!(rig.try_send("late"), Err(TrySendError::Closed("late".into())));
    assert_eq!(rig.start_send("late").expect_err("closed").kind(), BrokenPipe);
    assert_eq!(rig.write(b"late"), failed(BrokenPipe));
    assert_eq!(rig.ready(), failed(BrokenPipe));
    rig.inner.take_log();
    assert_eq!(rig.drain(), READY);
    assert_eq!(rig.inner.take_log(), []);
    assert_eq!(rig.shutdown(), READY);
    assert_eq!(rig.inner.take_log(), [Flush(Done), Shutdown(Done)]);
    assert_eq!(rig.inner.wire(), b"dat");
    let stats = rig.writer.stats();
    assert_eq!((stats.enqueued_bytes, stats.written_bytes, stats.peak_buffer_size), (10, 3, 10));
}

#[test]
fn the_totals_remember_what_abort_discarded() {
    let mut rig = Rig::gathering((0, 5), []);
    rig.queue(["data1", "data2"]);
    assert_eq!(rig.abort(), 10);
    let stats = rig.writer.stats();
    assert_eq!((stats.enqueued_bytes, stats.written_bytes, stats.peak_buffer_size), (10, 0, 10));
}

#[test]
fn abort_in_each_phase_of_a_shutdown_leaves_the_rest_of_it() {
    let rest = [
        vec![Flush(Done), Shutdown(Done)],
        vec![Flush(Done), Shutdown(Done)],
        vec![Shutdown(Done)],
        vec![],
    ];
    for (stop, rest) in stops().into_iter().zip(rest) {
        let mut rig = stop();
        let size = rig.writer.buffer_size();
        assert_eq!(rig.abort(), size);
        assert_eq!(rig.writer.buffer_size(), 0);
        assert_eq!(rig.inner.take_log(), []);
        assert_eq!(rig.shutdown(), READY);
        assert_eq!(rig.inner.take_log(), rest);
        assert_eq!(rig.shutdown(), READY);
        assert_eq!(rig.inner.take_log(), []);
    }
}

#[test]
fn abort_of_a_fresh_writer_closes_it() {
    let mut rig = Rig::gathering((0, 5), []);
    assert_eq!(rig.abort(), 0);
    assert_eq!(rig.try_send("x"), Err(TrySendError::Closed("x".into())));
    assert_eq!(rig.flush(), READY);
    assert_eq!(rig.shutdown(), READY);
}

#[test]
fn an_error_in_each_phase_ends_the_shutdown() {
    let kind = ErrorKind::ConnectionAborted;
    let scripts: [fn(&Rig); 3] = [
        |rig| rig.inner.script([Take(2), Fail(ErrorKind::ConnectionAborted)]),
        |rig| rig.inner.script_flush([Fail(ErrorKind::ConnectionAborted)]),
        |rig| rig.inner.script_shutdown([Fail(ErrorKind::ConnectionAborted)]),
    ];
    for (script, calls) in scripts.into_iter().zip([2, 2, 3]) {
        let mut rig = Rig::gathering((0, 5), []);
        rig.queue(["data"]);
        script(&rig);
        let polls: [fn(&mut Rig) -> Outcome; 4] =
            [Rig::shutdown, Rig::shutdown, Rig::flush, Rig::drain];
        for poll in polls {
            assert_eq!(poll(&mut rig), failed(kind));
        }
        assert_eq!(rig.inner.take_log().len(), calls);
        rig.finish();
    }
}

/// A writer of "data" whose shutdown has stopped while draining, flushing, shutting down, and at
/// its end; the log is empty.
fn stops() -> [fn() -> Rig; 4] {
    fn begun(script: impl FnOnce(&Rig)) -> Rig {
        let mut rig = Rig::gathering((0, 3), []);
        rig.queue(["data"]);
        script(&rig);
        let _ = rig.shutdown();
        rig.inner.take_log();
        rig
    }
    [
        || begun(|rig| rig.inner.script([Take(1), Pending])),
        || begun(|rig| rig.inner.script_flush([Pending])),
        || begun(|rig| rig.inner.script_shutdown([Pending])),
        || begun(|_| {}),
    ]
}
