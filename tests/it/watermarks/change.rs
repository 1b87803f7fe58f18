use std::task::Poll;

use flow_controlled_writer::{TrySendError, Watermarks};

use crate::support::Answer::{Pending, Take};
use crate::support::{READY, Rig};

/// Raising the marks did not resume a writer that had paused under the old ones.
#[test]
fn new_marks_pause_and_resume_at_once() {
    let mut rig = Rig::gathering((128, 1024), []);
    rig.queue([vec![1; 512]]);
    assert!(!rig.writer.is_paused());

    rig.writer.set_watermarks(Watermarks::new(128, 256));
    assert!(rig.writer.is_paused());
    assert_eq!((rig.writer.bytes_until_pause(), rig.writer.bytes_until_resume()), (0, 384));
    assert_eq!(rig.try_send("x"), Err(TrySendError::Full("x".into())));

    rig.writer.set_watermarks(Watermarks::new(512, 1024));
    assert!(!rig.writer.is_paused());
    assert_eq!((rig.writer.bytes_until_pause(), rig.writer.bytes_until_resume()), (513, 0));
    assert_eq!(rig.ready(), READY);
    assert_eq!(rig.inner.take_log(), []);
    assert_eq!(rig.writer.stats().pauses, 1);
    assert_eq!(rig.writer.watermarks(), Watermarks::new(512, 1024));
}

#[test]
fn new_marks_around_the_size_keep_the_state() {
    for paused in [false, true] {
        let mut rig = Rig::gathering(if paused { (0, 511) } else { (0, 512) }, []);
        rig.queue([vec![1; 512]]);
        assert_eq!(rig.writer.is_paused(), paused);
        for marks in [(511, 512), (0, 600), (100, 512)] {
            rig.writer.set_watermarks(Watermarks::new(marks.0, marks.1));
            assert_eq!(rig.writer.is_paused(), paused, "{marks:?}");
        }
    }
}

/// The state that one pair of marks leads to is where the next pair starts from.
#[test]
fn each_change_of_the_marks_leaves_its_state() {
    let mut rig = Rig::gathering((128, 1024), []);
    rig.queue([vec![1; 512]]);
    rig.writer.set_watermarks(Watermarks::new(128, 256));
    assert_eq!(rig.writer.stats().pauses, 1);
    rig.writer.set_watermarks(Watermarks::new(128, 1024));
    assert!(rig.writer.is_paused(), "512 is between the marks");
    rig.writer.set_watermarks(Watermarks::new(512, 1024));
    rig.writer.set_watermarks(Watermarks::new(128, 1024));
    assert!(!rig.writer.is_paused(), "512 is between the marks");
    assert_eq!(rig.try_send("x"), Ok(()));
    assert_eq!(rig.writer.stats().pauses, 1);
}

#[test]
fn a_writer_that_waits_is_ready_after_the_marks_were_raised() {
    let mut rig = Rig::gathering((5, 10), [Pending]);
    rig.queue([vec![1; 20]]);
    assert_eq!(rig.ready(), Poll::Pending);
    rig.writer.set_watermarks(Watermarks::new(20, 20));
    assert_eq!(rig.ready(), READY);
    assert_eq!(rig.writer.buffer_size(), 20);
}

#[test]
fn lower_marks_do_not_cut_what_is_queued() {
    let mut rig = Rig::gathering((50, 100), [Take(95), Pending]);
    rig.queue([vec![1; 100]]);
    rig.writer.set_watermarks(Watermarks::new(0, 0));
    assert!(rig.writer.is_paused());
    assert_eq!(rig.writer.buffer_size(), 100);
    assert_eq!(rig.ready(), Poll::Pending);
    assert_eq!(rig.writer.bytes_until_resume(), 5);
    assert_eq!(rig.ready(), READY);
}

#[test]
fn marks_that_never_pause_resume_any_size() {
    let mut rig = Rig::gathering((0, 0), []);
    rig.queue([vec![1; 5000]]);
    assert!(rig.writer.is_paused());
    rig.writer.set_watermarks(Watermarks::new(usize::MAX, usize::MAX));
    assert!(!rig.writer.is_paused());
    assert_eq!(rig.try_send(vec![2; 5000]), Ok(()));
}

#[test]
fn marks_may_change_on_an_empty_writer() {
    let mut rig = Rig::gathering((0, 0), []);
    rig.writer.set_watermarks(Watermarks::new(1, 2));
    assert_eq!(rig.writer.bytes_until_pause(), 3);
    rig.writer.set_watermarks(Watermarks::new(0, 0));
    assert!(!rig.writer.is_paused());
    assert_eq!(rig.writer.bytes_until_pause(), 1);
}
