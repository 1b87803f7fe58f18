use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use flow_controlled_writer::{Builder, MemoryBudget, Watermarks};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber, subscriber};

use crate::support::Answer::{Pending, Take};
use crate::support::{Rig, Scripted, Task};

/// Calls `told` for each event of the crate.
pub(crate) struct Listener<F>(pub(crate) F);

impl<F: Fn() + Send + Sync + 'static> Subscriber for Listener<F> {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == "flow_controlled_writer"
    }

    fn event(&self, _: &Event<'_>) {
        (self.0)();
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

/// A paused writer with marks of 2 and 4 bytes.
fn paused(budget: &MemoryBudget) -> Rig {
    let marks = Watermarks::new(2, 4);
    let options = Builder::new().watermarks(marks).budget(budget.clone());
    let mut rig = Rig::with_options(&options, Scripted::gathering([Pending]));
    rig.queue(["123456"]);
    rig
}

/// Something that makes a paused writer resume, in another task than the waiting one.
type Resume = fn(&mut Rig);

const RESUMES: [(&str, Resume); 3] = [
    ("new marks", |rig| rig.writer.set_watermarks(Watermarks::new(6, 8))),
    ("an abort", |rig| assert_eq!(rig.abort(), 6)),
    ("a drain", |rig| {
        rig.inner.script([Take(4), Pending]);
        assert!(rig.drain().is_pending());
    }),
];

/// A subscriber that panics or takes its time would keep it from going on.
#[test]
fn who_waits_is_woken_before_anything_is_told() {
    for (name, resume) in RESUMES {
        let mut rig = paused(&MemoryBudget::new(100));
        let waiting = Arc::new(Task::new());
        assert!(waiting.poll_once(rig.writer.ready()).is_pending());
        let seen = Arc::new(Mutex::new(Vec::new()));
        let (task, log) = (Arc::clone(&waiting), Arc::clone(&seen));
        let look = move || log.lock().expect("nobody panics").push(task.take_wakes());
        subscriber::with_default(Listener(look), || resume(&mut rig));
        assert_eq!(*seen.lock().expect("nobody panics"), [1], "{name}");
    }
}

/// The queue, the budget and the pause are as if nothing had been told.
#[test]
fn a_subscriber_that_panics_finds_all_counted_and_who_waits_woken() {
    for (name, resume) in RESUMES {
        let budget = MemoryBudget::new(100);
        let mut rig = paused(&budget);
        let waiting = Task::new();
        assert!(waiting.poll_once(rig.writer.ready()).is_pending());
        let panics = || panic!("on purpose");
        let resumed = catch_unwind(AssertUnwindSafe(|| {
            subscriber::with_default(Listener(panics), || resume(&mut rig));
        }));
        assert!(resumed.is_err(), "{name}");
        assert_eq!(waiting.take_wakes(), 1, "{name}");
        assert_eq!(rig.writer.buffer_size(), budget.used(), "{name}");
        let stats = rig.writer.stats();
        assert_eq!(stats.written_bytes, rig.inner.wire().len() as u64, "{name}");
        assert!(!rig.writer.is_paused(), "{name}");
    }
}

/// What pauses a writer is queued and counted when it is told.
#[test]
fn a_subscriber_that_panics_at_a_pause_finds_the_chunk_queued() {
    for limit in [3, 100] {
        let budget = MemoryBudget::new(limit);
        let options = Builder::new().watermarks(Watermarks::new(2, 4)).budget(budget.clone());
        let mut writer = options.build(tokio::io::sink());
        let sent = catch_unwind(AssertUnwindSafe(|| {
            let panics = || panic!("on purpose");
            subscriber::with_default(Listener(panics), || writer.try_send("12345"))
        }));
        assert!(sent.is_err());
        assert_eq!((writer.buffer_size(), budget.used(), writer.stats().pauses), (5, 5, 1));
        assert!(writer.is_paused() && !writer.is_closed());
    }
}

/// A subscriber that sends through another writer of the same budget.
#[test]
fn a_subscriber_may_send_through_another_writer_of_the_budget() {
    let budget = MemoryBudget::new(10);
    let other = Builder::new().budget(budget.clone()).build(tokio::io::sink());
    let (other, calls) = (Arc::new(Mutex::new(other)), Arc::new(AtomicUsize::new(0)));
    let (sink, count, is_inside) = (Arc::clone(&other), Arc::clone(&calls), AtomicBool::new(false));
    let sends = move || {
        if !is_inside.swap(true, Ordering::SeqCst) {
            count.fetch_add(1, Ordering::SeqCst);
            sink.lock().expect("nobody panics").try_send("line").expect("it holds nothing");
        }
    };
    let mut rig = subscriber::with_default(Listener(sends), || paused(&budget));
    assert_eq!(calls.load(Ordering::SeqCst), 1);
    let held = other.lock().expect("nobody panics").buffer_size();
    assert_eq!((held, budget.used()), (4, 10));
    assert_eq!(rig.abort(), 6);
    assert_eq!(budget.used(), 4);
}

/// The chunk is refused because others have exceeded the budget, which pauses the writer.
#[test]
fn a_pause_that_a_refused_chunk_finds_is_told_at_once() {
    let budget = MemoryBudget::new(10);
    let options = Builder::new().budget(budget);
    let mut other = options.build(tokio::io::sink());
    let mut writer = options.build(tokio::io::sink());
    writer.try_send("held").expect("not paused");
    other.try_send("far too much").expect("it holds nothing");
    let told = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&told);
    let counts = move || {
        count.fetch_add(1, Ordering::SeqCst);
    };
    let sent = subscriber::with_default(Listener(counts), || writer.try_send("more"));
    assert!(sent.is_err_and(|error| error.is_full()));
    assert_eq!((told.load(Ordering::SeqCst), writer.stats().pauses), (1, 1));
}
