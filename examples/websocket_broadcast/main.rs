//! A WebSocket server that broadcasts to a page, where one slow reader shows what the marks do.
//!
//! Four publishers together send 800 messages of 256 bytes a second to every connection. The writing
//! half of each is a channel: a publisher encodes a message once, sends it to all by `try_send` and
//! waits for nobody; while a connection is paused, messages for it are skipped and counted.
//! tokio-tungstenite reads from `tokio::io::join(read_half, sender.clone())`, so that its pongs go out
//! between the messages. The page, in a current
//! Chromium, draws the buffer size of every connection. Its switch "Read slowly" makes it take less
//! from its socket than it is sent, so that its own line climbs to the high mark, falls to the low
//! one, and climbs again.
//!
//! ```text
//! cargo run --release --example websocket_broadcast
//! ```
//!
//! Runs until Ctrl-C, or for `-- --seconds 60`. Expected output, when the address is opened in a
//! browser, the switch is used for a while, and the page is closed (numbers differ):
//!
//! ```text
//! open http://127.0.0.1:43817/
//! connection 1 opened
//! connection 1 closed: 2.2 MB written, paused 5 times, 11026 messages skipped
//! ```
//!
//! `e2e.sh` beside this file does all that in a headless Chromium and checks what the page shows.

mod connection;
mod hub;
mod message;
mod publisher;
mod server;
mod telemetry;

use std::error::Error;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use flow_controlled_writer::{Builder, Watermarks};
use socket2::SockRef;
use tokio::net::TcpListener;
use tokio::time::sleep;

use crate::hub::Hub;
use crate::server::Server;

const PUBLISHERS: u8 = 4;
/// The high mark of each connection in bytes: more than one second of the broadcast. The low mark
/// is a quarter of it.
const HIGH: usize = 256 * 1024;
/// Messages of so many bytes are queued as they are: all connections share them.
const SHARED_FROM: usize = 64;
/// Bytes that the kernel may hold for a connection: little, so that a slow reader is soon felt.
const SEND_BUFFER: usize = 16 * 1024;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let run = run_time(std::env::args().skip(1))?;
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("open http://{}/", listener.local_addr()?);

    let hub = Arc::new(Hub::default());
    for number in 0..PUBLISHERS {
        tokio::spawn(publisher::publish(number, Arc::clone(&hub)));
    }
    tokio::select! {
        result = serve(listener, hub) => result?,
        result = tokio::signal::ctrl_c() => result?,
        () = sleep(run) => {}
    }
    Ok(())
}

/// Reads `--seconds N`; without it the server runs until it is stopped.
fn run_time(mut arguments: impl Iterator<Item = String>) -> Result<Duration, Box<dyn Error>> {
    match (arguments.next().as_deref(), arguments.next(), arguments.next()) {
        (None, _, _) => Ok(Duration::MAX),
        (Some("--seconds"), Some(seconds), None) => Ok(Duration::from_secs(seconds.parse()?)),
        _ => Err("usage: websocket_broadcast [--seconds N]".into()),
    }
}

async fn serve(listener: TcpListener, hub: Arc<Hub>) -> io::Result<()> {
    let options = Builder::new().watermarks(Watermarks::with_high(HIGH));
    let server = Server { options: options.coalesce_threshold(SHARED_FROM), hub };
    loop {
        let (stream, _) = listener.accept().await?;
        let socket = SockRef::from(&stream);
        socket.set_send_buffer_size(SEND_BUFFER)?;
        socket.set_tcp_nodelay(true)?;
        let serving = server.clone().serve(stream);
        tokio::spawn(async move {
            // A browser opens connections that it may never use.
            if let Err(error) = serving.await
                && !error.is_timeout()
            {
                eprintln!("{error}");
            }
        });
    }
}
