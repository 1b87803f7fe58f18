//! What the inner writer is offered, and what its answers do to the queue.
use bytes::Buf;

use crate::support::Answer::{Pending, Take};
use crate::support::Call::{Flush, Gather, Write};
use crate::support::{Answer, READY, Rig};

#[test]
fn a_partial_write_leaves_the_rest_of_the_chunk_in_front() {
    let mut rig = Rig::gathering((0, 100), [Take(2), Pending]);
    rig.queue(["data1", "data2"]);
    assert!(rig.flush().is_pending());
    assert_eq!(rig.inner.take_log(), [Gather(vec![5, 5], Take(2)), Gather(vec![3, 5], Pending)]);
    assert_eq!(rig.writer.buffer_size(), 8);
    assert!(rig.inner.wake());
    assert_eq!(rig.task.take_wakes(), 1);
    assert_eq!(rig.finish().copy_to_bytes(8), "ta1data2");
}

#[test]
fn one_chunk_goes_out_by_a_plain_write() {
    let mut rig = Rig::gathering((0, 100), []);
    rig.queue(["data"]);
    assert_eq!(rig.flush(), READY);
    assert_eq!(rig.inner.take_log(), [Write(4, Take(4)), Flush(Answer::Done)]);
}
