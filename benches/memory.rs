//! Prints what a connection costs on the heap, in bytes and allocations.
//!
//! ```sh
//! cargo bench --bench memory
//! ```
#[path = "subjects/memory.rs"]
mod memory;
mod subjects;
mod support;

use memory::{BURSTS, Figures, STALLED, figures};
use support::contest::Effort;
use support::entry::size_name;
use support::report::{Bound, Report};

fn main() {
    let mut report = Report::from_args();
    let burst = if report.effort == Effort::TEST { 1 << 20 } else { BURST };
    let all = figures(burst);
    print(&all, burst);
    demand(&mut report, &all[0]);
    report.finish();
}

fn print(all: &[Figures], burst: usize) {
    row("heap, bytes", all, |figures| figures.name.into());
    row("fresh", all, |figures| figures.fresh.to_string());
    row("idle after one message", all, |figures| figures.idle.to_string());
    for (index, size) in BURSTS.into_iter().enumerate() {
        let title = format!("after {} in {}", size_name(burst), size_name(size));
        row(&title, all, |figures| figures.after_burst[index].to_string());
    }
    for (index, size) in STALLED.into_iter().enumerate() {
        let title = format!("stalled, {}, for a byte", size_name(size));
        row(&title, all, |figures| match figures.stalled {
            Some(ratios) => format!("{:.3}", ratios[index]),
            None => "-".into(),
        });
    }
    row("allocations, ping-pong", all, |figures| figures.ping_pong.to_string());
    row("allocations, streaming", all, |figures| figures.streaming.to_string());
    row("the value, not on the heap", all, |figures| figures.value.to_string());
}

fn row(title: &str, all: &[Figures], cell: impl Fn(&Figures) -> String) {
    print!("{title:<30}");
    all.iter().for_each(|figures| print!(" {:>20}", cell(figures)));
    println!();
}

fn demand(report: &mut Report, ours: &Figures) {
    let worst = |values: &[f64]| values.iter().copied().fold(0.0, f64::max);
    let burst = ours.after_burst.map(|bytes| bytes as f64);
    let stalled = worst(&ours.stalled.unwrap_or([f64::INFINITY; 5]));
    for (subject, most, reached) in [
        ("heap, fresh", 0.0, ours.fresh as f64),
        ("heap, idle", 1536.0, ours.idle as f64),
        ("heap, after a burst", 1536.0, worst(&burst)),
        ("heap, stalled, for a byte", 1.1, stalled),
        ("allocations, ping-pong", 0.0, ours.ping_pong as f64),
        ("allocations, streaming", 5.0, ours.streaming as f64),
    ] {
        report.target(subject.into(), "", Bound::AtMost(most), reached);
    }
}

const BURST: usize = 64 << 20;
