//! The clock without the feature `time`: nothing lasts too long.

use std::io;
use std::task::{Context, Poll};

use super::Options;
use crate::events::Event;
use crate::watermarks::Flow;

#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct PauseWatch;

impl PauseWatch {
    pub(super) fn changed(&mut self, _: Flow) {}
}

#[derive(Debug)]
pub(super) struct Clock;

impl Clock {
    pub(super) fn new(_: &Options) -> Self {
        Self
    }

    pub(super) fn limits_pauses(&self) -> bool {
        false
    }

    pub(super) fn wait(&mut self) {}

    #[inline]
    pub(super) fn progress(&mut self) {}

    #[inline]
    pub(super) fn rest(&mut self) {}

    #[inline]
    pub(super) fn poll_late(
        &mut self,
        _: &mut Context<'_>,
        _: PauseWatch,
        _: usize,
    ) -> Poll<(io::Error, Option<Event>)> {
        Poll::Pending
    }
}
