//! What must not grow with the queue, and how often the inner writer is called.
use super::streams::BODY;
use crate::subjects::async_write::{FlushEach, Mix, WriteAll};
use crate::subjects::codec::{Frames, LINES, Lines};
use crate::subjects::sink::Feed;
use crate::subjects::size_query::DEPTHS;
use crate::subjects::{Contestants, SIZES, calls, drain, size_query};
use crate::support::entry::size_name;
use crate::support::growth::Growth;
use crate::support::report::{Bound, Report};

pub fn size_query(report: &mut Report) {
    // Apart, since the rivals need so long that few of their pushes make a batch, and clear the caches.
    let cases = DEPTHS.into_iter().map(size_query::ours_alone);
    let growth = Growth::measure(report.effort, "size_query", "push", cases);
    growth.ours(report, 3.0);
    let cases = DEPTHS.into_iter().map(size_query::rivals);
    Growth::measure(report.effort, "size_query, rivals", "push", cases);
}

pub fn drain(report: &mut Report) {
    let effort = report.effort.with_rounds(5);
    for (name, chunk) in drain::CHUNKS {
        let cases = drain::DEPTHS.into_iter().map(|mebibytes| drain::case(mebibytes, chunk));
        let group = format!("drain, {name}");
        let growth = Growth::measure(effort, &group, "MiB", cases);
        growth.ours(report, 1.25);
    }
}

pub fn calls(report: &mut Report) {
    println!("\ncalls of the writer for one batch");
    count(report, "sink", &Feed, &SIZES);
    count(report, "write_all", &WriteAll, &SIZES);
    count(report, "flush_each", &FlushEach, &SIZES);
    count(report, "mix", &Mix, &[BODY]);
    count(report, "frames", &Frames, &SIZES);
    count(report, "lines", &Lines, &LINES);
    let queued = calls::count_queued() as f64;
    report.target("calls, 10 000 x 16 B queued", "", Bound::AtMost(3.0), queued);
}

/// Prints the calls of all contestants and demands that none makes fewer than ours.
fn count(report: &mut Report, group: &str, subject: &impl Contestants, sizes: &[usize]) {
    let mut worst = f64::INFINITY;
    for size in sizes {
        let counted = calls::count(subject, *size);
        let (ours, rivals) = counted.split_first().expect("ours is there");
        let best = rivals.iter().map(|rival| rival.calls).min().expect("there is a rival");
        worst = worst.min(best as f64 / ours.calls as f64);
        let each: Vec<_> =
            counted.iter().map(|each| format!("{} {}", each.name, each.calls)).collect();
        println!("{group:>12} {:>8}: {}", size_name(*size), each.join(", "));
    }
    report.target(format!("calls, {group}"), "the best", Bound::AtLeast(1.0), worst);
}
