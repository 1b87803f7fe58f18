use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use flow_controlled_writer::{Builder, FlowControlledWriter, Watermarks};
use tokio::io::AsyncWrite;

use crate::support::Task;

/// Counts what it is offered, as the bytes are too many to keep.
struct Counting {
    gathering: bool,
    calls: Vec<usize>,
}

/// `writev` fails or cuts above `i32::MAX` on some systems. The zeroed pages are never touched.
#[test]
fn more_than_i32_max_bytes_are_never_offered_at_once() {
    const MAX: usize = i32::MAX as usize;
    let shared = Bytes::from(vec![0; MAX / 4]);
    for (gathering, calls) in [
        (true, vec![MAX, MAX, MAX / 4 * 9 - 2 * MAX]),
        (false, [vec![MAX / 4; 8], vec![MAX / 4]].concat()),
    ] {
        let mut writer = writer(gathering);
        for _ in 0..9 {
            writer.try_send(shared.clone()).expect("never paused");
        }
        drain(&mut writer);
        assert_eq!(writer.get_ref().calls, calls);
    }
}

#[test]
#[cfg(target_pointer_width = "64")]
fn one_chunk_or_slice_longer_than_i32_max_is_cut() {
    const MAX: usize = i32::MAX as usize;
    let huge = Bytes::from(vec![0; MAX + 5]);
    for gathering in [true, false] {
        let mut writer = writer(gathering);
        writer.try_send(huge.clone()).expect("never paused");
        drain(&mut writer);
        assert_eq!(writer.get_ref().calls, [MAX, 5]);

        writer.try_send("ab").expect("never paused");
        writer.set_watermarks(Watermarks::new(0, 2));
        let task = Task::new();
        let written = Pin::new(&mut writer).poll_write(&mut task.context(), &huge);
        let Poll::Ready(Ok(written)) = written else { panic!("{written:?}") };
        let calls = &writer.get_ref().calls[2..];
        assert!(calls.iter().all(|&call| call <= MAX), "{calls:?}");
        assert_eq!(calls.iter().sum::<usize>() + writer.buffer_size(), 2 + written);
        assert!(writer.buffer_size() <= 2);
    }
}

fn writer(gathering: bool) -> FlowControlledWriter<Counting> {
    Builder::new()
        .watermarks(Watermarks::new(0, usize::MAX))
        .build(Counting { gathering, calls: Vec::new() })
}

fn drain(writer: &mut FlowControlledWriter<Counting>) {
    let task = Task::new();
    let drained = Pin::new(&mut *writer).poll_drain(&mut task.context());
    assert!(matches!(drained, Poll::Ready(Ok(()))), "{drained:?}");
    assert_eq!(writer.buffer_size(), 0);
}

impl AsyncWrite for Counting {
    fn poll_write(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.calls.push(buf.len());
        Poll::Ready(Ok(buf.len()))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let offered = bufs.iter().map(|slice| slice.len()).sum();
        self.calls.push(offered);
        Poll::Ready(Ok(offered))
    }

    fn is_write_vectored(&self) -> bool {
        self.gathering
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
