use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use flow_controlled_writer::FlowControlledWriter;
use tokio::time::interval;

/// What all connections together have done so far.
#[derive(Default)]
pub(super) struct Totals {
    pub(super) open: AtomicUsize,
    pub(super) sent: AtomicU64,
    pub(super) queued: AtomicUsize,
}

/// The part of one writer in the totals.
#[derive(Default)]
pub(super) struct Share {
    sent: u64,
    queued: usize,
}

impl Totals {
    /// Brings the share of a writer up to date.
    pub(super) fn account<W>(&self, share: &mut Share, writer: &FlowControlledWriter<W>) {
        let (sent, queued) = (writer.stats().written_bytes, writer.buffer_size());
        self.sent.fetch_add(sent - share.sent, Relaxed);
        self.queued.fetch_add(queued.wrapping_sub(share.queued), Relaxed);
        *share = Share { sent, queued };
    }

    /// Prints a row each five seconds and returns the memory of the process in every second.
    pub(super) async fn print_rows(&self, seconds: u64) -> Vec<usize> {
        println!(" time   open    sent, MiB   MiB/s   queued, MiB   process, MiB");
        let mut ticks = interval(Duration::from_secs(1));
        ticks.tick().await;
        let mut memory = Vec::new();
        let (mut sent_before, mut row_before) = (0.0, 0);
        for second in 1..=seconds {
            ticks.tick().await;
            memory.push(memory_stats::memory_stats().map_or(0, |memory| memory.physical_mem));
            if second % ROW == 0 || second == seconds {
                let sent = mebibytes(self.sent.load(Relaxed) as usize);
                println!(
                    "{second:>3} s {:>6} {sent:>12.1} {:>7.1} {:>13.1} {:>14.1}",
                    self.open.load(Relaxed),
                    (sent - sent_before) / (second - row_before) as f64,
                    mebibytes(self.queued.load(Relaxed)),
                    mebibytes(memory.last().copied().unwrap_or(0)),
                );
                (sent_before, row_before) = (sent, second);
            }
        }
        memory
    }
}

pub(super) fn mebibytes(bytes: usize) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}

/// Seconds between two rows.
const ROW: u64 = 5;
