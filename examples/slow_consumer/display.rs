use std::io::{IsTerminal, stdout};
use std::time::{Duration, Instant};

use indicatif::{HumanBytes, MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::connection::Connection;

/// Shows the connections while they work.
#[derive(Debug)]
pub(crate) enum Display {
    /// A live line for each.
    Live {
        lines: MultiProgress,
        bars: Vec<ProgressBar>,
    },
    /// Lines now and then, where there is no terminal.
    Plain {
        last: Instant,
    },
    Quiet,
}

impl Display {
    pub(crate) fn new(quiet: bool) -> Self {
        if quiet {
            Self::Quiet
        } else if stdout().is_terminal() {
            let lines = MultiProgress::with_draw_target(ProgressDrawTarget::stdout());
            Self::Live { lines, bars: Vec::new() }
        } else {
            Self::Plain { last: Instant::now() }
        }
    }

    pub(crate) fn update(&mut self, connections: &[Connection]) {
        match self {
            Self::Live { lines, bars } => {
                for connection in &connections[bars.len()..] {
                    let high = connection.writer.watermarks().high() as u64;
                    let bar = ProgressBar::new(high).with_prefix(connection.habit.to_string());
                    bars.push(lines.add(bar));
                }
                for (bar, connection) in bars.iter().zip(connections) {
                    let colour = if connection.writer.is_paused() { "red" } else { "green" };
                    let template = format!("{{prefix:7}} {{bar:12.{colour}}} {{wide_msg}}");
                    bar.set_style(ProgressStyle::with_template(&template).expect("it is correct"));
                    bar.set_position(connection.writer.buffer_size() as u64);
                    bar.set_message(describe(connection));
                }
            }
            Self::Plain { last } if last.elapsed() >= PLAIN_EVERY => {
                *last = Instant::now();
                for connection in connections {
                    println!("{:7} {}", connection.habit, describe(connection));
                }
                println!();
            }
            Self::Plain { .. } | Self::Quiet => {}
        }
    }

    /// Leaves the last state on the screen.
    pub(crate) fn finish(&mut self, connections: &[Connection]) {
        self.update(connections);
        if let Self::Live { bars, .. } = self {
            for bar in bars {
                bar.abandon();
            }
        }
    }
}

fn describe(connection: &Connection) -> String {
    let writer = &connection.writer;
    let stats = writer.stats();
    format!(
        "{:>10} queued {:6} {:>10} written {:>5} calls",
        HumanBytes(writer.buffer_size() as u64).to_string(),
        if writer.is_paused() { "paused" } else { "" },
        HumanBytes(stats.written_bytes).to_string(),
        stats.write_calls,
    )
}

const PLAIN_EVERY: Duration = Duration::from_secs(1);
