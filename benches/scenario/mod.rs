//! The scenario as a whole. The server of a run lives in a process of its own, so that its memory is that
//! of one contestant, and so do the readers, so that their CPU is not counted.
#![allow(dead_code, unreachable_pub)]

mod contestants;
mod message;
mod owned;
mod readers;
mod server;
mod table;
mod tasks;

use std::fmt;
use std::io;
use std::process::Stdio;
use std::time::Duration;

use tokio::io::AsyncReadExt;
use tokio::process::{Child, Command};
use tokio::runtime::Builder;
use tokio::time::timeout;

pub use contestants::CONTESTANTS;
pub use table::print;

use crate::support::contest::Spread;

/// What is sent to whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Connections that read as fast as they can.
    pub keep_up: u32,
    /// Connections that read nothing.
    pub stuck: u32,
    pub ticks: u32,
    pub messages_a_tick: u32,
    /// How often each contestant runs.
    pub rounds: u32,
}

/// All runs of a contestant.
pub struct Figures {
    pub name: &'static str,
    pub runs: Vec<Run>,
}

/// What one run has shown.
#[derive(Clone, Copy, Debug)]
pub struct Run {
    /// Nanoseconds of the server's CPU for a message delivered to one that keeps up.
    pub cpu: f64,
    /// Milliseconds from the server's making a message to its arrival, for half of all.
    pub p50: f64,
    pub p99: f64,
    /// Resident memory of the server at the end, in mebibytes.
    pub rss: f64,
    /// Messages that did not come to those that keep up.
    pub lost: u64,
}

impl Figures {
    /// Returns the median of the runs, and instead of quartiles the least and the most.
    pub fn spread(&self, of: fn(&Run) -> f64) -> Spread {
        let values: Vec<_> = self.runs.iter().map(of).collect();
        let low = values.iter().copied().fold(f64::INFINITY, f64::min);
        let high = values.iter().copied().fold(0.0, f64::max);
        Spread { low, high, ..Spread::of(values) }
    }
}

impl Plan {
    pub const FULL: Self =
        Self { keep_up: 900, stuck: 100, ticks: 125, messages_a_tick: 40, rounds: 3 };
    pub const TEST: Self = Self { keep_up: 18, stuck: 2, ticks: 4, messages_a_tick: 20, rounds: 1 };

    pub fn connections(self) -> u32 {
        self.keep_up + self.stuck
    }

    pub fn messages(self) -> u32 {
        self.ticks * self.messages_a_tick
    }

    /// Returns the messages that are to arrive at those that keep up.
    pub fn deliveries(self) -> u64 {
        u64::from(self.keep_up) * u64::from(self.messages())
    }

    /// How long a run may take, also on a machine that has much else to do.
    fn limit(self) -> Duration {
        TICK * self.ticks * 4 + Duration::from_secs(20)
    }

    fn arguments(self) -> [String; 4] {
        [self.keep_up, self.stuck, self.ticks, self.messages_a_tick]
            .map(|number| number.to_string())
    }

    fn parse(arguments: &[String]) -> Option<Self> {
        let mut numbers = arguments.iter().map_while(|text| text.parse().ok());
        let mut next = || numbers.next();
        let (keep_up, stuck) = (next()?, next()?);
        Some(Self { keep_up, stuck, ticks: next()?, messages_a_tick: next()?, rounds: 1 })
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} connections, of which {} do not read; for {:.1} s, every {:?}, {} messages of {} to {} B",
            self.connections(),
            self.stuck,
            (TICK * self.ticks).as_secs_f64(),
            TICK,
            self.messages_a_tick,
            message::SIZES.start(),
            message::SIZES.end(),
        )
    }
}

/// Runs what this process was started for, if it is a child of this module.
pub fn run_child() -> Option<io::Result<()>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (role, rest) = arguments.split_first()?;
    let run: fn(usize, Plan) -> io::Result<()> = match role.as_str() {
        SERVER => server::run,
        READERS => readers::run,
        _ => return None,
    };
    let (number, plan) = rest.split_first()?;
    end_with_the_parent();
    Some(run(number.parse().ok()?, Plan::parse(plan)?))
}

/// Runs the contestants in turn, each in every round.
///
/// # Errors
///
/// Returns what has kept a run from its end.
pub fn figures(plan: Plan, contestants: &[usize]) -> io::Result<Vec<Figures>> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let figures = |index: &usize| Figures { name: CONTESTANTS[*index].name, runs: Vec::new() };
    let mut all: Vec<_> = contestants.iter().map(figures).collect();
    for _ in 0..plan.rounds {
        for (figures, index) in all.iter_mut().zip(contestants) {
            let answer = runtime.block_on(async {
                let server = start(SERVER, *index, plan)?;
                timeout(plan.limit(), answer(server)).await?
            })?;
            let [cpu, p50, p99, rss, lost] = answer[..] else {
                return Err(io::ErrorKind::InvalidData.into());
            };
            figures.runs.push(Run { cpu, p50, p99, rss, lost: lost as u64 });
        }
    }
    Ok(all)
}

/// Starts this program as a child that is killed when it is dropped, and ends by itself when this process
/// does.
fn start(role: &str, number: usize, plan: Plan) -> io::Result<Child> {
    Command::new(std::env::current_exe()?)
        .args([role, &number.to_string()])
        .args(plan.arguments())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
}

/// Waits for the numbers that a child prints.
async fn answer(mut child: Child) -> io::Result<Vec<f64>> {
    let mut text = String::new();
    let mut output = child.stdout.take().expect("it is piped");
    output.read_to_string(&mut text).await?;
    if !child.wait().await?.success() {
        return Err(io::Error::other("a process of the scenario failed"));
    }
    Ok(text.split_whitespace().map_while(|number| number.parse().ok()).collect())
}

/// Ends this process when its standard input does.
fn end_with_the_parent() {
    std::thread::spawn(|| {
        let _ = io::copy(&mut io::stdin(), &mut io::sink());
        std::process::exit(1);
    });
}

/// Time between two ticks.
const TICK: Duration = Duration::from_millis(40);
/// What the server's system may hold of a connection: little, so that one that does not read is soon felt.
const SEND_BUFFER: u32 = 32 * 1024;
const SERVER: &str = "scenario-server";
const READERS: &str = "scenario-readers";
