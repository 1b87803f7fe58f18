use std::io::ErrorKind::InvalidData;
use std::pin::Pin;
use std::task::Poll;

use bytes::Buf;
use tokio::io::AsyncWrite;

use crate::support::Answer::{OverReport, Pending, Take};
use crate::support::Call::{Gather, Write};
use crate::support::{Outcome, READY, Rig, failed};

/// A report of one byte too many dropped a byte of the next chunk, which was never offered.
#[test]
fn a_chunk_that_was_not_offered_stays_whole() {
    for beyond in [1, 2, 5, 100_000, usize::MAX - 20_000] {
        let mut rig = Rig::plain((0, 100_000), [OverReport(beyond)]);
        rig.queue([vec![1; 20_000]]);
        rig.queue(["second"]);
        assert_eq!(rig.drain(), failed(InvalidData));
        assert_eq!(rig.inner.take_log(), [Write(20_000, Take(20_000 + beyond))]);
        assert_eq!(rig.writer.buffer_size(), 6);
        assert_eq!(rig.finish().copy_to_bytes(6), "second");
    }
}

#[test]
fn the_part_of_a_chunk_that_was_not_offered_stays() {
    let mut rig = Rig::plain((0, 100_000), [OverReport(1)]);
    rig.queue([vec![1; 16_000], vec![2; 1000]]);
    assert_eq!(rig.drain(), failed(InvalidData));
    assert_eq!(rig.writer.buffer_size(), 17_000 - 16_384);
    rig.finish();
}

#[test]
fn chunks_behind_the_slices_of_a_gather_stay() {
    let mut rig = Rig::gathering((0, 100_000), [OverReport(3)]);
    rig.queue((0..130).map(|index| vec![index; 2]));
    assert_eq!(rig.flush(), failed(InvalidData));
    assert_eq!(rig.inner.take_log(), [Gather(vec![2; 128], Take(259))]);
    assert_eq!(rig.finish().copy_to_bytes(4), &[128, 128, 129, 129][..]);
}

#[test]
fn all_that_was_offered_counts_as_written() {
    let polls: [fn(&mut Rig) -> Outcome; 4] = [Rig::ready, Rig::drain, Rig::flush, Rig::shutdown];
    for poll in polls {
        let mut rig = Rig::gathering((0, 5), [OverReport(1)]);
        rig.queue(["data1", "data2"]);
        assert_eq!(poll(&mut rig), failed(InvalidData));
        assert_eq!(rig.writer.buffer_size(), 0);
        let stats = rig.writer.stats();
        assert_eq!((stats.enqueued_bytes, stats.written_bytes), (10, 10));
        assert_eq!(poll(&mut rig), failed(InvalidData));
        assert_eq!(rig.inner.take_log().len(), 1);
    }
}

#[test]
fn the_error_names_both_numbers() {
    let mut rig = Rig::gathering((0, 5), [Take(2), OverReport(4)]);
    rig.queue(["123456789"]);
    let task = crate::support::Task::new();
    let drained = Pin::new(&mut rig.writer).poll_drain(&mut task.context());
    let Poll::Ready(Err(error)) = drained else { panic!("{drained:?}") };
    let text = error.to_string();
    assert!(text.contains("11") && text.contains('7'), "{text}");
}

#[test]
fn a_slice_that_was_offered_behind_the_queue_leaves_nothing_behind() {
    let mut rig = Rig::gathering((0, 5), [OverReport(1)]);
    rig.queue(["abc"]);
    let task = crate::support::Task::new();
    let written = Pin::new(&mut rig.writer).poll_write(&mut task.context(), b"a longer one");
    assert!(matches!(written, Poll::Ready(Err(error)) if error.kind() == InvalidData));
    assert_eq!(rig.inner.wire(), b"abca longer one");
    assert_eq!(rig.writer.buffer_size(), 0);
    let stats = rig.writer.stats();
    assert_eq!((stats.enqueued_bytes, stats.written_bytes), (15, 15));
}

#[test]
fn exactly_what_was_offered_is_no_over_report() {
    let mut rig = Rig::gathering((0, 5), [OverReport(0), Pending]);
    rig.queue(["data1", "data2"]);
    assert_eq!(rig.flush(), READY);
}
