//! Many tasks and one connection.
use super::PLACES;
use crate::subjects::Place;
use crate::subjects::channel::{
    CHUNKS, Channel, FLAVORS, Items, MPSC, MPSC_TUNED, PAYLOADS, PRODUCERS,
};
use crate::support::contest::Measure::{Cpu, Wall};
use crate::support::entry::size_name;
use crate::support::report::{Group, Report};

pub fn channel(report: &mut Report) {
    let (mut plain, mut tuned) = (Vec::new(), Vec::new());
    for (name, place) in PLACES {
        for flavor in FLAVORS {
            let items = Items::Chunks;
            let channel = |size, producers| Channel { items, place, flavor, producers, size };
            let cases = CHUNKS.into_iter().flat_map(|size| {
                PRODUCERS.into_iter().map(move |producers| channel(size, producers).case())
            });
            let name = format!("channel, {name}, {}", flavor.name());
            let group = Group::measure(&name, report.effort, cases);
            let (wall, cpu) = (group.ratios(Wall), group.ratios(Cpu));
            for rival in [MPSC, MPSC_TUNED] {
                report.each(&format!("{name}, wall"), rival, wall.column(rival), 1.0);
                report.each(&format!("{name}, CPU"), rival, cpu.column(rival), 1.1);
            }
            if place != Place::Tcp {
                plain.extend_from_slice(wall.column(MPSC));
                tuned.extend_from_slice(wall.column(MPSC_TUNED));
            }
        }
    }
    report.mean("channel, null and Unix, wall", MPSC, &plain, 3.5);
    report.mean("channel, null and Unix, wall", MPSC_TUNED, &tuned, 2.0);
}

pub fn framed_sender(report: &mut Report) {
    for (size, least) in PAYLOADS.into_iter().zip([2.0, 1.3]) {
        for (name, place) in PLACES {
            for flavor in FLAVORS {
                let items = Items::Frames;
                let channel = |producers| Channel { items, place, flavor, producers, size };
                let cases = PRODUCERS.into_iter().map(|producers| channel(producers).case());
                let name = format!("framed_sender, {name}, {}", flavor.name());
                let group = Group::measure(&name, report.effort, cases);
                let (wall, cpu) = (group.ratios(Wall), group.ratios(Cpu));
                let name = format!("{name}, {}", size_name(size));
                report.each(&format!("{name}, wall"), MPSC, wall.column(MPSC), least);
                report.each(&format!("{name}, CPU"), MPSC, cpu.column(MPSC), least);
            }
        }
    }
}
