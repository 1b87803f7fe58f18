//! Push and ask for the size, against the depth of the queue: the rivals walk the whole of it.
mod subjects;
mod support;

use subjects::size_query::{self, DEPTHS};
use support::cpu::SenderCpu;
use support::groups;

fn main() {
    groups::run(SenderCpu, |criterion| {
        groups::add(criterion, "size_query", DEPTHS.map(size_query::case));
    });
}
