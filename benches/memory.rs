//! Prints what a connection costs on the heap, in bytes and allocations.
//!
//! ```sh
//! cargo bench --bench memory
//! ```
mod held;
#[path = "subjects/memory.rs"]
mod memory;
mod subjects;
mod support;

use memory::{BURSTS, Figures, STALLED, figures};
use support::contest::Effort;
use support::entry::size_name;
use support::report::Report;

fn main() {
    let report = Report::from_args();
    let burst = if report.effort == Effort::TEST { 1 << 20 } else { BURST };
    print(&figures(burst), burst);
    println!("\n{:<64} {:>12} {:>12}", "what stays, in bytes unless said", "holds", "at most");
    for held::Row { what, holds, bound } in held::all() {
        let verdict = if holds <= bound { "ok" } else { "over" };
        println!("{what:<64} {:>12} {:>12} {verdict:>5}", number(holds), number(bound));
    }
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

/// Writes a ratio with its fraction and a count without.
fn number(value: f64) -> String {
    if value < 100.0 && value.fract() != 0.0 {
        format!("{value:.3}")
    } else {
        format!("{value:.0}")
    }
}

const BURST: usize = 64 << 20;
