use crate::budget::Credit;
use crate::events::{Event, Outbox};
use crate::watermarks::{Flow, Watermarks};
use crate::write_buffer::{Options, PauseWatch};

/// The check on the way in: the pause state, the hard limit and the budget.
///
/// It judges an item by the state before it, never by its length. It holds no bytes; its owner tells it
/// the buffer size.
#[derive(Debug)]
pub(crate) struct Gate {
    flow: Flow,
    watermarks: Watermarks,
    /// The size from which on nothing comes in past a pause.
    hard_limit: usize,
    /// Invariant: what it holds of the budget is the size at the last update.
    credit: Credit,
    /// Whether nothing comes in any more.
    shut: bool,
    /// Up to below this size bytes come in with nothing to update but their count. Invariant: one
    /// above the high mark while the gate is not shut, the writer is accepting and there is no
    /// budget, else 0.
    free_below: usize,
    pauses: u64,
    watch: PauseWatch,
    outbox: Outbox,
    /// Whether its owner takes out what is to be told, and tells it.
    is_quiet: bool,
}

/// How an item comes in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// It waits for its turn, or comes back.
    InTurn,
    /// It does not wait, up to the hard limit.
    PastPause,
}

impl Gate {
    pub(crate) fn new(options: &Options) -> Self {
        let mut gate = Self {
            flow: Flow::Accepting,
            watermarks: options.watermarks,
            hard_limit: options.hard_limit,
            credit: Credit::new(options.budget.clone()),
            shut: false,
            free_below: 0,
            pauses: 0,
            watch: Default::default(),
            outbox: Outbox::default(),
            is_quiet: false,
        };
        gate.update_free_below();
        gate
    }

    /// Creates a gate that never pauses, of a writer that tells nothing by itself.
    pub(crate) fn unlimited() -> Self {
        let watermarks = Watermarks::new(usize::MAX, usize::MAX);
        Self { is_quiet: true, ..Self::new(&Options { watermarks, ..Options::default() }) }
    }

    /// Tells whether an item of `length` bytes is taken when `size` bytes are held: by the pause state
    /// as of the last update.
    pub(crate) fn admits(&self, way: Way, size: usize, length: usize) -> bool {
        let is_taken =
            self.flow == Flow::Accepting || (way == Way::PastPause && size < self.hard_limit);
        // It takes a mapping that is queued many times over not to be countable.
        is_taken && size.checked_add(length).is_some()
    }

    /// Carries the size over to the budget and to the pause state.
    #[inline]
    pub(crate) fn update(&mut self, size: usize) {
        if !self.is_wide_open(size, 0) {
            self.update_all(size);
        }
    }

    fn update_all(&mut self, size: usize) {
        self.credit.set(size, &mut self.outbox);
        self.set_flow(self.flow_at(size), size);
    }

    /// Takes note of a borrowed slice: it pauses the writer where it finds no room.
    pub(crate) fn update_for_slice(&mut self, size: usize) {
        self.update(size);
        self.set_flow(self.marks().next_without_room(self.flow, size), size);
    }

    pub(crate) fn set_watermarks(&mut self, watermarks: Watermarks, size: usize) {
        self.watermarks = watermarks;
        self.update_free_below();
        self.update(size);
    }

    /// Lets nothing in from now on without the question whether the writer is open.
    pub(crate) fn shut(&mut self) {
        self.shut = true;
        self.update_free_below();
    }

    /// Takes back a [`shut`](Self::shut).
    pub(crate) fn reopen(&mut self) {
        self.shut = false;
        self.update_free_below();
    }

    /// Adds an event to what is to be told.
    pub(crate) fn note(&mut self, event: Event) {
        self.outbox.push(event);
    }

    /// Adds what another one has to tell.
    pub(crate) fn note_all(&mut self, events: Outbox) {
        self.outbox.append(events);
    }

    /// Begins a pause anew that lasts.
    pub(crate) fn restart_pause(&mut self) {
        self.watch.changed(self.flow);
    }

    /// Tells whether there is something to be told.
    #[inline]
    pub(crate) fn has_events(&self) -> bool {
        !self.outbox.is_empty() && !self.is_quiet
    }

    /// Takes what is to be told, once the state is as it will be and no lock is held.
    #[inline]
    pub(crate) fn take_events(&mut self) -> Outbox {
        std::mem::take(&mut self.outbox)
    }

    /// Returns the size up to below which bytes come in with nothing to update but their count.
    #[inline]
    pub(crate) fn free_below(&self) -> usize {
        self.free_below
    }

    /// Tells whether `more` bytes can come in with nothing to update but their count.
    #[inline]
    pub(crate) fn is_wide_open(&self, size: usize, more: usize) -> bool {
        more < self.free_below.saturating_sub(size)
    }

    /// Returns the marks as they act now: an exceeded budget pulls both down to 0.
    #[inline]
    pub(crate) fn marks(&self) -> Watermarks {
        if self.credit.is_exceeded() { Watermarks::NONE } else { self.watermarks }
    }

    /// Returns the pause state as of the last update.
    #[inline]
    pub(crate) fn flow(&self) -> Flow {
        self.flow
    }

    /// Returns the pause state by the size and the marks of now.
    #[inline]
    pub(crate) fn flow_at(&self, size: usize) -> Flow {
        self.marks().next(self.flow, size)
    }

    pub(crate) fn watermarks(&self) -> Watermarks {
        self.watermarks
    }

    pub(crate) fn pauses(&self) -> u64 {
        self.pauses
    }

    pub(crate) fn watch(&self) -> PauseWatch {
        self.watch
    }

    #[inline]
    fn set_flow(&mut self, next: Flow, size: usize) {
        if next != self.flow {
            self.flow = next;
            self.update_free_below();
            self.flow_changed(size);
        }
    }

    fn update_free_below(&mut self) {
        let is_free = !self.shut && self.flow == Flow::Accepting && !self.credit.is_limited();
        self.free_below = if is_free { self.watermarks.high().saturating_add(1) } else { 0 };
    }

    fn flow_changed(&mut self, size: usize) {
        let watermarks = self.watermarks;
        self.watch.changed(self.flow);
        self.outbox.push(match self.flow {
            Flow::Paused => {
                self.pauses += 1;
                Event::Paused { size, watermarks }
            }
            Flow::Accepting => Event::Resumed { size, watermarks },
        });
    }
}
