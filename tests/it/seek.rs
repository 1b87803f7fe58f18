//! Seeking: what was sent before ends up before the new position.
use std::collections::VecDeque;
use std::io::{self, ErrorKind, SeekFrom};
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use flow_controlled_writer::FlowControlledWriter;
use tokio::io::{AsyncReadExt, AsyncSeek, AsyncSeekExt, AsyncWrite, AsyncWriteExt};

use crate::support::Answer::{Done, Fail, Pending, Take};
use crate::support::{Answer, Handle, Scripted, Task};

/// Creates a file of its own for the test of this name.
async fn file(name: &str) -> FlowControlledWriter<tokio::fs::File> {
    let path = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let mut options = tokio::fs::OpenOptions::new();
    let file = options.read(true).write(true).create(true).truncate(true).open(path).await;
    FlowControlledWriter::new(file.expect("the directory is writable"))
}

#[tokio::test]
async fn queued_bytes_land_before_the_new_position() -> io::Result<()> {
    let mut writer = file("seek_after_writes").await;
    writer.write_all(b"0123456789").await?;
    writer.feed(vec![b'x'; 5000]).await?;
    assert_eq!(writer.buffer_size(), 5010);
    assert_eq!(writer.seek(SeekFrom::Start(3)).await?, 3);
    assert_eq!(writer.buffer_size(), 0);
    writer.write_all(b"abc").await?;
    assert_eq!(writer.stream_position().await?, 6);
    assert_eq!(writer.seek(SeekFrom::End(-2)).await?, 5008);
    writer.feed("yz!").await?;
    writer.flush().await?;
    assert_eq!(writer.seek(SeekFrom::Start(0)).await?, 0);
    let mut text = String::new();
    writer.read_to_string(&mut text).await?;
    assert_eq!(text, format!("012abc6789{}yz!", "x".repeat(4998)));
    Ok(())
}

#[tokio::test]
async fn a_seek_that_fails_does_not_fail_the_writer() -> io::Result<()> {
    let mut writer = file("seek_that_fails").await;
    writer.write_all(b"before").await?;
    let error = writer.seek(SeekFrom::Current(-100)).await.expect_err("before the start");
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    assert_eq!(writer.buffer_size(), 0);
    writer.write_all(b" and after").await?;
    assert_eq!(writer.stream_position().await?, 16);
    writer.rewind().await?;
    let mut text = String::new();
    writer.read_to_string(&mut text).await?;
    assert_eq!(text, "before and after");
    writer.shutdown().await
}

#[test]
fn a_seek_waits_for_the_flush_and_then_for_itself() {
    let (mut writer, handle, seeks) = seeker([Take(2), Pending], [false, true, false]);
    handle.script_flush([Pending]);
    writer.try_send("data").expect("open");
    let task = Task::new();
    start_seek(&mut writer, 7).expect("no other seek");
    assert!(poll_complete(&mut writer, &task).is_pending(), "in the drain");
    assert_eq!(writer.buffer_size(), 2);
    assert!(poll_complete(&mut writer, &task).is_pending(), "in the flush");
    assert_eq!(*seeks.lock().expect("unpoisoned"), []);
    assert!(poll_complete(&mut writer, &task).is_pending(), "in the seek");
    assert_eq!(*seeks.lock().expect("unpoisoned"), [SeekFrom::Start(7)]);
    assert!(matches!(poll_complete(&mut writer, &task), Poll::Ready(Ok(7))));
    assert_eq!(*seeks.lock().expect("unpoisoned"), [SeekFrom::Start(7)], "once");
    assert_eq!(handle.wire(), b"data");
}

#[test]
fn a_seek_lets_an_earlier_one_of_the_inner_writer_complete() {
    let (mut writer, _handle, seeks) = seeker([], [true, false, false]);
    let task = Task::new();
    start_seek(&mut writer, 7).expect("no other seek");
    assert!(poll_complete(&mut writer, &task).is_pending());
    assert_eq!(*seeks.lock().expect("unpoisoned"), []);
    assert!(matches!(poll_complete(&mut writer, &task), Poll::Ready(Ok(7))));
}

#[test]
fn a_second_seek_before_the_first_is_complete_is_refused() {
    let (mut writer, _handle, seeks) = seeker([], [false, true, false]);
    let task = Task::new();
    start_seek(&mut writer, 7).expect("no other seek");
    assert!(start_seek(&mut writer, 8).is_err());
    assert!(poll_complete(&mut writer, &task).is_pending());
    assert!(start_seek(&mut writer, 9).is_err());
    assert!(matches!(poll_complete(&mut writer, &task), Poll::Ready(Ok(7))));
    start_seek(&mut writer, 8).expect("the first is complete");
    assert!(matches!(poll_complete(&mut writer, &task), Poll::Ready(Ok(8))));
    assert_eq!(*seeks.lock().expect("unpoisoned"), [SeekFrom::Start(7), SeekFrom::Start(8)]);
}

#[test]
fn a_dropped_seek_is_completed_by_the_next() {
    for polls in 1..=3 {
        let (mut writer, handle, seeks) = seeker([Pending], [false, false, true]);
        handle.script_flush([Pending]);
        writer.try_send("data").expect("open");
        let task = Task::new();
        {
            let mut dropped = std::pin::pin!(writer.seek(SeekFrom::Start(1)));
            (0..polls).for_each(|_| assert!(task.poll(dropped.as_mut()).is_pending()));
        }
        let position =
            (0..10).find_map(|_| match task.poll_once(writer.seek(SeekFrom::Start(2))) {
                Poll::Ready(result) => Some(result.expect("no error is scripted")),
                Poll::Pending => None,
            });
        assert_eq!(position, Some(2));
        assert_eq!(handle.wire(), b"data");
        assert_eq!(seeks.lock().expect("unpoisoned").last(), Some(&SeekFrom::Start(2)));
    }
}

#[test]
fn a_failed_writer_does_not_seek() {
    let (mut writer, _handle, seeks) = seeker([Fail(ErrorKind::BrokenPipe)], []);
    writer.try_send("data").expect("open");
    let task = Task::new();
    for _ in 0..2 {
        start_seek(&mut writer, 7).expect("it is found out later");
        let result = poll_complete(&mut writer, &task);
        assert!(matches!(result, Poll::Ready(Err(error)) if error.kind() == ErrorKind::BrokenPipe));
    }
    assert_eq!(*seeks.lock().expect("unpoisoned"), []);
    assert_eq!(writer.buffer_size(), 4);
}

#[test]
fn a_refused_start_leaves_the_writer_and_later_seeks_alone() {
    let (mut writer, handle, _seeks) = seeker([], []);
    let task = Task::new();
    start_seek(&mut writer, REFUSED).expect("it is found out later");
    assert!(matches!(poll_complete(&mut writer, &task), Poll::Ready(Err(_))));
    writer.try_send("data").expect("open");
    start_seek(&mut writer, 5).expect("no other seek");
    assert!(matches!(poll_complete(&mut writer, &task), Poll::Ready(Ok(5))));
    assert_eq!(handle.wire(), b"data");
}

/// A scripted writer that can seek; `poll_complete` is `Pending` where its script says so.
struct Seeker {
    inner: Scripted,
    position: u64,
    pendings: VecDeque<bool>,
    seeks: Arc<Mutex<Vec<SeekFrom>>>,
}

/// A position that the seeker refuses.
const REFUSED: u64 = 666;

type Seeks = Arc<Mutex<Vec<SeekFrom>>>;

fn seeker(
    script: impl IntoIterator<Item = Answer>,
    pendings: impl IntoIterator<Item = bool>,
) -> (FlowControlledWriter<Seeker>, Handle, Seeks) {
    let (inner, handle) = Scripted::gathering(script);
    handle.otherwise(Done);
    let seeks = Seeks::default();
    let pendings = pendings.into_iter().collect();
    let seeker = Seeker { inner, position: 0, pendings, seeks: Arc::clone(&seeks) };
    (FlowControlledWriter::new(seeker), handle, seeks)
}

fn start_seek(writer: &mut FlowControlledWriter<Seeker>, position: u64) -> io::Result<()> {
    Pin::new(writer).start_seek(SeekFrom::Start(position))
}

fn poll_complete(writer: &mut FlowControlledWriter<Seeker>, task: &Task) -> Poll<io::Result<u64>> {
    Pin::new(writer).poll_complete(&mut task.context())
}

impl AsyncSeek for Seeker {
    fn start_seek(mut self: Pin<&mut Self>, position: SeekFrom) -> io::Result<()> {
        let SeekFrom::Start(start) = position else { panic!("{position:?}") };
        if start == REFUSED {
            return Err(ErrorKind::InvalidInput.into());
        }
        self.position = start;
        self.seeks.lock().expect("unpoisoned").push(position);
        Ok(())
    }

    fn poll_complete(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<u64>> {
        if self.pendings.pop_front().unwrap_or(false) {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(Ok(self.position))
    }
}

impl AsyncWrite for Seeker {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}
