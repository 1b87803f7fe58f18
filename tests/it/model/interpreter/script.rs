use std::io::ErrorKind;

use super::input::Input;
use crate::support::{Answer, Handle};

/// Appends to the scripts of the inner writer, or changes what it answers beyond them.
pub(super) fn extend(inner: &Handle, input: &mut Input<'_>) {
    match input.below(8) {
        0 => inner.script_flush([end(input)]),
        1 => inner.script_shutdown([end(input)]),
        2 | 3 => inner.otherwise(lasting(input)),
        _ => {
            let count = 1 + input.below(6);
            inner.script(std::iter::repeat_with(|| write(input)).take(count));
        }
    }
}

/// An answer to one write. Those that break the writer are rare, as little happens after them.
fn write(input: &mut Input<'_>) -> Answer {
    match input.below(64) {
        0..=15 => Answer::Done,
        16..=39 => Answer::Take(input.size().max(1)),
        40..=53 => Answer::Pending,
        54..=60 => Answer::Fail(ErrorKind::Interrupted),
        61 => Answer::Take(0),
        62 => Answer::OverReport(1 + input.size()),
        _ => Answer::Fail(broken(input)),
    }
}

/// An answer to all writes from now on.
fn lasting(input: &mut Input<'_>) -> Answer {
    match input.below(16) {
        0..=4 => Answer::Done,
        5..=9 => Answer::Take(input.size().max(1)),
        10..=13 => Answer::Pending,
        14 => Answer::Take(1),
        _ => Answer::Fail(ErrorKind::Interrupted),
    }
}

fn end(input: &mut Input<'_>) -> Answer {
    match input.below(16) {
        0..=3 => Answer::Done,
        4..=9 => Answer::Pending,
        10..=14 => Answer::Fail(ErrorKind::Interrupted),
        _ => Answer::Fail(broken(input)),
    }
}

fn broken(input: &mut Input<'_>) -> ErrorKind {
    input.pick(&[ErrorKind::BrokenPipe, ErrorKind::ConnectionReset, ErrorKind::WouldBlock])
}
