use std::io;
use std::time::Duration;

use crc32fast::Hasher;
use fastrand::Rng;
use flow_controlled_writer::FlowControlledWriter;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use crate::{GRACE, SOCKET_BUFFER};

/// Connects one client after the other: each waits for the server to have accepted it, so that the
/// queue of connections that wait to be accepted never overflows.
pub(super) async fn run(port: u16, connections: u64) -> io::Result<()> {
    let mut clients = JoinSet::new();
    for seed in 0..connections {
        let socket = TcpSocket::new_v4()?;
        socket.set_recv_buffer_size(SOCKET_BUFFER)?;
        let connecting = async {
            let mut stream = socket.connect(([127, 0, 0, 1], port).into()).await?;
            stream.read_u8().await.map(|_| stream)
        };
        clients.spawn(receive(timeout(GRACE, connecting).await??, seed));
    }
    while let Some(ended) = clients.join_next().await {
        ended.map_err(io::Error::other)??;
    }
    Ok(())
}

/// Reads to the end, with rests at random, and reports the count and the hash of what came.
async fn receive(stream: TcpStream, seed: u64) -> io::Result<()> {
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
