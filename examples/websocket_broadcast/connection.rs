//! A WebSocket whose writing half is a channel: tokio-tungstenite reads and answers, everybody sends.

use std::time::Duration;

use bytes::Bytes;
use flow_controlled_writer::Builder;
use flow_controlled_writer::channel::Sender;
use futures::StreamExt;
use tokio::io::{AsyncRead, AsyncWrite, join};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::Role;

/// Begins to serve a connection behind its handshake, of which `received` was read too far. Returns the
/// way to send to the client.
///
/// The tasks that serve the connection end, and the sender is closed, when the client leaves.
pub(crate) async fn open(stream: TcpStream, received: Bytes, options: &Builder) -> Sender {
    let (read_half, write_half) = stream.into_split();
    let (sender, driver) = options.build(write_half).into_channel();
    // What the library writes, it writes by one call each: one item between those of the others.
    let stream = join(read_half, sender.clone());
    let socket =
        WebSocketStream::from_partially_read(stream, received.into(), Role::Server, None).await;

    let mut driver = tokio::spawn(driver);
    let control = sender.clone();
    tokio::spawn(async move {
        tokio::select! {
            () = read(socket) => {}
            _ = control.closed() => {}
        }
        control.close_channel();
        if timeout(LINGER, &mut driver).await.is_err() {
            driver.abort();
        }
    });
    sender
}

/// Lets the library answer what controls the connection until the client leaves. The page sends nothing
/// else.
async fn read(mut socket: WebSocketStream<impl AsyncRead + AsyncWrite + Unpin>) {
    while let Some(Ok(_)) = socket.next().await {}
}

/// How long a client that has said goodbye may take for what is still queued.
const LINGER: Duration = Duration::from_secs(5);
