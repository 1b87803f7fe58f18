use super::MemoryBudget;
use crate::events::Outbox;

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

    /// Tells whether the budget, or one that it is within, is exceeded.
    #[inline]
    pub(crate) fn is_exceeded(&self) -> bool {
        self.budget.as_ref().is_some_and(MemoryBudget::pauses)
    }

    /// Makes the bytes held equal to `size`.
    #[inline]
    pub(crate) fn set(&mut self, size: usize, outbox: &mut Outbox) {
        let Some(budget) = &self.budget else { return };
        if size > self.held {
            self.held += budget.add(size - self.held, outbox);
        } else if size < self.held {
            budget.remove(self.held - size, outbox);
            self.held = size;
        }
    }
}

impl Drop for Credit {
    fn drop(&mut self) {
        let mut outbox = Outbox::default();
        self.set(0, &mut outbox);
        outbox.tell();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn credit(budget: &MemoryBudget) -> Credit {
        Credit::new(Some(budget.clone()))
    }

    fn set(credit: &mut Credit, size: usize) -> Outbox {
        let mut outbox = Outbox::default();
        credit.set(size, &mut outbox);
        outbox
    }

    #[test]
    fn used_follows_every_credit_and_its_drop() {
        let budget = MemoryBudget::new(10);
        let (mut first, mut second) = (credit(&budget), credit(&budget));
        let _ = (set(&mut first, 6), set(&mut second, 3));
        assert_eq!(budget.used(), 9);
        let _ = set(&mut first, 2);
        assert_eq!((budget.used(), budget.peak()), (5, 9));
        drop(first);
        drop(second);
        assert_eq!((budget.used(), budget.peak()), (0, 9));
    }

    #[test]
    fn debug_shows_the_counts() {
        let budget = MemoryBudget::new(10);
        let mut credit = credit(&budget);
        let _ = set(&mut credit, 3);
        assert_eq!(format!("{budget:?}"), "MemoryBudget { used: 3, limit: 10, peak: 3 }");
    }

    #[test]
    fn exceeded_means_more_than_the_limit() {
        let budget = MemoryBudget::new(10);
        let mut credit = credit(&budget);
        let _ = set(&mut credit, 10);
        assert!(!budget.is_exceeded());
        let _ = set(&mut credit, 11);
        assert!(budget.is_exceeded() && credit.is_exceeded());
        budget.set_limit(11);
        assert!(!budget.is_exceeded() && !credit.is_exceeded());
    }

    #[test]
    fn a_child_counts_in_its_parent_and_either_of_them_pauses() {
        let parent = MemoryBudget::new(10);
        let (left, right) = (parent.child(5), parent.child(100));
        let (mut of_left, mut of_right) = (credit(&left), credit(&right));
        let _ = set(&mut of_left, 6);
        assert!(of_left.is_exceeded() && !of_right.is_exceeded());
        let _ = (set(&mut of_left, 5), set(&mut of_right, 6));
        assert_eq!((left.used(), right.used(), parent.used()), (5, 6, 11));
        assert!(of_left.is_exceeded() && of_right.is_exceeded());
        drop(of_left);
        assert_eq!((left.used(), right.used(), parent.used()), (0, 6, 6));
        assert!(!of_right.is_exceeded());
        drop(of_right);
        assert_eq!((left.used(), right.used(), parent.used()), (0, 0, 0));
    }

    #[test]
    fn a_sum_beyond_the_largest_number_stays_there_and_comes_back_exactly() {
        let parent = MemoryBudget::new(10);
        let child = parent.child(10);
        let mut credits = [credit(&parent), credit(&child), credit(&child)];
        for credit in &mut credits {
            let _ = set(credit, usize::MAX / 2 + 10);
            assert!(credit.is_exceeded());
        }
        assert_eq!((parent.used(), parent.peak()), (usize::MAX, usize::MAX));
        let _ = set(&mut credits[0], 7);
        assert_eq!(parent.used(), child.used() + 7);
        let [first, second, third] = credits;
        drop((second, third));
        assert_eq!((parent.used(), child.used()), (7, 0));
        drop(first);
        assert_eq!(parent.used(), 0);
    }

    #[cfg(feature = "tracing")]
    #[test]
    fn an_episode_is_told_of_once() {
        let budget = MemoryBudget::new(100);
        let mut credit = credit(&budget);
        let told: Vec<bool> = [100, 101, 100, 101, 76, 102, 75, 100, 101]
            .into_iter()
            .map(|size| !set(&mut credit, size).is_empty())
            .collect();
        assert_eq!(told, [false, true, false, false, false, false, true, false, true]);
    }

    #[test]
    fn without_a_budget_nothing_is_counted_or_refused() {
        let mut credit = Credit::default();
        let _ = set(&mut credit, usize::MAX);
        assert!(!credit.is_exceeded() && !credit.is_limited());
    }

    #[test]
    fn threads_that_share_a_budget_leave_it_at_zero() {
        let budget = MemoryBudget::new(1000);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    let mut credit = credit(&budget);
                    for size in 0..10_000 {
                        let _ = set(&mut credit, size % 997);
                        assert!(budget.used() >= size % 997);
                    }
                });
            }
        });
        assert_eq!(budget.used(), 0);
    }
}
