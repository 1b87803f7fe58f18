use std::task::Poll;

use bytes::Bytes;
use flow_controlled_writer::{Builder, Watermarks};

use crate::support::Answer::{Pending, Take};
use crate::support::Call::Write;
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

#[test]
fn a_borrowed_slice_is_merged_behind_the_queue() {
    let options = Builder::new().watermarks(Watermarks::new(0, 100)).coalesce_threshold(0);
    let mut rig = Rig::with_options(&options, Scripted::plain([Take(90), Pending]));
    rig.queue(["head", "neck"]);
    assert_eq!(rig.write(&[5; 120]), Poll::Ready(Ok(120)));
    assert_eq!(rig.inner.take_log(), [Write(128, Take(90))]);
    assert_eq!(rig.writer.buffer_size(), 38);
    rig.finish();
}
