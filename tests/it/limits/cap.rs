use std::io::ErrorKind;
use std::task::Poll;

use bytes::{Buf, Bytes};
use flow_controlled_writer::{Builder, TrySendError, Watermarks};

use crate::support::Answer::Pending;
use crate::support::{READY, Rig, Scripted, failed};

/// A writer with the given marks and cap whose inner writer takes nothing until told.
fn capped((low, high): (usize, usize), cap: usize) -> Rig {
    let options = Builder::new()
        .watermarks(Watermarks::new(low, high))
        .max_buffer_size(cap)
        .coalesce_threshold(0);
    let rig = Rig::with_options(&options, Scripted::gathering([]));
    rig.inner.otherwise(Pending);
    rig
}

#[test]
fn try_send_returns_a_chunk_over_the_cap_and_takes_one_up_to_it() {
    let mut rig = capped((0, 10), 20);
    rig.try_send("123456789").expect("within the cap");
    let refused = rig.try_send("123456789012");
    assert_eq!(refused, Err(TrySendError::Full(Bytes::from("123456789012"))));
    rig.try_send("12345678901").expect("exactly the cap");
    assert_eq!(rig.writer.buffer_size(), 20);
    assert_eq!(rig.finish().copy_to_bytes(20), "12345678912345678901");
}

#[test]
fn start_send_over_the_cap_is_storage_full_and_leaves_the_stream_intact() {
    let mut rig = capped((0, 10), 12);
    rig.queue(["12345", "67890"]);
    let error = rig.start_send("abc").expect_err("over the cap");
    assert_eq!(error.kind(), ErrorKind::StorageFull);
    let source = error.downcast::<TrySendError>().expect("the chunk is inside");
    assert_eq!(source, TrySendError::Full(Bytes::from("abc")));
    rig.queue(["ab"]);
    assert_eq!(rig.finish().copy_to_bytes(12), "1234567890ab");
}

#[test]
fn an_item_larger_than_the_cap_is_returned_however_empty_the_writer_is() {
    let mut rig = capped((0, 10), 4);
    assert_eq!(rig.ready(), READY);
    assert_eq!(rig.start_send("12345").expect_err("over the cap").kind(), ErrorKind::StorageFull);
    assert_eq!(rig.ready(), READY);
    rig.queue(["1234"]);
}

#[test]
fn borrowed_bytes_fill_the_buffer_to_a_cap_below_high_and_then_wait() {
    let mut rig = capped((30, 100), 50);
    assert_eq!(rig.write(&[1; 80]), Poll::Ready(Ok(50)));
    assert_eq!(rig.write(&[2; 1]), Poll::Pending);
    assert!(rig.writer.is_paused());
    assert_eq!(rig.writer.bytes_until_resume(), 20);
    assert_eq!(rig.writer.watermarks(), Watermarks::new(30, 100));
}

#[test]
fn a_cap_of_zero_refuses_every_chunk_and_writes_borrowed_bytes_through() {
    let mut rig = capped((0, 10), 0);
    assert!(rig.try_send("a").is_err_and(|error| error.is_full()));
    assert_eq!(rig.try_send(""), Ok(()));
    assert_eq!(rig.write(b"abc"), Poll::Pending);
    rig.inner.otherwise(crate::support::Answer::Take(2));
    assert_eq!(rig.write(b"abc"), Poll::Ready(Ok(2)));
    assert_eq!(rig.inner.wire(), b"ab");
}

#[test]
fn a_length_that_overflows_the_size_is_over_any_cap() {
    let mut rig = capped((0, 10), usize::MAX - 1);
    rig.queue(["1"]);
    assert_eq!(rig.writer.bytes_until_pause(), 10);
    assert_eq!(rig.flush(), Poll::Pending);
    rig.inner.otherwise(crate::support::Answer::Fail(ErrorKind::BrokenPipe));
    assert_eq!(rig.flush(), failed(ErrorKind::BrokenPipe));
}
