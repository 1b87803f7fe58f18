//! Frames.
use super::{PLACES, SOCKETS};
use crate::subjects::codec::{Frames, LINES, Lines};
use crate::subjects::hand::HAND;
use crate::subjects::header_payload::{HeaderPayload, LENGTHS, PAYLOADS};
use crate::subjects::sink::{FRAMED, FRAMED_TUNED};
use crate::subjects::{Contestants, Place, SIZES};
use crate::support::contest::Measure::SenderCpu;
use crate::support::report::Report;

pub fn header_payload(report: &mut Report) {
    for (name, place) in PLACES {
        for per_flush in [1, LENGTHS] {
            let group = format!("header_payload, {name}, {per_flush} a flush");
            let subject = HeaderPayload { per_flush };
            let ratios = report.group(&group, SenderCpu, subject.cases(place, &PAYLOADS));
            ratios.each(report, HAND, 1.0);
            ratios.each(report, FRAMED, 1.0);
        }
    }
}

pub fn codec(report: &mut Report) {
    let ratios = report.group("frames, null", SenderCpu, Frames.cases(Place::Null, &SIZES));
    ratios.each(report, FRAMED, 1.0);
    ratios.each(report, FRAMED_TUNED, 1.0);
    for (name, place) in SOCKETS {
        let group = format!("frames, {name}");
        let ratios = report.group(&group, SenderCpu, Frames.cases(place, &SIZES));
        ratios.each(report, FRAMED, 1.0);
        ratios.each(report, FRAMED_TUNED, 1.0);
    }
    for (name, place) in PLACES {
        let ratios = report.group(&format!("lines, {name}"), SenderCpu, Lines.cases(place, &LINES));
        for rival in [FRAMED, FRAMED_TUNED] {
            ratios.mean(report, rival, 1.05);
            ratios.each(report, rival, 0.95);
        }
    }
}
