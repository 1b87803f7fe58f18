use std::task::Poll;

use flow_controlled_writer::{Builder, Watermarks};

use crate::support::Answer::{Done, Fail, Pending, Take};
use crate::support::Call::{Gather, Write};
use crate::support::{Outcome, READY, Rig, Scripted, failed};

/// Bytes from which a slice is offered in place.
const LARGE: usize = 32 * 1024;

#[test]
fn a_large_slice_is_offered_in_place() {
    let mut rig = default_rig([]);
    let slice = vec![1; LARGE];
    assert_eq!(rig.write(&slice), wrote(LARGE));
    assert_eq!(rig.inner.take_log(), [Write(LARGE, Take(LARGE))]);
    assert_eq!(rig.inner.take_addresses(), [[slice.as_ptr() as usize]]);
    assert_eq!(rig.writer.buffer_size(), 0);
    let stats = rig.writer.stats();
    assert_eq!((stats.enqueued_bytes, stats.written_bytes), (LARGE as u64, LARGE as u64));
}

#[test]
fn a_slice_just_below_is_copied() {
    let mut rig = default_rig([]);
    assert_eq!(rig.write(&vec![1; LARGE - 1]), wrote(LARGE - 1));
    assert_eq!(rig.inner.take_log(), []);
    assert_eq!(rig.writer.buffer_size(), LARGE - 1);
}

#[test]
fn a_large_slice_goes_out_behind_the_queue_in_one_gather() {
    let mut rig = default_rig([]);
    rig.queue(["queued"]);
    let slice = vec![2; LARGE + 7];
    assert_eq!(rig.write(&slice), wrote(LARGE + 7));
    assert_eq!(rig.inner.take_log(), [Gather(vec![6, LARGE + 7], Take(LARGE + 13))]);
    assert_eq!(rig.inner.take_addresses()[0][1], slice.as_ptr() as usize);
    assert_eq!(rig.writer.buffer_size(), 0);
}

/// The slice must wait for every chunk, also where one gather cannot hold them all.
#[test]
fn a_large_slice_never_overtakes_a_long_queue() {
    for (chunks, last) in [(63, 64), (64, 1), (65, 2), (130, 3)] {
        let mut rig = Rig::gathering((0, 100_000), []);
        rig.queue((0..chunks).map(|index| vec![index; 3]));
        assert_eq!(rig.write(&vec![9; LARGE]), wrote(LARGE));
        let log = rig.inner.take_log();
        let slices: Vec<usize> = log
            .iter()
            .map(|call| match call {
                Write(..) => 1,
                Gather(slices, _) => slices.len(),
                other => panic!("{other:?}"),
            })
            .collect();
        let full = (usize::from(chunks) + 1 - last) / 64;
        assert_eq!(slices, [vec![64; full], vec![last]].concat());
        assert_eq!(rig.inner.wire(), rig.sent());
    }
}

#[test]
fn what_is_not_taken_of_a_large_slice_is_accepted_up_to_the_room() {
    for (taken_of_slice, accepted) in [(1, 65_537), (10_000, 75_536), (34_464, 100_000)] {
        let mut rig = default_rig([Take(6 + taken_of_slice), Pending]);
        rig.queue(["queued"]);
        assert_eq!(rig.write(&vec![2; 100_000]), wrote(accepted));
        assert_eq!(rig.inner.take_log().len(), 1, "it takes no more for now");
        assert_eq!(rig.writer.buffer_size(), accepted - taken_of_slice);
        rig.finish();
    }
}

#[test]
fn a_short_write_within_the_queue_leaves_the_room_to_the_slice() {
    let mut rig = default_rig([Take(4)]);
    rig.queue(["queued"]);
    assert_eq!(rig.write(&vec![2; 100_000]), wrote(65_534));
    assert_eq!(rig.inner.take_log(), [Gather(vec![6, 100_000], Take(4))]);
    assert_eq!((rig.writer.buffer_size(), rig.writer.is_paused()), (65_536, false));
    rig.finish();
}

#[test]
fn an_inner_writer_that_is_pending_leaves_the_room_to_the_slice() {
    let mut rig = default_rig([Pending]);
    rig.queue(["queued"]);
    assert_eq!(rig.write(&vec![2; 100_000]), wrote(65_530));
    assert_eq!(rig.writer.buffer_size(), 65_536);
    assert_eq!(rig.inner.take_log(), [Gather(vec![6, 100_000], Pending)]);

    rig.inner.script([Pending]);
    assert_eq!(rig.write(&vec![2; 100_000]), Poll::Pending);
    assert!(rig.writer.is_paused());
    assert_eq!(rig.writer.buffer_size(), 65_536);
    assert!(rig.inner.wake());
    rig.finish();
}

#[test]
fn a_slice_longer_than_the_room_goes_out_at_once_though_it_is_small() {
    let mut rig = Rig::gathering((5, 10), []);
    assert_eq!(rig.write(b"1234567"), wrote(7));
    assert_eq!(rig.inner.take_log(), []);
    assert_eq!(rig.write(b"890"), wrote(3));
    assert_eq!((rig.writer.buffer_size(), rig.writer.is_paused()), (10, false));
    assert_eq!(rig.inner.take_log(), []);

    let mut rig = Rig::gathering((5, 10), []);
    assert_eq!(rig.write(b"1234567"), wrote(7));
    assert_eq!(rig.write(b"890A"), wrote(4));
    assert_eq!(rig.inner.take_log(), [Gather(vec![7, 4], Take(11))]);
}

#[test]
fn several_slices_go_out_behind_the_queue() {
    let mut rig = Rig::gathering((0, 10), [Take(8)]);
    rig.queue(["abc"]);
    assert_eq!(rig.write_vectored(&[b"", b"defg", b"", b"hijk", b"lmnopqrstu"]), wrote(15));
    assert_eq!(rig.inner.take_log(), [Gather(vec![3, 4, 4, 10], Take(8))]);
    assert_eq!(rig.writer.buffer_size(), 10);
    assert_eq!(rig.drain(), READY);
    assert_eq!(rig.inner.wire(), b"abcdefghijklmnopqr");
}

#[test]
fn many_slices_are_gathered_as_far_as_a_call_holds() {
    for (queued, room) in [(0, 30), (1, 29), (63, 30), (64, 30), (70, 30)] {
        let mut rig = Rig::gathering((0, 100), []);
        rig.queue((0..queued).map(|index| vec![index]));
        let slices: Vec<[u8; 1]> = (0..200).map(|index| [index]).collect();
        let slices: Vec<&[u8]> = slices.iter().map(<[u8; 1]>::as_slice).collect();
        let written = rig.write_vectored(&slices);
        assert!(matches!(written, Poll::Ready(Ok(count)) if count > room), "{written:?}");
        for call in rig.inner.take_log() {
            assert!(matches!(&call, Gather(slices, _) if slices.len() == 64), "{call:?}");
        }
        assert!(rig.writer.buffer_size() <= 100);
        assert_eq!(rig.drain(), READY);
        assert_eq!(rig.inner.wire(), rig.sent());
    }
}

#[test]
fn every_cut_through_several_slices_is_accepted_exactly() {
    let slices: [&[u8]; 4] = [b"ab", b"", b"cdefg", b"hijklmnop"];
    for gathering in [true, false] {
        for high in 0..=20 {
            for taken in 1..=19 {
                let marks = Watermarks::new(0, high);
                let options = Builder::new().watermarks(marks).coalesce_threshold(0);
                let script = [Take(taken), Pending, Pending];
                let mut rig = Rig::with_options(&options, Scripted::new(gathering, script));
                rig.queue(["XYZ"]);
                let written = rig.write_vectored(&slices);
                assert!(rig.writer.buffer_size() <= high.max(3), "high {high}, taken {taken}");
                assert_eq!(written.is_pending(), rig.sent().len() == 3);
                let drained = (0..3).any(|_| rig.drain() == READY);
                assert!(drained, "high {high}, taken {taken}");
                assert_eq!(rig.inner.wire(), rig.sent());
                assert!(b"XYZabcdefghijklmnop".starts_with(rig.sent()));
            }
        }
    }
}

#[test]
fn an_error_in_front_of_a_slice_accepts_nothing_of_it() {
    let kind = std::io::ErrorKind::ConnectionReset;
    let mut rig = default_rig([Take(2), Fail(kind)]);
    rig.queue(["ab"]);
    rig.queue([vec![3; 70_000]]);
    assert_eq!(rig.write(&vec![2; 100_000]), failed(kind));
    assert_eq!(rig.writer.buffer_size(), 70_000);
    rig.finish();
}

#[test]
fn a_paused_writer_drains_to_low_before_it_looks_at_a_large_slice() {
    let mut rig = Rig::gathering((4, 8), [Take(5), Pending, Take(1), Done]);
    rig.queue(["123456789"]);
    assert_eq!(rig.write(&vec![1; LARGE]), wrote(4));
    assert_eq!(rig.inner.take_log(), [Write(9, Take(5)), Gather(vec![4, LARGE], Pending)]);
    assert_eq!(rig.writer.buffer_size(), 8);
}

fn default_rig(script: impl IntoIterator<Item = crate::support::Answer>) -> Rig {
    Rig::with_options(&Builder::new(), Scripted::gathering(script))
}

fn wrote(count: usize) -> Outcome<usize> {
    Poll::Ready(Ok(count))
}
