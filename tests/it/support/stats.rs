use flow_controlled_writer::Stats;

/// Returns `stats` without the time, which goes on while a writer is paused.
pub(crate) fn counts(stats: Stats) -> Stats {
    #[cfg(feature = "time")]
    return {
        let mut stats = stats;
        stats.paused_time = std::time::Duration::ZERO;
        stats
    };
    #[cfg(not(feature = "time"))]
    stats
}
