//! `FramedSink` against `FramedWrite`, with length-delimited frames and with lines: sender CPU time.
mod subjects;
mod support;

use subjects::codec::{Frames, LINES, Lines};
use subjects::{Contestants, Place, SIZES};
use support::cpu::SenderCpu;
use support::groups;

fn main() {
    groups::run(SenderCpu, |criterion| {
        groups::add(criterion, "frames/null", Frames.cases(Place::Null, &SIZES));
        groups::add(criterion, "frames/tcp", Frames.cases(Place::Tcp, &SIZES));
        groups::add(criterion, "frames/unix", Frames.cases(Place::Unix, &SIZES));
        groups::add(criterion, "lines/null", Lines.cases(Place::Null, &LINES));
        groups::add(criterion, "lines/tcp", Lines.cases(Place::Tcp, &LINES));
        groups::add(criterion, "lines/unix", Lines.cases(Place::Unix, &LINES));
    });
}
