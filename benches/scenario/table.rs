use super::{Figures, Run};

/// Prints the median of the runs, and the least and the most.
pub fn print(all: &[Figures]) {
    println!("| | server CPU, ns a delivery | p50, ms | p99, ms | RSS, MiB | lost |");
    println!("|---|---:|---:|---:|---:|---:|");
    for figures in all {
        let cell = |of: fn(&Run) -> f64, digits| {
            let of = figures.spread(of);
            format!("{:.digits$} ({:.digits$} to {:.digits$})", of.median, of.low, of.high)
        };
        println!(
            "| {} | {} | {} | {} | {} | {} |",
            figures.name,
            cell(|run| run.cpu, 0),
            cell(|run| run.p50, 1),
            cell(|run| run.p99, 1),
            cell(|run| run.rss, 1),
            cell(|run| run.lost as f64, 0),
        );
    }
}
