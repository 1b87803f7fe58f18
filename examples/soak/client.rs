//! The process that holds the clients.

use std::io;
use std::time::Duration;

use crc32fast::Hasher;
use fastrand::Rng;
use flow_controlled_writer::FlowControlledWriter;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use crate::GRACE;
use crate::delay::Delays;
use crate::plan::{Load, Plan};
use crate::stream::{Connector, Stream};

/// Connects one client after the other. When all that read have come to the end, it returns the delays
/// that they saw, and those that read nothing. Each waits for the server to have accepted it, so that the
/// queue of connections that wait to be accepted never overflows.
pub(crate) async fn run(
    plan: Plan,
    port: u16,
    connector: Connector,
) -> io::Result<(Delays, Vec<Stream>)> {
    let mut clients = JoinSet::new();
    let mut stuck = Vec::new();
    for seed in 0..plan.connections {
        let connecting = async {
            let mut stream = connector.connect(port).await?;
            stream.read_u8().await.map(|_| stream)
        };
        let stream = timeout(GRACE, connecting).await??;
        if plan.is_stuck(seed) {
            stuck.push(stream);
        } else {
            clients.spawn(async move {
                match plan.load {
                    Load::Mixed => receive(stream, seed).await.map(|()| Delays::default()),
                    Load::Broadcast => Delays::measure(stream).await,
                }
            });
        }
    }
    let mut delays = Delays::default();
    while let Some(ended) = clients.join_next().await {
        delays.add(ended.map_err(io::Error::other)??);
    }
    Ok((delays, stuck))
}

/// Reads to the end, with rests at random, and reports the count and the hash of what came.
async fn receive(stream: Stream, seed: u64) -> io::Result<()> {
    let mut writer = FlowControlledWriter::new(stream);
    let (mut random, mut hash, mut count) = (Rng::with_seed(seed), Hasher::new(), 0);
    let mut buffer = vec![0; 8 * 1024];
    loop {
        let length = random.usize(1..=buffer.len());
        let received = writer.read(&mut buffer[..length]).await?;
        if received == 0 {
            break;
        }
        hash.update(&buffer[..received]);
        count += received as u64;
        match random.u8(..100) {
            0 => sleep(Duration::from_millis(random.u64(..8_000))).await,
            1..5 => sleep(Duration::from_millis(random.u64(..200))).await,
            _ => {}
        }
    }
    writer.write_u64(count).await?;
    writer.write_u32(hash.finalize()).await?;
    writer.shutdown().await
}
