//! Measures and draws the charts of `benches/README.md`, into `benches/charts`, and prints their figures.
//!
//! ```sh
//! cargo bench --bench charts            # all, some minutes
//! cargo bench --bench charts -- memory  # some of them
//! cargo bench --bench charts -- --test  # a quick check, drawn into the target folder
//! ```
mod drawing;
#[path = "subjects/memory.rs"]
mod memory;
#[path = "scenario/mod.rs"]
mod scenario;
mod subjects;
mod support;

use std::path::{Path, PathBuf};

use drawing::bars::{self, Bar};
use drawing::ratios::{self, Rival};
use drawing::{Card, Drawn};
use memory::Figures;
use scenario::{CONTESTANTS, Plan, Run};
use subjects::async_write::{BUFFERED, BUFFERED_TUNED, WriteAll};
use subjects::channel::{self, CHUNKS, Channel, Flavor, Items, MPSC, MPSC_TUNED, PRODUCERS};
use subjects::exchange::{Exchange, ITEMS};
use subjects::sink::{FRAMED, FRAMED_TUNED, Feed};
use subjects::size_query::{self, DEPTHS};
use subjects::{Contestants, OURS, Place, SIZES};
use support::contest::Measure::{Cpu, SenderCpu, Wall};
use support::contest::{Effort, Spread, Times};
use support::entry::{Case, size_name};
use support::report::{Group, Ratios, Report};

fn main() -> Drawn {
    if let Some(ended) = scenario::run_child() {
        return Ok(ended?);
    }
    let report = Report::from_args();
    for (name, draw) in ALL {
        if report.wants(name) {
            draw(&report)?;
        }
    }
    Ok(())
}

fn size_query(report: &Report) -> Drawn {
    let each = |mut case: Case, entry| {
        let times = Times::measure(&mut case, report.effort);
        times.of(entry, SenderCpu).map(|time| time / case.chunks as f64)
    };
    let mut rivals = [size_query::NAIVE, size_query::BUF_LIST]
        .map(|name| Rival { name: name.into(), ratios: Vec::new() });
    for depth in DEPTHS {
        // Apart, since the rivals clear the caches, and need so long that few pushes make a batch.
        let ours = each(size_query::ours_alone(depth), 0).median;
        for (entry, rival) in rivals.iter_mut().enumerate() {
            let theirs = each(size_query::rivals(depth), entry);
            println!("{depth} chunks: ours {ours:.1} ns, {} {:.1} ns", rival.name, theirs.median);
            rival.ratios.push(theirs.map(|time| time / ours));
        }
    }
    let card = Card {
        path: &path(report, "size_query"),
        title: "The size of a queue",
        note: "CPU to push a chunk and ask how many bytes are queued. Medians, and the quartiles of all runs.",
        columns: 1,
    };
    let panel = ratios::Panel {
        title: "against the chunks that wait".into(),
        x: "chunks in the queue",
        labels: DEPTHS.map(|depth| ratios::number(depth as f64)).into(),
        ours: OURS,
        rivals: rivals.into(),
    };
    ratios::draw(&card, &[panel])
}

fn chunks(report: &Report) -> Drawn {
    let labels = SIZES.map(size_name);
    let feed = measure(report, "sink, TCP", || Feed.cases(Place::Tcp, &SIZES));
    let write = measure(report, "write_all, TCP", || WriteAll.cases(Place::Tcp, &SIZES));
    let (feed, write) = (feed.ratios(SenderCpu), write.ratios(SenderCpu));
    let panel = |title: &str, ratios, rivals| ratios::Panel {
        title: title.into(),
        x: "length of a chunk",
        labels: labels.to_vec(),
        ours: OURS,
        rivals: of(ratios, rivals),
    };
    let card = Card {
        path: &path(report, "chunks"),
        title: "Chunks, one after the other",
        note: "CPU of the sender over TCP, with a flush after 1 MiB or 16 chunks. Medians and quartiles.",
        columns: 1,
    };
    ratios::draw(
        &card,
        &[
            panel("Sink", &feed, [FRAMED, FRAMED_TUNED]),
            panel("AsyncWrite", &write, [BUFFERED, BUFFERED_TUNED]),
        ],
    )
}

fn items(report: &Report) -> Drawn {
    #[cfg(target_os = "linux")]
    let _pinned = support::cpu::Pinned::new();
    let rivals = [
        ("FramedWrite / FramedSink with an Encoder", Exchange::Encoder, FRAMED),
        ("FramedWrite / FramedSink with a ChunkEncoder", Exchange::ChunkEncoder, FRAMED),
        ("BufWriter / FlowControlledWriter, slices", Exchange::WriteAll, BUFFERED),
    ]
    .map(|(name, exchange, rival)| {
        let cases = || ITEMS.into_iter().map(|size| exchange.case(size));
        let ratios = measure(report, name, cases).ratios(SenderCpu);
        Rival { name: name.into(), ratios: ratios.spreads(rival).to_vec() }
    });
    let card = Card {
        path: &path(report, "items"),
        title: "Items that are answered",
        note: "CPU of the sender for an item over TCP, a flush, and an answer of a byte. Medians and quartiles.",
        columns: 1,
    };
    let panel = ratios::Panel {
        title: "one at a time".into(),
        x: "length of an item",
        labels: ITEMS.map(size_name).into(),
        ours: "ours",
        rivals: rivals.into(),
    };
    ratios::draw(&card, &[panel])
}

fn channel(report: &Report) -> Drawn {
    let mut panels = Vec::new();
    for size in CHUNKS {
        let (items, place, flavor) = (Items::Chunks, Place::Unix, Flavor::TwoWorkers);
        let channel = |producers| Channel { items, place, flavor, producers, size };
        let cases = || PRODUCERS.into_iter().map(|producers| channel(producers).case());
        let name = format!("messages of {}", size_name(size));
        let group = measure(report, &name, cases);
        for (measure, unit) in [(Cpu, "CPU"), (Wall, "time")] {
            panels.push(ratios::Panel {
                title: format!("{name}: {unit}"),
                x: "tasks that send",
                labels: PRODUCERS.map(|count| count.to_string()).into(),
                ours: channel::OURS,
                rivals: of(&group.ratios(measure), [MPSC, MPSC_TUNED]),
            });
        }
    }
    let card = Card {
        path: &path(report, "channel"),
        title: "Many tasks, one connection",
        note: "CPU of the process and time by the clock, over a Unix socket, two workers. Medians and quartiles.",
        columns: 2,
    };
    ratios::draw(&card, &panels)
}

fn memory(report: &Report) -> Drawn {
    let burst = if report.effort == Effort::TEST { 1 << 20 } else { BURST };
    let all = memory::figures(burst);
    let panel = |title: String, label, of: fn(&Figures) -> Option<f64>| bars::Panel {
        title,
        label,
        bars: all.iter().map(|figures| bar(figures.name, of(figures).map(Spread::exact))).collect(),
    };
    let bytes: fn(f64) -> String = |count| size_name(count as usize);
    let panels = [
        panel("fresh".into(), bytes, |figures| Some(figures.fresh as f64)),
        panel("after one small message, flushed".into(), bytes, |figures| {
            Some(figures.idle as f64)
        }),
        panel(format!("after {} in 64 B, drained", size_name(burst)), bytes, |figures| {
            Some(figures.after_burst[0] as f64)
        }),
        panel(
            "stalled in 64 B: heap for a byte".into(),
            |ratio| format!("{ratio:.2}"),
            |figures| figures.stalled.map(|ratios| ratios[1]),
        ),
    ];
    let card = Card {
        path: &path(report, "memory"),
        title: "The heap of a connection",
        note: "Each panel has a scale of its own, from zero; shorter is better.",
        columns: 2,
    };
    bars::draw(&card, &panels)
}

fn scenario(report: &Report) -> Drawn {
    let plan = if report.effort == Effort::TEST { Plan::TEST } else { Plan::FULL };
    println!("\n{plan}\n");
    let all = scenario::figures(plan, &Vec::from_iter(0..CONTESTANTS.len()))?;
    scenario::print(&all);
    let panel = |title: &str, label, of: fn(&Run) -> f64| bars::Panel {
        title: title.into(),
        label,
        bars: all.iter().map(|figures| bar(figures.name, Some(figures.spread(of)))).collect(),
    };
    let milliseconds: fn(f64) -> String = |time| format!("{time:.1} ms");
    let panels = [
        panel("server CPU for a delivery", |time| format!("{time:.0} ns"), |run| run.cpu),
        panel("RSS of the server", |size| format!("{size:.1} MiB"), |run| run.rss),
        panel("delivery, p50", milliseconds, |run| run.p50),
        panel("delivery, p99", milliseconds, |run| run.p99),
        panel(
            "messages lost by those that read",
            |lost| format!("{lost:.0}"),
            |run| run.lost as f64,
        ),
    ];
    let (all, stuck) = (plan.connections(), plan.stuck);
    let title = format!("A broadcast to {all} connections, of which {stuck} do not read");
    let card = Card {
        path: &path(report, "scenario"),
        title: &title,
        note: "Median, least and most of the runs. Each panel has a scale of its own, from zero; shorter is better.",
        columns: 2,
    };
    bars::draw(&card, &panels)
}

/// Measures all cases by several connections, of which one may be cheaper than another all of its life.
fn measure<C: Iterator<Item = Case>>(report: &Report, name: &str, cases: impl Fn() -> C) -> Group {
    let again = (1..CONNECTIONS).map(|_| Group::measure(name, report.effort, cases()));
    again.fold(Group::measure(name, report.effort, cases()), Group::join)
}

fn of(ratios: &Ratios, rivals: [&str; 2]) -> Vec<Rival> {
    let rival = |name: &str| Rival { name: name.into(), ratios: ratios.spreads(name).to_vec() };
    rivals.map(rival).into()
}

fn bar(name: &'static str, value: Option<Spread>) -> Bar {
    Bar { name, is_ours: [OURS, channel::OURS].contains(&name), value }
}

/// Returns where a chart goes. That of a quick check shows nothing, and does not go among the others.
fn path(report: &Report, name: &str) -> PathBuf {
    let folder = if report.effort == Effort::TEST {
        Path::new(env!("CARGO_TARGET_TMPDIR")).into()
    } else {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("charts")
    };
    folder.join(name).with_extension("svg")
}

type Chart = fn(&Report) -> Drawn;

const ALL: [(&str, Chart); 6] = [
    ("size_query", size_query),
    ("chunks", chunks),
    ("items", items),
    ("channel", channel),
    ("memory", memory),
    ("scenario", scenario),
];
const BURST: usize = 64 << 20;
const CONNECTIONS: usize = 3;
