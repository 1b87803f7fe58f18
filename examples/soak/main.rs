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
//!   get every message, no later because of the others.
//!
//! Expected output (what is sent depends on the machine; the memory stays where it is):
//!
//! ```text
//!  time   open    sent, MiB   MiB/s   queued, MiB   process, MiB
//!   5 s  10000        630.1   126.0          10.8           47.1
//!  10 s  10000       1232.9   120.6          11.5           49.7
//! ...
//! 5688.4 MiB sent; 5262 pauses
//!
//! pass  clients that got every byte                       10000  promised:              10000
//! pass  bytes still queued                                    0  promised:                  0
//! pass  largest buffer, bytes                            130227  promised: at most     131072
//!       memory in the second third, MiB                    50.3
//! pass  memory in the last third, MiB                      51.3  promised: at most       63.3
//! ```
//!
//! With `--stuck`, how many of them were given up is a line of the table too. With `--broadcast`, at the
//! end, beside the rows:
//!
//! ```text
//! 110807 messages refused by stuck connections
//! 533.6 MiB sent; 112795 pauses
//!
//! pass  clients that got every byte                        1000  promised:               1000
//! pass  stuck ones failed by the stall timeout             1000  promised:               1000
//! pass  bytes still queued                                    0  promised:                  0
//! pass  largest buffer, bytes                             32768  promised: at most      67584
//! pass  most queued in all, MiB                            18.0  promised: at most       19.9
//!       memory in the second third, MiB                    11.2
//! pass  memory in the last third, MiB                      11.2  promised: at most       20.3
//! pass  messages refused by those that read                   0  promised:                  0
//! 122000 messages within the budget: delay p50 17.0 ms, p99 111.8 ms, most 151.2 ms
//! 112000 messages while it was used up: delay p50 12.6 ms, p99 131.9 ms, most 194.6 ms
//! pass  messages missing at those that read                   0  promised:                  0
//! pass  delay p99 while it was used up, ms                131.9  promised: at most      473.6
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
