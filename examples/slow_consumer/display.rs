use std::io;
use std::time::{Duration, Instant};

use console::{Term, truncate_str};

use super::connection::Connection;
use super::layout::Layout;

/// Shows the connections while they work.
#[derive(Debug)]
pub(crate) struct Display {
    mode: Mode,
    started: Instant,
    updated: Instant,
}

#[derive(Debug)]
enum Mode {
    /// A line for each, drawn over the one before.
    Live {
        term: Term,
        drawn: usize,
    },
    /// Lines now and then, where there is no terminal.
    Plain,
    Quiet,
}

impl Display {
    pub(crate) fn new(quiet: bool) -> Self {
        let term = Term::buffered_stdout();
        let mode = match (quiet, term.is_term()) {
            (true, _) => Mode::Quiet,
            (false, true) => Mode::Live { term, drawn: 0 },
            (false, false) => Mode::Plain,
        };
        let now = Instant::now();
        Self { mode, started: now, updated: now }
    }

    /// Shows the present state, now and then.
    pub(crate) fn update(&mut self, connections: &[Connection]) {
        let every = match self.mode {
            Mode::Live { .. } => Duration::from_millis(50),
            Mode::Plain => Duration::from_secs(1),
            Mode::Quiet => return,
        };
        if self.updated.elapsed() >= every {
            self.show(connections);
        }
    }

    /// Leaves the last state on the screen.
    pub(crate) fn finish(&mut self, connections: &[Connection]) {
        if let Mode::Live { .. } = self.mode {
            self.show(connections);
        }
    }

    fn show(&mut self, connections: &[Connection]) {
        self.updated = Instant::now();
        let lines = lines(Layout::new(columns()), self.started.elapsed(), connections);
        match &mut self.mode {
            // A terminal that is gone is no reason to stop.
            Mode::Live { term, drawn } => _ = draw(term, drawn, &lines),
            Mode::Plain => println!("{}\n", lines.join("\n")),
            Mode::Quiet => {}
        }
    }
}

fn lines(layout: Layout, passed: Duration, connections: &[Connection]) -> Vec<String> {
    let Some(first) = connections.first() else { return Vec::new() };
    let header = layout.header(passed, first.writer.watermarks());
    std::iter::once(header).chain(connections.iter().map(|each| layout.row(each))).collect()
}

/// Draws lines over those that were drawn before.
fn draw(term: &Term, drawn: &mut usize, lines: &[String]) -> io::Result<()> {
    term.move_cursor_up(*drawn)?;
    for line in lines {
        term.clear_line()?;
        term.write_line(&truncate_str(line, columns(), ""))?;
    }
    *drawn = lines.len();
    term.flush()
}

/// Returns how long a line may be.
pub(crate) fn columns() -> usize {
    match Term::stdout().size_checked() {
        // Some terminals wrap a line that fills them.
        Some((_, columns @ 2..)) => usize::from(columns) - 1,
        _ => 79,
    }
}
