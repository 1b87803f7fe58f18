//! The primitives that threads meet at: those of `std`, or loom's in the models.

#[cfg(not(all(test, loom)))]
use std::sync;
use std::sync::PoisonError;
#[cfg(not(all(test, loom)))]
pub(super) use std::sync::{Arc, atomic};
#[cfg(not(all(test, loom)))]
pub(super) use std::thread::yield_now;

#[cfg(all(test, loom))]
use loom::sync;
#[cfg(all(test, loom))]
pub(super) use loom::sync::{Arc, atomic};
#[cfg(all(test, loom))]
pub(super) use loom::thread::yield_now;

/// A mutex for sections of some ten nanoseconds, in which nothing foreign is called.
#[derive(Debug)]
pub(super) struct Mutex<T> {
    inner: sync::Mutex<T>,
}

impl<T> Mutex<T> {
    pub(super) fn new(value: T) -> Self {
        Self { inner: sync::Mutex::new(value) }
    }

    /// Locks. Nothing that runs under the lock should panic; were it to, the others go on rather than
    /// fail with it.
    #[inline]
    pub(super) fn lock(&self) -> sync::MutexGuard<'_, T> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
