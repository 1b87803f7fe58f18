use std::task::Poll;

use flow_controlled_writer::{Builder, Watermarks};

use crate::support::Answer::{Done, Pending, Take};
use crate::support::Call::{Flush, Gather, Shutdown, Write};
use crate::support::{READY, Rig, Scripted};

/// The size was the sum over the whole queue, made anew for every write.
#[test]
fn size_counts_every_chunk_that_waits() {
    for threshold in [0, 1024] {
        let mut rig = endless(threshold);
        rig.inner.otherwise(Pending);
        for index in 1..=10_000 {
            rig.queue([[7_u8; 32].as_slice()]);
            assert_eq!(rig.writer.buffer_size(), 32 * index);
            if index % 1000 == 0 {
                assert_eq!(rig.flush(), Poll::Pending);
                assert_eq!(rig.writer.buffer_size(), 32 * index);
            }
        }
        assert!(!rig.writer.is_paused());
        assert_eq!(rig.writer.bytes_until_pause(), usize::MAX - 320_000 + 1);
        assert_eq!(rig.writer.stats().write_calls, 10);
        rig.finish();
    }
}

#[test]
fn size_falls_with_every_byte_that_leaves() {
    for threshold in [0, 1024] {
        let mut rig = endless(threshold);
        rig.queue([[1_u8; 48]; 5].map(|chunk| chunk.to_vec()));
        for left in (0..240).rev() {
            rig.inner.script([Take(1), Pending]);
            assert_eq!(rig.drain().is_ready(), left == 0);
            assert_eq!(rig.writer.buffer_size(), left);
        }
        assert_eq!(rig.writer.queued_chunks(), 0);
    }
}

#[test]
fn size_is_exact_between_a_partial_write_and_pending() {
    for gathering in [true, false] {
        let options = Builder::new().watermarks(Watermarks::new(0, 20));
        let script = [Take(11), Pending, Take(4), Pending];
        let mut rig = Rig::with_options(&options, Scripted::new(gathering, script));
        rig.queue(["twelve bytes", "and eleven."]);
        assert_eq!(rig.flush(), Poll::Pending);
        assert_eq!(rig.writer.buffer_size(), 12);
        assert_eq!(rig.ready(), Poll::Pending);
        assert_eq!(rig.writer.buffer_size(), 8);
        assert_eq!(rig.flush(), READY);
        assert_eq!(rig.writer.buffer_size(), 0);
    }
}

/// An empty chunk at the front made the writer take `Ok(0)` for a broken peer, or close for ever.
#[test]
fn empty_chunks_are_accepted_and_leave_no_trace() {
    for gathering in [true, false] {
        let options = Builder::new().coalesce_threshold(0).watermarks(Watermarks::new(0, 100));
        let mut rig = Rig::with_options(&options, Scripted::new(gathering, []));
        rig.queue(["", "", "ab", "", "cd", ""]);
        assert_eq!(rig.try_send(""), Ok(()));
        assert_eq!((rig.writer.buffer_size(), rig.writer.queued_chunks()), (4, 2));
        assert_eq!(rig.write(b""), Poll::Ready(Ok(0)));
        assert_eq!(rig.write_vectored(&[b"", b""]), Poll::Ready(Ok(0)));
        assert_eq!(rig.write_vectored(&[]), Poll::Ready(Ok(0)));
        assert_eq!(rig.inner.take_log(), []);
        assert_eq!(rig.flush(), READY);
        let write = if gathering { Gather(vec![2, 2], Take(4)) } else { Write(4, Take(4)) };
        assert_eq!(rig.inner.take_log(), [write, Flush(Done)]);
    }
}

#[test]
fn empty_chunks_alone_cause_no_write() {
    let mut rig = Rig::gathering((0, 0), []);
    rig.queue(["", ""]);
    assert_eq!(rig.try_send(""), Ok(()));
    assert!(!rig.writer.is_paused());
    assert_eq!((rig.writer.buffer_size(), rig.writer.queued_chunks()), (0, 0));
    assert_eq!(rig.ready(), READY);
    assert_eq!(rig.drain(), READY);
    assert_eq!(rig.inner.take_log(), []);
    assert_eq!(rig.flush(), READY);
    assert_eq!(rig.shutdown(), READY);
    assert_eq!(rig.inner.take_log(), [Flush(Done), Flush(Done), Shutdown(Done)]);
    assert_eq!(rig.writer.stats().write_calls, 0);
}

#[test]
fn an_empty_chunk_is_accepted_also_while_paused() {
    let mut rig = Rig::gathering((0, 2), []);
    rig.queue(["abc"]);
    assert!(rig.writer.is_paused());
    assert_eq!(rig.try_send(""), Ok(()));
    assert_eq!(rig.write(b""), Poll::Ready(Ok(0)));
    assert_eq!((rig.writer.buffer_size(), rig.writer.queued_chunks()), (3, 1));
    assert_eq!(rig.inner.take_log(), []);
}

#[test]
fn nothing_is_written_when_nothing_was_sent() {
    let mut rig = Rig::gathering((0, 100), []);
    assert_eq!(rig.ready(), READY);
    assert_eq!(rig.drain(), READY);
    assert_eq!(rig.flush(), READY);
    assert_eq!(rig.inner.take_log(), [Flush(Done)]);
    assert_eq!(rig.writer.stats(), Default::default());
}

fn endless(threshold: usize) -> Rig {
    let marks = Watermarks::new(0, usize::MAX);
    let options = Builder::new().watermarks(marks).coalesce_threshold(threshold);
    Rig::with_options(&options, Scripted::gathering([]))
}
