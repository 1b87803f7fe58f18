//! Measures and draws the charts of the README, into `benches/charts`.
//!
//! ```sh
//! cargo bench --bench charts
//! ```
#[path = "support/chart.rs"]
mod chart;
#[path = "subjects/memory.rs"]
mod memory;
mod subjects;
mod support;

use std::path::{Path, PathBuf};

use chart::{Axis, Drawn, Group, Series};
use memory::Figures;
use subjects::sink::Feed;
use subjects::size_query::{self, DEPTHS};
use subjects::{Contestants, Place, SIZES};
use support::contest::Measure::SenderCpu;
use support::contest::{Effort, Times};
use support::entry::{Case, size_name};

fn main() -> Drawn {
    cost_per_write()?;
    cpu_per_chunk()?;
    memory_per_connection()
}

fn cost_per_write() -> Drawn {
    let mut series = measure(DEPTHS.into_iter().map(size_query::ours_alone));
    series.extend(measure(DEPTHS.into_iter().map(size_query::rivals)));
    let x = Axis {
        title: "chunks in the queue",
        from: 1e3,
        to: 1e6,
        base: 10.0,
        label: |depth| thousands(depth as u64),
    };
    let y = Axis { title: "CPU for both", from: 1.0, to: 1e7, base: 10.0, label: time };
    let title = "Push a chunk and ask for the size of the queue";
    chart::lines(&path("cost_per_write"), title, &x, &y, &series)
}

fn cpu_per_chunk() -> Drawn {
    let series = measure(Feed.cases(Place::Unix, &SIZES));
    let x = Axis {
        title: "length of the chunks",
        from: 16.0,
        to: (1 << 20) as f64,
        base: 4.0,
        label: bytes,
    };
    let y = Axis {
        title: "CPU of the sender for a chunk",
        from: 10.0,
        to: 1e6,
        base: 10.0,
        label: time,
    };
    let title = "Feed chunks to a Unix socket";
    chart::lines(&path("cpu_per_chunk"), title, &x, &y, &series)
}

fn memory_per_connection() -> Drawn {
    let all = memory::figures(BURST);
    let group = |title: &str, of: fn(&Figures) -> i64| Group {
        title: title.into(),
        bars: all.iter().map(|figures| (figures.name, of(figures) as f64)).collect(),
    };
    let groups = [
        group("fresh", |figures| figures.fresh),
        group("idle, after one message", |figures| figures.idle),
        group(&format!("after a burst of {}", bytes(BURST as f64)), |figures| {
            figures.after_burst[0]
        }),
    ];
    let x = Axis {
        title: "heap of a connection",
        from: 64.0,
        to: (1 << 30) as f64,
        base: 16.0,
        label: bytes,
    };
    let title = "What a connection holds";
    chart::bars(&path("memory_per_connection"), title, &x, &groups)
}

/// Measures the nanoseconds of each contestant, by what sets the cases apart.
fn measure(cases: impl IntoIterator<Item = Case>) -> Vec<Series> {
    let mut all: Vec<Series> = Vec::new();
    for mut case in cases {
        let times = Times::measure(&mut case, Effort::FULL);
        if all.is_empty() {
            let names = case.entries.iter().map(|entry| entry.name);
            all = names.map(|name| Series { name, points: Vec::new() }).collect();
        }
        for (index, series) in all.iter_mut().enumerate() {
            let each = times.of(index, SenderCpu).median / case.chunks as f64;
            series.points.push((case.size as f64, each));
        }
    }
    all
}

fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("charts").join(name).with_extension("svg")
}

fn time(nanoseconds: f64) -> String {
    match nanoseconds {
        ..1e3 => format!("{nanoseconds:.0} ns"),
        ..1e6 => format!("{:.0} µs", nanoseconds / 1e3),
        _ => format!("{:.0} ms", nanoseconds / 1e6),
    }
}

fn bytes(count: f64) -> String {
    size_name(count.round() as usize)
}

/// Groups the digits by three.
fn thousands(count: u64) -> String {
    if count < 1000 {
        return count.to_string();
    }
    format!("{} {:03}", thousands(count / 1000), count % 1000)
}

const BURST: usize = 64 << 20;
