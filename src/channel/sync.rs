//! The primitives that threads meet at: those of `std`, or loom's in the models of
//! `tests/loom`.

#[cfg(not(loom))]
use std::sync::{self, TryLockError};
#[cfg(not(loom))]
pub(super) use std::sync::{Arc, MutexGuard, atomic};

#[cfg(loom)]
use loom::sync;
#[cfg(loom)]
pub(super) use loom::sync::{Arc, MutexGuard, atomic};

/// A mutex for sections of some ten nanoseconds, in which nothing foreign is called.
#[derive(Debug)]
pub(super) struct Mutex<T> {
    inner: sync::Mutex<T>,
}

impl<T> Mutex<T> {
    pub(super) fn new(value: T) -> Self {
        Self { inner: sync::Mutex::new(value) }
    }

    /// Locks; spins for a short while before it blocks, as to sleep and be woken costs a hundred
    /// times what the lock is held for.
    #[cfg(not(loom))]
    #[inline]
    pub(super) fn lock(&self) -> MutexGuard<'_, T> {
        match self.inner.try_lock() {
            Ok(guard) => guard,
            Err(_) => self.lock_contended(),
        }
    }

    #[cfg(not(loom))]
    #[cold]
    fn lock_contended(&self) -> MutexGuard<'_, T> {
        let mut pause = 1;
        while pause <= LONGEST_PAUSE {
            for _ in 0..pause {
                std::hint::spin_loop();
            }
            pause *= 2;
            match self.inner.try_lock() {
                Ok(guard) => return guard,
                Err(TryLockError::Poisoned(poisoned)) => return poisoned.into_inner(),
                Err(TryLockError::WouldBlock) => {}
            }
        }
        // Nothing that runs under the lock can panic; were it to, the counts would still be whole.
        self.inner.lock().unwrap_or_else(sync::PoisonError::into_inner)
    }

    #[cfg(loom)]
    pub(super) fn lock(&self) -> MutexGuard<'_, T> {
        self.inner.lock().expect("a panic ends the model")
    }
}

/// Spins between the last two attempts before a thread blocks. Doubled from 1 on, all of them
/// take about a microsecond.
#[cfg(not(loom))]
const LONGEST_PAUSE: u32 = 64;
