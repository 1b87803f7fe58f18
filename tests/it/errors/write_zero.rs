use std::io::ErrorKind::WriteZero;

use bytes::Buf;

use crate::support::Answer::{Done, Take};
use crate::support::Call::{Flush, Gather, Write};
use crate::support::{Outcome, Rig, failed};

/// `Ok(0)` was retried without end.
#[test]
fn every_call_that_drains_fails_after_one_write_of_zero() {
    let polls: [fn(&mut Rig) -> Outcome; 5] =
        [Rig::ready, Rig::drain, Rig::flush, Rig::shutdown, Rig::close];
    for poll in polls {
        for gathering in [true, false] {
            let mut rig = rig(gathering, [Take(0)]);
            rig.queue(["data1", "data2"]);
            assert_eq!(poll(&mut rig), failed(WriteZero));
            assert_eq!(rig.task.take_wakes(), 0);
            let call = if gathering { Gather(vec![5, 5], Take(0)) } else { Write(10, Take(0)) };
            assert_eq!(rig.inner.take_log(), [call]);
            assert_eq!(poll(&mut rig), failed(WriteZero));
            assert_eq!(rig.inner.take_log(), [], "called once, never in a loop");
            assert_eq!(rig.finish().copy_to_bytes(10), "data1data2");
        }
    }
}

#[test]
fn a_write_fails_after_one_write_of_zero() {
    for slice in [&b"too long for it"[..], &[1; 40_000]] {
        for queued in ["", "data"] {
            let mut rig = rig(true, [Take(0)]);
            rig.queue([queued]);
            assert_eq!(rig.write(slice), failed(WriteZero));
            assert_eq!(rig.inner.take_log().len(), 1);
            assert_eq!(rig.write(slice), failed(WriteZero));
            assert_eq!(rig.inner.take_log(), []);
            assert_eq!(rig.writer.buffer_size(), queued.len());
            rig.finish();
        }
    }
}

#[test]
fn zero_after_progress_keeps_the_rest() {
    let mut rig = rig(true, [Take(7), Take(0)]);
    rig.queue(["data1", "data2"]);
    assert_eq!(rig.flush(), failed(WriteZero));
    assert_eq!(rig.inner.take_log(), [Gather(vec![5, 5], Take(7)), Write(3, Take(0))]);
    assert_eq!(rig.finish().copy_to_bytes(3), "ta2");
}

#[test]
fn an_empty_writer_is_not_failed_by_a_writer_that_would_take_nothing() {
    let mut rig = rig(true, [Take(0)]);
    assert_eq!(rig.flush(), crate::support::READY);
    assert_eq!(rig.inner.take_log(), [Flush(Done)]);
}

fn rig(gathering: bool, script: impl IntoIterator<Item = crate::support::Answer>) -> Rig {
    if gathering { Rig::gathering((0, 5), script) } else { Rig::plain((0, 5), script) }
}
