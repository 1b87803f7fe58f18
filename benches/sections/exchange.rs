//! Items that are answered.
use crate::subjects::async_write::BUFFERED;
use crate::subjects::exchange::{Exchange, ITEMS, RAW};
use crate::subjects::sink::FRAMED;
use crate::support::contest::Measure::{SenderCpu, Wall};
use crate::support::cpu;
use crate::support::report::{Bound, Group, Report};

pub fn churn(report: &mut Report) {
    #[cfg(target_os = "linux")]
    let _pinned = cpu::Pinned::new();
    let mut all = Vec::new();
    for (name, exchange, rival) in [
        ("churn, Encoder", Exchange::Encoder, FRAMED),
        ("churn, ChunkEncoder", Exchange::ChunkEncoder, FRAMED),
        ("churn, write_all", Exchange::WriteAll, BUFFERED),
    ] {
        let cases = ITEMS.into_iter().map(|size| exchange.case(size));
        let group = Group::measure(name, report.effort, cases);
        let ratios = group.ratios(SenderCpu);
        ratios.each(report, rival, 0.95);
        all.extend_from_slice(ratios.column(rival));
        // Less than one now and then, by what else the process does.
        report.target(format!("{name}, page faults"), "", Bound::AtMost(0.1), group.faults());
    }
    report.mean("churn", "all of them", &all, 1.05);
}

pub fn round_trip(report: &mut Report) {
    #[cfg(target_os = "linux")]
    let _pinned = cpu::Pinned::new();
    let case = |count| [Exchange::Raw.case_of(MESSAGE, count)];
    report.group("round_trip, 500", SenderCpu, case(500)).each(report, RAW, 0.98);
    // A round trip a batch, for the median of them.
    let one = Group::measure("round_trip, one", report.effort.with_rounds(5000), case(1));
    one.ratios(Wall).each(report, RAW, 0.98);
}

const MESSAGE: usize = 64;
