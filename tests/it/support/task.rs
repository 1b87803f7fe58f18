use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};

/// A task without a runtime: polls by hand and counts how often it is woken.
pub(crate) struct Task {
    wakes: Arc<Wakes>,
    waker: Waker,
}

#[derive(Default)]
struct Wakes(AtomicUsize);

impl Task {
    pub(crate) fn new() -> Self {
        let wakes = Arc::new(Wakes::default());
        Self { waker: Waker::from(Arc::clone(&wakes)), wakes }
    }

    pub(crate) fn context(&self) -> Context<'_> {
        Context::from_waker(&self.waker)
    }

    /// Polls `future` once.
    pub(crate) fn poll<F: Future + ?Sized>(&self, future: Pin<&mut F>) -> Poll<F::Output> {
        future.poll(&mut self.context())
    }

    /// Polls `future` once and drops it.
    pub(crate) fn poll_once<F: Future>(&self, future: F) -> Poll<F::Output> {
        self.poll(pin!(future))
    }

    /// Returns how often the task was woken since it was last asked.
    pub(crate) fn take_wakes(&self) -> usize {
        self.wakes.0.swap(0, Ordering::SeqCst)
    }
}

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}
