//! Ships log lines to an upstream that dies again and again: nothing is lost, doubled or cut.
//!
//! The producers send their lines by clones of one `Sender` and remember none of them. The shipper
//! has the other end, the `Driver`. When `drive` returns an error it connects anew, puts the new
//! connection in the place of the old one by `replace`, and drives on; the producers have only
//! waited.
//!
//! What is queued is safe in the channel. What a connection had already taken may be lost with it,
//! in the buffers of the system or half read by the peer, so the writer below the channel keeps it
//! until the upstream has acknowledged it. All count in positions: bytes since the beginning.
//! The upstream says, when a connection begins and whenever it has stored lines, up to which
//! position it has them. From there on all is sent again: first what was kept, then what `unsent`
//! holds, which may begin in the middle of a line.
//!
//! An upstream that falls silent without a word would be noticed by `Builder::stall_timeout`, of
//! the feature `time`.
//!
//! Run it with
//!
//! ```sh
//! cargo run --release --example log_shipper
//! ```
//!
//! It prints, within a second or two (counts differ from run to run)
//!
//! ```text
//! connection reset:  49265 bytes are sent again, then  65544 from the queue
//! connection reset:  96936 bytes are sent again, then  18003 from the queue, from inside a line
//! (and so on)
//!
//! 8 producers sent 40000 lines and never waited longer than 77ms
//! the upstream died 23 times, 23 times with a part of a line
//! the shipper lost 23 connections, 8 with a part of a line in them; sent again: 1648 KiB
//! stored: 40000 lines; lost: 0; cut, doubled or out of order: 0
//! ```
//!
//! and fails if a line is lost, doubled, cut or out of order.

mod collector;
mod upstream;

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::Duration;

use bytes::Buf;
use flow_controlled_writer::FlowControlledWriter;
use flow_controlled_writer::channel::{Driver, Sender};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};

use self::collector::{Collector, Stored};
use self::upstream::Upstream;

/// How much goes on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plan {
    pub(crate) producers: usize,
    pub(crate) lines_each: usize,
    /// The upstream dies after at most so many bytes.
    pub(crate) longest_life: usize,
}

#[tokio::main]
async fn main() -> io::Result<ExitCode> {
    let plan = Plan { producers: 8, lines_each: 5_000, longest_life: 400 * 1024 };
    let report = timeout(Duration::from_secs(60), run(plan)).await??;
    println!("\n{report}");
    Ok(if report.is_right() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Ships all lines and returns what became of them.
pub(crate) async fn run(plan: Plan) -> io::Result<Report> {
    let collector = Collector::bind(plan).await?;
    let address = collector.address()?;
    let collecting = tokio::spawn(collector.run());
    let (sender, driver) =
        FlowControlledWriter::new(Upstream::connect(address).await?).into_channel();
    let mut producers = JoinSet::new();
    for producer in 0..plan.producers {
        producers.spawn(produce(sender.clone(), producer, plan.lines_each));
    }
    drop(sender);
    let produced = async {
        let mut longest_wait = Duration::ZERO;
        while let Some(waited) = producers.join_next().await {
            longest_wait = longest_wait.max(waited??);
        }
        Ok(longest_wait)
    };
    let (stored, shipped, longest_wait) =
        tokio::try_join!(async { collecting.await? }, ship(driver, address), produced)?;
    Ok(Report { plan, shipped, stored, longest_wait })
}

/// Sends lines and remembers none. Returns how long the longest send had to wait.
async fn produce(sender: Sender, producer: usize, lines: usize) -> io::Result<Duration> {
    let (mut last, mut longest_wait) = (0, Duration::ZERO);
    for number in 0..lines {
        let started = Instant::now();
        last = sender.send(line(producer, number)).await?;
        longest_wait = longest_wait.max(started.elapsed());
    }
    // Not needed to have it delivered, but to know that it is: this writer is flushed up to a
    // position when the upstream has acknowledged it.
    sender.flushed(last).await?;
    Ok(longest_wait)
}

/// Writes what the producers send until they have ended and all of it is acknowledged.
async fn ship(mut driver: Driver<Upstream>, address: SocketAddr) -> io::Result<Shipped> {
    let mut shipped = Shipped::default();
    while let Err(error) = driver.drive().await {
        let kept = driver.get_ref().unacknowledged();
        let is_cut = kept.last().is_some_and(|byte| *byte != b'\n');
        let (kept, queued) = (kept.len(), driver.unsent().remaining());
        shipped.losses += 1;
        shipped.cut += usize::from(is_cut);
        shipped.sent_again += kept;
        println!(
            "{}: {kept:>6} bytes are sent again, then {queued:>6} from the queue{}",
            error.kind(),
            if is_cut { ", from inside a line" } else { "" },
        );
        let next = reconnect(driver.get_ref(), address).await;
        driver.replace(next);
    }
    Ok(shipped)
}

/// Connects until it works.
async fn reconnect(lost: &Upstream, address: SocketAddr) -> Upstream {
    loop {
        match lost.reconnect(address).await {
            Ok(next) => return next,
            Err(_) => sleep(PAUSE).await,
        }
    }
}

/// Makes a line: who wrote it, its number, and content that follows from both, so that one that is
/// damaged can be told.
fn line(producer: usize, number: usize) -> String {
    let mut random = fastrand::Rng::with_seed((producer << 32 | number) as u64);
    let length = random.usize(10..200);
    let content: String = std::iter::repeat_with(|| random.alphanumeric()).take(length).collect();
    format!("{producer} {number} {content}\n")
}

/// What the shipper has seen.
#[derive(Debug, Default)]
struct Shipped {
    /// Connections that were lost.
    losses: usize,
    /// Those that were lost when they had taken a part of a line.
    cut: usize,
    /// Bytes that lost connections had taken.
    sent_again: usize,
}

/// What became of all lines.
#[derive(Debug)]
pub(crate) struct Report {
    plan: Plan,
    shipped: Shipped,
    stored: Stored,
    longest_wait: Duration,
}

impl Report {
    /// Tells whether the upstream has all lines, each once.
    pub(crate) fn is_right(&self) -> bool {
        let Stored { lines, wrong, .. } = &self.stored;
        *wrong == 0 && *lines == self.plan.producers * self.plan.lines_each
    }

    /// Returns how many connections were lost.
    pub(crate) fn losses(&self) -> usize {
        self.shipped.losses
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { plan: Plan { producers, lines_each, .. }, shipped, stored, longest_wait } = self;
        let all = producers * lines_each;
        writeln!(
            f,
            "{producers} producers sent {all} lines and never waited longer than {longest_wait:.0?}"
        )?;
        writeln!(
            f,
            "the upstream died {} times, {} times with a part of a line",
            stored.deaths, stored.cut,
        )?;
        writeln!(
            f,
            "the shipper lost {} connections, {} with a part of a line in them; sent again: {} KiB",
            self.losses(),
            shipped.cut,
            shipped.sent_again / 1024,
        )?;
        let (wrong, lost) = (stored.wrong, all.saturating_sub(stored.lines));
        write!(
            f,
            "stored: {} lines; lost: {lost}; cut, doubled or out of order: {wrong}",
            stored.lines
        )
    }
}

/// Before a connection that failed is tried again.
const PAUSE: Duration = Duration::from_millis(10);
