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

/// The slice must wait for every chunk, also where one gather cannot hold them all. Such a gather
/// leaves one slice out, as in the queue the slices may be one piece more.
#[test]
fn a_large_slice_never_overtakes_a_long_queue() {
    for (chunks, expected) in
        [(126, vec![127]), (127, vec![127, 1]), (128, vec![128, 1]), (255, vec![128, 127, 1])]
    {
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
        assert_eq!(slices, expected);
        assert_eq!(rig.inner.wire(), rig.sent());
    }
}

/// The caller comes with the rest, which is copied then if it is little and fits.
#[test]
fn what_is_not_taken_of_a_large_slice_is_left_to_the_caller() {
    for left in [1, LARGE - 1, LARGE] {
        let mut rig = default_rig([Take(6 + 100_000 - left), Pending]);
        rig.queue(["queued"]);
        assert_eq!(rig.write(&vec![2; 100_000]), wrote(100_000 - left));
        assert_eq!(rig.inner.take_log().len(), 1);
        assert_eq!(rig.writer.buffer_size(), 0);
        rig.finish();
    }
    let mut rig = Rig::gathering((0, 10), [Take(3 + 4)]);
    rig.queue(["abc"]);
    assert_eq!(rig.write(b"defghijklmnopqr"), wrote(4));
    assert_eq!(rig.writer.buffer_size(), 0);
}

/// It may be taken by the next call, and a copy is as dear as that.
#[test]
fn a_short_write_within_the_queue_looks_again() {
    let mut rig = default_rig([Take(4)]);
    rig.queue(["queued"]);
    assert_eq!(rig.write(&vec![2; 100_000]), wrote(100_000));
    assert_eq!(
        rig.inner.take_log(),
        [Gather(vec![6, 100_000], Take(4)), Gather(vec![2, 100_000], Take(100_002))]
    );
}

/// 64 KiB of each slice were copied for a peer that takes nothing.
#[test]
fn a_slice_without_room_is_not_copied_while_the_inner_writer_is_pending() {
    for length in [LARGE - 1, LARGE, 100_000] {
        let mut rig = default_rig([Pending, Pending]);
        rig.queue([vec![1; 65_000]]);
        let slice = vec![2; length];
        for _ in 0..2 {
            assert_eq!(rig.write(&slice), Poll::Pending);
            assert!(!rig.writer.is_paused(), "there is room for a shorter one");
            assert_eq!(rig.writer.buffer_size(), 65_000);
            assert!(rig.inner.wake());
        }
        let offers = vec![Gather(vec![65_000, length], Pending); 2];
        assert_eq!(rig.inner.take_log(), offers);
        assert_eq!(rig.write(&slice), wrote(length));
        rig.finish();
    }
}

#[test]
fn a_large_slice_that_fits_is_copied_when_the_inner_writer_is_pending() {
    let mut rig = default_rig([Pending]);
    rig.queue([vec![1; 20_000]]);
    assert_eq!(rig.write(&vec![2; LARGE]), wrote(LARGE));
    assert_eq!(rig.inner.take_log(), [Gather(vec![20_000, LARGE], Pending)]);
    assert_eq!((rig.writer.buffer_size(), rig.writer.is_paused()), (20_000 + LARGE, false));
    rig.finish();
}

/// It was promised: between two calls for the same slice the budget, or new marks, may pause the writer.
#[test]
fn a_slice_that_was_offered_is_offered_again_also_if_the_writer_is_paused_since() {
    let mut rig = default_rig([Pending, Take(10), Pending, Take(4 + 7)]);
    rig.queue([vec![1; 14]]);
    let slice = vec![2; 100_000];
    assert_eq!(rig.write(&slice), Poll::Pending);
    rig.writer.set_watermarks(Watermarks::new(0, 13));
    assert!(rig.writer.is_paused());
    assert_eq!(rig.write(&slice), Poll::Pending);
    assert_eq!(
        rig.inner.take_log(),
        [
            Gather(vec![14, 100_000], Pending),
            Gather(vec![14, 100_000], Take(10)),
            Write(4, Pending)
        ],
        "something was taken, so that nothing is promised, and the writer is still paused"
    );
    assert_eq!(rig.write(&slice), wrote(100_000));
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
    let slices: [&[u8]; 5] = [b"", b"defg", b"", b"hijk", b"lmnopqrstu"];
    rig.queue(["abc"]);
    assert_eq!(rig.write_vectored(&slices), wrote(5));
    assert_eq!(rig.inner.take_log(), [Gather(vec![3, 4, 4, 10], Take(8))]);
    assert_eq!(rig.writer.buffer_size(), 0);
    assert_eq!(rig.inner.wire(), b"abcdefgh");
}

#[test]
fn many_slices_are_gathered_as_far_as_a_call_holds() {
    for queued in [0, 1, 63, 64, 70, 127, 128, 200] {
        let mut rig = Rig::gathering((0, 210), []);
        rig.queue((0..queued).map(|index| vec![index]));
        let slices: Vec<[u8; 1]> = (0..250).map(|index| [index as u8]).collect();
        let slices: Vec<&[u8]> = slices.iter().map(<[u8; 1]>::as_slice).collect();
        assert!(matches!(rig.write_vectored(&slices), Poll::Ready(Ok(1..250))));
        for call in rig.inner.take_log() {
            assert!(matches!(&call, Gather(slices, _) if slices.len() >= 127), "{call:?}");
        }
        assert_eq!(rig.writer.buffer_size(), 0);
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
                rig.give_up_write();
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
    assert_eq!(rig.write(&vec![1; LARGE]), Poll::Pending);
    assert_eq!(rig.inner.take_log(), [Write(9, Take(5)), Gather(vec![4, LARGE], Pending)]);
    assert_eq!(rig.writer.buffer_size(), 4);
    assert_eq!(rig.write(&vec![1; LARGE]), wrote(LARGE));
    let log = [Gather(vec![4, LARGE], Take(1)), Gather(vec![3, LARGE], Take(3 + LARGE))];
    assert_eq!(rig.inner.take_log(), log);
}

fn default_rig(script: impl IntoIterator<Item = crate::support::Answer>) -> Rig {
    Rig::with_options(&Builder::new(), Scripted::gathering(script))
}

fn wrote(count: usize) -> Outcome<usize> {
    Poll::Ready(Ok(count))
}
