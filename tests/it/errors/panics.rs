use std::io::{self, ErrorKind};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::{Buf, Bytes};
use flow_controlled_writer::{Builder, FlowControlledWriter, MemoryBudget, Watermarks};
use tokio::io::AsyncWrite;

use crate::support::Task;

/// Panics in every write, unless it is told to wait.
#[derive(Default)]
struct Panicking {
    waits: bool,
}

/// Nobody knows what it had taken by then. Where the panic is caught the writer does not go on.
#[test]
fn a_panic_of_the_inner_writer_fails_the_writer_and_leaves_the_queue_as_it_was() {
    let mut writer = FlowControlledWriter::new(Panicking::default());
    writer.try_send("unsent").expect("open");
    let task = Task::new();
    let flushed = catch_unwind(AssertUnwindSafe(|| task.poll_once(writer.flush())));
    assert!(flushed.is_err());
    for _ in 0..2 {
        let flushed = task.poll_once(writer.flush());
        assert!(matches!(flushed, Poll::Ready(Err(error)) if error.kind() == ErrorKind::Other));
        assert!(writer.try_send("late").is_err_and(|error| error.is_closed()));
        assert!(writer.is_closed());
        assert_eq!(writer.buffer_size(), 6);
    }
    assert_eq!(writer.into_parts().queue.copy_to_bytes(6), "unsent");
}

/// A task that waits for the writer elsewhere would wait for ever.
#[test]
fn a_panic_wakes_the_task_that_waits_for_the_writer() {
    let marks = Watermarks::new(0, 1);
    let mut writer = FlowControlledWriter::with_watermarks(Panicking::default(), marks);
    writer.get_mut().waits = true;
    writer.try_send("unsent").expect("open");
    let (waiting, polling) = (Task::new(), Task::new());
    assert!(waiting.poll_once(writer.ready()).is_pending());
    writer.get_mut().waits = false;
    assert!(catch_unwind(AssertUnwindSafe(|| polling.poll_once(writer.drain()))).is_err());
    assert_eq!(waiting.take_wakes(), 1);
}

/// The memory behind a chunk, which panics when it is let go of.
struct Owner;

impl AsRef<[u8]> for Owner {
    fn as_ref(&self) -> &[u8] {
        b"owned"
    }
}

impl Drop for Owner {
    fn drop(&mut self) {
        panic!("on purpose")
    }
}

/// The chunk was written, counted and then dropped. A task catches the panic: the bytes must not go out
/// again, and the count is exact.
#[test]
fn a_panic_of_what_owns_a_chunk_fails_the_writer_and_sends_no_byte_twice() {
    let budget = MemoryBudget::new(100);
    let options = Builder::new().coalesce_threshold(0).budget(budget.clone());
    let mut writer = options.build(Vec::new());
    writer.try_send(Bytes::from_owner(Owner)).expect("open");
    writer.try_send("more").expect("open");
    let task = Task::new();
    let flushed = catch_unwind(AssertUnwindSafe(|| task.poll_once(writer.flush())));
    assert!(flushed.is_err());
    let written = writer.get_ref().len();
    assert_eq!(writer.buffer_size(), 9 - written);
    assert_eq!(budget.used(), writer.buffer_size());
    assert_eq!(writer.stats().written_bytes, written as u64);
    let flushed = task.poll_once(writer.flush());
    assert!(matches!(flushed, Poll::Ready(Err(error)) if error.kind() == ErrorKind::Other));
    assert_eq!(writer.get_ref().len(), written);
}

#[test]
fn an_abort_whose_chunks_panic_ends_and_a_second_one_too() {
    let budget = MemoryBudget::new(100);
    let options = Builder::new().coalesce_threshold(0).budget(budget.clone());
    let mut writer = options.build(Vec::new());
    writer.try_send(Bytes::from_owner(Owner)).expect("open");
    assert!(catch_unwind(AssertUnwindSafe(|| writer.abort())).is_err());
    assert_eq!((writer.abort(), writer.buffer_size(), budget.used()), (0, 0, 0));
    assert!(writer.try_send("late").is_err_and(|error| error.is_closed()));
    let shut = Task::new().poll_once(writer.shutdown());
    assert!(matches!(shut, Poll::Ready(Ok(()))));
    assert_eq!(writer.get_ref(), b"");
}

impl AsyncWrite for Panicking {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, _: &[u8]) -> Poll<io::Result<usize>> {
        assert!(self.waits, "on purpose");
        Poll::Pending
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
