//! CPU time and page faults of those who send.
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use criterion::measurement::{Measurement, ValueFormatter, WallTime};
use nix::sys::resource::{UsageWho, getrusage};
use nix::time::{ClockId, clock_gettime};
#[cfg(target_os = "linux")]
use nix::{
    sched::{CpuSet, sched_getaffinity, sched_getcpu, sched_setaffinity},
    unistd::Pid,
};

/// Returns the CPU time of the calling thread.
pub fn of_thread() -> Duration {
    clock(ClockId::CLOCK_THREAD_CPUTIME_ID)
}

/// Returns the CPU time of all threads but those that read.
pub fn of_senders() -> Duration {
    let readers = Duration::from_nanos(READERS.load(Relaxed));
    clock(ClockId::CLOCK_PROCESS_CPUTIME_ID).saturating_sub(readers)
}

/// Returns the page faults of the process that needed no disk.
pub fn faults() -> u64 {
    let usage = getrusage(UsageWho::RUSAGE_SELF).expect("the process is there");
    usage.minor_page_faults().unsigned_abs()
}

fn clock(id: ClockId) -> Duration {
    clock_gettime(id).expect("the clock is there").into()
}

/// A thread that reads: its time is not that of the senders.
#[derive(Default)]
pub struct OfReader {
    told: Duration,
}

impl OfReader {
    /// Tells what the calling thread has used so far.
    pub fn tell(&mut self) {
        let now = of_thread();
        READERS.fetch_add((now - self.told).as_nanos() as u64, Relaxed);
        self.told = now;
    }
}

/// What all readers have told, in nanoseconds.
static READERS: AtomicU64 = AtomicU64::new(0);

/// Keeps the calling thread, and those that it starts, on the core on which it runs, until this is
/// dropped: who waits for an answer pays for the core on which that lands.
#[cfg(target_os = "linux")]
pub struct Pinned {
    before: CpuSet,
}

#[cfg(target_os = "linux")]
impl Pinned {
    pub fn new() -> nix::Result<Self> {
        let before = sched_getaffinity(Pid::from_raw(0))?;
        let mut one = CpuSet::new();
        one.set(sched_getcpu()?)?;
        sched_setaffinity(Pid::from_raw(0), &one)?;
        Ok(Self { before })
    }
}

#[cfg(target_os = "linux")]
impl Drop for Pinned {
    fn drop(&mut self) {
        let _ = sched_setaffinity(Pid::from_raw(0), &self.before);
    }
}

/// Lets criterion measure the CPU time of the calling thread: that of the sender alone.
pub struct SenderCpu;

impl Measurement for SenderCpu {
    type Intermediate = Duration;
    type Value = Duration;

    fn start(&self) -> Duration {
        of_thread()
    }

    fn end(&self, start: Duration) -> Duration {
        of_thread() - start
    }

    fn add(&self, one: &Duration, other: &Duration) -> Duration {
        *one + *other
    }

    fn zero(&self) -> Duration {
        Duration::ZERO
    }

    fn to_f64(&self, value: &Duration) -> f64 {
        value.as_nanos() as f64
    }

    fn formatter(&self) -> &dyn ValueFormatter {
        WallTime.formatter()
    }
}
