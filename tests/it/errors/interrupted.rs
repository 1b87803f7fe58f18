use std::io::ErrorKind::{BrokenPipe, Interrupted};
use std::task::Poll;

use crate::support::Answer::{Done, Fail, Pending, Take};
use crate::support::Call::{Flush, Gather, Shutdown, Write};
use crate::support::{Outcome, READY, Rig, failed};

#[test]
fn a_write_is_retried_before_and_after_partial_progress() {
    let script = [Fail(Interrupted), Take(3), Fail(Interrupted), Fail(Interrupted), Take(4)];
    let polls: [fn(&mut Rig) -> Outcome; 3] = [Rig::drain, Rig::flush, Rig::ready];
    for poll in polls {
        for gathering in [true, false] {
            let mut rig =
                if gathering { Rig::gathering((0, 5), script) } else { Rig::plain((0, 5), script) };
            rig.queue(["hello", "world"]);
            assert_eq!(poll(&mut rig), READY);
            assert_eq!(rig.task.take_wakes(), 0);
            assert_eq!(rig.inner.wire(), b"helloworld");
            assert_eq!(rig.writer.stats().write_calls, 6);
        }
    }
}

#[test]
fn flush_and_shutdown_of_the_inner_writer_are_retried() {
    let mut rig = Rig::gathering((0, 5), []);
    rig.queue(["x"]);
    rig.inner.script_flush([Fail(Interrupted), Fail(Interrupted)]);
    rig.inner.script_shutdown([Fail(Interrupted), Pending, Fail(Interrupted)]);
    assert_eq!(rig.shutdown(), Poll::Pending);
    assert_eq!(rig.shutdown(), READY);
    assert_eq!(
        rig.inner.take_log(),
        [
            Write(1, Take(1)),
            Flush(Fail(Interrupted)),
            Flush(Fail(Interrupted)),
            Flush(Done),
            Shutdown(Fail(Interrupted)),
            Shutdown(Pending),
            Shutdown(Fail(Interrupted)),
            Shutdown(Done),
        ]
    );
}

#[test]
fn a_large_slice_is_offered_again() {
    let mut rig = Rig::gathering((0, 5), [Fail(Interrupted), Take(6)]);
    rig.queue(["abc"]);
    assert_eq!(rig.write(b"defghi"), Poll::Ready(Ok(3)));
    assert_eq!(
        rig.inner.take_log(),
        [Gather(vec![3, 6], Fail(Interrupted)), Gather(vec![3, 6], Take(6))]
    );
    assert_eq!(rig.writer.buffer_size(), 0);
    rig.finish();
}

#[test]
fn pending_after_an_interruption_keeps_the_waker() {
    let mut rig = Rig::gathering((0, 5), [Fail(Interrupted), Pending]);
    rig.queue(["abc"]);
    assert_eq!(rig.flush(), Poll::Pending);
    assert_eq!(rig.task.take_wakes(), 0);
    assert!(rig.inner.wake());
    assert_eq!(rig.task.take_wakes(), 1);
}

#[test]
fn an_error_after_an_interruption_is_final() {
    let mut rig = Rig::gathering((0, 5), [Fail(Interrupted), Fail(BrokenPipe)]);
    rig.queue(["abc"]);
    assert_eq!(rig.flush(), failed(BrokenPipe));
    assert_eq!(rig.flush(), failed(BrokenPipe));
    assert_eq!(rig.inner.take_log().len(), 2);
}
