//! `futures`: a stream that is forwarded into the sink of a socket.

use std::io;

use bytes::Bytes;
use flow_controlled_writer::{FlowControlledWriter, Watermarks};
use futures::{SinkExt, StreamExt, stream};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::support::{Pattern, Slow, narrow_tcp_pair, tcp_pair, within};

/// Chunks of mixed sizes up to `LARGEST`, with an empty one here and there.
fn chunks(count: usize, seed: u64) -> Vec<Bytes> {
    let mut random = fastrand::Rng::with_seed(seed);
    let mut pattern = Pattern::at(seed);
    let mut length = move || match random.u8(..8) {
        0 => 0,
        1..5 => random.usize(1..200),
        5..7 => random.usize(200..8_000),
        _ => random.usize(8_000..=LARGEST),
    };
    std::iter::repeat_with(|| pattern.take(length())).take(count).collect()
}

#[tokio::test]
async fn forward_to_a_slow_peer_holds_no_more_than_high_and_one_chunk() -> io::Result<()> {
    let (near, far) = narrow_tcp_pair().await?;
    let (far, gate) = Slow::new(far, 900);
    gate.open();
    let mut writer = FlowControlledWriter::with_watermarks(near, Watermarks::new(2_000, 9_000));
    let chunks = chunks(400, 1);

    let mut pattern = Pattern::at(1);
    let sending = stream::iter(chunks.clone()).map(Ok).forward(&mut writer);
    let (sent, received) = within(async { tokio::join!(sending, pattern.receive(far)) }).await;
    sent?;

    let total: usize = chunks.iter().map(Bytes::len).sum();
    assert_eq!(received?, total as u64);
    let stats = writer.stats();
    assert_eq!((writer.buffer_size(), stats.written_bytes), (0, total as u64));
    assert!(stats.pauses > 0 && stats.peak_buffer_size <= 9_000 + LARGEST, "{stats:?}");
    assert!(writer.feed(Bytes::from_static(b"after the close")).await.is_err());
    Ok(())
}

#[tokio::test]
async fn send_all_flushes_and_leaves_the_writer_open() -> io::Result<()> {
    let (near, mut far) = tcp_pair().await?;
    let mut writer = FlowControlledWriter::new(near);
    let mut expected = Vec::new();

    let reader = async {
        let mut received = Vec::new();
        far.read_to_end(&mut received).await.map(|_| received)
    };
    let sender = async {
        for seed in 1..=20 {
            let chunks = chunks(50, seed);
            expected.extend(chunks.iter().flatten());
            let mut stream = stream::iter(chunks).map(Ok);
            writer.send_all(&mut stream).await?;
            assert_eq!(writer.buffer_size(), 0);
            writer.write_all(b"between").await?;
            expected.extend(b"between");
        }
        writer.close().await
    };
    let (sent, received) = within(async { tokio::join!(sender, reader) }).await;
    sent?;
    assert!(received? == expected);
    assert_eq!(writer.stats().written_bytes, expected.len() as u64);
    Ok(())
}

const LARGEST: usize = 100_000;
