//! `tokio-tungstenite`: both ends of a connection write through our writer.

use std::io;

use bytes::Bytes;
use futures::{SinkExt, StreamExt};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Message};
use tokio_tungstenite::tungstenite::{Error, Result};
use tokio_tungstenite::{WebSocketStream, accept_async, client_async};

use crate::support::{End, Pattern, Slow, Watch, Watched, narrow_tcp_pair, tcp_pair, within};

/// Sends back every message until the peer closes.
///
/// The server's answer to a close is written and not flushed, as is its way with every stream; a
/// stream that buffers has to be shut down for it.
async fn echo(stream: Watched<TcpStream>) -> Result<()> {
    let mut socket = accept_async(stream).await?;
    while let Some(message) = socket.next().await {
        let message = message?;
        if message.is_binary() || message.is_text() {
            socket.send(message).await?;
        }
    }
    Ok(socket.get_mut().shutdown().await?)
}

/// Starts the server and connects a client to it.
async fn connect<S: AsyncRead + AsyncWrite + Unpin>(
    near: S,
    far: TcpStream,
) -> Result<(WebSocketStream<S>, Watch, JoinHandle<Result<()>>)> {
    let (far, watch) = Watched::new(far);
    let server = tokio::spawn(echo(far));
    let (client, _) = client_async("ws://localhost/", near).await?;
    Ok((client, watch, server))
}

async fn next_bytes<S: AsyncRead + AsyncWrite + Unpin>(
    client: &mut WebSocketStream<S>,
) -> Result<Bytes> {
    Ok(client.next().await.expect("the connection is open")?.into_data())
}

/// Closes from the client's side and returns what the server answered to that.
async fn close<S: AsyncRead + AsyncWrite + Unpin>(
    mut client: WebSocketStream<S>,
) -> Result<Option<Message>> {
    let reason = CloseFrame { code: CloseCode::Away, reason: "leaving".into() };
    client.close(Some(reason)).await?;
    let answer = client.next().await.transpose()?;
    assert!(client.next().await.is_none());
    client.get_mut().shutdown().await?;
    Ok(answer)
}

#[tokio::test]
async fn messages_of_every_size_come_back() -> Result<()> {
    let (near, far) = tcp_pair().await?;
    let (near, mut near_watch) = Watched::new(near);
    let (mut client, mut far_watch, server) = within(connect(near, far)).await?;

    let mut pattern = Pattern::at(0);
    let mut expected = pattern.clone();
    for length in [1, 125, 126, 1023, 1024, 65_535, 65_536, 1 << 20, 16 << 20, 0, 3] {
        within(client.send(Message::binary(pattern.take(length)))).await?;
        let answer = within(next_bytes(&mut client)).await?;
        assert_eq!(answer.len(), length);
        expected.check(&answer);
    }

    let answer = within(close(client)).await?.expect("the server answers the close");
    assert!(answer.is_close(), "{answer:?}");
    within(server).await.expect("no panic")?;
    near_watch.finished().await;
    far_watch.finished().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_small_messages_come_back_in_order() -> Result<()> {
    let (near, far) = tcp_pair().await?;
    let (near, mut near_watch) = Watched::new(near);
    let (client, mut far_watch, server) = within(connect(near, far)).await?;

    let (mut sink, mut stream) = client.split();
    let sender = async {
        for index in 0..20_000 {
            sink.feed(Message::text(format!("message {index}"))).await?;
        }
        sink.flush().await
    };
    let receiver = async {
        for index in 0..20_000 {
            let message = stream.next().await.expect("the connection is open")?;
            assert_eq!(message.to_text()?, format!("message {index}"));
        }
        Ok(())
    };
    within(async { tokio::try_join!(sender, receiver) }).await?;

    within(close(sink.reunite(stream).expect("halves of one"))).await?;
    within(server).await.expect("no panic")?;
    near_watch.finished().await;
    far_watch.finished().await;
    Ok(())
}

#[tokio::test]
async fn a_client_that_reads_slowly_gets_everything() -> Result<()> {
    let (near, far) = narrow_tcp_pair().await?;
    let (near, gate) = Slow::new(near, 700);
    gate.open();
    let (mut client, mut watch, server) = within(connect(near, far)).await?;
    gate.close();

    let length = 1 << 20;
    within(client.send(Message::binary(Pattern::at(0).take(length)))).await?;
    let report = within(watch.until(|report| report.is_waiting)).await;
    assert!(report.stats.written_bytes < length as u64);
    gate.open();
    let answer = within(next_bytes(&mut client)).await?;
    assert_eq!(answer.len(), length);
    Pattern::at(0).check(&answer);

    within(close(client)).await?;
    within(server).await.expect("no panic")?;
    watch.finished().await;
    Ok(())
}

#[tokio::test]
async fn a_client_that_disappears_ends_the_server_with_an_error() -> Result<()> {
    let (near, far) = narrow_tcp_pair().await?;
    let (near, gate) = Slow::new(near, 700);
    gate.open();
    let (mut client, mut watch, server) = within(connect(near, far)).await?;
    gate.close();

    within(client.send(Message::binary(Pattern::at(0).take(1 << 20)))).await?;
    within(watch.until(|report| report.is_waiting)).await;
    // Bytes that were never read make the system reset the connection.
    drop(client);

    let error = within(server).await.expect("no panic").expect_err("the client is gone");
    let Error::Io(error) = error else { panic!("{error:?}") };
    let report = watch.dropped().await;
    assert_eq!(report.end, End::Failed(error.kind()));
    assert!(
        matches!(error.kind(), io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe),
        "{error:?}"
    );
    Ok(())
}
