//! The writer over TCP and Unix sockets on the loopback interface.
use std::io;

use flow_controlled_writer::{Builder, FlowControlledWriter, Watermarks};
use futures::SinkExt;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use crate::support::{Task, counts, tcp_pair, within};
use crate::wrapping::{listen, speak};

trait Stream: AsyncRead + AsyncWrite + Unpin + Send + 'static {}
impl<S: AsyncRead + AsyncWrite + Unpin + Send + 'static> Stream for S {}

#[cfg(unix)]
fn unix() -> io::Result<(tokio::net::UnixStream, tokio::net::UnixStream)> {
    tokio::net::UnixStream::pair()
}

#[tokio::test]
async fn tcp_streams_and_their_halves_can_be_wrapped() -> io::Result<()> {
    within(async {
        let (near, far) = tcp_pair().await?;
        tokio::try_join!(speak(near), listen(far))?;
        let (near, far) = tcp_pair().await?;
        tokio::try_join!(speak(near.into_split().1), listen(far.into_split().0))?;
        let (mut near, far) = tcp_pair().await?;
        let (_reads, writes) = near.split();
        tokio::try_join!(speak(writes), listen(far))?;
        let (near, far) = tcp_pair().await?;
        tokio::try_join!(speak(tokio::io::split(near).1), listen(far))?;
        Ok(())
    })
    .await
}

#[cfg(unix)]
#[tokio::test]
async fn unix_streams_and_their_halves_can_be_wrapped() -> io::Result<()> {
    within(async {
        let (near, far) = unix()?;
        tokio::try_join!(speak(near), listen(far))?;
        let (near, far) = unix()?;
        tokio::try_join!(speak(near.into_split().1), listen(far.into_split().0))?;
        Ok(())
    })
    .await
}

#[tokio::test]
async fn many_chunks_arrive_in_order_over_tcp() -> io::Result<()> {
    let (near, far) = tcp_pair().await?;
    within(many_chunks(near, far)).await
}

#[cfg(unix)]
#[tokio::test]
async fn many_chunks_arrive_in_order_over_unix() -> io::Result<()> {
    let (near, far) = unix()?;
    within(many_chunks(near, far)).await
}

/// Numbered messages of all lengths, gathered, to a peer that reads in small bites.
async fn many_chunks(near: impl Stream, mut far: impl Stream) -> io::Result<()> {
    let message = |number: u32| number.to_be_bytes().repeat(number as usize % 300);
    let received = tokio::spawn(async move {
        let (mut received, mut bite) = (Vec::new(), [0; 777]);
        loop {
            match far.read(&mut bite).await? {
                0 => return Ok::<_, io::Error>(received),
                count => received.extend_from_slice(&bite[..count]),
            }
        }
    });
    let mut writer = Builder::new().coalesce_threshold(0).build(near);
    for number in 0..2000 {
        writer.feed(message(number)).await?;
    }
    writer.close().await?;
    let expected: Vec<u8> = (0..2000).flat_map(message).collect();
    let stats = writer.stats();
    assert_eq!(stats.written_bytes, expected.len() as u64);
    assert!(stats.peak_buffer_size <= 65_536 + 1200);
    assert!(received.await?? == expected);
    Ok(())
}

#[tokio::test]
async fn a_tcp_peer_that_stops_reading_is_waited_for() -> io::Result<()> {
    let (near, far) = tcp_pair().await?;
    within(stopped_peer(near, far)).await
}

#[cfg(unix)]
#[tokio::test]
async fn a_unix_peer_that_stops_reading_is_waited_for() -> io::Result<()> {
    let (near, far) = unix()?;
    within(stopped_peer(near, far)).await
}

/// The buffer stays below high and one item while the peer sleeps, the writer goes on when it
/// wakes up, and the end comes after the last byte.
async fn stopped_peer(near: impl Stream, mut far: impl Stream) -> io::Result<()> {
    const ITEM: usize = 5000;
    let marks = Watermarks::new(10_000, 40_000);
    let mut writer = FlowControlledWriter::with_watermarks(near, marks);
    let task = Task::new();
    let mut items = 0_u64;
    loop {
        let item = vec![items as u8; ITEM];
        if task.poll_once(writer.feed(item)).is_pending() {
            // The socket may only have been slow to take note of room: it is full when it stays so.
            tokio::task::yield_now().await;
            if task.poll_once(writer.ready()).is_pending() {
                break;
            }
            continue;
        }
        items += 1;
        assert!(writer.buffer_size() <= 40_000 + ITEM);
        assert!(items < 100_000, "the kernel took 500 MB");
    }
    assert!(writer.is_paused());
    assert!(writer.buffer_size() > 10_000);
    let expected: Vec<u8> = (0..items).flat_map(|item| vec![item as u8; ITEM]).collect();
    let mut received = Vec::new();
    tokio::try_join!(
        async {
            writer.ready().await?;
            assert!(writer.buffer_size() <= 10_000);
            writer.shutdown().await
        },
        far.read_to_end(&mut received)
    )?;
    assert!(received == expected, "{} of {} bytes", received.len(), expected.len());
    Ok(())
}

#[tokio::test]
async fn a_tcp_peer_that_is_gone_fails_the_writer_for_good() -> io::Result<()> {
    let (near, far) = tcp_pair().await?;
    within(lost_peer(near, far)).await
}

#[cfg(unix)]
#[tokio::test]
async fn a_unix_peer_that_is_gone_fails_the_writer_for_good() -> io::Result<()> {
    let (near, far) = unix()?;
    within(lost_peer(near, far)).await
}

async fn lost_peer(near: impl Stream, far: impl Stream) -> io::Result<()> {
    drop(far);
    let mut writer = FlowControlledWriter::with_watermarks(near, Watermarks::new(10, 100));
    let error = loop {
        if let Err(error) = writer.send(vec![1; 1000]).await {
            break error;
        }
    };
    let (size, stats) = (writer.buffer_size(), writer.stats());
    assert_eq!(stats.enqueued_bytes, stats.written_bytes + size as u64);
    for result in [writer.ready().await, writer.flush().await, writer.shutdown().await] {
        assert_eq!(result.expect_err("failed").kind(), error.kind());
    }
    assert!(writer.try_send("late").is_err_and(|error| error.is_closed()));
    assert_eq!(counts(writer.stats()), counts(stats));
    assert_eq!(bytes::Buf::remaining(&writer.into_parts().queue), size);
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_and_its_reply_share_a_tcp_connection() -> io::Result<()> {
    let (near, far) = tcp_pair().await?;
    within(requests(near, far)).await
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_and_its_reply_share_a_unix_connection() -> io::Result<()> {
    let (near, far) = unix()?;
    within(requests(near, far)).await
}

/// One task reads while another writes on the same connection, more than the sockets hold.
async fn requests(near: impl Stream, far: impl Stream) -> io::Result<()> {
    const REQUEST: usize = 100_000;
    const REQUESTS: u8 = 40;
    let echo = tokio::spawn(async move {
        let writer = FlowControlledWriter::new(far);
        let (mut reads, mut writes) = tokio::io::split(writer);
        tokio::io::copy(&mut reads, &mut writes).await?;
        writes.shutdown().await
    });
    let (mut reads, mut writes) = tokio::io::split(FlowControlledWriter::new(near));
    let requests = tokio::spawn(async move {
        for request in 0..REQUESTS {
            writes.write_all(&vec![request; REQUEST]).await?;
        }
        writes.shutdown().await
    });
    let mut replies = Vec::new();
    reads.read_to_end(&mut replies).await?;
    requests.await??;
    echo.await??;
    let expected: Vec<u8> = (0..REQUESTS).flat_map(|request| vec![request; REQUEST]).collect();
    assert!(replies == expected, "{} of {} bytes", replies.len(), expected.len());
    Ok(())
}

#[tokio::test]
async fn a_proxy_of_two_writers_copies_both_ways() -> io::Result<()> {
    let (mut client, front) = tcp_pair().await?;
    let (back, server) = tcp_pair().await?;
    within(async {
        let proxy = tokio::spawn(async move {
            let marks = Watermarks::new(100, 1000);
            let mut front = FlowControlledWriter::with_watermarks(front, marks);
            let mut back = FlowControlledWriter::with_watermarks(back, marks);
            tokio::io::copy_bidirectional(&mut front, &mut back).await
        });
        let echo = tokio::spawn(async move {
            let (mut reads, mut writes) = server.into_split();
            tokio::io::copy(&mut reads, &mut writes).await
        });
        for message in [&b"ping"[..], &[7; 5000]] {
            client.write_all(message).await?;
            let mut reply = vec![0; message.len()];
            client.read_exact(&mut reply).await?;
            assert!(reply == message, "{} bytes", message.len());
        }
        client.shutdown().await?;
        assert_eq!(client.read(&mut [0]).await?, 0);
        assert_eq!((echo.await??, proxy.await??), (5004, (5004, 5004)));
        Ok(())
    })
    .await
}
