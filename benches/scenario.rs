//! A server broadcasts small messages to a thousand connections, of which a hundred have stopped
//! reading: what it costs the server, and what those feel that keep up.
//!
//! ```sh
//! cargo bench --bench scenario              # a minute and a half
//! cargo bench --bench scenario -- channel   # contestants with this word in their name
//! ```
#[path = "scenario/mod.rs"]
mod scenario;
mod support;

use std::io;

use scenario::{CONTESTANTS, Figures, Plan, Run};
use support::contest::{Effort, median};
use support::report::Report;

fn main() -> io::Result<()> {
    if let Some(ended) = scenario::run_child() {
        return ended;
    }
    let report = Report::from_args();
    let plan = if report.effort == Effort::TEST { Plan::TEST } else { Plan::FULL };
    println!("{plan}\n");
    let chosen = (0..CONTESTANTS.len()).filter(|index| report.wants(CONTESTANTS[*index].name));
    let all = scenario::figures(plan, &chosen.collect::<Vec<_>>())?;
    print(&all);
    Ok(())
}

fn print(all: &[Figures]) {
    println!("| | server CPU, ns a delivery | p50, ms | p99, ms | RSS, MiB | lost |");
    println!("|---|---:|---:|---:|---:|---:|");
    for Figures { name, runs } in all {
        let cell = |of: fn(&Run) -> f64, digits| {
            let values: Vec<_> = runs.iter().map(of).collect();
            let least = values.iter().copied().fold(f64::INFINITY, f64::min);
            let most = values.iter().copied().fold(0.0, f64::max);
            format!("{:.digits$} ({least:.digits$} to {most:.digits$})", median(values))
        };
        println!(
            "| {name} | {} | {} | {} | {} | {} |",
            cell(|run| run.cpu, 0),
            cell(|run| run.p50, 1),
            cell(|run| run.p99, 1),
            cell(|run| run.rss, 1),
            runs.iter().map(|run| run.lost).sum::<u64>(),
        );
    }
}
