use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Buf;
use flow_controlled_writer::FlowControlledWriter;
use tokio::io::AsyncWrite;

use crate::support::Task;

/// Panics in every write.
struct Panicking;

#[test]
fn a_panic_of_the_inner_writer_leaves_the_queue_as_it_was() {
    let mut writer = FlowControlledWriter::new(Panicking);
    writer.try_send("unsent").expect("open");
    for _ in 0..2 {
        let task = Task::new();
        let flushed = catch_unwind(AssertUnwindSafe(|| task.poll_once(writer.flush())));
        assert!(flushed.is_err());
        assert_eq!(writer.buffer_size(), 6);
    }
    assert_eq!(writer.into_parts().queue.copy_to_bytes(6), "unsent");
}

impl AsyncWrite for Panicking {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, _: &[u8]) -> Poll<io::Result<usize>> {
        panic!("on purpose")
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
