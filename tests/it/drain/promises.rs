//! An offer never shrinks: an inner writer may remember what it was offered when it answered
//! `Pending`, and fail if the next offer is shorter or begins otherwise. The scripted one asserts it.
use std::task::Poll;

use flow_controlled_writer::{Builder, Watermarks};

use crate::support::Answer::{Pending, Take};
use crate::support::{READY, Rig, Scripted};

/// From so many small chunks on they are copied to one write. A large one behind them made the same
/// queue one to be gathered, and a gather holds fewer of them.
#[test]
fn a_large_chunk_behind_many_small_ones_does_not_shorten_the_offer() {
    for count in [31, 32, 33, 127, 128, 129, 200, 230] {
        for large in [1000, 20_000, 200_000] {
            let marks = Watermarks::new(0, usize::MAX);
            let options = Builder::new().coalesce_threshold(64).watermarks(marks);
            let mut rig = Rig::with_options(&options, Scripted::gathering([Pending, Pending]));
            rig.queue((0..count).map(|index| vec![index as u8; 70]));
            assert_eq!(rig.drain(), Poll::Pending);
            let promised = rig.inner.promised();
            rig.queue([vec![7; large]]);
            assert_eq!(rig.drain(), Poll::Pending, "{count} chunks of 70 bytes, one of {large}");
            assert!(rig.inner.promised() >= promised);
            assert_eq!(rig.drain(), READY);
            assert_eq!(rig.inner.wire(), rig.sent());
        }
    }
}

/// A slice that fits is copied when the inner writer is pending. Where the newest block was nearly full
/// it became two pieces: one more than a gather holds, or so short that it made the queue one to be merged.
#[test]
fn a_slice_that_is_copied_at_pending_does_not_shorten_the_offer() {
    let cases: [(&[usize], &[usize]); 3] =
        [(&[600], &[40_000]), (&[1500], &[20_000, 30_000]), (&[1500, 100], &[40_000])];
    for (threshold, length) in [(0, 512), (8, 512), (8, 470)] {
        for kept in (20..36).chain(120..130) {
            for (copied, slices) in cases {
                let marks = Watermarks::new(0, usize::MAX);
                let options = Builder::new().coalesce_threshold(threshold).watermarks(marks);
                let mut rig = Rig::with_options(&options, Scripted::gathering([Pending, Pending]));
                for &count in copied {
                    assert_eq!(rig.write(&vec![1; count]), Poll::Ready(Ok(count)));
                }
                rig.queue((0..kept).map(|index| vec![index as u8; length]));
                let slices: Vec<_> = slices.iter().map(|&length| vec![9; length]).collect();
                let slices: Vec<&[u8]> = slices.iter().map(Vec::as_slice).collect();
                let total = slices.concat().len();
                assert_eq!(rig.write_vectored(&slices), Poll::Ready(Ok(total)));
                assert_eq!(rig.drain(), Poll::Pending, "{kept} chunks behind {copied:?} bytes");
                assert_eq!(rig.drain(), READY);
                assert_eq!(rig.inner.wire(), rig.sent());
            }
        }
    }
}

/// The queue alone is offered, and then with a slice behind it.
#[test]
fn a_slice_behind_a_long_queue_does_not_shorten_the_offer() {
    for kept in 126..=130 {
        let mut rig = Rig::gathering((0, usize::MAX), [Pending, Pending, Pending]);
        rig.queue((0..kept).map(|index| vec![index as u8; 512]));
        assert_eq!(rig.drain(), Poll::Pending);
        assert_eq!(rig.write(&vec![9; 40_000]), Poll::Ready(Ok(40_000)));
        assert_eq!(rig.drain(), Poll::Pending, "{kept} chunks");
        assert_eq!(rig.drain(), READY);
        assert_eq!(rig.inner.wire(), rig.sent());
    }
}

/// Whoever writes a slice offers what was not accepted of it again, until all is accepted.
fn write_all(rig: &mut Rig, slices: &[&[u8]]) {
    let (total, mut done) = (slices.concat().len(), 0);
    while done < total {
        let mut skip = done;
        let rest: Vec<&[u8]> = slices
            .iter()
            .map(|slice| {
                let cut = skip.min(slice.len());
                skip -= cut;
                &slice[cut..]
            })
            .collect();
        let written =
            if let [only] = rest[..] { rig.write(only) } else { rig.write_vectored(&rest) };
        match written {
            Poll::Ready(result) => done += result.expect("no error is scripted"),
            // Full until it is woken, unless the poll has made all its calls.
            Poll::Pending => assert!(rig.inner.wake() || rig.task.take_wakes() > 0),
        }
    }
}

#[test]
fn writes_keep_their_promises_at_every_pair_of_marks() {
    for gathering in [true, false] {
        for high in 0..=24 {
            for low in [0, 1, high / 2, high] {
                let marks = Watermarks::new(low.min(high), high);
                for threshold in [0, 3, 1024] {
                    let options = Builder::new().watermarks(marks).coalesce_threshold(threshold);
                    let mut rig = Rig::with_options(&options, Scripted::new(gathering, []));
                    let mut random = fastrand::Rng::with_seed(high as u64);
                    for round in 1..30_u8 {
                        rig.inner.script((0..3).flat_map(|_| [Pending, Take(random.usize(1..12))]));
                        let long = [round; 30];
                        match round % 4 {
                            0 => write_all(&mut rig, &[&long[..random.usize(1..30)]]),
                            1 => write_all(&mut rig, &[b"ab", b"", &long[..7], &long]),
                            2 => drop(rig.try_send(vec![round; 5])),
                            _ => drop(rig.flush()),
                        }
                    }
                    while rig.flush() != READY {}
                    assert_eq!(rig.inner.wire(), rig.sent());
                }
            }
        }
    }
}

/// Slices of all lengths beside the edges at which they are treated otherwise, over an inner writer that
/// is often pending.
#[test]
fn large_writes_keep_their_promises() {
    let edges = [1, 511, 1024, 16_383, 16_384, 32_767, 32_768, 65_536, 70_000];
    let seed = fastrand::u64(..);
    println!("seed {seed}");
    let mut random = fastrand::Rng::with_seed(seed);
    for _ in 0..300 {
        let mut edge = || edges[random.usize(..edges.len())] + random.usize(..3);
        let marks = Watermarks::with_high(edge());
        let options = Builder::new().watermarks(marks).coalesce_threshold(random.usize(..100));
        let mut rig = Rig::with_options(&options, Scripted::new(random.bool(), []));
        for round in 1..20_u8 {
            for _ in 0..random.usize(..4) {
                rig.inner.script([Pending, Take(random.usize(1..50_000))]);
            }
            let slices: Vec<Vec<u8>> = (0..random.usize(1..4))
                .map(|_| vec![round; edges[random.usize(..edges.len())]])
                .collect();
            match random.u8(..4) {
                0 => (0..100).for_each(|_| drop(rig.try_send(vec![round; 600]))),
                1 => drop(rig.flush()),
                _ => write_all(&mut rig, &slices.iter().map(Vec::as_slice).collect::<Vec<_>>()),
            }
        }
        while rig.flush() != READY {}
        assert!(rig.inner.wire() == rig.sent());
    }
}
