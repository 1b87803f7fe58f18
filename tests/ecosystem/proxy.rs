//! `tokio::io::copy_bidirectional`: a proxy whose two sides both write through our writer.

use std::io;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;

use crate::support::{End, Pattern, Slow, Watch, Watched, narrow_tcp_pair, tcp_pair, within};

/// A running proxy: what its clients and its server are connected to, and a view of its writers.
struct Proxy {
    client: TcpStream,
    server: TcpStream,
    to_client: Watch,
    to_server: Watch,
    copied: JoinHandle<io::Result<(u64, u64)>>,
}

impl Proxy {
    async fn start() -> io::Result<Self> {
        let (client, client_side) = narrow_tcp_pair().await?;
        let (server_side, server) = tcp_pair().await?;
        let (mut client_side, to_client) = Watched::new(client_side);
        let (mut server_side, to_server) = Watched::new(server_side);
        let copying = async move { copy_bidirectional(&mut client_side, &mut server_side).await };
        let copied = tokio::spawn(copying);
        Ok(Self { client, server, to_client, to_server, copied })
    }

    /// Waits for the end and returns the bytes copied, to the server and to the client.
    async fn finish(mut self) -> io::Result<(u64, u64)> {
        let copied = within(self.copied).await??;
        let written = (
            self.to_server.finished().await.written_bytes,
            self.to_client.finished().await.written_bytes,
        );
        assert_eq!(copied, written);
        Ok(copied)
    }
}

/// Sends `count` bytes of the pattern from `start` on, then ends the stream.
async fn send(mut stream: impl AsyncWriteExt + Unpin, start: u64, count: usize) -> io::Result<()> {
    let mut pattern = Pattern::at(start);
    stream.write_all(&pattern.take(count)).await?;
    stream.shutdown().await
}

/// Reads to the end and returns how many bytes of the pattern from `start` on have come.
async fn receive(stream: impl AsyncRead + Unpin, start: u64) -> io::Result<u64> {
    Pattern::at(start).receive(stream).await
}

#[tokio::test]
async fn a_slow_client_is_waited_for_while_the_other_direction_goes_on() -> io::Result<()> {
    let mut proxy = Proxy::start().await?;
    let (from_client, from_server) = (1_000_000, 3_000_000);
    let (client, server) = (&mut proxy.client, &mut proxy.server);
    let (client, gate) = Slow::new(client, 1000);
    let (client_read, client_write) = tokio::io::split(client);
    let (server_read, server_write) = server.split();
    let open_gate_late = async {
        // The client's bytes all arrive although it reads none itself.
        let report = proxy.to_client.until(|report| report.is_paused).await;
        let sent = proxy.to_server.until(|to| to.stats.written_bytes == from_client as u64).await;
        assert!(report.buffer_size > 0 && sent.buffer_size == 0);
        gate.open();
        Ok(())
    };
    let all = async {
        tokio::try_join!(
            send(client_write, 0, from_client),
            receive(server_read, 0),
            send(server_write, 500, from_server),
            receive(client_read, 500),
            open_gate_late,
        )
    };
    let ((), at_server, (), at_client, ()) = within(all).await?;
    assert_eq!((at_server, at_client), (from_client as u64, from_server as u64));
    assert!(proxy.to_client.last().stats.pauses > 0);
    assert_eq!(proxy.finish().await?, (at_server, at_client));
    Ok(())
}

#[tokio::test]
async fn a_conversation_through_the_proxy_never_waits_for_more_bytes() -> io::Result<()> {
    let mut proxy = Proxy::start().await?;
    let mut pattern = Pattern::at(0);
    let conversation = async {
        for turn in 0..500 {
            let request = pattern.take(1 + turn);
            let mut arrived = vec![0; request.len()];
            proxy.client.write_all(&request).await?;
            proxy.server.read_exact(&mut arrived).await?;
            assert!(arrived == request);
            proxy.server.write_all(&arrived).await?;
            proxy.client.read_exact(&mut arrived).await?;
            assert!(arrived == request);
        }
        proxy.client.shutdown().await?;
        proxy.server.shutdown().await
    };
    within(conversation).await?;
    let (to_server, to_client) = proxy.finish().await?;
    assert_eq!((to_server, to_client), (pattern.position(), pattern.position()));
    Ok(())
}

#[tokio::test]
async fn an_answer_still_comes_after_the_client_has_half_closed() -> io::Result<()> {
    let mut proxy = Proxy::start().await?;
    within(send(&mut proxy.client, 0, 10_000)).await?;
    assert_eq!(within(receive(&mut proxy.server, 0)).await?, 10_000);
    let answer = send(&mut proxy.server, 9, 1_000_000);
    let ((), answered) =
        within(async { tokio::try_join!(answer, receive(&mut proxy.client, 9)) }).await?;
    assert_eq!(answered, 1_000_000);
    assert_eq!(proxy.finish().await?, (10_000, 1_000_000));
    Ok(())
}

/// As programs do that end a stream whatever has become of the copy.
#[tokio::test]
async fn a_shutdown_after_a_failed_copy_fails_like_it() -> io::Result<()> {
    let (mut client, client_side) = narrow_tcp_pair().await?;
    let (mut client_side, mut watch) = Watched::new(client_side);
    let copying = tokio::spawn(async move {
        let copied = tokio::io::copy(&mut tokio::io::repeat(7), &mut client_side).await;
        (copied, client_side.shutdown().await)
    });
    within(client.read_exact(&mut [0; 1000])).await?;
    within(watch.until(|report| report.is_paused)).await;

    // Bytes that were never read make the system reset the connection.
    drop(client);
    let (copied, ended) = within(copying).await?;
    let kind = copied.expect_err("the client is gone").kind();
    assert_eq!(ended.expect_err("the client is gone").kind(), kind);
    let report = watch.dropped().await;
    assert_eq!(report.end, End::Failed(kind));
    assert!(report.buffer_size > 0, "not thrown away");
    Ok(())
}
