use crate::support::{Answer, Call};

/// The calls that the inner writer has seen during one operation.
#[derive(Debug)]
pub(super) struct Calls {
    log: Vec<Call>,
    /// Calls that were accounted for.
    explained: usize,
    /// Calls of the present poll.
    made: usize,
}

impl Calls {
    /// Takes the log of one operation and checks the form of every offer.
    pub(super) fn new(log: Vec<Call>) -> Self {
        log.iter().for_each(check_offer);
        Self { log, explained: 0, made: 0 }
    }

    /// Starts a poll of the writer: an operation may consist of several.
    pub(super) fn begin(&mut self) {
        self.made = 0;
    }

    /// Returns the bytes offered by the next call, a write, and its answer; `None` if the poll has
    /// made all that it may.
    pub(super) fn write(&mut self) -> Option<(usize, Answer)> {
        if self.are_used_up() {
            return None;
        }
        match self.next() {
            Call::Write(offered, answer) => Some((*offered, *answer)),
            Call::Gather(slices, answer) => Some((slices.iter().sum(), *answer)),
            other => panic!("a write should come, not {other:?}"),
        }
    }

    pub(super) fn flush(&mut self) -> Answer {
        match self.next() {
            Call::Flush(answer) => *answer,
            other => panic!("a flush should come, not {other:?}"),
        }
    }

    pub(super) fn shutdown(&mut self) -> Answer {
        match self.next() {
            Call::Shutdown(answer) => *answer,
            other => panic!("a shutdown should come, not {other:?}"),
        }
    }

    fn next(&mut self) -> &Call {
        self.made += 1;
        self.explained += 1;
        self.log.get(self.explained - 1).expect("the writer gave up before its calls were used up")
    }

    pub(super) fn are_used_up(&self) -> bool {
        self.made >= CALLS_PER_POLL
    }

    /// Checks that there was no call beyond those that were accounted for.
    pub(super) fn assert_all_explained(&self) {
        assert_eq!(self.log[self.explained..], [], "calls that nothing explains");
    }

    pub(super) fn end_in_pending(&self) -> bool {
        matches!(
            self.log.last(),
            Some(
                Call::Write(_, Answer::Pending)
                    | Call::Gather(_, Answer::Pending)
                    | Call::Flush(Answer::Pending)
                    | Call::Shutdown(Answer::Pending)
            )
        )
    }
}

/// Checks the form of what a call offers.
pub(super) fn check_offer(call: &Call) {
    match call {
        Call::Write(length, _) => assert!((1..=MOST_BYTES).contains(length), "{call:?}"),
        Call::Gather(lengths, _) => {
            assert!((2..=MOST_SLICES).contains(&lengths.len()), "{} slices", lengths.len());
            assert!(!lengths.contains(&0), "an empty slice");
            assert!(lengths.iter().sum::<usize>() <= MOST_BYTES);
        }
        Call::Flush(_) | Call::Shutdown(_) => {}
    }
}

/// The most calls of the inner writer in one poll, but for a flush and shutdown that come last.
const CALLS_PER_POLL: usize = 32;
/// The most slices in one call.
const MOST_SLICES: usize = 128;
/// The most bytes in one call.
const MOST_BYTES: usize = i32::MAX as usize;
