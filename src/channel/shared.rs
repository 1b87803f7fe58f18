use super::state::State;
use super::sync::Mutex;
use super::sync::atomic::{AtomicUsize, Ordering};
use crate::write_buffer::WriteBuffer;

/// The channel itself: the state behind its lock, and the size to be read without.
pub(super) struct Shared {
    state: Mutex<State>,
    /// Invariant: the buffer size whenever the lock is free.
    size: AtomicUsize,
    /// Chunks shorter than this, in bytes, are copied.
    pub(super) coalesce_threshold: usize,
}

impl Shared {
    pub(super) fn new(buffer: &mut WriteBuffer) -> Self {
        let coalesce_threshold = buffer.new_queue().coalesce_threshold();
        let state = State::new(buffer);
        let size = AtomicUsize::new(state.buffer_size());
        Self { state: Mutex::new(state), size, coalesce_threshold }
    }

    /// Lets `act` work on the state under the lock; then, without it, wakes and tells whoever is
    /// concerned.
    ///
    /// `act` must call nothing foreign, nor drop it: a waker or chunk that is dropped may drop a
    /// task and with it a sender of this channel, which would lock again.
    #[inline]
    pub(super) fn with<R>(&self, act: impl FnOnce(&mut State) -> R) -> R {
        let mut state = self.state.lock();
        let result = act(&mut state);
        let wakes = state.settle();
        // Others learn of the size by what they synchronize with on their own, or by the lock.
        self.size.store(state.buffer_size(), Ordering::Relaxed);
        drop(state);
        if let Some(wakes) = wakes {
            wakes.wake();
        }
        result
    }

    /// Returns the bytes queued and those taken by the driver and not yet written.
    #[inline]
    pub(super) fn buffer_size(&self) -> usize {
        self.size.load(Ordering::Relaxed)
    }
}
