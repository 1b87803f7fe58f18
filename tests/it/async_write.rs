//! The writer as an `AsyncWrite`.
use std::task::Poll;

use flow_controlled_writer::{Builder, FlowControlledWriter, Watermarks};
use futures::SinkExt;
use tokio::io::{AsyncReadExt, AsyncWrite, AsyncWriteExt};

use crate::support::Answer::{Done, Pending, Take};
use crate::support::Call::{Flush, Gather, Shutdown, Write};
use crate::support::{Outcome, READY, Rig, Scripted, within};

#[test]
fn a_write_with_room_is_copied_and_touches_nothing() {
    let mut rig = Rig::gathering((0, 100), []);
    let mut source = *b"hello";
    assert_eq!(rig.write(&source), wrote(5));
    source.fill(0);
    assert_eq!(rig.write(b" world"), wrote(6));
    assert_eq!((rig.writer.buffer_size(), rig.writer.queued_chunks()), (11, 1));
    assert_eq!(rig.inner.take_log(), []);
    assert_eq!(rig.finish().into_iter().collect::<Vec<_>>().concat(), b"hello world");
}

#[test]
fn a_vectored_write_with_room_is_copied_whole() {
    let mut rig = Rig::gathering((0, 100), []);
    assert_eq!(rig.write_vectored(&[b"he", b"", b"llo", b"!"]), wrote(6));
    assert_eq!(rig.inner.take_log(), []);
    assert_eq!(rig.writer.buffer_size(), 6);
    assert!(rig.writer.is_write_vectored());
    assert!(FlowControlledWriter::new(Scripted::plain([]).0).is_write_vectored());
}

#[test]
fn a_write_up_to_high_fits_and_the_next_one_waits() {
    let mut rig = Rig::gathering((50, 100), []);
    rig.inner.otherwise(Pending);
    assert_eq!(rig.write(&[1; 100]), wrote(100));
    assert!(!rig.writer.is_paused());
    assert_eq!(rig.inner.take_log(), []);
    assert_eq!(rig.write(b"x"), Poll::Pending);
    assert!(rig.writer.is_paused(), "it found no room");
    assert_eq!((rig.writer.stats().pauses, rig.writer.bytes_until_resume()), (1, 50));
    rig.inner.script([Take(49)]);
    assert_eq!(rig.write(b"x"), Poll::Pending);
    rig.inner.script([Take(1)]);
    assert_eq!(rig.write(b"x"), wrote(1));
    assert_eq!((rig.writer.buffer_size(), rig.writer.is_paused()), (51, false));
}

#[test]
fn the_buffer_never_exceeds_high() {
    for high in [1, 2, 7, 64, 1000, 40_000] {
        for slice in [1, 3, 7, 65, 999, 33_000] {
            let mut rig = Rig::gathering((high / 2, high), []);
            let bytes = vec![1; slice];
            for round in 0..200 {
                rig.inner.script([Take(round % 9 + 1), Pending, Pending]);
                let written = rig.write(&bytes);
                assert!(written != wrote(0), "0 means the end");
                assert!(rig.writer.buffer_size() <= high, "high {high}, slice {slice}");
            }
            assert!(rig.writer.stats().peak_buffer_size <= high);
        }
    }
}

#[tokio::test]
async fn a_high_mark_of_zero_writes_through() {
    let mut rig = Rig::gathering((0, 0), [Take(4), Take(2), Done]);
    rig.writer.write_all(b"write through").await.expect("it takes all");
    assert_eq!(rig.writer.buffer_size(), 0);
    assert_eq!(rig.inner.take_log(), [Write(13, Take(4)), Write(9, Take(2)), Write(7, Take(7))]);
    assert_eq!(rig.inner.wire(), b"write through");
    assert_eq!(rig.writer.stats().peak_buffer_size, 0);
}

#[test]
fn a_high_mark_of_zero_accepts_nothing_that_is_not_written() {
    let mut rig = Rig::gathering((0, 0), [Pending, Take(2)]);
    assert_eq!(rig.write(b"abcd"), Poll::Pending);
    assert!(!rig.writer.is_paused(), "an empty writer is never paused");
    assert!(rig.inner.wake());
    assert_eq!(rig.write(b"abcd"), wrote(2));
    rig.queue(["item"]);
    rig.inner.script([Take(3), Pending]);
    assert_eq!(rig.write(b"cd"), Poll::Pending);
    assert_eq!(rig.writer.buffer_size(), 1);
    assert_eq!(rig.write(b"cd"), wrote(2));
    assert_eq!(rig.inner.wire(), b"abitemcd");
}

#[tokio::test(start_paused = true)]
async fn a_high_mark_of_zero_ends_over_a_pipe_of_one_byte() {
    let (near, mut far) = tokio::io::duplex(1);
    let mut writer = FlowControlledWriter::with_watermarks(near, Watermarks::new(0, 0));
    let text: Vec<u8> = (0..=255).collect();
    let mut received = Vec::new();
    let send = async {
        writer.write_all(&text).await?;
        writer.shutdown().await
    };
    let both = async { tokio::try_join!(send, far.read_to_end(&mut received)) };
    within(both).await.expect("no error happens");
    assert_eq!(received, text);
}

#[tokio::test]
async fn the_methods_need_no_annotation_with_both_traits_imported() -> std::io::Result<()> {
    let (inner, handle) = Scripted::gathering([]);
    let mut w = FlowControlledWriter::new(inner);
    w.write_all(b"a").await?;
    w.write_u16(0x6263).await?;
    w.feed("d").await?;
    w.flush().await?;
    w.send("e").await?;
    w.ready().await?;
    w.close().await?;
    w.shutdown().await?;
    assert_eq!(handle.wire(), b"abcde");
    Ok(())
}

#[test]
fn the_three_flushes_and_the_three_shutdowns_are_one() {
    let flush: [fn(&mut Rig) -> bool; 3] = [
        |rig| rig.flush() == READY,
        |rig| rig.poll(AsyncWrite::poll_flush) == READY,
        |rig| rig.poll(futures::Sink::poll_flush) == READY,
    ];
    for flush in flush {
        let mut rig = Rig::gathering((0, 100), []);
        rig.queue(["ab", "cd"]);
        assert!(flush(&mut rig));
        assert_eq!(rig.inner.take_log(), [Gather(vec![2, 2], Take(4)), Flush(Done)]);
    }
    let shutdown: [fn(&mut Rig) -> bool; 3] = [
        |rig| rig.shutdown() == READY,
        |rig| rig.poll(AsyncWrite::poll_shutdown) == READY,
        |rig| rig.poll(futures::Sink::poll_close) == READY,
    ];
    for shutdown in shutdown {
        let mut rig = Rig::gathering((0, 100), []);
        rig.queue(["ab"]);
        assert!(shutdown(&mut rig));
        assert_eq!(rig.inner.take_log(), [Write(2, Take(2)), Flush(Done), Shutdown(Done)]);
    }
}

/// A copy that never flushed left the request in the buffer, and the peer waited for it.
#[tokio::test(start_paused = true)]
async fn a_request_that_is_copied_in_reaches_a_peer_that_answers() {
    let (mut source, mut copied) = tokio::io::duplex(64);
    let (near, mut peer) = tokio::io::duplex(64);
    let writer = FlowControlledWriter::new(tokio::io::BufWriter::new(near));
    let (mut replies, mut requests) = tokio::io::split(writer);
    let copying = tokio::spawn(async move {
        tokio::io::copy(&mut copied, &mut requests).await?;
        requests.shutdown().await
    });
    let answering = tokio::spawn(async move {
        let mut request = [0; 4];
        for _ in 0..3 {
            peer.read_exact(&mut request).await?;
            peer.write_all(&request.map(|byte| byte.to_ascii_uppercase())).await?;
        }
        peer.read(&mut request).await
    });
    let exchange = async {
        for request in [b"ping", b"pong", b"done"] {
            source.write_all(request).await.expect("copied");
            let mut reply = [0; 4];
            replies.read_exact(&mut reply).await.expect("answered");
            assert_eq!(reply, request.map(|byte| byte.to_ascii_uppercase()));
        }
    };
    within(exchange).await;
    drop(source);
    copying.await.expect("no panic").expect("shut down");
    assert_eq!(answering.await.expect("no panic").expect("readable"), 0, "the end comes too");
}

#[test]
fn stats_add_up() {
    let options = Builder::new().watermarks(Watermarks::new(5, 20)).coalesce_threshold(0);
    let script = [Take(3), Pending, Pending, Done];
    let mut rig = Rig::with_options(&options, Scripted::gathering(script));
    rig.queue(["0123456789", "0123456789", "x"]);
    assert_eq!(rig.ready(), Poll::Pending);
    assert_eq!(rig.ready(), Poll::Pending);
    assert_eq!(rig.write(&[7; 18]), wrote(18));
    let stats = rig.writer.stats();
    assert_eq!((stats.enqueued_bytes, stats.written_bytes), (39, 21));
    assert_eq!((stats.write_calls, stats.pauses, stats.peak_buffer_size), (4, 1, 21));
    assert_eq!(rig.writer.buffer_size(), 18);
    assert_eq!(rig.drain(), READY);
    let stats = rig.writer.stats();
    assert_eq!((stats.enqueued_bytes, stats.written_bytes), (39, 39));
    assert_eq!((stats.write_calls, stats.pauses, stats.peak_buffer_size), (5, 1, 21));
}

fn wrote(count: usize) -> Outcome<usize> {
    Poll::Ready(Ok(count))
}
