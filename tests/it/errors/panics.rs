use std::io::{self, ErrorKind};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};

use bytes::{Buf, Bytes};
use flow_controlled_writer::{Builder, FlowControlledWriter, MemoryBudget, Watermarks};
use futures::Sink;
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

/// A small chunk is copied and its owner dropped at once, which panics. The copy counted in the size, but
/// not in the budget nor as a pause, until the next call.
#[test]
fn a_panic_of_what_owns_a_copied_chunk_finds_all_counted() {
    let sends: [fn(&mut FlowControlledWriter<Panicking>, Bytes); 3] = [
        |writer, chunk| writer.try_send(chunk).expect("not paused"),
        |writer, chunk| writer.send_now(chunk).expect("not paused"),
        |writer, chunk| Pin::new(writer).start_send(chunk).expect("not paused"),
    ];
    for send in sends {
        let budget = MemoryBudget::new(100);
        let marks = Watermarks::new(1, 3);
        let options = Builder::new().watermarks(marks).budget(budget.clone());
        let mut writer = options.build(Panicking::default());
        let owned = Bytes::from_owner(Owner);
        assert!(catch_unwind(AssertUnwindSafe(|| send(&mut writer, owned))).is_err());
        assert_eq!((writer.buffer_size(), budget.used(), writer.stats().pauses), (5, 5, 1));
    }
}

/// The memory behind a chunk, which looks at the budget when it is let go of.
struct Witness {
    budget: MemoryBudget,
    seen: Arc<AtomicUsize>,
}

impl AsRef<[u8]> for Witness {
    fn as_ref(&self) -> &[u8] {
        b"owned"
    }
}

impl Drop for Witness {
    fn drop(&mut self) {
        self.seen.store(self.budget.used(), Ordering::Relaxed);
    }
}

/// A way in which a writer ends.
type End = fn(FlowControlledWriter<Vec<u8>>);

/// However a chunk goes, its bytes have left the budget by then; one that is copied has come in.
#[test]
fn what_owns_a_chunk_finds_the_budget_exact_when_it_is_dropped() {
    let ways: [(&str, usize, usize, End); 6] = [
        ("copied", 1024, 5, drop),
        ("dropped", 0, 0, drop),
        ("dropped with the inner writer kept", 0, 0, |writer| drop(writer.into_inner())),
        ("dropped in parts", 0, 0, |writer| drop(writer.into_parts())),
        ("aborted", 0, 0, |mut writer| assert_eq!(writer.abort(), 5)),
        ("written", 0, 0, |mut writer| {
            assert!(Task::new().poll_once(writer.flush()).is_ready());
        }),
    ];
    for (way, threshold, expected, end) in ways {
        let budget = MemoryBudget::new(100);
        let seen = Arc::new(AtomicUsize::new(usize::MAX));
        let witness = Witness { budget: budget.clone(), seen: Arc::clone(&seen) };
        let options = Builder::new().coalesce_threshold(threshold).budget(budget);
        let mut writer = options.build(Vec::new());
        writer.try_send(Bytes::from_owner(witness)).expect("open");
        end(writer);
        assert_eq!(seen.load(Ordering::Relaxed), expected, "{way}");
    }
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
