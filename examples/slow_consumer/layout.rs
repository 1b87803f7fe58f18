use std::ops::Range;
use std::time::Duration;

use console::style;
use flow_controlled_writer::Watermarks;

use super::connection::Connection;

/// What fits into a line: a name, a bar and some columns.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Layout {
    /// Cells of the bar.
    cells: usize,
    columns: &'static [Column],
}

/// A column right of the bar: its title, width and content.
#[derive(Debug)]
struct Column {
    title: &'static str,
    width: usize,
    content: fn(&Connection) -> String,
}

impl Layout {
    /// Lays out lines of so many characters, which should be fifty at least.
    pub(crate) fn new(width: usize) -> Self {
        let columns = match width {
            ..70 => &COLUMNS[..3],
            70..110 => &COLUMNS[..4],
            _ => &COLUMNS[..],
        };
        let taken: usize = columns.iter().map(|column| column.width + 1).sum();
        let cells = width.saturating_sub(NAME + 1 + taken).clamp(LEAST_CELLS, MOST_CELLS);
        Self { cells, columns }
    }

    /// Returns the line above the others: the time, the scale of the bars and the titles.
    pub(crate) fn header(self, passed: Duration, marks: Watermarks) -> String {
        let seconds = format!("{:.1} s", passed.as_secs_f64());
        let low = self.low_cell(marks);
        let scale = format!("{:<low$}{}", "0", "low");
        let rest = self.cells.saturating_sub(low + "low".len());
        let titles = self.columns.iter().map(|column| (column.title.into(), column.width));
        join(format!("{seconds:>NAME$} {scale}{:>rest$}", "high"), titles)
    }

    /// Returns the line of one connection.
    pub(crate) fn row(self, connection: &Connection) -> String {
        let contents =
            self.columns.iter().map(|column| ((column.content)(connection), column.width));
        join(format!("{:NAME$} {}", connection.habit, self.bar(connection)), contents)
    }

    /// Draws what is queued, up to the high mark, with the low one in it.
    fn bar(self, connection: &Connection) -> String {
        let marks = connection.writer.watermarks();
        let size = connection.writer.buffer_size();
        let filled = (size * self.cells).div_ceil(marks.high().max(1)).min(self.cells);
        let low = self.low_cell(marks);
        let cells = |range: Range<usize>, cell| -> String {
            range.map(|at| if at == low { '|' } else { cell }).collect()
        };
        let (full, rest) = (style(cells(0..filled, '█')), cells(filled..self.cells, '░'));
        let full = if connection.writer.is_paused() { full.red() } else { full.green() };
        format!("{full}{rest}")
    }

    /// Returns the cell of the bar that the low mark is in.
    fn low_cell(self, marks: Watermarks) -> usize {
        (marks.low() * self.cells / marks.high().max(1)).clamp(1, self.cells - 1)
    }
}

fn join(mut line: String, cells: impl Iterator<Item = (String, usize)>) -> String {
    for (cell, width) in cells {
        line += &format!(" {cell:>width$}");
    }
    line
}

fn state(connection: &Connection) -> String {
    let state = match connection.end {
        Some(_) => "closed",
        None if connection.writer.is_paused() => "paused",
        None => "sending",
    };
    state.into()
}

fn kibibytes(bytes: usize) -> String {
    format!("{} KiB", bytes.div_ceil(1024))
}

pub(crate) fn mebibytes(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}

/// The width of a name.
const NAME: usize = 6;
const LEAST_CELLS: usize = 10;
const MOST_CELLS: usize = 72;
/// The first of them are for every terminal, all for a wide one.
const COLUMNS: [Column; 7] = [
    Column { title: "queued", width: 8, content: |each| kibibytes(each.writer.buffer_size()) },
    Column { title: "state", width: 7, content: state },
    Column { title: "skipped", width: 7, content: |each| each.skipped.to_string() },
    Column { title: "sent", width: 7, content: |each| each.sent.messages.to_string() },
    Column { title: "pauses", width: 6, content: |each| each.writer.stats().pauses.to_string() },
    Column {
        title: "writes",
        width: 7,
        content: |each| each.writer.stats().write_calls.to_string(),
    },
    Column {
        title: "MiB written",
        width: 11,
        content: |each| format!("{:.2}", mebibytes(each.writer.stats().written_bytes)),
    },
];

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use console::measure_text_width;
    use flow_controlled_writer::Builder;
    use tokio::net::{TcpListener, TcpStream};

    use super::super::client::Habit;
    use super::super::connection::Connection;
    use super::Layout;

    #[tokio::test]
    async fn lines_are_as_long_as_the_terminal_is_wide() {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback works");
        let address = listener.local_addr().expect("it is bound");
        let stream = TcpStream::connect(address).await.expect("loopback works");
        let connection = Connection::new(Habit::Fast, stream, &Builder::new());
        let marks = connection.writer.watermarks();
        for (width, wanted) in [(59, 59), (79, 79), (139, 139), (300, 139)] {
            let layout = Layout::new(width);
            let header = layout.header(Duration::from_secs(9), marks);
            let lines = [header, layout.row(&connection)];
            assert_eq!(lines.map(|line| measure_text_width(&line)), [wanted; 2], "{width}");
        }
    }
}
