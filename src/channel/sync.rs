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
        match self.try_lock() {
            Some(guard) => guard,
            None => self.lock_contended(),
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
            if let Some(guard) = self.try_lock() {
                return guard;
            }
        }
        self.inner.lock().unwrap_or_else(sync::PoisonError::into_inner)
    }

    /// Locks if nobody has. Nothing that runs under the lock should panic; were it to, the others go
    /// on rather than fail with it.
    #[cfg(not(loom))]
    #[inline]
    fn try_lock(&self) -> Option<MutexGuard<'_, T>> {
        match self.inner.try_lock() {
            Ok(guard) => Some(guard),
            Err(TryLockError::Poisoned(poisoned)) => Some(poisoned.into_inner()),
            Err(TryLockError::WouldBlock) => None,
        }
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

#[cfg(all(test, not(loom)))]
mod tests {
    use std::panic::{self, AssertUnwindSafe};
    use std::sync::mpsc;
    use std::thread;
    use std::time::Duration;

    use super::*;

    /// The guard that a poisoned lock hands out must not be held while the lock is tried again.
    #[test]
    fn a_panic_under_the_lock_does_not_shut_the_others_out() {
        let (done, finished) = mpsc::channel();
        thread::spawn(move || {
            let mutex = Mutex::new(1);
            let panicked = panic::catch_unwind(AssertUnwindSafe(|| {
                let _guard = mutex.lock();
                panic!("on purpose");
            }));
            assert!(panicked.is_err());
            *mutex.lock() += 1;
            done.send(*mutex.lock()).expect("the test waits");
        });
        assert_eq!(finished.recv_timeout(Duration::from_secs(60)), Ok(2));
    }

    #[test]
    fn whoever_finds_the_lock_taken_waits_for_it() {
        let mutex = Arc::new(Mutex::new(0));
        let guard = mutex.lock();
        let others = [(); 4].map(|()| {
            let mutex = Arc::clone(&mutex);
            thread::spawn(move || (0..1000).for_each(|_| *mutex.lock() += 1))
        });
        drop(guard);
        for other in others {
            other.join().expect("no panic");
        }
        assert_eq!(*mutex.lock(), 4000);
    }
}
