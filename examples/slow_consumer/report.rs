use std::fmt;
use std::io;

use comfy_table::{CellAlignment, Table, TableComponent, presets};

use super::connection::Connection;
use super::display::columns;
use super::layout::mebibytes;
use super::message::Tally;
use super::meter::Meter;

/// The end of a run: what was sent to each client, and whether it arrived.
#[derive(Debug)]
pub(crate) struct Report {
    rows: Vec<Row>,
    meter: Meter,
}

#[derive(Debug)]
struct Row {
    connection: Connection,
    received: io::Result<Tally>,
}

impl Report {
    pub(crate) fn new(
        connections: Vec<Connection>,
        received: impl IntoIterator<Item = io::Result<Tally>>,
        meter: Meter,
    ) -> Self {
        let rows = connections.into_iter().zip(received);
        let rows = rows.map(|(connection, received)| Row { connection, received }).collect();
        Self { rows, meter }
    }

    /// Tells whether every client received exactly what was sent to it.
    pub(crate) fn is_intact(&self) -> bool {
        self.rows.iter().all(|row| row.problem().is_none())
    }

    /// Returns the messages that were left out, of all clients together.
    pub(crate) fn skipped(&self) -> u64 {
        self.rows.iter().map(|row| row.connection.skipped).sum()
    }
}

impl Row {
    fn problem(&self) -> Option<String> {
        let Connection { sent, end, .. } = &self.connection;
        match (end, &self.received) {
            (Some(Ok(())), Ok(received)) if received == sent => None,
            (Some(Ok(())), Ok(received)) => Some(format!("sent {sent:?}, received {received:?}")),
            (_, Err(error)) => Some(format!("client: {error}")),
            (Some(Err(error)), _) => Some(format!("server: {error}")),
            (None, _) => Some("not closed".into()),
        }
    }

    fn cells(&self) -> [String; TITLES.len()] {
        let Connection { habit, writer, sent, skipped, .. } = &self.connection;
        let stats = writer.stats();
        [
            habit.to_string(),
            self.problem().unwrap_or_else(|| "all, in order".into()),
            sent.messages.to_string(),
            skipped.to_string(),
            stats.pauses.to_string(),
            format!("{:.1}", stats.peak_buffer_size as f64 / f64::from(1 << 10)),
            format!("{:.2}", mebibytes(sent.bytes)),
            stats.write_calls.to_string(),
            format!("{:.1}", sent.messages as f64 / stats.write_calls.max(1) as f64),
        ]
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = if columns() < WIDTH { NARROW } else { TITLES.len() };
        let mut table = Table::new();
        table.load_preset(presets::NOTHING).set_style(TableComponent::HeaderLines, '-');
        table.set_header(&TITLES[..shown]);
        table.add_rows(self.rows.iter().map(|row| row.cells().into_iter().take(shown)));
        for column in table.column_iter_mut().skip(2) {
            column.set_cell_alignment(CellAlignment::Right);
        }
        writeln!(f, "{}\n", table.trim_fmt())?;
        writeln!(f, "{} messages were skipped for paused clients.", self.skipped())?;
        if self.is_intact() {
            writeln!(f, "Every client received exactly what was sent to it, in order.")?;
        } else {
            writeln!(f, "NOT EVERY CLIENT RECEIVED WHAT WAS SENT TO IT.")?;
        }
        write!(f, "{}", self.meter)
    }
}

/// Write calls count those too that found the socket full.
const TITLES: [&str; 9] = [
    "client",
    "received",
    "sent",
    "skipped",
    "pauses",
    "KiB\npeak",
    "MiB\nsent",
    "write\ncalls",
    "sent\n/call",
];
/// The columns that a narrow terminal has room for.
const NARROW: usize = 6;
/// What all columns need.
const WIDTH: usize = 77;
