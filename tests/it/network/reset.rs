//! Peers that reset the connection.

use std::io::{self, ErrorKind};
use std::time::Duration;

use bytes::Bytes;
use flow_controlled_writer::{FlowControlledWriter, Watermarks};
use socket2::SockRef;
use tokio::io::{AsyncReadExt, AsyncWriteExt, Interest};
use tokio::net::TcpStream;

use crate::support::{Pattern, counts, narrow_tcp_pair, tcp_pair, within};

/// What the writer is waiting in when the reset comes.
#[derive(Clone, Copy, Debug)]
enum Operation {
    Ready,
    Write,
    Send,
    Drain,
    Flush,
    Shutdown,
}

impl Operation {
    const ALL: [Self; 6] =
        [Self::Ready, Self::Write, Self::Send, Self::Drain, Self::Flush, Self::Shutdown];

    async fn run(self, writer: &mut FlowControlledWriter<TcpStream>) -> io::Result<()> {
        match self {
            Self::Ready => writer.ready().await,
            Self::Write => writer.write_all(b"more").await,
            Self::Send => writer.send(Bytes::from_static(b"more")).await,
            Self::Drain => drain(writer).await,
            Self::Flush => writer.flush().await,
            Self::Shutdown => writer.shutdown().await,
        }
    }
}

async fn drain(writer: &mut FlowControlledWriter<TcpStream>) -> io::Result<()> {
    std::future::poll_fn(|cx| std::pin::Pin::new(&mut *writer).poll_drain(cx)).await
}

/// Closes a connection so that the system resets it.
fn reset(stream: TcpStream) -> io::Result<()> {
    SockRef::from(&stream).set_linger(Some(Duration::ZERO))
}

/// Queues `count` bytes of the pattern in chunks of mixed sizes.
fn fill(writer: &mut FlowControlledWriter<TcpStream>, count: usize) {
    let mut random = fastrand::Rng::with_seed(count as u64);
    let mut pattern = Pattern::at(0);
    while pattern.position() < count as u64 {
        let left = count - pattern.position() as usize;
        writer.try_send(pattern.take(random.usize(1..50_000).min(left))).expect("room");
    }
}

#[track_caller]
fn assert_reset(error: &io::Error) {
    let kind = error.kind();
    assert!(matches!(kind, ErrorKind::ConnectionReset | ErrorKind::BrokenPipe), "{error:?}");
}

#[tokio::test]
async fn a_reset_ends_every_wait_and_gives_back_what_was_not_sent() -> io::Result<()> {
    const QUEUED: usize = 1 << 20;
    for operation in Operation::ALL {
        let (near, mut far) = narrow_tcp_pair().await?;
        let marks = Watermarks::new(1_000, QUEUED - 1);
        let mut writer = FlowControlledWriter::with_watermarks(near, marks);
        fill(&mut writer, QUEUED);
        assert!(writer.is_paused());

        let peer = async {
            let mut buffer = vec![0; 20_000];
            far.read_exact(&mut buffer).await?;
            Pattern::at(0).check(&buffer);
            reset(far)
        };
        let (ended, peer) = within(async { tokio::join!(operation.run(&mut writer), peer) }).await;
        peer?;
        let error = ended.expect_err("reset");
        assert_reset(&error);

        // All that follows fails in the same way, and moves no byte.
        let (size, stats) = (writer.buffer_size(), counts(writer.stats()));
        for later in Operation::ALL {
            let again = within(later.run(&mut writer)).await.expect_err("failed before");
            assert_eq!(again.kind(), error.kind(), "{operation:?}, then {later:?}");
        }
        let refused = writer.try_send("more").expect_err("failed before");
        assert!(refused.is_closed());
        assert_eq!((writer.buffer_size(), counts(writer.stats())), (size, stats));

        assert!(stats.written_bytes >= 20_000, "{operation:?}: {stats:?}");
        let parts = writer.into_parts();
        let mut unsent = Pattern::at(stats.written_bytes);
        for chunk in parts.queue {
            unsent.check(&chunk);
        }
        assert_eq!(unsent.position(), QUEUED as u64, "{operation:?}");
    }
    Ok(())
}

#[tokio::test]
async fn a_reset_before_the_first_write_is_seen_by_the_first_flush() -> io::Result<()> {
    let (near, far) = tcp_pair().await?;
    let mut writer = FlowControlledWriter::new(near);
    writer.write_all(b"queued before").await?;
    reset(far)?;
    within(writer.get_ref().ready(Interest::READABLE)).await?;
    writer.write_all(b", and after").await?;
    assert_eq!(writer.buffer_size(), 24);

    assert_reset(&within(writer.flush()).await.expect_err("reset"));
    assert_eq!(writer.buffer_size(), 24);
    assert_eq!(writer.abort(), 24);
    assert_eq!(writer.buffer_size(), 0);
    Ok(())
}

#[tokio::test]
async fn a_reset_while_a_large_borrowed_slice_is_written_loses_count_of_nothing() -> io::Result<()>
{
    let (near, mut far) = narrow_tcp_pair().await?;
    let mut writer = FlowControlledWriter::with_watermarks(near, Watermarks::new(1_000, 10_000));
    let mut accepted = 0;
    let sender = async {
        let mut pattern = Pattern::at(0);
        loop {
            let slice = pattern.clone().take(500_000);
            match writer.write(&slice).await {
                Ok(count) => accepted += pattern.take(count).len() as u64,
                Err(error) => return error,
            }
        }
    };
    let peer = async {
        let mut buffer = vec![0; 200_000];
        far.read_exact(&mut buffer).await?;
        Pattern::at(0).check(&buffer);
        reset(far)
    };
    let (error, peer) = within(async { tokio::join!(sender, peer) }).await;
    peer?;
    assert_reset(&error);
    let stats = writer.stats();
    assert_eq!(stats.enqueued_bytes, accepted);
    assert_eq!(stats.written_bytes + writer.buffer_size() as u64, accepted);
    assert!(stats.peak_buffer_size <= 10_000, "{stats:?}");
    let mut unsent = Pattern::at(stats.written_bytes);
    for chunk in writer.into_parts().queue {
        unsent.check(&chunk);
    }
    assert_eq!(unsent.position(), accepted);
    Ok(())
}
