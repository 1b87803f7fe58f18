//! Groups of criterion.
use std::cell::RefCell;
use std::time::Duration;

use criterion::measurement::Measurement;
use criterion::{BatchSize, BenchmarkId, Criterion, Throughput};

use super::entry::Case;

/// All groups that are measured in the same way.
pub struct Groups<M: Measurement + 'static> {
    criterion: Criterion<M>,
}

/// Runs the groups that `add` adds.
pub fn run<M: Measurement + 'static>(measurement: M, add: impl FnOnce(&mut Groups<M>)) {
    let criterion = Criterion::default()
        .with_measurement(measurement)
        .sample_size(20)
        .warm_up_time(Duration::from_millis(200))
        .measurement_time(Duration::from_secs(1))
        .configure_from_args();
    let mut groups = Groups { criterion };
    add(&mut groups);
    groups.criterion.final_summary();
}

impl<M: Measurement + 'static> Groups<M> {
    /// Adds a group with all contestants of each case, with the id `contestant/chunk size`.
    pub fn add(&mut self, name: &str, cases: impl IntoIterator<Item = Case>) {
        let mut group = self.criterion.benchmark_group(name);
        for mut case in cases {
            group.throughput(Throughput::Bytes(case.bytes()));
            for entry in &mut case.entries {
                let id = BenchmarkId::new(entry.name, case.size);
                group.bench_function(id, |bencher| {
                    // The set-up of a batch waits for the reader to have emptied the one before it.
                    let entry = RefCell::new(&mut *entry);
                    bencher.iter_batched(
                        || entry.borrow_mut().settle(),
                        |()| entry.borrow_mut().run(),
                        BatchSize::PerIteration,
                    );
                });
            }
        }
        group.finish();
    }
}
