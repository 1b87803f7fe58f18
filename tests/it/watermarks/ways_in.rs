//! Every way in is subject to the same check: `writelines` was once not, and filled the memory.
use std::io::IoSlice;

use bytes::Bytes;
use futures::{SinkExt, StreamExt, stream};
use tokio::io::AsyncWriteExt;

use crate::support::Answer::{Pending, Take};
use crate::support::Rig;

const ITEM: &[u8] = b"seven b";

/// Polls once to send an item, as one or as slices.
type WayIn = fn(&mut Rig);

const WAYS_IN: [(&str, WayIn); 9] = [
    ("try_send", |rig| drop(rig.writer.try_send(ITEM))),
    ("feed", |rig| drop(rig.task.poll_once(rig.writer.feed(item())))),
    ("send", |rig| drop(rig.task.poll_once(rig.writer.send(item())))),
    ("send_all", |rig| {
        let mut items = stream::iter([Ok(item())]);
        drop(rig.task.poll_once(rig.writer.send_all(&mut items)));
    }),
    ("forward", |rig| {
        // Without its end, which would close the writer.
        let items = stream::iter([Ok(item())]).chain(stream::pending());
        drop(rig.task.poll_once(items.forward(&mut rig.writer)));
    }),
    ("write", |rig| drop(rig.task.poll_once(rig.writer.write(ITEM)))),
    ("write_vectored", |rig| {
        let slices = [IoSlice::new(&ITEM[..3]), IoSlice::new(&ITEM[3..])];
        drop(rig.task.poll_once(rig.writer.write_vectored(&slices)));
    }),
    ("write_all", |rig| drop(rig.task.poll_once(rig.writer.write_all(ITEM)))),
    ("write_buf", |rig| {
        let mut source = ITEM;
        drop(rig.task.poll_once(rig.writer.write_buf(&mut source)));
    }),
];

#[test]
fn every_way_in_counts_the_same_and_is_bounded() {
    for (name, way_in) in WAYS_IN {
        let mut rig = Rig::gathering((10, 30), []);
        rig.inner.otherwise(Pending);
        for round in 1..=4 {
            way_in(&mut rig);
            assert_eq!(rig.writer.buffer_size(), (7 * round).min(30), "{name}, item {round}");
            assert!(!rig.writer.is_paused(), "{name}, item {round}");
        }
        // An item comes in whole and pauses. Slices never exceed the mark: they wait for the room.
        let size = if name.contains("write") { 28 } else { 35 };
        for _ in 0..5 {
            way_in(&mut rig);
            assert_eq!(rig.writer.buffer_size(), size, "{name}");
        }
        assert_eq!(rig.writer.is_paused(), size > 30, "{name}");
        assert_eq!(rig.writer.stats().pauses, u64::from(size > 30), "{name}");
        rig.inner.script([Take(6), Pending]);
        let _ = rig.task.poll_once(rig.writer.ready());
        way_in(&mut rig);
        assert_eq!(rig.writer.buffer_size(), 29, "{name}: 6 are gone, and a slice fits now");
    }
}

#[test]
fn every_way_in_waits_for_the_low_mark() {
    for (name, way_in) in WAYS_IN {
        let mut rig = Rig::gathering((10, 30), []);
        rig.inner.otherwise(Pending);
        rig.writer.try_send(vec![1; 31]).expect("not paused");
        way_in(&mut rig);
        assert_eq!(rig.writer.buffer_size(), 31, "{name}");
        rig.inner.script([Take(20), Pending]);
        let _ = rig.task.poll_once(rig.writer.ready());
        assert_eq!(rig.writer.buffer_size(), 11, "{name}");
        way_in(&mut rig);
        assert_eq!(rig.writer.buffer_size(), 11, "{name}");
        rig.inner.script([Take(1), Pending]);
        let _ = rig.task.poll_once(rig.writer.ready());
        assert_eq!(rig.writer.buffer_size(), 10, "{name}");
        way_in(&mut rig);
        assert_eq!(rig.writer.buffer_size(), 17, "{name}");
    }
}

#[test]
fn every_way_in_is_closed_by_a_shutdown() {
    for (name, way_in) in WAYS_IN {
        let mut rig = Rig::gathering((10, 30), []);
        let _ = rig.task.poll_once(rig.writer.shutdown());
        rig.inner.take_log();
        way_in(&mut rig);
        assert_eq!(rig.writer.buffer_size(), 0, "{name}");
        assert_eq!(rig.writer.stats().enqueued_bytes, 0, "{name}");
        assert_eq!(rig.inner.take_log(), [], "{name}");
    }
}

fn item() -> Bytes {
    Bytes::from_static(ITEM)
}
