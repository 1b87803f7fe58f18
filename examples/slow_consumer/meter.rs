use std::fmt;
use std::hint::black_box;
use std::time::Instant;

use flow_controlled_writer::FlowControlledWriter;

/// Asks writers for their size, and takes the time where the queue is the smallest or the deepest
/// so far.
#[derive(Debug, Default)]
pub(crate) struct Meter {
    asked: u64,
    smallest: Option<Sample>,
    deepest: Option<Sample>,
}

impl Meter {
    pub(crate) fn ask<W>(&mut self, writer: &FlowControlledWriter<W>) {
        let size = writer.buffer_size();
        self.asked += 1;
        if size > 0 && self.smallest.as_ref().is_none_or(|smallest| size < smallest.size) {
            self.smallest = Some(Sample::take(writer));
        }
        if size > 0 && self.deepest.as_ref().is_none_or(|deepest| size > deepest.size) {
            self.deepest = Some(Sample::take(writer));
        }
    }
}

impl fmt::Display for Meter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "buffer_size() was asked {} times; it took", self.asked)?;
        for (name, sample) in [("smallest", &self.smallest), ("deepest", &self.deepest)] {
            if let Some(Sample { size, chunks, nanos }) = sample {
                write!(f, "\n  {nanos:.1} ns at the {name} queue: {size} bytes, chunks: {chunks}")?;
            }
        }
        Ok(())
    }
}

/// What one call of `buffer_size()` cost.
#[derive(Debug)]
struct Sample {
    size: usize,
    chunks: usize,
    nanos: f64,
}

impl Sample {
    fn take<W>(writer: &FlowControlledWriter<W>) -> Self {
        let round = || {
            let started = Instant::now();
            for _ in 0..CALLS {
                black_box(black_box(writer).buffer_size());
            }
            started.elapsed().as_secs_f64() * 1e9 / f64::from(CALLS)
        };
        // The best of three, as another thread may get in between.
        let nanos = round().min(round()).min(round());
        Self { size: writer.buffer_size(), chunks: writer.queued_chunks(), nanos }
    }
}

/// Calls in one round: enough to make the two clock readings negligible.
const CALLS: u32 = 1000;
