//! Groups of criterion, with the rivals in the same group.
//!
//! ```sh
//! cargo bench --bench groups               # all, some minutes
//! cargo bench --bench groups -- write_all  # those whose name holds this
//! ```
mod subjects;
mod support;

use criterion::measurement::WallTime;

use subjects::async_write::{FlushEach, Mix, WriteAll};
use subjects::broadcast::{self, Broadcast};
use subjects::channel::{self, Channel, FLAVORS, Items, PRODUCERS};
use subjects::codec::{Frames, LINES, Lines};
use subjects::exchange::{Exchange, ITEMS};
use subjects::file::{self, WRITES};
use subjects::gather::{self, COUNTS, Gather};
use subjects::header_payload::{self, HeaderPayload, LENGTHS};
use subjects::sink::{Feed, Limit};
use subjects::size_query::{self, DEPTHS};
use subjects::{Contestants, Place, SIZES};
use support::cpu::SenderCpu;
use support::groups::{Groups, run};

fn main() {
    run(SenderCpu, by_cpu);
    run(WallTime, by_wall);
}

fn by_cpu(groups: &mut Groups<SenderCpu>) {
    for (place_name, place) in PLACES {
        let name = |subject: &str| format!("{subject}/{place_name}");
        groups.add(&name("sink"), Feed.cases(place, &SIZES));
        groups.add(&name("write_all"), WriteAll.cases(place, &SIZES));
        groups.add(&name("flush_each"), FlushEach.cases(place, &SIZES[..4]));
        groups.add(&name("mix"), Mix.cases(place, &[16 << 10]));
        groups.add(&name("frames"), Frames.cases(place, &SIZES));
        groups.add(&name("lines"), Lines.cases(place, &LINES));
        for per_flush in [1, LENGTHS] {
            let subject = HeaderPayload { per_flush };
            let group = format!("{}/{per_flush}", name("header_payload"));
            groups.add(&group, subject.cases(place, &header_payload::PAYLOADS));
        }
    }
    for per_flush in COUNTS {
        let subject = Gather { per_flush };
        let group = format!("gather/tcp/{per_flush}");
        groups.add(&group, subject.cases(Place::Tcp, &gather::CHUNKS));
    }
    groups.add("limit/sink", Limit::Sink.cases(Place::Unix, &SIZES[4..]));
    groups.add("limit/write_all", Limit::WriteAll.cases(Place::Unix, &SIZES[4..]));
    for (name, exchange) in [
        ("churn/Encoder", Exchange::Encoder),
        ("churn/ChunkEncoder", Exchange::ChunkEncoder),
        ("churn/write_all", Exchange::WriteAll),
    ] {
        groups.add(name, ITEMS.into_iter().map(|size| exchange.case(size)));
    }
    for (name, subject) in [
        ("broadcast/keeping up", Broadcast::KeepingUp),
        ("broadcast/stalled", Broadcast::Stalled),
        ("broadcast/drained", Broadcast::Drained),
    ] {
        let cases = broadcast::MESSAGES.into_iter().map(|size| subject.case(Place::Null, size));
        groups.add(name, cases);
    }
    groups.add("size_query", DEPTHS.into_iter().map(size_query::case));
}

fn by_wall(groups: &mut Groups<WallTime>) {
    groups.add("file", WRITES.into_iter().map(file::case));
    for (place_name, place) in PLACES {
        for flavor in FLAVORS {
            for (items, sizes) in
                [(Items::Chunks, channel::CHUNKS), (Items::Frames, channel::PAYLOADS)]
            {
                for producers in PRODUCERS {
                    let group = format!(
                        "{}/{place_name}/{}/{producers} producers",
                        items.name(),
                        flavor.name()
                    );
                    let cases = sizes
                        .into_iter()
                        .map(|size| Channel { items, place, flavor, producers, size }.case());
                    groups.add(&group, cases);
                }
            }
        }
    }
}

const PLACES: [(&str, Place); 3] =
    [("null", Place::Null), ("tcp", Place::Tcp), ("unix", Place::Unix)];
