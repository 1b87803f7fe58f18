//! Runs contestants in turn, so that what else the machine does falls on all of them.
use std::time::{Duration, Instant};

use super::cpu;
use super::entry::Case;

/// How long to measure.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Effort {
    warmups: usize,
    /// The least and the most rounds; in between, time decides.
    rounds: (usize, usize),
}

impl Effort {
    pub const FULL: Self = Self { warmups: 3, rounds: (31, 301) };
    pub const TEST: Self = Self { warmups: 0, rounds: (1, 1) };

    /// Returns the effort for batches that are far shorter or longer than most.
    pub fn with_rounds(self, rounds: usize) -> Self {
        if self == Self::TEST {
            return self;
        }
        Self { warmups: self.warmups.min(rounds / 4), rounds: (rounds, rounds) }
    }
}

/// What is measured of a batch. Times are in nanoseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Measure {
    /// CPU time of the calling thread.
    SenderCpu,
    /// CPU time of all threads but those that read.
    Cpu,
    Wall,
    /// Page faults.
    Faults,
}

/// What one batch has used, by each [`Measure`].
#[derive(Clone, Copy, Default)]
struct Used([f64; 4]);

impl Used {
    fn by(run: impl FnOnce()) -> Self {
        let (faults, cpu, sender) = (cpu::faults(), cpu::of_senders(), cpu::of_thread());
        let start = Instant::now();
        run();
        let wall = start.elapsed();
        let sender = cpu::of_thread() - sender;
        let cpu = cpu::of_senders().saturating_sub(cpu);
        let faults = cpu::faults() - faults;
        let [sender, cpu, wall] = [sender, cpu, wall].map(|time| time.as_nanos() as f64);
        Self([sender, cpu, wall, faults as f64])
    }
}

/// What all contestants have used in rounds that ran interleaved.
pub struct Times {
    /// `rounds[r][e]` is what entry `e` has used in round `r`.
    rounds: Vec<Vec<Used>>,
}

/// The median of what was measured, and the quartiles below and above it.
#[derive(Clone, Copy, Debug)]
pub struct Spread {
    pub low: f64,
    pub median: f64,
    pub high: f64,
}

impl Times {
    /// Runs the entries of `case` in turn, a batch each, the first one of a round changing.
    pub fn measure(case: &mut Case, effort: Effort) -> Self {
        let count = case.entries.len();
        for _ in 0..effort.warmups {
            for entry in &mut case.entries {
                entry.run();
                entry.settle();
            }
        }
        let (least, most) = effort.rounds;
        let start = Instant::now();
        let mut rounds = Vec::new();
        while rounds.len() < least || (rounds.len() < most && start.elapsed() < ENOUGH) {
            let mut round = vec![Used::default(); count];
            for turn in 0..count {
                let at = (rounds.len() + turn) % count;
                let entry = &mut case.entries[at];
                round[at] = Used::by(|| entry.run());
                entry.settle();
            }
            rounds.push(round);
        }
        Self { rounds }
    }

    /// Adds the rounds of others.
    pub fn join(&mut self, others: Self) {
        self.rounds.extend(others.rounds);
    }

    /// Returns what the batches of one entry took.
    pub fn of(&self, entry: usize, measure: Measure) -> Spread {
        Spread::of(self.rounds.iter().map(|round| round[entry].0[measure as usize]).collect())
    }

    /// Returns cost of `rival` / cost of `ours`, each taken within one round.
    pub fn ratio(&self, rival: usize, ours: usize, measure: Measure) -> Spread {
        let ratio = |round: &Vec<Used>| {
            let [rival, ours] = [rival, ours].map(|entry| round[entry].0[measure as usize]);
            rival / ours.max(1.0)
        };
        Spread::of(self.rounds.iter().map(ratio).collect())
    }

    /// Returns the mean of what the batches of one entry took.
    pub fn mean(&self, entry: usize, measure: Measure) -> f64 {
        let sum: f64 = self.rounds.iter().map(|round| round[entry].0[measure as usize]).sum();
        sum / self.rounds.len() as f64
    }
}

impl Spread {
    /// Returns the spread of values that were measured.
    pub fn of(mut values: Vec<f64>) -> Self {
        values.sort_by(f64::total_cmp);
        let at = |share: f64| {
            let place = share * (values.len() - 1) as f64;
            let (below, above) = (values[place.floor() as usize], values[place.ceil() as usize]);
            below + (above - below) * place.fract()
        };
        Self { low: at(0.25), median: at(0.5), high: at(0.75) }
    }

    /// Returns the spread of what does not vary.
    pub fn exact(value: f64) -> Self {
        Self { low: value, median: value, high: value }
    }

    /// Changes all three in the same way.
    pub fn map(self, change: impl Fn(f64) -> f64) -> Self {
        Self { low: change(self.low), median: change(self.median), high: change(self.high) }
    }
}

pub fn geometric_mean(values: &[f64]) -> f64 {
    (values.iter().map(|value| value.ln()).sum::<f64>() / values.len() as f64).exp()
}

pub fn smallest(values: &[f64]) -> f64 {
    values.iter().copied().fold(f64::INFINITY, f64::min)
}

/// Time after which a case has had rounds enough.
const ENOUGH: Duration = Duration::from_millis(700);
