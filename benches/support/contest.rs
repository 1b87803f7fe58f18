use std::time::{Duration, Instant};

use cpu_time::ThreadTime;

use super::entry::Case;

/// How long to measure.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Effort {
    pub warmups: usize,
    pub rounds: usize,
}

impl Effort {
    pub const FULL: Self = Self { warmups: 3, rounds: 31 };
    pub const TEST: Self = Self { warmups: 0, rounds: 1 };

    /// Returns the effort for batches that are far shorter or longer than most.
    pub fn with_rounds(self, rounds: usize) -> Self {
        if self == Self::TEST {
            return self;
        }
        Self { warmups: self.warmups.min(rounds / 4), rounds }
    }
}

/// What time is measured.
#[derive(Clone, Copy)]
pub enum Clock {
    /// CPU time of the calling thread.
    SenderCpu,
    Wall,
}

/// The times of all contestants in rounds that ran interleaved, in nanoseconds a batch.
pub struct Times {
    /// `rounds[r][e]` is the time of entry `e` in round `r`.
    rounds: Vec<Vec<f64>>,
}

impl Times {
    /// Runs the entries of `case` in turn, a batch each, the first one of a round changing.
    pub fn measure(case: &mut Case, clock: Clock, effort: Effort) -> Self {
        let count = case.entries.len();
        for _ in 0..effort.warmups {
            for entry in &mut case.entries {
                entry.run();
                entry.settle();
            }
        }
        let mut rounds = vec![vec![0.0; count]; effort.rounds];
        for (index, round) in rounds.iter_mut().enumerate() {
            for turn in 0..count {
                let at = (index + turn) % count;
                let entry = &mut case.entries[at];
                round[at] = clock.time(|| entry.run()).as_nanos() as f64;
                entry.settle();
            }
        }
        Self { rounds }
    }

    /// Returns the median of what the batches of one entry took.
    pub fn median(&self, entry: usize) -> f64 {
        median(self.rounds.iter().map(|round| round[entry]).collect())
    }

    /// Returns the median of cost of `rival` / cost of `ours`, each taken within one round.
    pub fn ratio(&self, rival: usize, ours: usize) -> f64 {
        median(self.rounds.iter().map(|round| round[rival] / round[ours].max(1.0)).collect())
    }
}

impl Clock {
    fn time(self, run: impl FnOnce()) -> Duration {
        match self {
            Self::SenderCpu => {
                let start = ThreadTime::now();
                run();
                start.elapsed()
            }
            Self::Wall => {
                let start = Instant::now();
                run();
                start.elapsed()
            }
        }
    }
}

pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    if values.len() % 2 == 1 { values[middle] } else { (values[middle - 1] + values[middle]) / 2.0 }
}

pub fn geometric_mean(values: &[f64]) -> f64 {
    (values.iter().map(|value| value.ln()).sum::<f64>() / values.len() as f64).exp()
}

pub fn smallest(values: &[f64]) -> f64 {
    values.iter().copied().fold(f64::INFINITY, f64::min)
}
