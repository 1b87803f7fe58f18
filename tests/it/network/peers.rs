//! Peers that live and behave badly: they read late, a byte at a time, or no more.

use std::io;

use flow_controlled_writer::{Builder, FlowControlledWriter, Watermarks};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Duration, timeout};

use crate::support::{Pattern, narrow_tcp_pair, tcp_pair, within};

const CHUNK: usize = 5_000;
const MARKS: Watermarks = Watermarks::new(10_000, 40_000);

/// Feeds chunks until the writer has not gone on for a second. The time is that of a paused clock,
/// which only moves on when nothing else does.
async fn feed_until_stuck(writer: &mut FlowControlledWriter<TcpStream>) {
    let mut pattern = Pattern::at(0);
    while let Ok(fed) = timeout(Duration::from_secs(1), writer.feed(pattern.take(CHUNK))).await {
        fed.expect("the peer is still there");
        assert!(writer.buffer_size() <= MARKS.high() + CHUNK);
    }
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_does_not_read_stops_the_producer_and_later_gets_all() -> io::Result<()> {
    let (near, far) = narrow_tcp_pair().await?;
    let mut writer = FlowControlledWriter::with_watermarks(near, MARKS);
    feed_until_stuck(&mut writer).await;

    assert!(writer.is_paused());
    let stats = writer.stats();
    assert_eq!(stats.enqueued_bytes - stats.written_bytes, writer.buffer_size() as u64);
    assert!(stats.peak_buffer_size <= MARKS.high() + CHUNK);

    tokio::time::resume();
    let mut received = Pattern::at(0);
    within(async { tokio::try_join!(writer.shutdown(), received.receive(far)) }).await?;
    assert_eq!((writer.buffer_size(), received.position()), (0, stats.enqueued_bytes));
    Ok(())
}

/// A hard limit turns a chunk away that would not wait; what was accepted is not touched by that.
#[tokio::test(start_paused = true)]
async fn a_hard_limit_bounds_what_is_sent_past_the_pause_of_a_stuck_peer() -> io::Result<()> {
    let (near, far) = narrow_tcp_pair().await?;
    let hard_limit = MARKS.high() + 3 * CHUNK;
    let mut writer = Builder::new().watermarks(MARKS).hard_limit(hard_limit).build(near);
    feed_until_stuck(&mut writer).await;
    let refused = loop {
        let chunk = Pattern::at(writer.stats().enqueued_bytes).take(CHUNK);
        assert!(writer.try_send(chunk.clone()).is_err_and(|error| error.into_inner() == chunk));
        if let Err(refused) = writer.send_now(chunk.clone()) {
            assert!(refused.is_full() && refused.into_inner() == chunk);
            break writer.buffer_size();
        }
    };
    assert!((hard_limit..hard_limit + CHUNK).contains(&refused), "at {refused} bytes");

    tokio::time::resume();
    let sender = async {
        writer.ready().await?;
        assert!(writer.try_send(Pattern::at(writer.stats().enqueued_bytes).take(CHUNK)).is_ok());
        writer.shutdown().await
    };
    let mut received = Pattern::at(0);
    within(async { tokio::try_join!(sender, received.receive(far)) }).await?;
    assert_eq!(received.position(), writer.stats().enqueued_bytes);
    Ok(())
}

#[cfg(feature = "time")]
#[tokio::test(start_paused = true)]
async fn a_peer_that_never_reads_again_is_given_up_by_the_stall_timeout() -> io::Result<()> {
    let (near, far) = narrow_tcp_pair().await?;
    let options = Builder::new().watermarks(MARKS).stall_timeout(Duration::from_secs(5));
    let mut writer = options.build(near);

    let mut pattern = Pattern::at(0);
    let error = loop {
        if let Err(error) = writer.feed(pattern.take(CHUNK)).await {
            break error;
        }
    };
    assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    assert_eq!(writer.flush().await.unwrap_err().kind(), io::ErrorKind::TimedOut);
    let written = writer.stats().written_bytes;
    assert!(written > 0);

    let parts = writer.into_parts();
    let mut unsent = Pattern::at(written);
    for chunk in parts.queue {
        unsent.check(&chunk);
    }
    assert_eq!(unsent.position(), pattern.position() - CHUNK as u64);
    drop(far);
    Ok(())
}

#[tokio::test]
async fn a_peer_that_reads_one_byte_at_a_time_gets_every_byte_in_order() -> io::Result<()> {
    const COUNT: usize = 60_000;
    let (near, mut far) = narrow_tcp_pair().await?;
    let mut writer = FlowControlledWriter::with_watermarks(near, Watermarks::new(100, 1_000));
    let sender = async {
        let mut pattern = Pattern::at(0);
        let mut random = fastrand::Rng::with_seed(4);
        while pattern.position() < COUNT as u64 {
            let left = COUNT - pattern.position() as usize;
            let chunk = pattern.take(random.usize(1..=3_000).min(left));
            if random.bool() {
                writer.write_all(&chunk).await?;
            } else {
                writer.feed(chunk).await?;
            }
        }
        writer.shutdown().await
    };
    let receiver = async {
        let mut pattern = Pattern::at(0);
        for _ in 0..COUNT {
            pattern.check(&[far.read_u8().await?]);
        }
        far.read(&mut [0]).await
    };
    let ((), end) = within(async { tokio::try_join!(sender, receiver) }).await?;
    assert_eq!((end, writer.buffer_size()), (0, 0));
    assert!(writer.stats().peak_buffer_size <= 1_000 + 3_000);
    Ok(())
}

#[tokio::test]
async fn a_peer_that_half_closes_still_gets_everything() -> io::Result<()> {
    let (near, mut far) = tcp_pair().await?;
    let mut writer = FlowControlledWriter::new(near);
    within(far.shutdown()).await?;
    assert_eq!(within(writer.read(&mut [0])).await?, 0);

    let sender = async {
        writer.write_all(&Pattern::at(0).take(1_000_000)).await?;
        writer.send(Pattern::at(1_000_000).take(1_000_000)).await?;
        writer.shutdown().await
    };
    let mut received = Pattern::at(0);
    within(async { tokio::try_join!(sender, received.receive(far)) }).await?;
    assert_eq!((received.position(), writer.buffer_size()), (2_000_000, 0));
    Ok(())
}
