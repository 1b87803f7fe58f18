#[cfg(feature = "codec")]
mod frames;

use std::io::ErrorKind;
use std::task::{Poll, ready};

#[cfg(feature = "codec")]
pub(super) use self::frames::Ending;
use super::calls::Calls;
use super::flow::Flow;
use crate::support::Answer;

/// What must come of an operation, from what it was asked and how the inner writer answered.
///
/// It holds every accepted byte in one vector and a number of bytes written, and knows nothing of
/// chunks. Its methods take the calls that the inner writer has seen during the operation and
/// panic where there are more or fewer than there should be.
#[derive(Debug)]
pub(super) struct Oracle {
    pub(super) flow: Flow,
    stage: Stage,
    /// The bytes accepted and not discarded, in order. Those that an inner writer took of a slice
    /// while it reported too many are among them.
    accepted: Vec<u8>,
    /// How many of them the inner writer took.
    written: usize,
    discarded: usize,
    /// What was offered when the inner writer was last pending, unless it has taken something since.
    promised: usize,
    write_calls: u64,
    peak: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Open,
    Draining,
    Flushing,
    ShuttingDown,
    Shut,
    Failed(ErrorKind),
}

/// The result of a poll; an error is its kind.
pub(super) type Outcome<T = ()> = Poll<Result<T, ErrorKind>>;

/// Why a chunk is not queued.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    Full,
    Closed,
    Failed(ErrorKind),
}

impl Oracle {
    pub(super) fn new(flow: Flow) -> Self {
        Self {
            flow,
            stage: Stage::Open,
            accepted: Vec::new(),
            written: 0,
            discarded: 0,
            promised: 0,
            write_calls: 0,
            peak: 0,
        }
    }

    pub(super) fn try_send(&mut self, chunk: &[u8]) -> Result<(), Refusal> {
        self.flow.observe(self.size());
        self.admit(self.flow.was_paused() && !chunk.is_empty())?;
        self.accept(chunk);
        Ok(())
    }

    pub(super) fn send_now(&mut self, chunk: &[u8]) -> Result<(), Refusal> {
        self.flow.observe(self.size());
        self.start_send(chunk)
    }

    /// An item that is appended by several verbs.
    pub(super) fn try_append(&mut self, item: &[u8]) -> Result<(), Refusal> {
        self.flow.observe(self.size());
        self.admit(self.flow.was_paused())?;
        self.accept(item);
        Ok(())
    }

    /// A writer that was ready takes it, whatever others have added to the budget since.
    pub(super) fn start_send(&mut self, chunk: &[u8]) -> Result<(), Refusal> {
        self.admit_past_pause(chunk.is_empty())?;
        self.accept(chunk);
        Ok(())
    }

    fn admit_past_pause(&mut self, is_nothing: bool) -> Result<(), Refusal> {
        if self.flow.was_paused() {
            self.flow.observe(self.size());
        }
        let is_refused = self.flow.was_paused() && !self.flow.is_below_hard_limit(self.size());
        self.admit(is_refused && !is_nothing)
    }

    fn admit(&self, is_full: bool) -> Result<(), Refusal> {
        match self.stage {
            Stage::Open if is_full => Err(Refusal::Full),
            Stage::Open => Ok(()),
            Stage::Failed(kind) => Err(Refusal::Failed(kind)),
            _ => Err(Refusal::Closed),
        }
    }

    pub(super) fn ready(&mut self, calls: &mut Calls) -> Outcome {
        calls.begin();
        self.check_open()?;
        self.flow.observe(self.size());
        self.drain_until(calls, |oracle| !oracle.flow.was_paused())
    }

    pub(super) fn drain(&mut self, calls: &mut Calls) -> Outcome {
        calls.begin();
        self.check_not_failed()?;
        self.drain_until(calls, |oracle| oracle.size() == 0)
    }

    pub(super) fn flush(&mut self, calls: &mut Calls) -> Outcome {
        ready!(self.drain(calls))?;
        if matches!(self.stage, Stage::ShuttingDown | Stage::Shut) {
            return Poll::Ready(Ok(()));
        }
        self.end(calls, Calls::flush)
    }

    pub(super) fn shutdown(&mut self, calls: &mut Calls) -> Outcome {
        calls.begin();
        loop {
            self.stage = match self.stage {
                Stage::Open => Stage::Draining,
                Stage::Draining => {
                    ready!(self.drain_until(calls, |oracle| oracle.size() == 0))?;
                    Stage::Flushing
                }
                Stage::Flushing => {
                    ready!(self.end(calls, Calls::flush))?;
                    Stage::ShuttingDown
                }
                Stage::ShuttingDown => {
                    ready!(self.end(calls, Calls::shutdown))?;
                    Stage::Shut
                }
                Stage::Shut => return Poll::Ready(Ok(())),
                Stage::Failed(kind) => return Poll::Ready(Err(kind)),
            }
        }
    }

    /// A write of borrowed bytes, in one slice or many. The limits are looked at once.
    pub(super) fn write(&mut self, bytes: &[u8], calls: &mut Calls) -> Outcome<usize> {
        calls.begin();
        self.check_open()?;
        if bytes.is_empty() {
            return Poll::Ready(Ok(0));
        }
        self.flow.observe_slice(self.size());
        let high = self.flow.marks_at(self.size()).1;
        loop {
            let room = high.saturating_sub(self.size());
            let fits = !self.flow.was_paused() && bytes.len() <= room;
            if fits && bytes.len() < PASS_THROUGH {
                return self.copy(bytes);
            }
            let is_offered = !self.flow.was_paused() || self.promised > self.size();
            let behind = if is_offered { bytes } else { &[] };
            let answered = match calls.write() {
                Some((offered, answer)) => self.answered(offered, answer, behind),
                None => Poll::Pending,
            };
            match answered {
                Poll::Pending if fits => return self.copy(bytes),
                Poll::Ready(Ok(0)) => {}
                answered => return answered,
            }
        }
    }

    /// Accepts all.
    fn copy(&mut self, bytes: &[u8]) -> Outcome<usize> {
        self.accept(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    pub(super) fn abort(&mut self) -> usize {
        let discarded = self.size();
        self.accepted.truncate(self.written);
        self.discarded += discarded;
        if self.stage == Stage::Open {
            self.stage = Stage::Draining;
        }
        self.promised = 0;
        self.flow.observe(0);
        discarded
    }

    pub(super) fn size(&self) -> usize {
        self.accepted.len() - self.written
    }

    /// Returns the bytes that the inner writer took.
    pub(super) fn wire(&self) -> &[u8] {
        &self.accepted[..self.written]
    }

    /// Returns the bytes that are queued.
    pub(super) fn queued(&self) -> &[u8] {
        &self.accepted[self.written..]
    }

    pub(super) fn has_ended(&self) -> bool {
        matches!(self.stage, Stage::Shut | Stage::Failed(_))
    }

    pub(super) fn enqueued_bytes(&self) -> u64 {
        (self.accepted.len() + self.discarded) as u64
    }

    pub(super) fn write_calls(&self) -> u64 {
        self.write_calls
    }

    pub(super) fn peak(&self) -> usize {
        self.peak
    }

    fn accept(&mut self, bytes: &[u8]) {
        self.accepted.extend_from_slice(bytes);
        self.peak = self.peak.max(self.size());
        self.flow.observe(self.size());
    }

    fn drain_until(&mut self, calls: &mut Calls, reached: impl Fn(&Self) -> bool) -> Outcome {
        while !reached(self) {
            let Some((offered, answer)) = calls.write() else { return Poll::Pending };
            ready!(self.answered(offered, answer, &[]))?;
        }
        Poll::Ready(Ok(()))
    }

    /// Follows one write of what is queued and of `behind`. Returns what was taken of `behind`.
    fn answered(&mut self, offered: usize, answer: Answer, behind: &[u8]) -> Outcome<usize> {
        self.write_calls += 1;
        let size = self.size();
        assert!(offered <= size + behind.len(), "{offered} bytes offered, {size} are queued");
        let reported = match answer {
            Answer::Pending => {
                self.promised = offered;
                return Poll::Pending;
            }
            Answer::Fail(ErrorKind::Interrupted) => return Poll::Ready(Ok(0)),
            Answer::Fail(kind) => return self.fail(kind),
            Answer::Take(0) => return self.fail(ErrorKind::WriteZero),
            Answer::Take(reported) => reported,
            other => unreachable!("{other:?} is not logged"),
        };
        self.promised = 0;
        let taken = reported.min(offered);
        let direct = taken.saturating_sub(size);
        self.accepted.extend_from_slice(&behind[..direct]);
        self.written += taken;
        self.flow.observe(self.size());
        if reported > offered {
            return self.fail(ErrorKind::InvalidData);
        }
        Poll::Ready(Ok(direct))
    }

    /// Follows a flush or shutdown of the inner writer and its repetitions. The first one is made
    /// also where the writes have used up all calls of the poll.
    fn end(&mut self, calls: &mut Calls, call: impl Fn(&mut Calls) -> Answer) -> Outcome {
        loop {
            match call(calls) {
                Answer::Done => return Poll::Ready(Ok(())),
                Answer::Pending => return Poll::Pending,
                Answer::Fail(ErrorKind::Interrupted) if calls.are_used_up() => {
                    return Poll::Pending;
                }
                Answer::Fail(ErrorKind::Interrupted) => {}
                Answer::Fail(kind) => return self.fail(kind),
                other => unreachable!("{other:?} is not logged"),
            }
        }
    }

    fn fail<T>(&mut self, kind: ErrorKind) -> Outcome<T> {
        self.stage = Stage::Failed(kind);
        Poll::Ready(Err(kind))
    }

    fn check_open(&self) -> Result<(), ErrorKind> {
        self.check_not_failed()?;
        if self.stage == Stage::Open { Ok(()) } else { Err(ErrorKind::BrokenPipe) }
    }

    fn check_not_failed(&self) -> Result<(), ErrorKind> {
        if let Stage::Failed(kind) = self.stage { Err(kind) } else { Ok(()) }
    }
}

/// From so many borrowed bytes on, they are offered in place.
const PASS_THROUGH: usize = 32 * 1024;
