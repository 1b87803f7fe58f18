use std::hint::spin_loop;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread::{self, JoinHandle};

/// Keeps every core running, by threads that run only where nothing else does.
///
/// To wake a reader on a core that sleeps costs the sender some microseconds, in a virtual machine
/// more, and whether it sleeps is chance: without this, the cost of one and the same round trip
/// varied by a factor of four.
pub struct Awake {
    stop: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

impl Awake {
    pub fn start() -> Self {
        let cores = thread::available_parallelism().map_or(1, usize::from);
        let stop = Arc::new(AtomicBool::new(false));
        let spinner = || {
            let stop = Arc::clone(&stop);
            thread::spawn(move || {
                if run_when_idle() {
                    while !stop.load(Relaxed) {
                        spin_loop();
                    }
                }
            })
        };
        let threads = (0..cores).map(|_| spinner()).collect();
        Self { stop, threads }
    }
}

impl Drop for Awake {
    fn drop(&mut self) {
        self.stop.store(true, Relaxed);
        for thread in self.threads.drain(..) {
            thread.join().expect("it only spins");
        }
    }
}

/// Has the calling thread run only where nothing else wants to. Returns whether that worked.
#[cfg(target_os = "linux")]
fn run_when_idle() -> bool {
    use thread_priority::ThreadPriority;
    use thread_priority::unix::{
        NormalThreadSchedulePolicy, ThreadSchedulePolicy, set_thread_priority_and_policy,
        thread_native_id,
    };
    let policy = ThreadSchedulePolicy::Normal(NormalThreadSchedulePolicy::Idle);
    let priority = ThreadPriority::Crossplatform(0.try_into().expect("0 is a priority"));
    set_thread_priority_and_policy(thread_native_id(), priority, policy).is_ok()
}

#[cfg(not(target_os = "linux"))]
fn run_when_idle() -> bool {
    false
}
