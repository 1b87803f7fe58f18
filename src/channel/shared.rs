use std::io;
use std::task::{Context, Poll};

use super::line::{Holder, Place};
use super::state::{FlushWait, State};
use super::sync::Mutex;
use super::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use super::waiters::Caller;
use crate::error::Refusal;
use crate::write_buffer::WriteBuffer;

/// The channel itself: the state behind its lock, and the size to be read without.
pub(super) struct Shared {
    state: Mutex<State>,
    /// Invariant: the buffer size whenever the lock is free.
    size: AtomicUsize,
    /// How many of those who were called in line were woken by now.
    woken: AtomicU64,
    /// Chunks shorter than this, in bytes, are copied.
    pub(super) coalesce_threshold: usize,
}

impl Shared {
    pub(super) fn new(buffer: &mut WriteBuffer) -> Self {
        let state = State::new(buffer);
        let size = AtomicUsize::new(state.buffer_size());
        let coalesce_threshold = state.coalesce_threshold();
        Self { state: Mutex::new(state), size, woken: AtomicU64::new(0), coalesce_threshold }
    }

    /// Lets `act` work on the state under the lock; then, without it, wakes and tells whoever is
    /// concerned.
    ///
    /// `act` must call nothing foreign, nor drop it: a waker or chunk that is dropped may drop a
    /// task and with it a sender of this channel, which would lock again.
    #[inline]
    pub(super) fn with<R>(&self, act: impl FnOnce(&mut State) -> R) -> R {
        let mut state = self.state.lock();
        state.unsettle();
        let result = act(&mut state);
        let wakes = state.settle();
        // Others learn of the size by what they synchronize with on their own, or by the lock.
        self.size.store(state.buffer_size(), Ordering::Relaxed);
        drop(state);
        if let Some(wakes) = wakes {
            let _woken = wakes.is_call().then(|| Woken(&self.woken));
            wakes.wake();
        }
        result
    }

    /// Lets `act` work on the state once the turn of the holder of `place` has come, or of a newcomer,
    /// who waits behind the others unless it `may_pass`.
    pub(super) fn poll_turn<R>(
        &self,
        cx: &Context<'_>,
        place: &mut Option<Place>,
        holder: Holder,
        may_pass: bool,
        mut act: impl FnMut(&mut State) -> R,
    ) -> Poll<Result<R, Refusal>> {
        let mut caller = if place.is_some() { Caller::waiting(cx) } else { Caller::looking(cx) };
        loop {
            let turn = self.with(|state| {
                let turn = state.poll_turn(&mut caller, place, holder, may_pass);
                turn.map_ok(|()| act(state))
            });
            if turn.is_ready() || !caller.is_looking() || place.is_some() {
                return turn;
            }
            caller = Caller::waiting(cx);
        }
    }

    /// Waits until all that was sent before the first poll is written and flushed.
    pub(super) fn poll_flush(
        &self,
        cx: &Context<'_>,
        wait: &mut FlushWait,
    ) -> Poll<io::Result<()>> {
        let caller = &mut Caller::waiting(cx);
        self.with(|state| state.poll_flush(caller, wait))
    }

    /// Returns how many of those who were called in line were woken by now.
    pub(super) fn woken(&self) -> u64 {
        self.woken.load(Ordering::Acquire)
    }

    /// Returns the bytes queued and those taken by the driver and not yet written.
    #[inline]
    pub(super) fn buffer_size(&self) -> usize {
        self.size.load(Ordering::Relaxed)
    }
}

/// Counts one who was called as woken, also if a waker panics.
struct Woken<'a>(&'a AtomicU64);

impl Drop for Woken<'_> {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::Release);
    }
}
