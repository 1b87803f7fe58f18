use super::super::calls::check_offer;
use crate::support::{Answer, Call, Handle};

/// What was accepted by a channel, in order, and what became of it.
pub(super) struct Journal {
    /// The bytes accepted and not discarded.
    accepted: Vec<u8>,
    /// Those that the inner writer took.
    written: usize,
    /// Those that it took before its last flush.
    flushed: Option<usize>,
    discarded: usize,
    cap: usize,
    life: Life,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Life {
    Alive,
    Aborted,
    /// The inner writer failed, or the driver was dropped.
    Failed,
}

impl Journal {
    pub(super) fn new(cap: usize) -> Self {
        Self {
            accepted: Vec::new(),
            written: 0,
            flushed: None,
            discarded: 0,
            cap,
            life: Life::Alive,
        }
    }

    pub(super) fn accept(&mut self, bytes: &[u8]) {
        self.accepted.extend_from_slice(bytes);
    }

    /// Follows the calls that the inner writer has seen in one poll of the driver.
    pub(super) fn follow(&mut self, inner: &Handle) {
        let log = inner.take_log();
        inner.take_addresses();
        assert!(log.len() <= MOST_CALLS, "{} calls in one poll", log.len());
        let before = self.written;
        for call in &log {
            check_offer(call);
            match call {
                Call::Write(offered, Answer::Take(count)) => self.written += offered.min(count),
                Call::Gather(slices, Answer::Take(count)) => {
                    self.written += slices.iter().sum::<usize>().min(*count);
                }
                Call::Flush(Answer::Done) => self.flushed = Some(self.written),
                _ => {}
            }
        }
        assert!(self.written <= self.accepted.len(), "bytes were made up");
        let same = inner.with_wire(|wire| {
            assert_eq!(wire.len(), self.written);
            wire[before..] == self.accepted[before..self.written]
        });
        assert!(same, "the wire differs");
    }

    /// Returns what an abort must discard.
    pub(super) fn abort(&mut self) -> usize {
        if self.life != Life::Alive {
            return 0;
        }
        self.life = Life::Aborted;
        let discarded = self.outstanding();
        self.accepted.truncate(self.written);
        self.discarded += discarded;
        discarded
    }

    pub(super) fn fail(&mut self) {
        self.life = Life::Failed;
    }

    pub(super) fn is_alive(&self) -> bool {
        self.life == Life::Alive
    }

    pub(super) fn cap(&self) -> usize {
        self.cap
    }

    pub(super) fn admits(&self, total: usize) -> bool {
        total <= self.cap
    }

    pub(super) fn outstanding(&self) -> usize {
        self.accepted.len() - self.written
    }

    pub(super) fn unsent(&self) -> &[u8] {
        &self.accepted[self.written..]
    }

    pub(super) fn written(&self) -> u64 {
        self.written as u64
    }

    pub(super) fn enqueued(&self) -> u64 {
        (self.accepted.len() + self.discarded) as u64
    }

    /// Returns the position behind all that was accepted.
    pub(super) fn position(&self) -> usize {
        self.accepted.len()
    }

    pub(super) fn is_flushed(&self, position: usize) -> bool {
        position == 0 || self.flushed >= Some(position)
    }
}

/// 32 writes, a flush that somebody waits for, and a flush and a shutdown at the end.
const MOST_CALLS: usize = 35;
