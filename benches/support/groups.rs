use std::time::Duration;

use criterion::measurement::Measurement;
use criterion::{BatchSize, BenchmarkId, Criterion, Throughput};

use super::entry::Case;

/// Runs the groups of a bench by the given measurement.
pub fn run<M: Measurement + 'static>(measurement: M, benches: impl FnOnce(&mut Criterion<M>)) {
    let mut criterion = Criterion::default()
        .with_measurement(measurement)
        .sample_size(20)
        .warm_up_time(Duration::from_millis(200))
        .measurement_time(Duration::from_secs(1))
        .configure_from_args();
    benches(&mut criterion);
    criterion.final_summary();
}

/// Adds a group with all contestants of each case, with the id `contestant/chunk size`.
pub fn add<M: Measurement + 'static>(
    criterion: &mut Criterion<M>,
    name: &str,
    cases: impl IntoIterator<Item = Case>,
) {
    let mut group = criterion.benchmark_group(name);
    for mut case in cases {
        group.throughput(Throughput::Bytes(case.bytes()));
        for entry in &mut case.entries {
            let id = BenchmarkId::new(entry.name, case.size);
            group.bench_function(id, |bencher| {
                // The set-up of a batch waits for the reader to have emptied the one before it.
                let entry = std::cell::RefCell::new(&mut *entry);
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
