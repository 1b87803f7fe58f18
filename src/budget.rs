mod credit;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

pub(crate) use self::credit::Credit;
use crate::events::{Event, Outbox};

/// A bound on the bytes that many writers hold together, for a connection pool or a whole process.
///
/// A budget is a shared count: clone it and give it to each writer by
/// [`Builder::budget`](crate::Builder::budget). While more than its limit is queued, the watermarks
/// of every writer that shares it act as if both were 0: a writer pauses once it holds anything
/// and resumes when it has drained. No writer waits for the memory of another one, so a peer that
/// never reads cannot freeze the others: a writer that holds nothing takes one item, by every way in.
/// A writer notices at its next call.
///
/// What is queued is bounded by the limit plus one item for each writer, as an item is admitted
/// whole.
///
/// A [`child`](Self::child) is a budget within a budget, for a tenant or a kind of connection.
///
/// Counted are queued bytes, not the heap behind them; see [`ChunkQueue`](crate::ChunkQueue) for
/// what a queued byte costs. A count that would exceed `usize::MAX`, which takes one mapping queued
/// many times over, stays there.
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
/// first.try_send("123456789").expect("holds nothing");
/// assert!(budget.is_exceeded());
/// assert!(first.try_send("more").is_err());
/// second.try_send("12345").expect("holds nothing");
/// assert_eq!(budget.used(), 14);
///
/// drop(first);
/// assert_eq!((budget.used(), budget.peak()), (5, 14));
/// second.try_send("more").expect("within the budget");
/// ```
#[derive(Clone)]
pub struct MemoryBudget {
    shared: Arc<Shared>,
}

/// All counts are sums over threads that publish nothing else, so `Relaxed` is enough everywhere.
struct Shared {
    limit: AtomicUsize,
    /// Invariant: the sum of what all credits of it and of its children hold.
    used: AtomicUsize,
    peak: AtomicUsize,
    /// Whether it was told that the limit is exceeded, and not yet that it is no more.
    is_told: AtomicBool,
    parent: Option<MemoryBudget>,
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
        Self::within(None, limit)
    }

    /// Creates a budget of `limit` bytes whose bytes count in this one, too. A writer pauses while
    /// any of them is exceeded.
    ///
    /// # Examples
    ///
    /// ```
    /// use flow_controlled_writer::{Builder, MemoryBudget};
    ///
    /// let process = MemoryBudget::new(64 * 1024 * 1024);
    /// let tenant = process.child(4);
    /// let mut writer = Builder::new().budget(tenant.clone()).build(tokio::io::sink());
    /// writer.try_send("hello").expect("holds nothing");
    /// assert_eq!((tenant.used(), process.used()), (5, 5));
    /// assert!(tenant.is_exceeded() && !process.is_exceeded());
    /// assert!(writer.is_paused());
    /// ```
    #[must_use]
    pub fn child(&self, limit: usize) -> Self {
        Self::within(Some(self.clone()), limit)
    }

    fn within(parent: Option<Self>, limit: usize) -> Self {
        let shared = Shared {
            limit: AtomicUsize::new(limit),
            used: AtomicUsize::new(0),
            peak: AtomicUsize::new(0),
            is_told: AtomicBool::new(false),
            parent,
        };
        Self { shared: Arc::new(shared) }
    }

    /// Changes the limit, in bytes. Writers notice at their next call.
    ///
    /// # Examples
    ///
    /// ```
    /// use flow_controlled_writer::{Builder, MemoryBudget};
    ///
    /// let budget = MemoryBudget::new(1024);
    /// let mut writer = Builder::new().budget(budget.clone()).build(tokio::io::sink());
    /// writer.try_send("hello").expect("within the budget");
    /// budget.set_limit(4);
    /// assert!(writer.is_paused());
    /// budget.set_limit(5);
    /// assert!(!writer.is_paused());
    /// ```
    pub fn set_limit(&self, limit: usize) {
        self.shared.limit.store(limit, Ordering::Relaxed);
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
        self.shared.limit.load(Ordering::Relaxed)
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

    /// Tells whether more than the limit is queued. For a child, its own limit.
    ///
    /// # Examples
    ///
    /// ```
    /// use flow_controlled_writer::{Builder, MemoryBudget};
    ///
    /// let budget = MemoryBudget::new(4);
    /// let mut writer = Builder::new().budget(budget.clone()).build(tokio::io::sink());
    /// writer.try_send("hello").expect("holds nothing");
    /// assert!(budget.is_exceeded());
    /// ```
    #[must_use]
    pub fn is_exceeded(&self) -> bool {
        self.used() > self.limit()
    }

    /// Tells whether its writers pause.
    fn pauses(&self) -> bool {
        self.is_exceeded() || self.shared.parent.as_ref().is_some_and(Self::pauses)
    }

    /// Adds up to `count` bytes, also beyond the limit, and returns how many: fewer where a count
    /// would exceed `usize::MAX`.
    fn add(&self, count: usize, outbox: &mut Outbox) -> usize {
        let parent = self.shared.parent.as_ref();
        let granted = parent.map_or(count, |parent| parent.add(count, outbox));
        // One that has a parent never saturates: the parent is added to first and removed from last, and so
        // counts as much at the least.
        let saturated = |used: usize| Some(used.saturating_add(granted));
        let (Ok(before) | Err(before)) =
            self.shared.used.fetch_update(Ordering::Relaxed, Ordering::Relaxed, saturated);
        let used = before.saturating_add(granted);
        if used > self.peak() {
            self.shared.peak.fetch_max(used, Ordering::Relaxed);
        }
        let (limit, is_told) = (self.limit(), &self.shared.is_told);
        if used > limit
            && !is_told.load(Ordering::Relaxed)
            && !is_told.swap(true, Ordering::Relaxed)
        {
            outbox.push(Event::BudgetExceeded { used, limit });
        }
        used - before
    }

    /// Removes bytes that were added.
    fn remove(&self, count: usize, outbox: &mut Outbox) {
        let used = self.shared.used.fetch_sub(count, Ordering::Relaxed) - count;
        let (limit, is_told) = (self.limit(), &self.shared.is_told);
        // One that is crossed to and fro is told of once.
        if used <= limit - limit / 4
            && is_told.load(Ordering::Relaxed)
            && is_told.swap(false, Ordering::Relaxed)
        {
            outbox.push(Event::BudgetBack { used, limit });
        }
        if let Some(parent) = &self.shared.parent {
            parent.remove(count, outbox);
        }
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
