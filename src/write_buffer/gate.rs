use crate::budget::Credit;
use crate::events::{Event, Outbox};
use crate::watermarks::{Flow, Limits, Watermarks};
use crate::write_buffer::Options;

/// The check on the way in: the pause state, the cap and the budget.
///
/// It holds no bytes; its owner tells it the buffer size.
#[derive(Debug)]
pub(crate) struct Gate {
    flow: Flow,
    watermarks: Watermarks,
    max_buffer_size: usize,
    /// The watermarks and the cap as they act while the budget is not exceeded.
    limits: Limits,
    /// Invariant: what it holds of the budget is the size at the last update.
    credit: Credit,
    /// Whether nothing comes in any more.
    shut: bool,
    /// Up to below this size bytes come in with nothing to update but their count. Invariant: one
    /// above the high mark while the gate is not shut, the writer is accepting and there is no
    /// budget, else 0.
    free_below: usize,
    pauses: u64,
    outbox: Outbox,
}

impl Gate {
    pub(crate) fn new(options: &Options) -> Self {
        let mut gate = Self {
            flow: Flow::Accepting,
            watermarks: options.watermarks,
            max_buffer_size: options.max_buffer_size,
            limits: Limits::new(options.watermarks, options.max_buffer_size),
            credit: Credit::new(options.budget.clone()),
            shut: false,
            free_below: 0,
            pauses: 0,
            outbox: Outbox::default(),
        };
        gate.update_free_below();
        gate
    }

    /// Creates a gate that is never shut.
    pub(crate) fn unlimited() -> Self {
        let watermarks = Watermarks::new(usize::MAX, usize::MAX);
        Self::new(&Options { watermarks, ..Options::default() })
    }

    /// Carries the size over to the budget and to the pause state.
    #[inline]
    pub(crate) fn update(&mut self, size: usize) {
        if !self.is_wide_open(size, 0) {
            self.update_all(size);
        }
    }

    fn update_all(&mut self, size: usize) {
        if let Some(event) = self.credit.set(size) {
            self.outbox.send(event);
        }
        self.set_flow(self.flow_at(size), size);
    }

    /// Takes note of a borrowed slice: it pauses the writer where it finds no room.
    pub(crate) fn update_for_slice(&mut self, size: usize) {
        self.update(size);
        self.set_flow(self.limits().next_without_room(self.flow, size), size);
    }

    pub(crate) fn set_watermarks(&mut self, watermarks: Watermarks, size: usize) {
        self.watermarks = watermarks;
        self.limits = Limits::new(watermarks, self.max_buffer_size);
        self.update_free_below();
        self.update(size);
    }

    /// Keeps events from now on until they are [taken](Self::take_events): for an owner that calls
    /// under a lock.
    pub(crate) fn keep_events(&mut self) {
        self.outbox = Outbox::keeping();
    }

    #[inline]
    pub(crate) fn has_events(&self) -> bool {
        !self.outbox.is_empty()
    }

    pub(crate) fn take_events(&mut self) -> Outbox {
        self.outbox.take()
    }

    /// Lets nothing in from now on without the question whether the writer is open.
    pub(crate) fn shut(&mut self) {
        self.shut = true;
        self.update_free_below();
    }

    /// Takes room for a chunk under the cap and in the budget; a refusal takes nothing.
    pub(crate) fn reserve(&mut self, size: usize, chunk: usize) -> bool {
        self.admits(size, chunk) && self.credit.try_grow(chunk)
    }

    /// Tells whether one more chunk stays within the cap.
    #[inline]
    pub(crate) fn admits(&self, size: usize, chunk: usize) -> bool {
        self.limits.admits(size, chunk)
    }

    /// Tells whether there is a budget.
    #[inline]
    pub(crate) fn is_limited(&self) -> bool {
        self.credit.is_limited()
    }

    /// Returns the size that is never exceeded.
    pub(crate) fn cap(&self) -> usize {
        self.max_buffer_size
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

    /// Returns the limits as they act now: an exceeded budget pulls both marks down to 0.
    #[inline]
    pub(crate) fn limits(&self) -> Limits {
        if self.credit.is_exceeded() {
            Limits::new(Watermarks::new(0, 0), self.max_buffer_size)
        } else {
            self.limits
        }
    }

    /// Returns the pause state as of the last update.
    #[inline]
    pub(crate) fn flow(&self) -> Flow {
        self.flow
    }

    /// Returns the pause state by the size and the limits of now.
    #[inline]
    pub(crate) fn flow_at(&self, size: usize) -> Flow {
        self.limits().next(self.flow, size)
    }

    pub(crate) fn watermarks(&self) -> Watermarks {
        self.watermarks
    }

    pub(crate) fn pauses(&self) -> u64 {
        self.pauses
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
        self.free_below = if is_free { self.limits.room(0).saturating_add(1) } else { 0 };
    }

    fn flow_changed(&mut self, size: usize) {
        let watermarks = self.watermarks;
        self.outbox.send(match self.flow {
            Flow::Paused => {
                self.pauses += 1;
                Event::Paused { size, watermarks }
            }
            Flow::Accepting => Event::Resumed { size, watermarks },
        });
    }
}
