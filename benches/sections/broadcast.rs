//! One message to many.
use crate::subjects::Place;
use crate::subjects::broadcast::{Broadcast, MERGING, MESSAGES};
use crate::subjects::hand::HAND;
use crate::subjects::sink::FRAMED;
use crate::support::contest::Measure::SenderCpu;
use crate::support::report::Report;

pub fn broadcast(report: &mut Report) {
    for (name, place) in [("null", Place::Null), ("Unix", Place::Unix)] {
        let cases = |broadcast: Broadcast| {
            MESSAGES.into_iter().map(move |size| broadcast.case(place, size))
        };
        let group = format!("broadcast, {name}, keeping up");
        let ratios = report.group(&group, SenderCpu, cases(Broadcast::KeepingUp));
        ratios.each(report, FRAMED, 1.0);
        // That of the other threshold.
        let own = ratios.column(MERGING);
        let other: Vec<_> =
            ratios.column(FRAMED).iter().zip(own).map(|(framed, own)| framed / own).collect();
        report.each(&format!("{group}, {MERGING}"), FRAMED, &other, 1.0);

        let group = format!("broadcast, {name}, drained");
        report.group(&group, SenderCpu, cases(Broadcast::Drained));
    }
    let cases = MESSAGES.into_iter().map(|size| Broadcast::Stalled.case(Place::Null, size));
    let ratios = report.group("broadcast, stalled, a push", SenderCpu, cases);
    ratios.each(report, HAND, 1.0 / 1.2);
}
