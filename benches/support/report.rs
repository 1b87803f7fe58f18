use super::contest::{Clock, Effort, Times, geometric_mean, smallest};
use super::entry::{Case, size_name};

/// Prints ratios as they are measured and, at the end, each target with what was reached.
pub struct Report {
    pub effort: Effort,
    filters: Vec<String>,
    lines: Vec<Line>,
}

struct Line {
    subject: String,
    rival: &'static str,
    target: Bound,
    reached: f64,
}

/// What a target demands.
#[derive(Clone, Copy)]
pub enum Bound {
    AtLeast(f64),
    AtMost(f64),
}

/// The ratios of one group: a row a case, a column a rival.
pub struct Ratios {
    group: String,
    rivals: Vec<&'static str>,
    /// Sizes of the rows.
    sizes: Vec<usize>,
    /// `columns[v][c]` is cost of rival `v` / cost of ours in case `c`.
    columns: Vec<Vec<f64>>,
}

impl Report {
    /// Reads the command line: `--test` for one quick round, and words that choose sections.
    pub fn from_args() -> Self {
        let (flags, filters): (Vec<_>, Vec<_>) =
            std::env::args().skip(1).partition(|argument| argument.starts_with("--"));
        let quick = flags.iter().any(|flag| flag == "--test");
        let effort = if quick { Effort::TEST } else { Effort::FULL };
        Self { effort, filters, lines: Vec::new() }
    }

    /// Tells whether a section was asked for.
    pub fn wants(&self, section: &str) -> bool {
        self.filters.is_empty() || self.filters.iter().any(|filter| section.contains(&**filter))
    }

    /// Measures a group and prints its table.
    pub fn group(
        &self,
        group: &str,
        clock: Clock,
        cases: impl IntoIterator<Item = Case>,
    ) -> Ratios {
        self.group_with(self.effort, group, clock, cases)
    }

    /// Measures a group with another effort and prints its table.
    pub fn group_with(
        &self,
        effort: Effort,
        group: &str,
        clock: Clock,
        cases: impl IntoIterator<Item = Case>,
    ) -> Ratios {
        let mut ratios = Ratios {
            group: group.into(),
            rivals: Vec::new(),
            sizes: Vec::new(),
            columns: Vec::new(),
        };
        for mut case in cases {
            let times = Times::measure(&mut case, clock, effort);
            if ratios.rivals.is_empty() {
                ratios.rivals = case.entries[1..].iter().map(|entry| entry.name).collect();
                ratios.columns = vec![Vec::new(); ratios.rivals.len()];
                println!("\n{group}: cost of the rival / ours");
                print!("{:>12} {:>14}", "", "ours, ns/chunk");
                ratios.rivals.iter().for_each(|rival| print!(" {rival:>20}"));
                println!();
            }
            let each = times.median(0) / case.chunks as f64;
            print!("{:>12} {each:>14.1}", case.label);
            ratios.sizes.push(case.size);
            for (index, column) in ratios.columns.iter_mut().enumerate() {
                let ratio = times.ratio(index + 1, 0);
                print!(" {ratio:>20.2}");
                column.push(ratio);
            }
            println!();
        }
        ratios
    }

    /// Adds a line to the table of targets.
    pub fn target(&mut self, subject: String, rival: &'static str, target: Bound, reached: f64) {
        self.lines.push(Line { subject, rival, target, reached });
    }

    /// Prints the table of targets.
    pub fn finish(self) {
        if self.lines.is_empty() {
            return;
        }
        println!("\n| subject | rival | target | reached | |\n|---|---|---:|---:|---|");
        for Line { subject, rival, target, reached } in self.lines {
            let (sign, wanted, holds) = match target {
                Bound::AtLeast(least) => ("", least, reached >= least),
                Bound::AtMost(most) => ("at most ", most, reached <= most),
            };
            let verdict = if holds { "" } else { "missed" };
            println!("| {subject} | {rival} | {sign}{wanted:.2} | {reached:.2} | {verdict} |");
        }
    }
}

impl Ratios {
    /// Demands a geometric mean against one rival.
    pub fn mean(&self, report: &mut Report, rival: &'static str, target: f64) {
        let reached = geometric_mean(self.column(rival));
        report.target(
            format!("{}, geometric mean", self.group),
            rival,
            Bound::AtLeast(target),
            reached,
        );
    }

    /// Demands a ratio at every size.
    pub fn each(&self, report: &mut Report, rival: &'static str, target: f64) {
        let reached = smallest(self.column(rival));
        report.target(
            format!("{}, worst case", self.group),
            rival,
            Bound::AtLeast(target),
            reached,
        );
    }

    /// Demands a ratio at every size from `least` on.
    pub fn from(&self, report: &mut Report, least: usize, rival: &'static str, target: f64) {
        let first = self.sizes.iter().position(|size| *size >= least).expect("the size was run");
        let reached = smallest(&self.column(rival)[first..]);
        let subject = format!("{}, worst size from {}", self.group, size_name(least));
        report.target(subject, rival, Bound::AtLeast(target), reached);
    }

    /// Demands a ratio at one size.
    pub fn at(&self, report: &mut Report, size: usize, rival: &'static str, target: f64) {
        let row = self.sizes.iter().position(|known| *known == size).expect("the size was run");
        let reached = self.column(rival)[row];
        report.target(
            format!("{}, {}", self.group, size_name(size)),
            rival,
            Bound::AtLeast(target),
            reached,
        );
    }

    /// Returns all ratios against one rival.
    pub fn column(&self, rival: &str) -> &[f64] {
        let index = self.rivals.iter().position(|known| *known == rival).expect("a known rival");
        &self.columns[index]
    }
}
