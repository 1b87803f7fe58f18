//! Chunks and slices, one after the other.
use super::SOCKETS;
use crate::subjects::async_write::{BUFFERED, BUFFERED_TUNED, FlushEach, Mix, WriteAll};
use crate::subjects::file::{self, WRITES};
use crate::subjects::gather::{self, CHUNKS, COUNTS, Gather};
use crate::subjects::sink::{FRAMED, FRAMED_TUNED, Feed, Limit, RAW};
use crate::subjects::{Contestants, Place, SIZES};
use crate::support::contest::Measure::{SenderCpu, Wall};
use crate::support::report::Report;

pub fn sink(report: &mut Report) {
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

pub fn write_all(report: &mut Report) {
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

pub fn flush_each(report: &mut Report) {
    report.group("flush_each, null", SenderCpu, FlushEach.cases(Place::Null, &SIZES[..4]));
}

pub fn mix(report: &mut Report) {
    for (name, place) in SOCKETS {
        let ratios = report.group(&format!("mix, {name}"), SenderCpu, Mix.cases(place, &[BODY]));
        ratios.each(report, BUFFERED, 2.0);
        ratios.each(report, BUFFERED_TUNED, 1.0);
    }
}

pub fn limit(report: &mut Report) {
    for (name, limit, target) in [("Sink", Limit::Sink, 0.97), ("write_all", Limit::WriteAll, 0.9)]
    {
        let cases = limit.cases(Place::Unix, &SIZES[4..]);
        let ratios = report.group(&format!("limit of Unix, {name}"), SenderCpu, cases);
        ratios.each(report, RAW, target);
    }
}

pub fn file(report: &mut Report) {
    let ratios = report.group("file", Wall, WRITES.into_iter().map(file::case));
    ratios.each(report, BUFFERED, 0.95);
    ratios.each(report, BUFFERED_TUNED, 0.95);
}

/// Shows from which length on to gather chunks costs less than to copy them together.
pub fn gather(report: &mut Report) {
    for (name, place) in SOCKETS {
        for per_flush in COUNTS {
            let group = format!("gather, {name}, {per_flush} chunks a flush");
            let subject = Gather { per_flush };
            let ratios = report.group(&group, SenderCpu, subject.cases(place, &CHUNKS));
            let gathered = ratios.column(gather::GATHERED);
            let line = CHUNKS.iter().zip(gathered).rfind(|(_, ratio)| **ratio > 1.0);
            match line {
                Some((size, _)) => println!("to gather costs more up to {size} B"),
                None => println!("to gather never costs more"),
            }
        }
    }
}

/// Length of the body in the protocol mix.
pub const BODY: usize = 16 << 10;
