//! Broadcasts small messages over TCP to one fast client and several slow ones.
//!
//! Every connection is a `FlowControlledWriter`. The server asks each for its `buffer_size()` after
//! every message, and skips messages for a client whose writer is paused (or waits for it, with
//! `--policy wait`). A line per client shows what is queued; at the end a table shows the totals,
//! and every client must have received exactly the bytes that were sent to it, in order: the
//! program fails otherwise.
//!
//! Run it with
//!
//! ```sh
//! cargo run --release --example slow_consumer
//! cargo run --release --example slow_consumer -- --help
//! ```
//!
//! It prints, after some ten seconds of live lines (counts and times differ from run to run)
//!
//! ```text
//!  client    sent  skipped    MiB  pauses    KiB  write  chunks  received
//!                            sent           peak  calls   /call
//! -----------------------------------------------------------------------------
//!  fast    200000        0  20.63       0   28.7    800   250.0  all, in order
//!  steady   59657   140343   6.14      23  256.2   2222    26.8  all, in order
//!  bursts   32217   167783   3.33       7  256.2   1957    16.5  all, in order
//!  late    140253    59747  14.45       1  256.0   1174   119.5  all, in order
//!  crawl    11016   188984   1.13       5  256.2   2052     5.4  all, in order
//!
//! 556857 messages were skipped for paused clients
//! buffer_size() was asked 1000000 times
//!   0.5 ns at the smallest queue, bytes: 16, chunks: 1
//!   0.5 ns at the deepest queue, bytes: 262319, chunks: 28
//! ```

mod client;
mod connection;
mod display;
mod message;
mod meter;
pub(crate) mod report;
mod server;

use std::io;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Parser, ValueEnum};
use tokio::task::JoinSet;

use self::client::Habit;
use self::report::Report;
use self::server::Server;

/// Broadcasts small messages over TCP to fast and slow clients, and checks what they received.
#[derive(Clone, Debug, Parser)]
pub(crate) struct Options {
    /// Messages to broadcast
    #[arg(long, default_value_t = 200_000)]
    messages: u32,
    /// Bytes of the smallest message
    #[arg(long, default_value_t = 16, value_parser = message_size())]
    min_size: u16,
    /// Bytes of the largest message
    #[arg(long, default_value_t = 200, value_parser = message_size())]
    max_size: u16,
    /// Messages a second; 0 for as many as possible
    #[arg(long, default_value_t = 25_000)]
    speed: u32,
    /// Clients that read as fast as they can
    #[arg(long, default_value_t = 1)]
    fast: usize,
    /// Clients that read slowly, each in one of four ways
    #[arg(long, default_value_t = 4)]
    slow: usize,
    /// Milliseconds before the late client starts to read
    #[arg(long, default_value_t = 2500)]
    late: u64,
    /// What to do with a message for a client that is paused
    #[arg(long, value_enum, default_value_t = Policy::Skip)]
    policy: Policy,
    /// High watermark in bytes; the low one is a quarter of it
    #[arg(long, default_value_t = 256 * 1024)]
    high: usize,
    /// Messages shorter than this are merged in the queue; 0 keeps each as a chunk
    #[arg(long, default_value_t = 1024)]
    coalesce: usize,
    /// Seconds after which the run is given up
    #[arg(long, default_value_t = 60)]
    limit: u64,
    /// Prints the final table only
    #[arg(long)]
    quiet: bool,
}

/// What the broadcast does with a message for a client that is paused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Policy {
    /// Leaves it out for this client
    Skip,
    /// Waits until no client is paused
    Wait,
}

#[tokio::main]
async fn main() -> io::Result<ExitCode> {
    let report = run(&Options::parse()).await?;
    println!("\n{report}");
    Ok(if report.is_intact() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Runs server and clients until every client has read to the end.
pub(crate) async fn run(options: &Options) -> io::Result<Report> {
    let limit = Duration::from_secs(options.limit);
    let late = |_| io::Error::new(io::ErrorKind::TimedOut, "the run took longer than its limit");
    tokio::time::timeout(limit, broadcast_and_check(options)).await.map_err(late)?
}

async fn broadcast_and_check(options: &Options) -> io::Result<Report> {
    let mut server = Server::bind(options)?;
    let mut clients = JoinSet::new();
    let habits = Habit::of_clients(options.fast, options.slow, options.late);
    for (index, habit) in habits.enumerate() {
        let client = server.connect(habit).await?;
        clients.spawn(async move { (index, client::receive(client, habit).await) });
    }
    server.broadcast().await;

    let mut received = clients.join_all().await;
    received.sort_by_key(|(index, _)| *index);
    let received = received.into_iter().map(|(_, received)| received);
    Ok(Report::new(server.connections, received, server.meter))
}

fn message_size() -> clap::builder::RangedI64ValueParser<u16> {
    clap::value_parser!(u16).range(i64::from(message::HEADER)..)
}
