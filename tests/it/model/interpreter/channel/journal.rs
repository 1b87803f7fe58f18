use std::collections::{BTreeMap, BTreeSet};

use super::super::calls::check_offer;
use super::super::flow::Flow;
use crate::support::{Answer, Call, Handle};

/// What was accepted by a channel, in order, and what became of it.
pub(super) struct Journal {
    /// The pause state, which depends on what was accepted before an item and never on the item.
    flow: Flow,
    /// The bytes accepted and not discarded.
    accepted: Vec<u8>,
    /// Those that the inner writer took.
    written: usize,
    /// Those that it took before its last flush.
    flushed: Option<usize>,
    discarded: usize,
    life: Life,
    /// The sends of each handle that wait, by the order in which they began to.
    waiting: BTreeMap<usize, BTreeSet<u64>>,
    /// Those of them that were woken and do not come.
    absent: BTreeSet<u64>,
    begun: u64,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Life {
    Alive,
    Aborted,
    /// The inner writer failed, or the driver was dropped.
    Failed,
}

impl Journal {
    pub(super) fn new(flow: Flow) -> Self {
        Self {
            flow,
            accepted: Vec::new(),
            written: 0,
            flushed: None,
            discarded: 0,
            life: Life::Alive,
            waiting: BTreeMap::new(),
            absent: BTreeSet::new(),
            begun: 0,
        }
    }

    /// Accepts an item whose turn had come. Returns the position behind it.
    pub(super) fn accept(&mut self, bytes: &[u8]) -> u64 {
        assert!(!self.is_paused() || bytes.is_empty(), "taken while paused");
        self.accept_anyway(bytes)
    }

    /// Accepts an item past a pause.
    pub(super) fn accept_past_pause(&mut self, bytes: &[u8]) -> u64 {
        assert!(self.admits_past_pause() || bytes.is_empty(), "taken at the hard limit");
        self.accept_anyway(bytes)
    }

    fn accept_anyway(&mut self, bytes: &[u8]) -> u64 {
        self.accepted.extend_from_slice(bytes);
        self.look();
        self.accepted.len() as u64
    }

    /// Follows a channel that looks at its size and at the budget.
    pub(super) fn look(&mut self) {
        self.flow.observe(self.outstanding());
    }

    pub(super) fn flow(&mut self) -> &mut Flow {
        &mut self.flow
    }

    pub(super) fn is_paused(&self) -> bool {
        self.flow.is_paused(self.outstanding())
    }

    pub(super) fn admits_past_pause(&self) -> bool {
        !self.is_paused() || self.flow.is_below_hard_limit(self.outstanding())
    }

    /// Returns what is held of the budget by all, if there is one.
    pub(super) fn used(&self) -> Option<usize> {
        self.flow.used(if self.is_alive() { self.outstanding() } else { 0 })
    }

    /// Takes note of a send of `handle` that begins to wait. Returns its number.
    pub(super) fn begin_to_wait(&mut self, handle: usize) -> u64 {
        self.begun += 1;
        self.waiting.entry(handle).or_default().insert(self.begun);
        self.begun
    }

    /// Takes note of a send that waits no longer.
    pub(super) fn end_to_wait(&mut self, handle: usize, number: u64) {
        self.waiting.entry(handle).or_default().remove(&number);
    }

    /// Takes note of whether a send that waits was woken and has not been polled since: those behind it
    /// do not wait for it for ever.
    pub(super) fn set_absent(&mut self, number: u64, is_absent: bool) {
        if is_absent {
            self.absent.insert(number);
        } else {
            self.absent.remove(&number);
        }
    }

    /// Checks that no send of `handle` waits that began before `number`, or at all.
    pub(super) fn check_order(&self, handle: usize, number: Option<u64>) {
        let waiting = self.waiting.get(&handle).into_iter().flatten();
        let first = waiting.copied().find(|number| !self.absent.contains(number));
        assert!(first.is_none() || first == number, "overtakes an earlier send of its handle");
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
        self.look();
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
        self.look();
        discarded
    }

    pub(super) fn fail(&mut self) {
        self.life = Life::Failed;
    }

    pub(super) fn has_failed(&self) -> bool {
        self.life == Life::Failed
    }

    pub(super) fn is_alive(&self) -> bool {
        self.life == Life::Alive
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
