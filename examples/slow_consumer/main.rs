//! Broadcasts small messages over TCP to one fast client and several slow ones.
//!
//! Every connection is a `FlowControlledWriter`. The server asks each for its `buffer_size()` after
//! every message, and skips messages for a client whose writer is paused (or waits for it, with
//! `--policy wait`). A live line for each client shows what is queued; at the end a table shows the
//! totals, and every client must have received exactly the bytes that were sent to it, in order:
//! the program fails otherwise.
//!
//! Run it with
//!
//! ```sh
//! cargo run --release --example slow_consumer
//! cargo run --release --example slow_consumer -- --help
//! ```
//!
//! It says what is to be seen, shows it for some ten seconds
//!
//! ```text
//!  5.0 s 0        low                       high   queued   state skipped    sent
//! fast   ░░░░░░░░░|░░░░░░░░░░░░░░░░░░░░░░░░░░░░░    0 KiB sending       0  125000
//! steady █████████|████████░░░░░░░░░░░░░░░░░░░░░  113 KiB  paused   89479   35521
//! bursts █████████|███████████████████████░░░░░░  211 KiB  paused  107552   17448
//! late   ░░░░░░░░░|░░░░░░░░░░░░░░░░░░░░░░░░░░░░░    0 KiB sending   59747   65253
//! crawl  █████████|███████████████░░░░░░░░░░░░░░  161 KiB  paused  118020    6980
//! ```
//!
//! and prints (counts and times differ from run to run)
//!
//! ```text
//!  client  received         sent  skipped  pauses    KiB    MiB  write   sent
//!                                                   peak   sent  calls  /call
//! ----------------------------------------------------------------------------
//!  fast    all, in order  200000        0       0   28.7  20.63    800  250.0
//!  steady  all, in order   53651   146349      21  256.2   5.54   2194   24.5
//!  bursts  all, in order   32166   167834       7  256.2   3.32   1964   16.4
//!  late    all, in order  140253    59747       1  256.0  14.45   1165  120.4
//!  crawl   all, in order    8974   191026       4  256.1   0.92   2003    4.5
//!
//! 564956 messages were skipped for paused clients.
//! Every client received exactly what was sent to it, in order.
//! buffer_size() was asked 1000000 times; it took
//!   0.6 ns at the smallest queue: 16 bytes, chunks: 1
//!   0.6 ns at the deepest queue: 262313 bytes, chunks: 54
//! ```

mod client;
mod connection;
mod display;
mod layout;
mod message;
mod meter;
pub(crate) mod report;
mod server;

use std::io;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Parser, ValueEnum};
use flow_controlled_writer::Watermarks;
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

impl Options {
    /// Says what is shown, in short lines.
    fn describe(&self) -> String {
        let Self { min_size, max_size, speed, fast, slow, late, policy, high, .. } = *self;
        let messages = match speed {
            0 => format!("messages of {min_size} to {max_size} bytes, all it can,"),
            speed => format!("{speed} messages of {min_size} to {max_size} bytes a second"),
        };
        let meanwhile = match policy {
            Policy::Skip => "it misses what is sent meanwhile",
            Policy::Wait => "the server waits meanwhile",
        };
        let (low, high) = (Watermarks::with_high(high).low() / 1024, high / 1024);
        let mut text = format!(
            "A server sends {messages}\n\
             to every client. What a client does not take yet is queued\n\
             for it by a FlowControlledWriter: the bars below.\n\n\
             More than {high} KiB (high) pause a client until its queue has\n\
             drained to {low} KiB (low); {meanwhile}.\n\n\
             How the clients read:\n",
        );
        let mut shown = Vec::new();
        for habit in Habit::of_clients(fast, slow, late) {
            if !shown.contains(&habit) {
                text += &format!("  {habit:6}  {}\n", habit.describe());
                shown.push(habit);
            }
        }
        text
    }
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
    let options = Options::parse();
    if !options.quiet {
        println!("{}", options.describe());
    }
    let report = run(&options).await?;
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
