use super::Sender;
use crate::channel::shared::Shared;
use crate::channel::state::{FlushWait, State};
use crate::channel::waiters::Place;

/// A place that a future holds. It is given up when the future is dropped.
pub(super) struct Waiting<'a> {
    shared: &'a Shared,
    pub(super) place: Option<Place>,
    leave: fn(&mut State, &mut Option<Place>),
}

impl<'a> Waiting<'a> {
    pub(super) fn new(sender: &'a Sender, leave: fn(&mut State, &mut Option<Place>)) -> Self {
        Self { shared: &sender.shared, place: None, leave }
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        if self.place.is_some() {
            self.shared.with(|state| (self.leave)(state, &mut self.place));
        }
    }
}

/// The wait of a `flush` future. It is given up when the future is dropped.
pub(super) struct Flushing<'a> {
    shared: &'a Shared,
    pub(super) wait: FlushWait,
}

impl<'a> Flushing<'a> {
    pub(super) fn new(sender: &'a Sender) -> Self {
        Self { shared: &sender.shared, wait: FlushWait::default() }
    }
}

impl Drop for Flushing<'_> {
    fn drop(&mut self) {
        if self.wait.is_waiting() {
            self.shared.with(|state| state.leave_flushes(&mut self.wait));
        }
    }
}
