//! `write_all` against `BufWriter`: sender CPU time.
mod subjects;
mod support;

use subjects::async_write::{Mix, WriteAll};
use subjects::{Contestants, Place, SIZES};
use support::cpu::SenderCpu;
use support::groups;

fn main() {
    groups::run(SenderCpu, |criterion| {
        groups::add(criterion, "write_all/null", WriteAll.cases(Place::Null, &SIZES));
        groups::add(criterion, "write_all/tcp", WriteAll.cases(Place::Tcp, &SIZES));
        groups::add(criterion, "write_all/unix", WriteAll.cases(Place::Unix, &SIZES));
        groups::add(criterion, "mix/tcp", Mix.cases(Place::Tcp, &[16 << 10]));
        groups::add(criterion, "mix/unix", Mix.cases(Place::Unix, &[16 << 10]));
    });
}
