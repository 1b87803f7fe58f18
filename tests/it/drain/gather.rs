use std::task::Poll;

use bytes::Bytes;
use flow_controlled_writer::Builder;

use crate::support::Answer::{Pending, Take};
use crate::support::Call::{Gather, Write};
use crate::support::{READY, Rig, Scripted};

#[test]
fn one_chunk_goes_out_by_a_plain_write() {
    for chunk in [4, 1023, 1024, 70_000] {
        let mut rig = Rig::with_options(&Builder::new(), Scripted::gathering([]));
        rig.queue([vec![1; chunk]]);
        assert_eq!(rig.drain(), READY);
        assert_eq!(rig.inner.take_log(), [Write(chunk, Take(chunk))]);
    }
}

#[test]
fn merged_chunks_go_out_by_a_plain_write() {
    let mut rig = Rig::with_options(&Builder::new(), Scripted::gathering([]));
    rig.queue(["one", "two", "three"]);
    assert_eq!(rig.writer.queued_chunks(), 1);
    assert_eq!(rig.drain(), READY);
    assert_eq!(rig.inner.take_log(), [Write(11, Take(11))]);
}

#[test]
fn what_is_left_as_one_chunk_goes_out_by_a_plain_write() {
    let mut rig = Rig::gathering((0, 100), [Take(6)]);
    rig.queue(["first", "second"]);
    assert_eq!(rig.drain(), READY);
    assert_eq!(rig.inner.take_log(), [Gather(vec![5, 6], Take(6)), Write(5, Take(5))]);
}

#[test]
fn kept_chunks_are_offered_in_place_and_in_order() {
    let chunks = [1024, 5000, 2000].map(|length| Bytes::from(vec![length as u8; length]));
    let mut rig = Rig::with_options(&Builder::new(), Scripted::gathering([Take(1030)]));
    rig.queue(chunks.clone());
    assert_eq!(rig.drain(), READY);
    assert_eq!(
        rig.inner.take_log(),
        [Gather(vec![1024, 5000, 2000], Take(1030)), Gather(vec![4994, 2000], Take(6994))]
    );
    let address = chunks.map(|chunk| chunk.as_ptr() as usize);
    assert_eq!(rig.inner.take_addresses(), [&address[..], &[address[1] + 6, address[2]]]);
}

#[test]
fn a_small_chunk_is_copied_so_that_its_allocation_is_not_kept() {
    let large = Bytes::from(vec![1; 4000]);
    let mut rig = Rig::with_options(&Builder::new(), Scripted::gathering([]));
    rig.queue([large.slice(..1023), large.slice(..1024)]);
    assert_eq!(rig.drain(), READY);
    let offered = rig.inner.take_addresses().concat();
    assert_ne!(offered[0], large.as_ptr() as usize);
    assert_eq!(offered[1], large.as_ptr() as usize);
}

#[test]
fn as_many_chunks_as_a_call_holds_take_one_call_and_one_more_takes_two() {
    let full = || Gather(vec![3; 128], Take(384));
    for (chunks, calls) in [
        (65, vec![Gather(vec![3; 65], Take(195))]),
        (128, vec![full()]),
        (129, vec![full(), Write(3, Take(3))]),
        (130, vec![full(), Gather(vec![3; 2], Take(6))]),
        (256, vec![full(), full()]),
    ] {
        let mut rig = Rig::gathering((0, 10_000), []);
        rig.queue((0..chunks).map(|index| vec![index as u8; 3]));
        assert_eq!(rig.drain(), READY);
        assert_eq!(rig.inner.take_log(), calls, "{chunks} chunks");
    }
}

#[test]
fn a_chunk_that_is_half_gone_counts_as_one_slice() {
    let mut rig = Rig::gathering((0, 10_000), [Take(4), Pending]);
    rig.queue([[9_u8; 3].as_slice(); 140]);
    assert_eq!(rig.drain(), Poll::Pending);
    let rest = [vec![2], vec![3; 127]].concat();
    assert_eq!(rig.inner.take_log(), [Gather(vec![3; 128], Take(4)), Gather(rest, Pending)]);
}

/// A queue of more chunks than the system takes in one call broke the connection.
#[test]
fn thousands_of_chunks_never_exceed_the_slices_of_a_call() {
    let mut rig = Rig::gathering((0, usize::MAX), []);
    rig.queue((0..5000_u32).map(|index| index.to_be_bytes().to_vec()));
    while rig.drain().is_pending() {
        assert_eq!(rig.task.take_wakes(), 1);
    }
    let log = rig.inner.take_log();
    assert_eq!(log.len(), 5000_usize.div_ceil(128));
    for call in log {
        assert!(matches!(&call, Gather(slices, _) if slices.len() <= 128), "{call:?}");
    }
    assert_eq!(rig.inner.wire(), rig.sent());
}

#[test]
fn a_gather_joins_kept_and_merged_chunks() {
    let options = Builder::new().coalesce_threshold(5);
    let mut rig = Rig::with_options(&options, Scripted::gathering([]));
    rig.queue(["ab", "cd"]);
    rig.queue([vec![5; 2000], vec![6; 3000]]);
    rig.queue(["e", "f"]);
    assert_eq!(rig.write(b"ghi"), Poll::Ready(Ok(3)));
    assert_eq!(rig.writer.queued_chunks(), 4);
    assert_eq!(rig.drain(), READY);
    assert_eq!(rig.inner.take_log(), [Gather(vec![4, 2000, 3000, 5], Take(5009))]);
    assert_eq!(rig.inner.wire(), rig.sent());
}
