//! A `Sink` of chunks against `FramedWrite` and `IntoSink`: sender CPU time.
mod subjects;
mod support;

use subjects::sink::{Feed, Limit};
use subjects::{Contestants, Place, SIZES};
use support::cpu::SenderCpu;
use support::groups;

fn main() {
    groups::run(SenderCpu, |criterion| {
        groups::add(criterion, "sink/null", Feed.cases(Place::Null, &SIZES));
        groups::add(criterion, "sink/tcp", Feed.cases(Place::Tcp, &SIZES));
        groups::add(criterion, "sink/unix", Feed.cases(Place::Unix, &SIZES));
        groups::add(criterion, "limit/sink", Limit::Sink.cases(Place::Unix, &SIZES[4..]));
        groups::add(criterion, "limit/write_all", Limit::WriteAll.cases(Place::Unix, &SIZES[4..]));
    });
}
