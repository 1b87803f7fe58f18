use std::collections::BTreeMap;
use std::panic::{self, AssertUnwindSafe};
use std::task::{Context, Waker};
use std::thread;

/// A task that polls. Its waker is cloned before the lock is taken, as that is foreign code.
pub(super) struct Caller<'a> {
    waker: &'a Waker,
    /// What is left to whoever is to wake the task.
    clone: Option<Waker>,
}

impl<'a> Caller<'a> {
    /// Comes to wait.
    pub(super) fn waiting(cx: &Context<'a>) -> Self {
        Self { waker: cx.waker(), clone: Some(cx.waker().clone()) }
    }

    /// Comes to look whether it would have to wait.
    pub(super) fn looking(cx: &Context<'a>) -> Self {
        Self { waker: cx.waker(), clone: None }
    }

    pub(super) fn is_looking(&self) -> bool {
        self.clone.is_none()
    }

    /// Puts its waker to `known`, if that would wake another task. Returns what is to be dropped
    /// without the lock.
    pub(super) fn renew(&mut self, known: &mut Waker) -> Option<Waker> {
        if known.will_wake(self.waker) {
            return None;
        }
        Some(std::mem::replace(known, self.clone.take()?))
    }

    /// Gives its waker away, once.
    pub(super) fn take(&mut self) -> Option<Waker> {
        self.clone.take()
    }
}

/// Tasks that wait until a goal is reached.
#[derive(Debug)]
pub(super) struct Waiters<G> {
    list: BTreeMap<Ticket<G>, Waker>,
    next: u64,
}

/// A goal, and what tells those with the same one apart.
pub(super) type Ticket<G> = (G, u64);

impl<G: Ord + Copy> Waiters<G> {
    pub(super) fn new() -> Self {
        Self { list: BTreeMap::new(), next: 0 }
    }

    /// Waits for `goal`. Returns a waker to be dropped without the lock.
    pub(super) fn wait(
        &mut self,
        ticket: &mut Option<Ticket<G>>,
        goal: G,
        caller: &mut Caller<'_>,
    ) -> Option<Waker> {
        let held = *ticket.get_or_insert_with(|| {
            self.next += 1;
            (goal, self.next)
        });
        match self.list.get_mut(&held) {
            Some(known) => caller.renew(known),
            None => self.list.insert(held, caller.take()?),
        }
    }

    /// Gives the wait up. Returns a waker to be dropped without the lock.
    pub(super) fn leave(&mut self, ticket: &mut Option<Ticket<G>>) -> Option<Waker> {
        let waker = self.list.remove(&ticket.take()?);
        if self.list.is_empty() {
            // An emptied map would hold memory.
            self.list = BTreeMap::new();
        }
        waker
    }

    /// Returns the first goal.
    #[inline]
    pub(super) fn first(&self) -> Option<G> {
        self.list.first_key_value().map(|((goal, _), _)| *goal)
    }

    /// Takes those out whose goal is reached.
    pub(super) fn take_up_to(&mut self, reached: G) -> impl Iterator<Item = Waker> + use<G> {
        // Mostly there are none, and an empty map that comes from a split holds memory.
        let later = match self.list.last_key_value() {
            Some(((goal, _), _)) if *goal > reached => self.list.split_off(&(reached, u64::MAX)),
            _ => BTreeMap::new(),
        };
        std::mem::replace(&mut self.list, later).into_values()
    }

    /// Takes all out.
    pub(super) fn take(&mut self) -> impl Iterator<Item = Waker> + use<G> {
        std::mem::take(&mut self.list).into_values()
    }
}

/// Wakes all, also those behind one whose waker panics. That goes on behind the last of them, unless it would
/// meet another panic. Must not be called under the lock.
pub(super) fn wake_all(wakers: impl IntoIterator<Item = Waker>) {
    let mut first = None;
    for waker in wakers {
        if let Err(panic) = panic::catch_unwind(AssertUnwindSafe(|| waker.wake())) {
            first.get_or_insert(panic);
        }
    }
    if let Some(panic) = first.filter(|_| !thread::panicking()) {
        panic::resume_unwind(panic);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::Wake;

    use super::*;

    struct Counts(AtomicUsize);

    impl Wake for Counts {
        fn wake(self: Arc<Self>) {
            assert!(self.0.fetch_add(1, Ordering::SeqCst) != 0, "the first one panics");
        }
    }

    #[test]
    fn those_whose_goal_is_reached_are_taken_in_order() {
        let mut waiters = Waiters::new();
        let mut tickets = [None; 4];
        for (ticket, goal) in tickets.iter_mut().zip([30, 10, 20, 20]) {
            let cx = Context::from_waker(Waker::noop());
            assert!(waiters.wait(ticket, goal, &mut Caller::waiting(&cx)).is_none());
        }
        assert_eq!(waiters.first(), Some(10));
        assert_eq!(waiters.take_up_to(20).count(), 3);
        assert!(waiters.leave(&mut tickets[1]).is_none());
        assert!(waiters.leave(&mut tickets[0]).is_some());
        assert_eq!(waiters.take().count(), 0);
    }

    #[test]
    fn a_waker_that_panics_does_not_keep_the_others_asleep() {
        let counts = Arc::new(Counts(AtomicUsize::new(0)));
        let waker = Waker::from(Arc::clone(&counts));
        let woken = panic::catch_unwind(AssertUnwindSafe(|| {
            wake_all([waker.clone(), waker.clone(), waker.clone()]);
        }));
        assert!(woken.is_err());
        assert_eq!(counts.0.load(Ordering::SeqCst), 3);
    }
}
