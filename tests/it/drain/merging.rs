use std::task::Poll;

use bytes::Bytes;
use flow_controlled_writer::{Builder, Watermarks};

use crate::support::Answer::{Done, Pending, Take};
use crate::support::Call::{Gather, Write};
use crate::support::{READY, Rig, Scripted};

#[test]
fn neighbours_are_merged_for_a_writer_that_cannot_gather() {
    for threshold in [0, 512, 1024] {
        let options = Builder::new().coalesce_threshold(threshold);
        let mut rig = Rig::with_options(&options, Scripted::plain([]));
        rig.queue((0..20).map(|index| vec![index; 1000]));
        assert_eq!(rig.drain(), READY);
        let log = [Write(16_384, Take(16_384)), Write(3616, Take(3616))];
        assert_eq!(rig.inner.take_log(), log, "threshold {threshold}");
        assert_eq!(rig.inner.wire(), rig.sent());
    }
}

#[test]
fn what_a_merged_write_leaves_stays_in_the_queue() {
    let mut rig = Rig::plain((0, 100_000), [Take(1500), Pending]);
    rig.queue([vec![1; 1000], vec![2; 1000], vec![3; 1000]]);
    assert_eq!(rig.drain(), Poll::Pending);
    assert_eq!(rig.inner.take_log(), [Write(3000, Take(1500)), Write(1500, Pending)]);
    assert_eq!((rig.writer.buffer_size(), rig.writer.queued_chunks()), (1500, 2));
    rig.finish();
}

#[test]
fn a_merged_write_may_end_within_a_chunk() {
    let mut rig = Rig::plain((0, 100_000), []);
    rig.queue([vec![1; 16_383], vec![2; 10], vec![3; 20_000]]);
    assert_eq!(rig.drain(), READY);
    assert_eq!(
        rig.inner.take_log(),
        [Write(16_384, Take(16_384)), Write(16_384, Take(16_384)), Write(3625, Take(3625)),]
    );
}

#[test]
fn a_long_chunk_is_not_copied_for_a_writer_that_cannot_gather() {
    for length in [16_384, 30_000] {
        let chunk = Bytes::from(vec![1; length]);
        let mut rig = Rig::plain((0, 100_000), []);
        rig.queue([chunk.clone(), Bytes::from_static(b"tail")]);
        assert_eq!(rig.drain(), READY);
        assert_eq!(rig.inner.take_log(), [Write(length, Take(length)), Write(4, Take(4))]);
        assert_eq!(rig.inner.take_addresses()[0], [chunk.as_ptr() as usize]);
    }
}

/// A writer that cannot gather may remember what it was offered. If the task that writes gives up while it
/// waits, nobody comes with the slice again.
#[test]
fn a_writer_that_cannot_gather_is_offered_a_slice_once_the_queue_is_empty() {
    let options = Builder::new().watermarks(Watermarks::new(0, 100)).coalesce_threshold(0);
    let mut rig = Rig::with_options(&options, Scripted::plain([Pending]));
    rig.queue(["head", "neck"]);
    assert_eq!(rig.write(&[5; 120]), Poll::Pending);
    assert_eq!(rig.inner.take_log(), [Write(8, Pending)]);
    rig.inner.script([Done, Take(90), Pending]);
    assert_eq!(rig.write(&[5; 120]), Poll::Ready(Ok(90)));
    assert_eq!(rig.inner.take_log(), [Write(8, Take(8)), Write(120, Take(90))]);
    rig.finish();
}

#[test]
fn borrowed_slices_are_merged_for_a_writer_that_cannot_gather() {
    let options = Builder::new().watermarks(Watermarks::new(0, 100)).coalesce_threshold(0);
    let mut rig = Rig::with_options(&options, Scripted::plain([]));
    assert_eq!(rig.write_vectored(&[&[1; 60], &[2; 60]]), Poll::Ready(Ok(120)));
    assert_eq!(rig.inner.take_log(), [Write(120, Take(120))]);
    rig.finish();
}

/// A server that broadcasts keeps the payloads in common. To gather hundreds of small ones cost more
/// than to copy them.
#[test]
fn small_kept_chunks_are_merged_for_a_writer_that_gathers_too() {
    for (length, count) in [(64, 300), (100, 20), (511, 10), (511, 40)] {
        let options = Builder::new().coalesce_threshold(64);
        let mut rig = Rig::with_options(&options, Scripted::gathering([]));
        rig.queue((0..count).map(|index| vec![index as u8; length]));
        assert_eq!(rig.writer.queued_chunks(), count);
        assert_eq!(rig.drain(), READY);
        let mut left = count * length;
        let mut calls = Vec::new();
        while left > 0 {
            let call = left.min(16_384);
            calls.push(Write(call, Take(call)));
            left -= call;
        }
        assert_eq!(rig.inner.take_log(), calls, "{count} chunks of {length}");
        assert_eq!(rig.inner.wire(), rig.sent());
    }
}

#[test]
fn chunks_that_are_dear_to_copy_are_gathered() {
    for (length, count) in [(512, 10), (512, 40), (1000, 100), (3000, 2)] {
        let options = Builder::new().coalesce_threshold(64).watermarks(Watermarks::new(0, 1 << 20));
        let mut rig = Rig::with_options(&options, Scripted::gathering([]));
        rig.queue((0..count).map(|index| vec![index as u8; length]));
        assert_eq!(rig.drain(), READY);
        let gather = Gather(vec![length; count], Take(length * count));
        assert_eq!(rig.inner.take_log(), [gather], "{count} chunks of {length}");
    }
}

/// Who sets the threshold to 0 wants no byte copied.
#[test]
fn small_chunks_are_gathered_where_nothing_may_be_copied() {
    let mut rig = Rig::gathering((0, 100_000), []);
    rig.queue((0..100).map(|index| vec![index; 10]));
    assert_eq!(rig.drain(), READY);
    assert_eq!(rig.inner.take_log(), [Gather(vec![10; 100], Take(1000))]);
}

/// A few small chunks before a large one do not have it copied.
#[test]
fn small_chunks_before_a_large_one_are_gathered_with_it() {
    let options = Builder::new().coalesce_threshold(1).watermarks(Watermarks::new(0, 1 << 20));
    let mut rig = Rig::with_options(&options, Scripted::gathering([]));
    let large = Bytes::from(vec![b'x'; 60_000]);
    rig.queue((0..50).map(|index| vec![index; 10]));
    rig.queue([large.clone()]);
    assert_eq!(rig.drain(), READY);
    let lengths = [vec![10; 50], vec![60_000]].concat();
    assert_eq!(rig.inner.take_log(), [Gather(lengths, Take(60_500))]);
    assert_eq!(rig.inner.take_addresses()[0][50], large.as_ptr() as usize);
}
