//! Who takes part, and in what.
use std::cell::{Cell, RefCell};
use std::future::Future;
use std::rc::Rc;

use tokio::runtime::Runtime;

use super::socket::Reader;

/// One contestant of a case: a batch of work that can be run again and again.
pub struct Entry {
    pub name: &'static str,
    run: Box<dyn FnMut()>,
    settle: Box<dyn FnMut()>,
}

impl Entry {
    pub fn new(name: &'static str, run: impl FnMut() + 'static) -> Self {
        Self { name, run: Box::new(run), settle: Box::new(|| ()) }
    }

    /// Makes an entry whose batches change `state`, and that is set right by `settle` after each.
    pub fn with_state<S: 'static>(
        name: &'static str,
        state: S,
        run: impl Fn(&mut S) + 'static,
        settle: impl Fn(&mut S) + 'static,
    ) -> Self {
        let state = Rc::new(RefCell::new(state));
        let settled = Rc::clone(&state);
        Self {
            name,
            run: Box::new(move || run(&mut state.borrow_mut())),
            settle: Box::new(move || settle(&mut settled.borrow_mut())),
        }
    }

    /// Makes an entry whose batch sends `bytes` to `reader`.
    pub fn to_reader(
        name: &'static str,
        bytes: u64,
        reader: Option<Reader>,
        mut run: impl FnMut() + 'static,
    ) -> Self {
        let Some(reader) = reader else { return Self::new(name, run) };
        let sent = Rc::new(Cell::new(0));
        let total = Rc::clone(&sent);
        Self {
            name,
            run: Box::new(move || {
                run();
                sent.set(sent.get() + bytes);
            }),
            settle: Box::new(move || reader.wait_for(total.get())),
        }
    }

    /// Runs one batch.
    pub fn run(&mut self) {
        (self.run)();
    }

    /// Waits until nothing of the last batch is under way, so that it does not cost the next.
    pub fn settle(&mut self) {
        (self.settle)();
    }
}

/// The contestants at one chunk size, ours first.
pub struct Case {
    pub size: usize,
    /// Chunks in a batch.
    pub chunks: usize,
    pub entries: Vec<Entry>,
    /// What sets it apart from the other cases of its group.
    pub label: String,
}

impl Case {
    /// Returns the bytes that one batch sends.
    pub fn bytes(&self) -> u64 {
        self.size as u64 * self.chunks as u64
    }
}

/// A runtime of the calling thread, whose CPU time is then that of the sender.
#[derive(Clone)]
pub struct Sender {
    runtime: Rc<Runtime>,
}

impl Sender {
    pub fn new() -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_io()
            .build()
            .expect("a runtime can be built");
        Self { runtime: Rc::new(runtime) }
    }

    pub fn block_on<F: Future>(&self, future: F) -> F::Output {
        self.runtime.block_on(future)
    }

    /// Runs `connect` where sockets can be registered.
    pub fn enter<R>(&self, connect: impl FnOnce() -> R) -> R {
        let _context = self.runtime.enter();
        connect()
    }
}

/// Writes a size in bytes as a short text: by 1024 or 1000, as it was meant.
pub fn size_name(bytes: usize) -> String {
    let units = [(1 << 20, "MiB"), (1_000_000, "MB"), (1 << 10, "KiB"), (1000, "KB")];
    let unit = units.into_iter().find(|(unit, _)| bytes >= *unit && bytes % unit == 0);
    match unit {
        // A thousand bytes are a number like others.
        Some((unit, name)) if bytes != 1000 => format!("{} {name}", bytes / unit),
        _ => format!("{bytes} B"),
    }
}
