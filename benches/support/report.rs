//! Prints ratios, and at the end each target with what was reached.
use super::contest::{Effort, Measure, Spread, Times, geometric_mean, smallest};
use super::entry::{Case, size_name};

/// What a bench was asked for, and the targets that it has come to.
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

/// All cases of one group, measured.
pub struct Group {
    name: String,
    rows: Vec<Row>,
}

struct Row {
    label: String,
    size: usize,
    chunks: usize,
    names: Vec<&'static str>,
    times: Times,
}

/// The ratios of one group: a row a case, a column a rival.
pub struct Ratios {
    group: String,
    rivals: Vec<&'static str>,
    /// Sizes of the rows.
    sizes: Vec<usize>,
    /// `columns[v][c]` is cost of rival `v` / cost of ours in case `c`, the median of its spread.
    columns: Vec<Vec<f64>>,
    spreads: Vec<Vec<Spread>>,
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
        name: &str,
        measure: Measure,
        cases: impl IntoIterator<Item = Case>,
    ) -> Ratios {
        Group::measure(name, self.effort, cases).ratios(measure)
    }

    /// Adds a line to the table of targets.
    pub fn target(
        &mut self,
        subject: impl Into<String>,
        rival: &'static str,
        target: Bound,
        reached: f64,
    ) {
        self.lines.push(Line { subject: subject.into(), rival, target, reached });
    }

    /// Demands a geometric mean of ratios.
    pub fn mean(&mut self, subject: &str, rival: &'static str, ratios: &[f64], least: f64) {
        let subject = format!("{subject}, geometric mean");
        self.target(subject, rival, Bound::AtLeast(least), geometric_mean(ratios));
    }

    /// Demands each of some ratios.
    pub fn each(&mut self, subject: &str, rival: &'static str, ratios: &[f64], least: f64) {
        let subject = format!("{subject}, worst case");
        self.target(subject, rival, Bound::AtLeast(least), smallest(ratios));
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

impl Group {
    /// Measures all cases, each when its turn comes.
    pub fn measure(name: &str, effort: Effort, cases: impl IntoIterator<Item = Case>) -> Self {
        let rows = cases.into_iter().map(|mut case| {
            let times = Times::measure(&mut case, effort);
            let names = case.entries.iter().map(|entry| entry.name).collect();
            Row { label: case.label, size: case.size, chunks: case.chunks, names, times }
        });
        Self { name: name.into(), rows: rows.collect() }
    }

    /// Adds the rounds of the same cases by other connections.
    pub fn join(mut self, others: Self) -> Self {
        for (row, others) in self.rows.iter_mut().zip(others.rows) {
            row.times.join(others.times);
        }
        self
    }

    /// Prints the ratios of all contestants to the first one: median and quartiles of the rounds.
    pub fn ratios(&self, measure: Measure) -> Ratios {
        let (ours, rivals) = self.names().split_first().expect("there is a contestant");
        let unit = match measure {
            Measure::SenderCpu => "CPU of the sender",
            Measure::Cpu => "CPU of all senders",
            Measure::Wall => "wall",
            Measure::Faults => "page faults",
        };
        println!("\n{}, {unit}: that of the rival / that of {ours}", self.name);
        print!("{:>16} {:>14}", "", "ns a chunk");
        rivals.iter().for_each(|rival| print!(" {rival:>24}"));
        println!();
        let mut spreads = vec![Vec::new(); rivals.len()];
        for row in &self.rows {
            let each = row.times.of(0, measure).median / row.chunks as f64;
            print!("{:>16} {each:>14.1}", row.label);
            for (index, column) in spreads.iter_mut().enumerate() {
                let ratio = row.times.ratio(index + 1, 0, measure);
                let range = format!("({:.2} to {:.2})", ratio.low, ratio.high);
                print!(" {:>8.2} {range:>15}", ratio.median);
                column.push(ratio);
            }
            println!();
        }
        let sizes = self.rows.iter().map(|row| row.size).collect();
        let medians = |column: &Vec<Spread>| column.iter().map(|ratio| ratio.median).collect();
        let columns = spreads.iter().map(medians).collect();
        Ratios { group: self.name.clone(), rivals: rivals.to_vec(), sizes, columns, spreads }
    }

    /// Prints the page faults of all contestants for each chunk, and returns the most of ours.
    pub fn faults(&self) -> f64 {
        println!("\n{}: page faults for each chunk", self.name);
        print!("{:>16}", "");
        self.names().iter().for_each(|name| print!(" {name:>24}"));
        println!();
        let mut most: f64 = 0.0;
        for row in &self.rows {
            let each = |entry| row.times.mean(entry, Measure::Faults) / row.chunks as f64;
            most = most.max(each(0));
            print!("{:>16}", row.label);
            (0..row.names.len()).for_each(|entry| print!(" {:>24.2}", each(entry)));
            println!();
        }
        most
    }

    fn names(&self) -> &[&'static str] {
        &self.rows.first().expect("there is a case").names
    }
}

impl Ratios {
    /// Demands a geometric mean against one rival.
    pub fn mean(&self, report: &mut Report, rival: &'static str, least: f64) {
        report.mean(&self.group, rival, self.column(rival), least);
    }

    /// Demands a ratio at every size.
    pub fn each(&self, report: &mut Report, rival: &'static str, least: f64) {
        report.each(&self.group, rival, self.column(rival), least);
    }

    /// Demands a ratio at one size.
    pub fn at(&self, report: &mut Report, size: usize, rival: &'static str, least: f64) {
        let row = self.sizes.iter().position(|known| *known == size).expect("the size was run");
        let subject = format!("{}, {}", self.group, size_name(size));
        report.target(subject, rival, Bound::AtLeast(least), self.column(rival)[row]);
    }

    /// Returns all ratios against one rival.
    pub fn column(&self, rival: &str) -> &[f64] {
        &self.columns[self.index(rival)]
    }

    /// Returns all ratios against one rival, with their quartiles.
    pub fn spreads(&self, rival: &str) -> &[Spread] {
        &self.spreads[self.index(rival)]
    }

    fn index(&self, rival: &str) -> usize {
        self.rivals.iter().position(|known| *known == rival).expect("a known rival")
    }
}
