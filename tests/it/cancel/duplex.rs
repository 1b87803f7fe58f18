use std::task::Poll;

use flow_controlled_writer::{FlowControlledWriter, Watermarks};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, ReadHalf, WriteHalf};

use crate::support::Answer::{Pending, Take};
use crate::support::{Scripted, Task, within};

/// Both ends write more than the pipe holds before they read: each must read while it flushes, or
/// both wait for ever.
#[tokio::test(start_paused = true)]
async fn both_ends_of_a_small_pipe_write_before_they_read() {
    let (left, right) = tokio::io::duplex(8);
    let talk = |stream: DuplexStream, byte: u8| async move {
        let mut writer = FlowControlledWriter::new(stream);
        writer.feed(vec![byte; 1000]).await?;
        writer.write_all(&[byte; 500]).await?;
        assert_eq!(writer.buffer_size(), 1500, "nothing has been written yet");
        let (mut reads, mut writes) = tokio::io::split(writer);
        let mut received = vec![0; 1500];
        tokio::try_join!(writes.flush(), reads.read_exact(&mut received))?;
        Ok::<_, std::io::Error>(received)
    };
    let both = async { tokio::try_join!(talk(left, 1), talk(right, 2)) };
    let (left, right) = within(both).await.expect("no error happens");
    assert_eq!((left, right), (vec![2; 1500], vec![1; 1500]));
}

/// The same with queues that stay short: whoever is paused goes on reading.
#[tokio::test(start_paused = true)]
async fn a_paused_end_that_selects_between_reading_and_writing_does_not_deadlock() {
    let (left, right) = tokio::io::duplex(8);
    let talk = |stream: DuplexStream, byte: u8| async move {
        let marks = Watermarks::new(4, 16);
        let writer = FlowControlledWriter::with_watermarks(stream, marks);
        let (mut reads, mut writes) = tokio::io::split(writer);
        let (text, mut received, mut sent) = (vec![byte; 700], Vec::new(), 0);
        while sent < text.len() {
            tokio::select! {
                read = reads.read_buf(&mut received) => drop(read?),
                written = writes.write(&text[sent..]) => sent += written?,
            }
        }
        let mut rest = vec![0; text.len() - received.len()];
        tokio::try_join!(writes.flush(), reads.read_exact(&mut rest))?;
        received.extend_from_slice(&rest);
        Ok::<_, std::io::Error>(received)
    };
    let both = async { tokio::try_join!(talk(left, 1), talk(right, 2)) };
    let (left, right) = within(both).await.expect("no error happens");
    assert_eq!((left, right), (vec![2; 700], vec![1; 700]));
}

/// A reader that drains on the side replaces the waker of the writer, which then sleeps for ever.
#[test]
fn a_read_does_not_take_the_place_of_the_waiting_writer() {
    let (inner, handle) = Scripted::gathering([Pending, Take(3), Pending]);
    let (writing, reading) = (Task::new(), Task::new());
    let mut writer = FlowControlledWriter::with_watermarks(inner, Watermarks::new(0, 5));
    writer.try_send("more than five").expect("not paused");
    let (mut reads, mut writes): (ReadHalf<_>, WriteHalf<_>) = tokio::io::split(writer);

    let mut flush = std::pin::pin!(writes.flush());
    let mut buffer = [0; 4];
    let mut read = std::pin::pin!(reads.read(&mut buffer));
    for _ in 0..2 {
        assert!(writing.poll(flush.as_mut()).is_pending());
        handle.take_log();
        for _ in 0..3 {
            assert!(reading.poll(read.as_mut()).is_pending());
        }
        assert_eq!(handle.take_log(), [], "a read never writes");
        assert!(handle.wake());
        assert_eq!((writing.take_wakes(), reading.take_wakes()), (1, 0));
    }
    handle.feed(b"in");
    assert_eq!((writing.take_wakes(), reading.take_wakes()), (0, 1));
    assert!(matches!(reading.poll(read.as_mut()), Poll::Ready(Ok(2))));
    assert!(matches!(writing.poll(flush.as_mut()), Poll::Ready(Ok(()))));
    assert_eq!(handle.wire(), b"more than five");
}
