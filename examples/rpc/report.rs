use std::fmt;
use std::time::Duration;

use comfy_table::{CellAlignment, Table, TableComponent, presets};

use super::client::Called;
use super::server::Served;

/// The end of a run: for each size of the bodies, what both ways to send have reached.
#[derive(Debug, Default)]
pub(crate) struct Report {
    pub(crate) rows: Vec<Row>,
}

/// All connections of one way to send and one size.
#[derive(Debug)]
pub(crate) struct Row {
    size: String,
    way: &'static str,
    duration: Duration,
    calls: Called,
    requests: u64,
}

impl Report {
    /// Tells whether every request that was sent arrived and was answered. (That what arrived was right is
    /// checked by those who got it.)
    pub(crate) fn is_intact(&self) -> bool {
        self.rows.iter().all(|row| {
            let Called { sent, answers, latencies, .. } = &row.calls;
            !latencies.is_empty() && *sent == row.requests && *answers == row.requests
        })
    }

    fn sum(&self, count: impl Fn(&Called) -> u64) -> u64 {
        self.rows.iter().map(|row| count(&row.calls)).sum()
    }
}

impl Row {
    pub(crate) fn new(size: String, way: &'static str) -> Self {
        let (duration, calls) = (Duration::ZERO, Called::default());
        Self { size, way, duration, calls, requests: 0 }
    }

    /// Adds another connection.
    pub(crate) fn add(&mut self, duration: Duration, called: Called, served: Served) {
        self.duration += duration;
        self.requests += served.requests;
        let calls = &mut self.calls;
        calls.latencies.extend(called.latencies);
        calls.bytes += called.bytes;
        calls.sent += called.sent;
        calls.answers += called.answers;
        calls.given_up += called.given_up;
        calls.out_of_order += called.out_of_order;
        calls.peak = calls.peak.max(called.peak).max(served.peak);
    }

    fn cells(&self) -> [String; COLUMNS.len()] {
        let seconds = self.duration.as_secs_f64();
        let mut latencies = self.calls.latencies.clone();
        latencies.sort_unstable();
        let at = |share: f64| {
            let place = (latencies.len() as f64 * share) as usize;
            latencies.get(place).map_or(0.0, |latency| latency.as_secs_f64() * 1e3)
        };
        [
            self.size.clone(),
            self.way.into(),
            format!("{:.0}", latencies.len() as f64 / seconds),
            format!("{:.1}", self.calls.bytes as f64 / seconds / 1e6),
            format!("{:.2}", at(0.5)),
            format!("{:.2}", at(0.99)),
            format!("{:.1}", self.calls.peak as f64 / 1024.0),
        ]
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut table = Table::new();
        table.load_preset(presets::NOTHING).set_style(TableComponent::HeaderLines, '-');
        table.set_header(COLUMNS).add_rows(self.rows.iter().map(Row::cells));
        for column in table.column_iter_mut().skip(2) {
            column.set_cell_alignment(CellAlignment::Right);
        }
        writeln!(f, "{table}")?;
        writeln!(f)?;
        let answers = self.sum(|calls| calls.answers);
        let share = 100.0 * self.sum(|calls| calls.out_of_order) as f64 / answers.max(1) as f64;
        writeln!(f, "{answers} answers, every byte of them checked; {share:.0} % were overtaken")?;
        let given_up = self.sum(|calls| calls.given_up);
        let verdict = if self.is_intact() { "no request was lost" } else { "REQUESTS WERE LOST" };
        write!(f, "{given_up} calls were given up; {verdict}")
    }
}

const COLUMNS: [&str; 7] =
    ["bodies", "sent by", "requests\n/s", "MB/s", "p50\nms", "p99\nms", "peak buffer\nKiB"];
