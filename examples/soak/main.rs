//! Ten thousand connections with mixed messages and peers that now and then stop reading.
//!
//! The clients live in a second process of this program. Each of them hashes what it receives and
//! sends the hash back at the end; the server compares it with that of what it sent. The example
//! ends with an error if a byte was lost, if a writer did not end empty, if a buffer outgrew its
//! bound, or if the memory of the server kept growing.
//!
//! ```text
//! cargo run --release --example soak -- [SECONDS, 60] [CONNECTIONS, 10000]
//! ```
//!
//! Expected output (what is sent depends on the machine; the memory stays where it is):
//!
//! ```text
//!  time   open    sent, MiB   MiB/s   queued, MiB   process, MiB
//!   5 s  10000         89.0    17.8           9.2           29.1
//!  10 s  10000        171.1    16.4          14.4           30.7
//! ...
//! 10000 of 10000 connections agree; 351.6 MiB sent, 0 bytes still queued
//! 339 pauses; the largest buffer held 127115 bytes; bound: 131072
//! process: 31.2 MiB in the second third of the time, 32.2 in the last
//! ```

mod client;
mod report;
mod server;

use std::io;
use std::process::Stdio;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::process::Command;
use tokio::time::timeout;

/// What the system may hold of each connection, so that a peer that stops reading is soon felt.
const SOCKET_BUFFER: u32 = 16 * 1024;
/// Time for all to connect, and for those that read slowly to come to the end.
const GRACE: Duration = Duration::from_secs(120);
/// Descriptors that are no connections.
const RESERVED: u64 = 100;
/// The first argument of the process that holds the clients.
const CLIENTS: &str = "clients";

#[tokio::main]
async fn main() -> io::Result<()> {
    let most = rlimit::increase_nofile_limit(u64::MAX)?.saturating_sub(RESERVED);
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number = |index: usize, default| match arguments.get(index) {
        Some(text) => text.parse::<u64>().map_err(io::Error::other),
        None => Ok(default),
    };
    if arguments.first().is_some_and(|first| first == CLIENTS) {
        return client::run(number(1, 0)? as u16, number(2, 0)?).await;
    }

    let (seconds, connections) = (number(0, 60)?, number(1, 10_000)?.min(most));
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let port = listener.local_addr()?.port().to_string();
    let mut clients = Command::new(std::env::current_exe()?)
        .args([CLIENTS, &port, &connections.to_string()])
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .spawn()?;
    server::run(listener, seconds, connections).await?;
    let ended = timeout(GRACE, clients.wait()).await??;
    if ended.success() { Ok(()) } else { Err(io::Error::other("the clients failed")) }
}
