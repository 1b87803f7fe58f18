//! Futures that take from a buffer or a stream of the caller's.
use std::cell::Cell;
use std::pin::pin;

use bytes::{Buf, Bytes};
use futures::{SinkExt, StreamExt, stream};
use tokio::io::AsyncWriteExt;

use crate::support::Answer::{Pending, Take};
use crate::support::Rig;

#[test]
fn write_all_buf_that_is_dropped_leaves_in_its_buffer_what_was_not_accepted() {
    for polls in 1..=3 {
        let mut rig = Rig::gathering((0, 10), []);
        rig.inner.otherwise(Pending);
        let mut source = Bytes::from_static(b"0123456789abcdef");
        {
            let mut future = pin!(rig.writer.write_all_buf(&mut source));
            for _ in 0..polls {
                assert!(rig.task.poll(future.as_mut()).is_pending());
                rig.inner.script([Take(1)]);
            }
        }
        assert_eq!(source.remaining(), 16 - (polls - 1), "only what was taken has left it");
        rig.inner.otherwise(Take(100));
        assert!(rig.task.poll_once(rig.writer.write_all_buf(&mut source)).is_ready());
        assert!(rig.task.poll_once(rig.writer.flush()).is_ready());
        assert_eq!(rig.inner.wire(), b"0123456789abcdef", "dropped after {polls}");
    }
}

#[test]
fn send_all_that_is_dropped_has_lost_one_item_at_the_most() {
    let mut rig = Rig::gathering((0, 10), []);
    rig.inner.otherwise(Pending);
    let taken = Cell::new(0_u8);
    let mut items = stream::iter(b'a'..=b'z').map(|letter| {
        taken.set(letter);
        Ok(Bytes::from(vec![letter; 4]))
    });
    assert!(rig.task.poll_once(rig.writer.send_all(&mut items)).is_pending());
    assert_eq!((rig.writer.buffer_size(), taken.get()), (12, b'd'));

    rig.inner.otherwise(Take(100));
    assert!(rig.task.poll_once(rig.writer.send_all(&mut items)).is_ready());
    let letters: Vec<u8> = rig.inner.wire().chunks(4).map(|item| item[0]).collect();
    assert_eq!(letters, b"abcefghijklmnopqrstuvwxyz", "all but the one that waited for room");
}
