//! What all connections together do, and what became of them.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use flow_controlled_writer::{Builder, MemoryBudget};
use tokio::time::interval;

use crate::plan::Plan;
use crate::verdict::Verdict;

/// What all connections together have done so far.
pub(crate) struct Totals {
    pub(crate) options: Builder,
    pub(crate) budget: MemoryBudget,
    pub(crate) open: AtomicUsize,
    pub(crate) sent: AtomicU64,
}

/// What became of all connections.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    /// Clients that got everything.
    pub(crate) agreed: u64,
    /// Stuck clients that the stall timeout has ended.
    pub(crate) timed_out: u64,
    /// What became of other clients.
    pub(crate) failed: Vec<String>,
    pub(crate) pauses: u64,
    /// The largest buffer that there was, and that there may be.
    pub(crate) largest: usize,
    pub(crate) bound: usize,
    /// The most that all buffers together may hold, where a budget limits it.
    pub(crate) bound_of_all: Option<usize>,
}

impl Totals {
    pub(crate) fn new(limit: usize) -> Self {
        let budget = MemoryBudget::new(limit);
        let options = Builder::new().budget(budget.clone()).stall_timeout(STALL_TIMEOUT);
        Self { options, budget, open: AtomicUsize::new(0), sent: AtomicU64::new(0) }
    }

    /// Prints a row each five seconds and returns the memory of the process in every second.
    pub(crate) async fn print_rows(&self, seconds: u64) -> Vec<usize> {
        println!(" time   open    sent, MiB   MiB/s   queued, MiB   process, MiB");
        let mut ticks = interval(Duration::from_secs(1));
        ticks.tick().await;
        let mut memory = Vec::new();
        let (mut sent_before, mut row_before) = (0.0, 0);
        for second in 1..=seconds {
            ticks.tick().await;
            memory.push(memory_stats::memory_stats().map_or(0, |memory| memory.physical_mem));
            if second % ROW == 0 || second == seconds {
                let sent = mebibytes(self.sent.load(Relaxed) as usize);
                println!(
                    "{second:>3} s {:>6} {sent:>12.1} {:>7.1} {:>13.1} {:>14.1}",
                    self.open.load(Relaxed),
                    (sent - sent_before) / (second - row_before) as f64,
                    mebibytes(self.budget.used()),
                    mebibytes(memory.last().copied().unwrap_or(0)),
                );
                (sent_before, row_before) = (sent, second);
            }
        }
        memory
    }

    /// Prints what became of all connections, beside what was promised.
    pub(crate) fn judge(&self, plan: &Plan, outcome: &Outcome, memory: &[usize]) -> Verdict {
        let sent = mebibytes(self.sent.load(Relaxed) as usize);
        println!("{sent:.1} MiB sent; {} pauses\n", outcome.pauses);
        outcome.failed.iter().take(SHOWN).for_each(|failure| println!("{failure}"));

        let mut verdict = Verdict::default();
        let stuck = plan.stuck();
        verdict.equal("clients that got every byte", outcome.agreed, plan.connections - stuck);
        if stuck > 0 {
            verdict.equal("stuck ones failed by the stall timeout", outcome.timed_out, stuck);
        }
        verdict.equal("bytes still queued", self.budget.used(), 0);
        verdict.at_most("largest buffer, bytes", outcome.largest, outcome.bound);
        if let Some(bound) = outcome.bound_of_all {
            let most = mebibytes(self.budget.peak());
            verdict.at_most("most queued in all, MiB", most, mebibytes(bound));
        }
        let third = memory.len() / 3;
        let most = |part: &[usize]| mebibytes(part.iter().copied().max().unwrap_or(0));
        let (before, after) = (most(&memory[third..2 * third]), most(&memory[2 * third..]));
        println!("      {:<44} {before:>10.1}", "memory in the second third, MiB");
        verdict.at_most("memory in the last third, MiB", after, before * 1.1 + 8.0);
        verdict
    }
}

pub(crate) fn mebibytes(bytes: usize) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}

/// Failures that are printed.
const SHOWN: usize = 10;
/// Seconds between two rows.
const ROW: u64 = 5;
/// How long a peer may take nothing: longer than any that is only slow rests.
const STALL_TIMEOUT: Duration = Duration::from_secs(30);
