//! The events that an operator sees, as `tracing` events without a span; nothing at all without
//! the `tracing` feature. They carry counts, never payload.
#![cfg_attr(not(feature = "tracing"), expect(unused_variables))]

use std::io;

use crate::watermarks::Watermarks;

pub(crate) fn paused(size: usize, watermarks: Watermarks) {
    #[cfg(feature = "tracing")]
    tracing::debug!(
        target: TARGET,
        size,
        low = watermarks.low(),
        high = watermarks.high(),
        "paused"
    );
}

pub(crate) fn resumed(size: usize, watermarks: Watermarks) {
    #[cfg(feature = "tracing")]
    tracing::debug!(
        target: TARGET,
        size,
        low = watermarks.low(),
        high = watermarks.high(),
        "resumed"
    );
}

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

pub(crate) fn budget_exceeded(used: usize, limit: usize) {
    #[cfg(feature = "tracing")]
    tracing::warn!(target: TARGET, used, limit, "budget exceeded");
}

pub(crate) fn budget_back(used: usize, limit: usize) {
    #[cfg(feature = "tracing")]
    tracing::warn!(target: TARGET, used, limit, "budget back within its limit");
}

#[cfg(feature = "tracing")]
const TARGET: &str = "flow_controlled_writer";
