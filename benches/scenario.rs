//! A server broadcasts small messages to a thousand connections, of which a hundred have stopped
//! reading: what it costs the server, and what those feel that keep up.
//!
//! ```sh
//! cargo bench --bench scenario              # a minute and a half
//! cargo bench --bench scenario -- channel   # contestants with this word in their name
//! ```
#[path = "scenario/mod.rs"]
mod scenario;
mod support;

use std::io;

use scenario::{CONTESTANTS, Plan};
use support::contest::Effort;
use support::report::Report;

fn main() -> io::Result<()> {
    if let Some(ended) = scenario::run_child() {
        return ended;
    }
    let report = Report::from_args();
    let plan = if report.effort == Effort::TEST { Plan::TEST } else { Plan::FULL };
    println!("{plan}\n");
    let chosen = (0..CONTESTANTS.len()).filter(|index| report.wants(CONTESTANTS[*index].name));
    let all = scenario::figures(plan, &chosen.collect::<Vec<_>>())?;
    scenario::print(&all);
    Ok(())
}
