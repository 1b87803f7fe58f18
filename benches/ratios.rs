//! Prints what each rival costs compared with ours, measured in turn, against the targets.
//!
//! ```sh
//! cargo bench --bench ratios              # all, half an hour
//! cargo bench --bench ratios -- sink mix  # some sections
//! ```
mod sections;
mod subjects;
mod support;

use support::report::Report;

fn main() {
    let mut report = Report::from_args();
    for (name, section) in sections::ALL {
        if report.wants(name) {
            section(&mut report);
        }
    }
    report.finish();
}
