//! What happens to a cost as something grows.
use super::contest::{Effort, Measure, Times};
use super::entry::Case;
use super::report::{Bound, Report};

/// What each contestant costs in cases of growing depth, where the cost should stay what it is.
pub struct Growth {
    group: String,
    first: Vec<f64>,
    last: Vec<f64>,
}

impl Growth {
    /// Measures a group and prints the CPU time of each contestant for each `unit`.
    pub fn measure(
        effort: Effort,
        group: &str,
        unit: &str,
        cases: impl IntoIterator<Item = Case>,
    ) -> Self {
        let mut growth = Self { group: group.into(), first: Vec::new(), last: Vec::new() };
        // A rival may need a minute at the greatest depth.
        let most = if effort == Effort::TEST { 1 } else { usize::MAX };
        for mut case in cases.into_iter().take(most) {
            let times = Times::measure(&mut case, effort);
            if growth.first.is_empty() {
                println!("\n{group}: ns for each {unit}");
                print!("{:>12}", "");
                case.entries.iter().for_each(|entry| print!(" {:>20}", entry.name));
                println!();
            }
            let entries = 0..case.entries.len();
            let median = |entry| times.of(entry, Measure::SenderCpu).median;
            growth.last = entries.map(|entry| median(entry) / case.chunks as f64).collect();
            print!("{:>12}", case.label);
            growth.last.iter().for_each(|each| print!(" {each:>20.1}"));
            println!();
            if growth.first.is_empty() {
                growth.first.clone_from(&growth.last);
            }
        }
        print!("{:>12}", "last / first");
        growth.last.iter().zip(&growth.first).for_each(|(last, first)| {
            print!(" {:>20.2}", last / first);
        });
        println!();
        growth
    }

    /// Demands that ours costs at the greatest depth at most `most` times that at the smallest.
    pub fn ours(&self, report: &mut Report, most: f64) {
        let reached = self.last[0] / self.first[0];
        report.target(format!("{}, growth", self.group), "itself", Bound::AtMost(most), reached);
    }
}
