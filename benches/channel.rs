//! Many producers of one connection against an `mpsc` channel and a task: wall time.
mod subjects;
mod support;

use criterion::measurement::WallTime;
use subjects::Place;
use subjects::channel::{Channel, FLAVORS, MESSAGE_SIZES, PRODUCERS};
use support::groups;

fn main() {
    groups::run(WallTime, |criterion| {
        for (place_name, place) in [("null", Place::Null), ("unix", Place::Unix)] {
            for flavor in FLAVORS {
                for producers in PRODUCERS {
                    let flavor_name = flavor.name();
                    let group = format!("channel/{place_name}/{flavor_name}/{producers} producers");
                    let channel = |size| Channel { place, flavor, producers, size };
                    groups::add(criterion, &group, MESSAGE_SIZES.map(|size| channel(size).case()));
                }
            }
        }
    });
}
