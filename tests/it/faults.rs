//! Every call of the inner writer fails in every way, one at a time.
//!
//! A workload runs once without a fault to learn which calls the inner writer sees. Then it runs
//! again for each of these calls and each fault, and what comes of it must be what the
//! documentation says: the fault goes unnoticed, or it is final, is reported, and the unsent bytes
//! come back.
mod channel;
mod rig;
mod workload;

use std::collections::BTreeMap;
use std::io::ErrorKind;

use self::rig::{Rig, Way};
use self::workload::{WORKLOADS, Workload};
use crate::support::{Answer, Call, Handle};

/// What a call of the inner writer answers instead of what it should.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Fault {
    Pending,
    PendingThenDropped,
    Interrupted,
    OneByte,
    NoByte,
    OneByteTooMany,
    Error,
}

impl Fault {
    const ALL: [Self; 7] = [
        Self::Pending,
        Self::PendingThenDropped,
        Self::Interrupted,
        Self::OneByte,
        Self::NoByte,
        Self::OneByteTooMany,
        Self::Error,
    ];

    fn answer(self) -> Answer {
        match self {
            Self::Pending | Self::PendingThenDropped => Answer::Pending,
            Self::Interrupted => Answer::Fail(ErrorKind::Interrupted),
            Self::OneByte => Answer::Take(1),
            Self::NoByte => Answer::Take(0),
            Self::OneByteTooMany => Answer::OverReport(1),
            Self::Error => Answer::Fail(ErrorKind::ConnectionReset),
        }
    }

    /// Tells whether a flush or shutdown can have the fault as well as a write.
    fn suits(self, call: &Call) -> bool {
        match call {
            Call::Write(..) | Call::Gather(..) => true,
            Call::Flush(_) | Call::Shutdown(_) => {
                !matches!(self, Self::OneByte | Self::NoByte | Self::OneByteTooMany)
            }
        }
    }

    /// Returns the error that the writer ends with, if the fault is final.
    fn error(self) -> Option<ErrorKind> {
        match self {
            Self::Pending | Self::PendingThenDropped | Self::Interrupted | Self::OneByte => None,
            Self::NoByte => Some(ErrorKind::WriteZero),
            Self::OneByteTooMany => Some(ErrorKind::InvalidData),
            Self::Error => Some(ErrorKind::ConnectionReset),
        }
    }

    /// Lets the inner writer answer as it did to all of `calls` but the last, and then the fault.
    fn script(self, inner: &Handle, usual: Answer, calls: &[Call]) {
        let (last, before) = calls.split_last().expect("one call at least");
        let count = before.iter().filter(|call| kind(call) == kind(last)).count();
        let script = |usual| std::iter::repeat_n(usual, count).chain([self.answer()]);
        match last {
            Call::Write(..) | Call::Gather(..) => inner.script(script(usual)),
            Call::Flush(_) => inner.script_flush(script(Answer::Done)),
            Call::Shutdown(_) => inner.script_shutdown(script(Answer::Done)),
        }
    }

    fn way(self) -> Way {
        if self == Self::PendingThenDropped { Way::DropAtPending } else { Way::Resume }
    }
}

#[test]
fn every_fault_at_every_call_is_survived_or_reported() {
    let mut runs = BTreeMap::new();
    let mut points = 0;
    for workload in WORKLOADS {
        for gathering in [true, false] {
            for usual in [Answer::Done, Answer::Take(1000), Answer::Take(170)] {
                let calls = clean_run(workload, gathering, usual);
                points += calls.len();
                for point in 0..calls.len() {
                    for fault in Fault::ALL.into_iter().filter(|fault| fault.suits(&calls[point])) {
                        run_with(workload, gathering, usual, &calls[..=point], fault);
                        *runs.entry(fault).or_insert(0) += 1;
                    }
                }
            }
        }
    }
    println!("{points} calls; runs by fault: {runs:?}");
    assert!(points > 900, "{points} calls are too few to mean much");
}

/// Runs the workload on a writer that answers `usual` to each write and returns all calls.
fn clean_run(workload: &Workload, gathering: bool, usual: Answer) -> Vec<Call> {
    let mut rig = Rig::new(workload, gathering, Way::Resume);
    rig.inner.otherwise(usual);
    workload.run(&mut rig).expect("no fault");
    rig.assert_complete();
    rig.take_calls()
}

/// Runs the workload with `fault` in the place of the last of `calls`.
fn run_with(workload: &Workload, gathering: bool, usual: Answer, calls: &[Call], fault: Fault) {
    let mut rig = Rig::new(workload, gathering, fault.way());
    rig.inner.otherwise(usual);
    fault.script(&rig.inner, usual, calls);
    let result = workload.run(&mut rig).map_err(|error| error.kind());
    match fault.error() {
        None => {
            assert_eq!(result, Ok(()), "{fault:?} at {:?}", calls.last());
            rig.assert_complete();
        }
        Some(error) => {
            assert_eq!(result, Err(error), "{fault:?} at {:?}", calls.last());
            rig.assert_failed(error);
        }
    }
}

/// Returns the script that answers a call.
fn kind(call: &Call) -> u8 {
    match call {
        Call::Write(..) | Call::Gather(..) => 0,
        Call::Flush(_) => 1,
        Call::Shutdown(_) => 2,
    }
}
