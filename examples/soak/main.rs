//! Thousands of connections, some of whose peers are slow or do not read at all.
//!
//! The clients live in a second process of this program. The example ends with an error if a byte was
//! lost, if a writer did not end empty, if a buffer outgrew its bound, if a stuck peer was not given up,
//! if the budget did not come back to 0, or if the memory of the server kept growing.
//!
//! ```text
//! cargo run --release --features time --example soak -- [SECONDS] [CONNECTIONS] [OPTIONS]
//! ```
//!
//! By itself it sends mixed messages for 60 seconds to 10,000 clients that now and then stop reading.
//! Each of them hashes what it receives; the server compares the hash with that of what it sent.
//!
//! - `--tls` encrypts the connections, below the writers.
//! - `--stuck` has every tenth client read nothing. A stall timeout of 30 seconds fails it.
//! - `--broadcast` sends all of 2,000 clients the same messages instead, by `try_send` of a channel
//!   each. Every second client is stuck, and one budget of 16 MiB holds them all. Those that read must
//!   get every message, and print how long it was on its way.
//!
//! Expected output (what is sent depends on the machine; the memory stays where it is):
//!
//! ```text
//!  time   open    sent, MiB   MiB/s   queued, MiB   process, MiB
//!   5 s  10000        654.0   130.8          10.5           40.4
//!  10 s  10000       1255.9   120.4          11.5           42.0
//! ...
//! 10000 of 10000 connections agree; 7291.6 MiB sent, 0 bytes still queued
//! 6705 pauses; the largest buffer held 130227 bytes; bound: 131072
//! most queued in all: 13.7 MiB; bound: 1250.0 MiB
//! process: 43.0 MiB in the second third of the time, 43.0 in the last
//! ```
//!
//! With `--broadcast` at the end, beside the rows:
//!
//! ```text
//! 284513 messages skipped for stuck connections; none may be for another
//! 1000 of 1000 connections agree; 662.6 MiB sent, 0 bytes still queued
//! 1000 of 1000 stuck connections failed by the stall timeout
//! 286402 pauses; the largest buffer held 23552 bytes; bound: 66560
//! most queued in all: 17.0 MiB; bound: 18.0 MiB
//! process: 11.4 MiB in the second third of the time, 11.4 in the last
//! 322000 messages within the budget: delay p50 10.0ms, p99 64.4ms, most 81.3ms
//! 278000 messages while it was exceeded: delay p50 6.2ms, p99 31.7ms, most 39.8ms
//! ```

mod broadcast;
mod client;
mod delay;
mod mixed;
mod plan;
mod report;
mod stream;
mod verdict;

use std::io;
use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::process::Command;
use tokio::time::timeout;

use crate::plan::{Load, Plan};
use crate::stream::{Acceptor, Connector};

/// Time for all to connect, and for those that read slowly to come to the end.
const GRACE: Duration = Duration::from_secs(120);
/// Descriptors that are no connections.
const RESERVED: u64 = 100;
/// The first argument of the process that holds the clients; the second one is the port.
const CLIENTS: &str = "clients";

#[tokio::main]
async fn main() -> io::Result<()> {
    let most = rlimit::increase_nofile_limit(u64::MAX)?.saturating_sub(RESERVED);
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (port, arguments) = match &arguments[..] {
        [first, port, rest @ ..] if first == CLIENTS => (port.parse().ok(), rest),
        all => (None, all),
    };
    let mut plan = Plan::parse(arguments)?;
    plan.connections = plan.connections.min(most);
    match port {
        Some(port) => {
            let mut server = tokio::io::stdin();
            let mut certificate = vec![0; server.read_u32().await? as usize];
            server.read_exact(&mut certificate).await?;
            let (delays, stuck) = client::run(plan, port, Connector::new(certificate)?).await?;
            // Until the server has given up all those that read nothing.
            server.read_to_end(&mut Vec::new()).await?;
            drop(stuck);
            delays.judge().end()
        }
        None => serve(plan, arguments).await,
    }
}

/// Starts the process of the clients and serves them.
async fn serve(plan: Plan, arguments: &[String]) -> io::Result<()> {
    let (acceptor, certificate) =
        if plan.has_tls { Acceptor::with_tls()? } else { (Acceptor::plain(), Vec::new()) };
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let port = listener.local_addr()?.port().to_string();
    let mut clients = Command::new(std::env::current_exe()?)
        .args([CLIENTS, &port])
        .args(arguments)
        .stdin(Stdio::piped())
        .kill_on_drop(true)
        .spawn()?;
    let mut stdin = clients.stdin.take().ok_or(io::ErrorKind::BrokenPipe)?;
    stdin.write_u32(certificate.len() as u32).await?;
    stdin.write_all(&certificate).await?;
    let verdict = match plan.load {
        Load::Mixed => mixed::run(plan, listener, acceptor).await?,
        Load::Broadcast => broadcast::run(plan, listener, acceptor).await?,
    };
    // The clients print what they have seen.
    drop(stdin);
    let ended = timeout(GRACE, clients.wait()).await??;
    verdict.end()?;
    if ended.success() { Ok(()) } else { Err(io::Error::other("the clients failed")) }
}
