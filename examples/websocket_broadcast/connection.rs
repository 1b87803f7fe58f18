//! A WebSocket: the crate's channel for what goes out, a task for what comes in.

use std::io;
use std::time::Duration;

use flow_controlled_writer::Builder;
use flow_controlled_writer::channel::Sender;
use futures::StreamExt;
use tokio::io::AsyncRead;
use tokio::time::timeout;
use tokio_util::codec::FramedRead;
use tungstenite::protocol::frame::Frame;
use tungstenite::protocol::frame::coding::{Control, OpCode};

use crate::frame::{self, ClientFrames};
use crate::http::Upgrade;

/// Completes the handshake and returns the way to send to the client.
///
/// The tasks that serve the connection end, and the sender is closed, when the client leaves.
pub(crate) fn open(upgrade: Upgrade, options: &Builder) -> Sender {
    let (reader, writer) = upgrade.stream.into_split();
    let (sender, driver) = options.build(writer).into_channel();
    sender.try_send(upgrade.response).expect("a new writer has room");
    let mut frames = FramedRead::new(reader, ClientFrames);
    frames.read_buffer_mut().extend_from_slice(&upgrade.received);

    let mut driver = tokio::spawn(driver);
    let control = sender.clone();
    tokio::spawn(async move {
        tokio::select! {
            _ = reply(frames, &control) => {}
            () = control.closed() => {}
        }
        control.close();
        if timeout(LINGER, &mut driver).await.is_err() {
            driver.abort();
        }
    });
    sender
}

/// Answers the frames that control the connection until the client leaves.
async fn reply<R: AsyncRead + Unpin>(
    mut frames: FramedRead<R, ClientFrames>,
    sender: &Sender,
) -> io::Result<()> {
    while let Some(received) = frames.next().await.transpose()? {
        match received.header().opcode {
            OpCode::Control(Control::Ping) => {
                sender.send(frame::encode(Frame::pong(received.into_payload()))).await?;
            }
            OpCode::Control(Control::Close) => {
                sender.send(frame::encode(Frame::close(None))).await?;
                break;
            }
            _ => {}
        }
    }
    Ok(())
}

/// How long a client that has said goodbye may take for what is still queued.
const LINGER: Duration = Duration::from_secs(5);
