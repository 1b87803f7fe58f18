//! The events that an operator sees, as `tracing` events without a span; nothing at all without
//! the `tracing` feature. They carry counts, never payload.
#![cfg_attr(not(feature = "tracing"), expect(unused_variables))]

use std::io;
use std::panic::{self, AssertUnwindSafe};
use std::thread;

use crate::watermarks::Watermarks;

/// What is told once the state is as it will be, all who wait were woken and no lock is held: a
/// subscriber may do anything, also call again or panic.
#[derive(Clone, Copy, Debug)]
#[cfg_attr(not(feature = "tracing"), expect(dead_code))]
pub(crate) enum Event {
    Paused {
        size: usize,
        watermarks: Watermarks,
    },
    Resumed {
        size: usize,
        watermarks: Watermarks,
    },
    Failed {
        kind: io::ErrorKind,
        unsent: usize,
    },
    #[cfg(feature = "time")]
    Stalled {
        timeout: std::time::Duration,
        size: usize,
    },
    BudgetExceeded {
        used: usize,
        limit: usize,
    },
    BudgetBack {
        used: usize,
        limit: usize,
    },
}

/// Events that are to be told. There is mostly one at a time, which takes no heap: with messages as
/// large as the high mark, each of them pauses and resumes.
#[derive(Debug, Default)]
#[must_use]
pub(crate) struct Outbox {
    #[cfg(feature = "tracing")]
    first: Option<Event>,
    /// Invariant: empty if there is no first one.
    #[cfg(feature = "tracing")]
    others: Vec<Event>,
}

impl Outbox {
    #[inline]
    pub(crate) fn push(&mut self, event: Event) {
        #[cfg(feature = "tracing")]
        match self.first {
            None => self.first = Some(event),
            Some(_) => self.others.push(event),
        }
    }

    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        #[cfg(feature = "tracing")]
        return self.first.is_none();
        #[cfg(not(feature = "tracing"))]
        true
    }

    /// Tells what is in it.
    #[inline]
    pub(crate) fn tell(self) {
        #[cfg(feature = "tracing")]
        if !self.is_empty() {
            guarded(|| self.first.into_iter().chain(self.others).for_each(Event::tell));
        }
    }

    /// Adds what another one holds.
    pub(crate) fn append(&mut self, other: Self) {
        #[cfg(feature = "tracing")]
        other.first.into_iter().chain(other.others).for_each(|event| self.push(event));
    }
}

#[cfg(feature = "tracing")]
impl Event {
    fn tell(self) {
        match self {
            Self::Paused { size, watermarks } => {
                let (low, high) = (watermarks.low(), watermarks.high());
                tracing::debug!(target: TARGET, size, low, high, "paused");
            }
            Self::Resumed { size, watermarks } => {
                let (low, high) = (watermarks.low(), watermarks.high());
                tracing::debug!(target: TARGET, size, low, high, "resumed");
            }
            Self::Failed { kind, unsent } => {
                tracing::warn!(target: TARGET, ?kind, unsent, "failed");
            }
            #[cfg(feature = "time")]
            Self::Stalled { timeout, size } => {
                tracing::warn!(target: TARGET, ?timeout, size, "stalled");
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

/// Tells of a writer that was dropped.
#[cfg(feature = "tracing")]
pub(crate) fn dropped(unsent: usize) {
    guarded(|| tracing::warn!(target: TARGET, unsent, "dropped with bytes queued"));
}

/// Calls a waker or subscriber. While a panic goes on already, by which a writer is dropped or fails, another one
/// would end the process.
pub(crate) fn guarded(call: impl FnOnce()) {
    if thread::panicking() {
        drop(panic::catch_unwind(AssertUnwindSafe(call)));
    } else {
        call();
    }
}

#[cfg(feature = "tracing")]
const TARGET: &str = "flow_controlled_writer";
