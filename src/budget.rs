use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::events::Event;

/// A bound on the bytes that many writers hold together, for a connection pool or a whole process.
///
/// A budget is a shared count: clone it and give it to each writer by
/// [`Builder::budget`](crate::Builder::budget). While more than its limit is queued, the watermarks
/// of every writer that shares it act as if both were 0: a writer pauses once it holds anything
/// and resumes when it has drained. No writer waits for the memory of another one, so a peer that
/// never reads cannot freeze the others. A writer notices at its next call.
///
/// What is queued is bounded by the limit plus one item for each writer, as an item is admitted
/// whole.
///
/// Counted are queued bytes, not the heap behind them; see [`ChunkQueue`](crate::ChunkQueue) for
/// what a queued byte costs.
///
/// # Examples
///
/// ```
/// use flow_controlled_writer::{Builder, MemoryBudget};
///
/// let budget = MemoryBudget::new(8);
/// let options = Builder::new().budget(budget.clone());
/// let mut first = options.build(tokio::io::sink());
/// let mut second = options.build(tokio::io::sink());
///
/// first.try_send("12345").expect("within the budget");
/// assert!(second.try_send("67890").is_err());
/// assert_eq!(budget.used(), 5);
///
/// drop(first);
/// assert_eq!(budget.used(), 0);
/// assert_eq!(budget.peak(), 5);
/// ```
#[derive(Clone)]
pub struct MemoryBudget {
    shared: Arc<Shared>,
}

/// All counts are sums over threads that publish nothing else, so `Relaxed` is enough everywhere.
struct Shared {
    limit: usize,
    used: AtomicUsize,
    peak: AtomicUsize,
}

impl MemoryBudget {
    /// Creates a budget of `limit` bytes, of which none are used. 0 makes every writer that shares
    /// it pause once it holds anything.
    ///
    /// # Examples
    ///
    /// ```
    /// use flow_controlled_writer::MemoryBudget;
    ///
    /// let budget = MemoryBudget::new(64 * 1024 * 1024);
    /// assert_eq!(budget.limit(), 64 * 1024 * 1024);
    /// assert_eq!(budget.used(), 0);
    /// ```
    #[must_use]
    pub fn new(limit: usize) -> Self {
        let shared = Shared { limit, used: AtomicUsize::new(0), peak: AtomicUsize::new(0) };
        Self { shared: Arc::new(shared) }
    }

    /// Returns the bytes queued now in all writers that share the budget.
    ///
    /// # Examples
    ///
    /// ```
    /// use flow_controlled_writer::{Builder, MemoryBudget};
    ///
    /// let budget = MemoryBudget::new(1024);
    /// let options = Builder::new().budget(budget.clone());
    /// let mut writers = [options.build(tokio::io::sink()), options.build(tokio::io::sink())];
    /// for writer in &mut writers {
    ///     writer.try_send("hello").expect("within the budget");
    /// }
    /// assert_eq!(budget.used(), 10);
    /// ```
    #[must_use]
    pub fn used(&self) -> usize {
        self.shared.used.load(Ordering::Relaxed)
    }

    /// Returns the limit in bytes.
    ///
    /// # Examples
    ///
    /// ```
    /// use flow_controlled_writer::MemoryBudget;
    ///
    /// let budget = MemoryBudget::new(1024);
    /// assert_eq!(budget.limit() - budget.used(), 1024);
    /// ```
    #[must_use]
    pub fn limit(&self) -> usize {
        self.shared.limit
    }

    /// Returns the most bytes that were queued at once since the budget was made.
    ///
    /// # Examples
    ///
    /// ```
    /// use flow_controlled_writer::{Builder, MemoryBudget};
    ///
    /// let budget = MemoryBudget::new(1024);
    /// let mut writer = Builder::new().budget(budget.clone()).build(tokio::io::sink());
    /// writer.try_send("hello").expect("within the budget");
    /// writer.abort();
    /// assert_eq!((budget.used(), budget.peak()), (0, 5));
    /// ```
    #[must_use]
    pub fn peak(&self) -> usize {
        self.shared.peak.load(Ordering::Relaxed)
    }

    /// Tells whether more than the limit is queued.
    ///
    /// # Examples
    ///
    /// ```
    /// use bytes::Bytes;
    /// use flow_controlled_writer::{Builder, MemoryBudget};
    /// use futures::SinkExt;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// let budget = MemoryBudget::new(4);
    /// let mut writer = Builder::new().budget(budget.clone()).build(tokio::io::sink());
    ///
    /// // `try_send` would refuse this; a `Sink` takes one item whole, and then waits.
    /// writer.feed(Bytes::from_static(b"hello")).await?;
    /// assert!(budget.is_exceeded());
    /// assert!(writer.is_paused());
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn is_exceeded(&self) -> bool {
        self.used() > self.limit()
    }

    /// Adds bytes, also beyond the limit. Returns what is to be told of it.
    fn add(&self, count: usize) -> Option<Event> {
        let limit = self.limit();
        let before = self.shared.used.fetch_add(count, Ordering::Relaxed);
        let used = before.saturating_add(count);
        self.shared.peak.fetch_max(used, Ordering::Relaxed);
        (before <= limit && used > limit).then_some(Event::BudgetExceeded { used, limit })
    }

    /// Adds bytes unless that would exceed the limit.
    fn try_add(&self, count: usize) -> bool {
        let limit = self.limit();
        let within = |used: usize| used.checked_add(count).filter(|&total| total <= limit);
        let updated = self.shared.used.fetch_update(Ordering::Relaxed, Ordering::Relaxed, within);
        if let Ok(before) = updated {
            self.shared.peak.fetch_max(before + count, Ordering::Relaxed);
        }
        updated.is_ok()
    }

    /// Removes bytes. Returns what is to be told of it.
    fn remove(&self, count: usize) -> Option<Event> {
        let limit = self.limit();
        let before = self.shared.used.fetch_sub(count, Ordering::Relaxed);
        let used = before - count;
        (before > limit && used <= limit).then_some(Event::BudgetBack { used, limit })
    }
}

impl fmt::Debug for MemoryBudget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryBudget")
            .field("used", &self.used())
            .field("limit", &self.limit())
            .field("peak", &self.peak())
            .finish()
    }
}

/// The part of a budget that one writer uses; nothing at all for a writer without a budget.
///
/// Dropping it gives the bytes back.
#[derive(Debug, Default)]
pub(crate) struct Credit {
    budget: Option<MemoryBudget>,
    /// Invariant: what this writer has added to the budget and not removed.
    held: usize,
}

impl Credit {
    pub(crate) fn new(budget: Option<MemoryBudget>) -> Self {
        Self { budget, held: 0 }
    }

    /// Tells whether there is a budget at all.
    #[inline]
    pub(crate) fn is_limited(&self) -> bool {
        self.budget.is_some()
    }

    #[inline]
    pub(crate) fn is_exceeded(&self) -> bool {
        self.budget.as_ref().is_some_and(MemoryBudget::is_exceeded)
    }

    /// Takes `count` bytes more unless that would exceed the budget.
    pub(crate) fn try_grow(&mut self, count: usize) -> bool {
        let Some(budget) = &self.budget else { return true };
        let granted = budget.try_add(count);
        if granted {
            self.held += count;
        }
        granted
    }

    /// Makes the bytes held equal to `size`. Returns what is to be told of it.
    #[inline]
    pub(crate) fn set(&mut self, size: usize) -> Option<Event> {
        let budget = self.budget.as_ref()?;
        let held = std::mem::replace(&mut self.held, size);
        if size > held {
            budget.add(size - held)
        } else if size < held {
            budget.remove(held - size)
        } else {
            None
        }
    }
}

impl Drop for Credit {
    fn drop(&mut self) {
        if let Some(event) = self.set(0) {
            event.emit();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn used_follows_every_credit_and_its_drop() {
        let budget = MemoryBudget::new(10);
        let mut first = Credit::new(Some(budget.clone()));
        let mut second = Credit::new(Some(budget.clone()));
        first.set(6);
        second.set(3);
        assert_eq!(budget.used(), 9);
        first.set(2);
        assert_eq!((budget.used(), budget.peak()), (5, 9));
        drop(first);
        drop(second);
        assert_eq!((budget.used(), budget.peak()), (0, 9));
    }

    #[test]
    fn debug_shows_the_counts() {
        let budget = MemoryBudget::new(10);
        budget.add(3);
        assert_eq!(format!("{budget:?}"), "MemoryBudget { used: 3, limit: 10, peak: 3 }");
    }

    #[test]
    fn exceeded_means_more_than_the_limit() {
        let budget = MemoryBudget::new(10);
        let mut credit = Credit::new(Some(budget.clone()));
        credit.set(10);
        assert!(!budget.is_exceeded());
        credit.set(11);
        assert!(budget.is_exceeded() && credit.is_exceeded());
    }

    #[test]
    fn try_grow_refuses_what_would_exceed() {
        let budget = MemoryBudget::new(10);
        let mut credit = Credit::new(Some(budget.clone()));
        assert!(credit.try_grow(10));
        assert!(!credit.try_grow(1));
        assert!(!credit.try_grow(usize::MAX));
        assert_eq!(budget.used(), 10);
    }

    #[test]
    fn without_a_budget_nothing_is_counted_or_refused() {
        let mut credit = Credit::default();
        assert!(credit.try_grow(usize::MAX));
        credit.set(usize::MAX);
        assert!(!credit.is_exceeded() && !credit.is_limited());
    }

    #[test]
    fn threads_that_share_a_budget_leave_it_at_zero() {
        let budget = MemoryBudget::new(1000);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    let mut credit = Credit::new(Some(budget.clone()));
                    for size in 0..10_000 {
                        credit.set(size % 997);
                        if credit.try_grow(5) {
                            assert!(budget.used() >= 5);
                        }
                    }
                });
            }
        });
        assert_eq!(budget.used(), 0);
    }
}
