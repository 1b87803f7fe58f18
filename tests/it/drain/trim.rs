use std::io::ErrorKind::Interrupted;
use std::task::Poll;

use bytes::{Buf, Bytes};
use flow_controlled_writer::{Builder, Watermarks};

use crate::support::Answer::{Done, Fail, Pending, Take};
use crate::support::Call::{Flush, Gather, Write};
use crate::support::{READY, Rig, Scripted};

/// A chunk is popped, then the write would block, and the popped chunk is gone.
#[test]
fn a_write_that_would_block_loses_nothing() {
    let mut rig = Rig::plain((0, 100), [Pending]);
    rig.queue(["data1", "data2"]);
    assert_eq!(rig.drain(), Poll::Pending);
    assert_eq!((rig.writer.buffer_size(), rig.writer.queued_chunks()), (10, 2));
    assert!(rig.inner.wake(), "the waker is registered");
    assert_eq!(rig.task.take_wakes(), 1);

    rig.inner.script([Take(5), Take(5)]);
    assert_eq!(rig.drain(), READY);
    assert_eq!(rig.inner.wire(), b"data1data2");
    assert_eq!(rig.inner.take_log(), [Write(10, Pending), Write(10, Take(5)), Write(5, Take(5))]);
    assert_eq!(rig.task.take_wakes(), 0);
}

#[test]
fn a_partial_write_leaves_the_rest_of_the_chunk_in_front() {
    let mut rig = Rig::gathering((0, 100), [Take(2), Pending]);
    rig.queue(["data1", "data2"]);
    assert_eq!(rig.flush(), Poll::Pending);
    assert_eq!(rig.inner.take_log(), [Gather(vec![5, 5], Take(2)), Gather(vec![3, 5], Pending)]);
    assert_eq!((rig.writer.buffer_size(), rig.writer.queued_chunks()), (8, 2));
    assert_eq!(rig.finish().copy_to_bytes(8), "ta1data2");
}

#[test]
fn a_partial_write_may_end_within_a_later_chunk() {
    let mut rig = Rig::gathering((0, 100), [Take(7), Pending]);
    rig.queue(["abc", "def", "ghi", "jkl"]);
    assert_eq!(rig.drain(), Poll::Pending);
    assert_eq!(rig.inner.take_log(), [Gather(vec![3; 4], Take(7)), Gather(vec![2, 3], Pending)]);
    assert_eq!((rig.writer.buffer_size(), rig.writer.queued_chunks()), (5, 2));
    assert_eq!(rig.finish().copy_to_bytes(5), "hijkl");
}

#[test]
fn the_last_byte_of_a_chunk_ends_the_drain() {
    let mut rig = Rig::gathering((0, 100), [Take(2), Take(2)]);
    rig.queue(["data"]);
    assert_eq!(rig.drain(), READY);
    assert_eq!(rig.writer.buffer_size(), 0);
    assert_eq!(rig.drain(), READY);
    assert_eq!(rig.ready(), READY);
    assert_eq!(rig.inner.take_log(), [Write(4, Take(2)), Write(2, Take(2))]);
}

#[test]
fn the_chunk_of_the_caller_is_not_modified() {
    let chunk = Bytes::from(vec![7; 2000]);
    let mut rig = Rig::gathering((0, 9000), [Take(3), Pending]);
    rig.queue([chunk.clone(), chunk.clone()]);
    assert_eq!(rig.drain(), Poll::Pending);
    assert_eq!(chunk, [7; 2000][..]);
    assert_eq!(rig.drain(), READY);
    assert_eq!(chunk, [7; 2000][..]);
}

/// The slice was trimmed at the wrong side after a short write.
#[test]
fn short_writes_spell_the_same_text() {
    for script in [[Take(3); 4], [Take(4), Take(1), Take(2), Take(3)]] {
        for gathering in [true, false] {
            let mut rig = rig(gathering, 0, script);
            rig.queue(["hello", "world"]);
            assert_eq!(rig.flush(), READY);
            assert_eq!(rig.inner.wire(), b"helloworld");
        }
    }
}

#[test]
fn a_write_of_exactly_one_chunk_starts_clean_with_the_next() {
    let mut rig = Rig::gathering((0, 100), [Take(5), Take(4), Take(3)]);
    rig.queue(["hello", "wide", "sea"]);
    assert_eq!(rig.drain(), READY);
    assert_eq!(
        rig.inner.take_log(),
        [Gather(vec![5, 4, 3], Take(5)), Gather(vec![4, 3], Take(4)), Write(3, Take(3))]
    );
}

#[test]
fn every_chunk_length_drains_exactly_by_every_accept_length() {
    for gathering in [true, false] {
        for length in 1..=64_usize {
            for accept in 1..=65 {
                let mut rig = rig(gathering, 0, []);
                rig.inner.otherwise(Take(accept));
                rig.queue((0..3_u8).map(|index| vec![index * 64 + length as u8; length]));
                while rig.drain().is_pending() {
                    assert_eq!(rig.task.take_wakes(), 1);
                }
                assert_eq!(rig.inner.wire(), rig.sent());
                assert_eq!(rig.inner.take_log().len(), (3 * length).div_ceil(accept));
            }
        }
    }
}

/// Every chunk comes as a slice, which is merged, or by the sink, which keeps it from 5 bytes on.
#[test]
fn every_mix_of_merged_and_kept_chunks_drains_in_order() {
    let lengths: Vec<usize> = (1..=15).collect();
    for chunks in 1..=3 {
        for_each_choice(&lengths, chunks, |lengths| {
            for kept in 0..1 << chunks {
                drain_a_mix(lengths, kept);
            }
        });
    }
    for_each_choice(&lengths, 4, |lengths| {
        let mask = lengths.iter().fold(0, |mask, length| mask * 2 + length % 3);
        drain_a_mix(lengths, mask);
    });
    for_each_choice(&[1, 4, 5, 15], 4, |lengths| {
        for kept in 0..16 {
            drain_a_mix(lengths, kept);
        }
    });
}

fn drain_a_mix(lengths: &[usize], kept: usize) {
    let script = [Take(1), Take(4), Fail(Interrupted), Take(6), Take(2)];
    let mut rig = rig(kept % 2 == 0, 5, script);
    for (index, &length) in lengths.iter().enumerate() {
        let chunk = &[b'a' + index as u8; 15][..length];
        if kept >> index & 1 == 1 {
            rig.queue([Bytes::copy_from_slice(chunk)]);
        } else {
            assert_eq!(rig.write(chunk), Poll::Ready(Ok(length)));
        }
    }
    assert_eq!(rig.inner.take_log(), []);
    assert_eq!(rig.flush(), READY);
    assert_eq!(rig.inner.wire(), rig.sent());
    for call in rig.inner.take_log() {
        match call {
            Write(offered, _) => assert_ne!(offered, 0),
            Gather(slices, _) => assert!(slices.len() > 1 && !slices.contains(&0), "{slices:?}"),
            other => assert_eq!(other, Flush(Done)),
        }
    }
}

/// Calls `visit` with every sequence of `count` elements of `choices`.
fn for_each_choice(choices: &[usize], count: u32, mut visit: impl FnMut(&[usize])) {
    let mut sequence = Vec::new();
    for mut number in 0..choices.len().pow(count) {
        sequence.clear();
        for _ in 0..count {
            sequence.push(choices[number % choices.len()]);
            number /= choices.len();
        }
        visit(&sequence);
    }
}

fn rig(
    gathering: bool,
    threshold: usize,
    script: impl IntoIterator<Item = crate::support::Answer>,
) -> Rig {
    let options = Builder::new().coalesce_threshold(threshold).watermarks(Watermarks::default());
    Rig::with_options(&options, Scripted::new(gathering, script))
}
