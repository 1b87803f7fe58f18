//! Sends streams of `Bytes` through the writer as a futures `Sink`.
//!
//! Run it with
//!
//! ```sh
//! cargo run --example sink
//! ```
//!
//! It prints
//!
//! ```text
//! received 1638431 bytes
//! queued at most 81920 bytes
//! ```

use std::io;
use std::net::Ipv4Addr;

use bytes::Bytes;
use flow_controlled_writer::{FlowControlledWriter, Stats};
use futures::{SinkExt, StreamExt, stream};
use tokio::io::AsyncReadExt;
use tokio::net::{TcpListener, TcpStream};

#[tokio::main]
async fn main() -> io::Result<()> {
    let (received, stats) = run().await?;
    println!("received {} bytes", received.len());
    println!("queued at most {} bytes", stats.peak_buffer_size);
    Ok(())
}

async fn send(stream: TcpStream) -> io::Result<Stats> {
    let mut writer = FlowControlledWriter::new(stream);

    // `feed` queues; small chunks are merged.
    writer.feed(Bytes::from_static(b"one ")).await?;
    writer.feed(Bytes::from_static(b"by one, ")).await?;

    // `send_all` queues a whole stream and flushes. It keeps the writer open.
    let words = ["then ", "many ", "at ", "once, "].map(Bytes::from);
    writer.send_all(&mut stream::iter(words).map(Ok)).await?;

    // `forward` queues a whole stream, flushes and closes, and waits where the peer is slow. Large
    // chunks go out as they are, without a copy.
    let page = Bytes::from(vec![b'.'; 16 * 1024]);
    stream::repeat(page).take(100).map(Ok).forward(&mut writer).await?;
    Ok(writer.stats())
}

/// Returns what the peer received, with the totals of the writer.
pub(crate) async fn run() -> io::Result<(Vec<u8>, Stats)> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let stream = TcpStream::connect(listener.local_addr()?).await?;

    let receive = async {
        let (mut peer, _) = listener.accept().await?;
        let mut received = Vec::new();
        peer.read_to_end(&mut received).await?;
        Ok(received)
    };
    tokio::try_join!(receive, send(stream))
}
