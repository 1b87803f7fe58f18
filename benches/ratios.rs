//! Prints what each rival costs compared with ours, measured in turn, against the targets.
//!
//! ```sh
//! cargo bench --bench ratios              # all, some minutes
//! cargo bench --bench ratios -- sink mix  # some sections
//! ```
mod subjects;
mod support;

use subjects::async_write::{BUFFERED, BUFFERED_TUNED, FlushEach, Mix, WriteAll};
use subjects::channel::{Channel, FLAVORS, MESSAGE_SIZES, MPSC, MPSC_TUNED, PRODUCERS};
use subjects::codec::{Frames, LINES, Lines};
use subjects::sink::{FRAMED, FRAMED_TUNED, Feed, Limit, RAW};
use subjects::size_query::DEPTHS;
use subjects::{Contestants, Place, SIZES, calls, drain, round_trip, size_query};
use support::contest::Clock::{SenderCpu, Wall};
use support::entry::size_name;
use support::growth::Growth;
use support::report::{Bound, Report};

fn main() {
    let mut report = Report::from_args();
    run(&mut report);
    report.finish();
}

fn run(report: &mut Report) {
    if report.wants("sink") {
        sink(report);
    }
    if report.wants("write_all") {
        write_all(report);
    }
    if report.wants("flush_each") {
        report.group("flush_each, null", SenderCpu, FlushEach.cases(Place::Null, &SIZES[..4]));
    }
    if report.wants("mix") {
        mix(report);
    }
    if report.wants("limit") {
        limit(report);
    }
    if report.wants("codec") {
        codec(report);
    }
    if report.wants("channel") {
        channel(report);
    }
    if report.wants("round_trip") {
        round_trip(report);
    }
    if report.wants("size_query") {
        size_query(report);
    }
    if report.wants("drain") {
        drain(report);
    }
    if report.wants("calls") {
        calls(report);
    }
}

fn sink(report: &mut Report) {
    let null = report.group("sink, null", SenderCpu, Feed.cases(Place::Null, &SIZES));
    null.at(report, 16, FRAMED, 1.2);
    null.at(report, 16, FRAMED_TUNED, 1.2);
    null.at(report, 64 << 10, FRAMED, 30.0);
    null.at(report, 64 << 10, FRAMED_TUNED, 30.0);
    for (name, place) in SOCKETS {
        let ratios = report.group(&format!("sink, {name}"), SenderCpu, Feed.cases(place, &SIZES));
        ratios.mean(report, FRAMED, 1.9);
        ratios.each(report, FRAMED, 0.97);
        ratios.mean(report, FRAMED_TUNED, 1.3);
        ratios.each(report, FRAMED_TUNED, 0.97);
    }
}

fn write_all(report: &mut Report) {
    report.group("write_all, null", SenderCpu, WriteAll.cases(Place::Null, &SIZES));
    for (name, place) in SOCKETS {
        let group = format!("write_all, {name}");
        let ratios = report.group(&group, SenderCpu, WriteAll.cases(place, &SIZES));
        ratios.mean(report, BUFFERED, 1.5);
        ratios.each(report, BUFFERED, 0.95);
        ratios.mean(report, BUFFERED_TUNED, 1.0);
        ratios.each(report, BUFFERED_TUNED, 0.95);
    }
}

fn mix(report: &mut Report) {
    for (name, place) in SOCKETS {
        let ratios = report.group(&format!("mix, {name}"), SenderCpu, Mix.cases(place, &[BODY]));
        ratios.at(report, BODY, BUFFERED, 2.0);
        ratios.at(report, BODY, BUFFERED_TUNED, 1.0);
    }
}

fn limit(report: &mut Report) {
    for (name, limit, target) in [("Sink", Limit::Sink, 0.97), ("write_all", Limit::WriteAll, 0.9)]
    {
        let cases = limit.cases(Place::Unix, &SIZES[4..]);
        let ratios = report.group(&format!("limit of Unix, {name}"), SenderCpu, cases);
        ratios.each(report, RAW, target);
    }
}

fn codec(report: &mut Report) {
    report.group("frames, null", SenderCpu, Frames.cases(Place::Null, &SIZES));
    report.group("lines, null", SenderCpu, Lines.cases(Place::Null, &LINES));
    for (name, place) in SOCKETS {
        let group = format!("frames, {name}");
        let ratios = report.group(&group, SenderCpu, Frames.cases(place, &SIZES));
        ratios.at(report, 16, FRAMED, 1.2);
        ratios.from(report, 1 << 10, FRAMED, 2.0);
        ratios.each(report, FRAMED_TUNED, 1.0);
        let ratios = report.group(&format!("lines, {name}"), SenderCpu, Lines.cases(place, &LINES));
        ratios.each(report, FRAMED, 1.0);
        ratios.each(report, FRAMED_TUNED, 1.0);
    }
}

fn channel(report: &mut Report) {
    // The least ratios against a plain and against a tuned `mpsc`, for each length of message.
    let targets = [
        ("null", Place::Null, [(4.0, 2.5), (4.0, 2.5)]),
        ("Unix", Place::Unix, [(3.0, 1.8), (1.4, 1.1)]),
    ];
    for (name, place, targets) in targets {
        for (size, (plain, tuned)) in MESSAGE_SIZES.into_iter().zip(targets) {
            for flavor in FLAVORS {
                let group = format!("channel, {name}, {}, {}", size_name(size), flavor.name());
                let channel = |producers| Channel { place, flavor, producers, size };
                let cases = PRODUCERS.into_iter().map(|producers| channel(producers).case());
                let ratios = report.group(&group, Wall, cases);
                ratios.each(report, MPSC, plain);
                ratios.each(report, MPSC_TUNED, tuned);
            }
        }
    }
}

fn round_trip(report: &mut Report) {
    let cases = [round_trip::case(500)];
    let cpu = report.group("round_trip, CPU", SenderCpu, cases);
    cpu.each(report, round_trip::RAW, 0.98);
    // A round trip a batch, for the median of them.
    let effort = report.effort.with_rounds(5000);
    let wall = report.group_with(effort, "round_trip, p50", Wall, [round_trip::case(1)]);
    wall.each(report, round_trip::RAW, 0.98);
}

fn size_query(report: &mut Report) {
    // Apart, since the rivals need so long that few of their pushes make a batch, and clear the caches.
    let cases = DEPTHS.into_iter().map(size_query::ours_alone);
    let growth = Growth::measure(report.effort, "size_query", "push", SenderCpu, cases);
    growth.ours(report, 3.0);
    let cases = DEPTHS.into_iter().map(size_query::rivals);
    Growth::measure(report.effort, "size_query, rivals", "push", SenderCpu, cases);
}

fn drain(report: &mut Report) {
    let effort = report.effort.with_rounds(5);
    for (name, chunk) in drain::CHUNKS {
        let cases = drain::DEPTHS.into_iter().map(|mebibytes| drain::case(mebibytes, chunk));
        let group = format!("drain, {name}");
        let growth = Growth::measure(effort, &group, "MiB", SenderCpu, cases);
        growth.ours(report, 1.25);
    }
}

fn calls(report: &mut Report) {
    println!("\ncalls of the writer for one batch");
    count(report, "sink", &Feed, &SIZES);
    count(report, "write_all", &WriteAll, &SIZES);
    count(report, "flush_each", &FlushEach, &SIZES);
    count(report, "mix", &Mix, &[BODY]);
    count(report, "frames", &Frames, &SIZES);
    count(report, "lines", &Lines, &LINES);
    let queued = calls::count_queued() as f64;
    report.target("calls, 10 000 x 16 B queued".into(), "", Bound::AtMost(3.0), queued);
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

const SOCKETS: [(&str, Place); 2] = [("TCP", Place::Tcp), ("Unix", Place::Unix)];
/// Length of the body in the protocol mix.
const BODY: usize = 16 << 10;
