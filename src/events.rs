//! The events that an operator sees, as `tracing` events without a span; nothing at all without
//! the `tracing` feature. They carry counts, never payload.
#![cfg_attr(not(feature = "tracing"), expect(unused_variables))]

use std::io;

use crate::watermarks::Watermarks;

pub(crate) fn failed(error: &io::Error, unsent: usize) {
    #[cfg(feature = "tracing")]
    tracing::warn!(target: TARGET, kind = ?error.kind(), unsent, "failed");
}

#[cfg(feature = "time")]
pub(crate) fn stalled(timeout: std::time::Duration, size: usize) {
    #[cfg(feature = "tracing")]
    tracing::warn!(target: TARGET, ?timeout, size, "stalled");
}

#[cfg(feature = "tracing")]
pub(crate) fn dropped(unsent: usize) {
    tracing::warn!(target: TARGET, unsent, "dropped with bytes queued");
}

/// What can happen while a channel is locked.
#[derive(Clone, Copy, Debug)]
#[cfg_attr(not(feature = "tracing"), expect(dead_code))]
pub(crate) enum Event {
    Paused { size: usize, watermarks: Watermarks },
    Resumed { size: usize, watermarks: Watermarks },
    BudgetExceeded { used: usize, limit: usize },
    BudgetBack { used: usize, limit: usize },
}

impl Event {
    pub(crate) fn emit(self) {
        #[cfg(feature = "tracing")]
        match self {
            Self::Paused { size, watermarks } => {
                let (low, high) = (watermarks.low(), watermarks.high());
                tracing::debug!(target: TARGET, size, low, high, "paused");
            }
            Self::Resumed { size, watermarks } => {
                let (low, high) = (watermarks.low(), watermarks.high());
                tracing::debug!(target: TARGET, size, low, high, "resumed");
            }
            Self::BudgetExceeded { used, limit } => {
                tracing::warn!(target: TARGET, used, limit, "budget exceeded");
            }
            Self::BudgetBack { used, limit } => {
                tracing::warn!(target: TARGET, used, limit, "budget back within its limit");
            }
        }
    }
}

/// The way of events to the subscriber: straight, or by a list that is kept until no lock is held.
/// A subscriber may do anything, also lock again.
#[derive(Debug, Default)]
pub(crate) struct Outbox {
    #[cfg(feature = "tracing")]
    kept: Option<Vec<Event>>,
}

impl Outbox {
    /// Creates an outbox that keeps what is sent until it is [taken](Self::take).
    pub(crate) fn keeping() -> Self {
        Self {
            #[cfg(feature = "tracing")]
            kept: Some(Vec::new()),
        }
    }

    pub(crate) fn send(&mut self, event: Event) {
        #[cfg(feature = "tracing")]
        if let Some(kept) = &mut self.kept {
            return kept.push(event);
        }
        event.emit();
    }

    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        #[cfg(feature = "tracing")]
        return self.kept.as_ref().is_none_or(Vec::is_empty);
        #[cfg(not(feature = "tracing"))]
        true
    }

    /// Takes what was kept out.
    pub(crate) fn take(&mut self) -> Self {
        std::mem::replace(self, Self::keeping())
    }

    /// Emits what was kept.
    pub(crate) fn emit(self) {
        #[cfg(feature = "tracing")]
        self.kept.into_iter().flatten().for_each(Event::emit);
    }
}

#[cfg(feature = "tracing")]
const TARGET: &str = "flow_controlled_writer";
