use bytes::Bytes;

use super::state::{State, Turn, Wakes};
use super::sync::Mutex;
use super::sync::atomic::{AtomicUsize, Ordering};
use crate::write_buffer::WriteBuffer;

/// The channel itself: the state behind its lock, and the size to be read without.
pub(super) struct Shared {
    state: Mutex<State>,
    /// Invariant: the buffer size whenever the lock is free.
    size: AtomicUsize,
}

impl Shared {
    pub(super) fn new(buffer: &mut WriteBuffer) -> Self {
        let state = State::new(buffer);
        Self { size: AtomicUsize::new(state.buffer_size()), state: Mutex::new(state) }
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
            self.wake(wakes);
        }
        result
    }

    /// Queues a chunk if nothing but the count comes of it, which takes least time under the lock.
    /// Returns whether it did.
    #[inline]
    pub(super) fn push_freely(&self, chunk: &mut Bytes) -> bool {
        let mut state = self.state.lock();
        let is_sent = state.push_freely(chunk);
        if is_sent {
            self.size.store(state.buffer_size(), Ordering::Relaxed);
        }
        is_sent
    }

    /// Returns the bytes queued and those taken by the driver and not yet written.
    #[inline]
    pub(super) fn buffer_size(&self) -> usize {
        self.size.load(Ordering::Relaxed)
    }

    #[inline(never)]
    fn wake(&self, wakes: Wakes) {
        wakes.events.emit();
        if let Some(driver) = wakes.driver {
            driver.wake();
        }
        match wakes.sender {
            None => {}
            Some(Turn::Future(waker)) => waker.wake(),
            Some(Turn::Handle(waker)) => {
                waker.wake();
                self.call_others();
            }
        }
    }

    /// Wakes those in line behind a handle that was woken.
    #[cold]
    fn call_others(&self) {
        loop {
            let Some(wakes) = self.state.lock().settle() else { return };
            debug_assert!(wakes.driver.is_none());
            wakes.events.emit();
            match wakes.sender {
                None => return,
                Some(Turn::Future(waker)) => return waker.wake(),
                Some(Turn::Handle(waker)) => waker.wake(),
            }
        }
    }
}
