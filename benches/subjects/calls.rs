//! The calls of the inner writer.
use std::cell::RefCell;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use flow_controlled_writer::{FlowControlledWriter, Watermarks};

use super::drain::done;
use super::{Batch, Contestants, Place, Setting};
use crate::support::entry::Sender;
use crate::support::null::Null;

/// The calls of the writer that a contestant makes for one batch.
pub struct Calls {
    pub name: &'static str,
    pub calls: u64,
}

/// Counts the calls of all contestants of a subject, ours first. None of them is ever pending.
pub fn count(subject: &impl Contestants, size: usize) -> Vec<Calls> {
    let counters = RefCell::new(Vec::<Arc<AtomicU64>>::new());
    let connect = || {
        let writer = Null::new();
        counters.borrow_mut().push(writer.calls());
        (writer, None)
    };
    let batch = Batch::new(Place::Null, size);
    let setting = Setting { batch, sender: &Sender::new(), connect: &connect };
    let entries = subject.entries(&setting);
    let counted = entries.into_iter().zip(counters.take()).map(|(mut entry, counter)| {
        entry.run();
        Calls { name: entry.name, calls: counter.load(Relaxed) }
    });
    counted.collect()
}

/// Counts our calls for 10 000 chunks of 16 bytes that are all queued before the flush.
pub fn count_queued() -> u64 {
    let gate = Null::new();
    let calls = gate.calls();
    let mut writer = FlowControlledWriter::with_watermarks(gate, Watermarks::new(0, usize::MAX));
    for _ in 0..10_000 {
        writer.try_send(&[b'x'; 16][..]).expect("never paused");
    }
    done(writer.flush());
    calls.load(Relaxed)
}
