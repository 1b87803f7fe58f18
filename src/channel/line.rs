use std::collections::BTreeMap;
use std::task::Waker;

use super::waiters::Caller;

/// Those who wait to send, in the order in which they began to.
///
/// One at a time is called, the next when that one has acted. Newcomers go ahead while the channel is not
/// paused, until one who was called has come too late: from then on they wait behind all others,
/// until that one was served or has left, as in Go's `sync.Mutex`.
#[derive(Debug, Default)]
pub(super) struct Line {
    /// Those who were not called.
    waiting: BTreeMap<Place, Waker>,
    /// Those who were called, and have neither come nor left, with the number of the call.
    called: BTreeMap<Place, u64>,
    /// The one of them that the others wait for.
    awaited: Option<Place>,
    /// Calls so far. The number of the last one tells it from an earlier call to the same place.
    calls: u64,
    /// The first of those who were called in vain.
    starved: Option<Place>,
    /// The place of the next one to come.
    next: u64,
}

/// A place in the line. Its holder keeps it until it leaves, also when it was called.
///
/// In one number, as the lines of many channels are held: twice its place among all, and one more without
/// an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place(u64);

/// Who waits at a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Holder {
    /// A future with an item, which keeps the order of its handle: it is polled, or dropped.
    Item,
    /// Somebody who wants to know when there is room, and may lose interest.
    Interest,
}

impl Line {
    /// Takes note that the holder of `place`, or a newcomer, has come. Tells whether its turn has, too:
    /// then it acts, and [leaves](Self::leave).
    #[inline]
    pub(super) fn come(&mut self, place: Option<Place>, is_accepting: bool) -> bool {
        match place {
            None => is_accepting && self.lets_pass(),
            Some(held) => self.come_at(held, is_accepting),
        }
    }

    fn come_at(&mut self, held: Place, is_accepting: bool) -> bool {
        let call = self.called.remove(&held);
        // One before it may have come too late for its own call and be back, or have been called since and
        // be about to come.
        let is_before = |other: &Place| *other < held;
        let gives_way = self.waiting.keys().next().is_some_and(is_before)
            || self.awaited.as_ref().is_some_and(is_before)
            || (call != Some(self.calls)
                && self.called.range(..held).any(|(_, other)| Some(*other) > call));
        let is_turn = !gives_way && (call.is_some() || self.awaited.is_none());
        if self.awaited == Some(held) {
            self.awaited = None;
        }
        if call.is_some() && !is_accepting {
            self.starve(held);
        }
        is_turn && is_accepting
    }

    /// Waits at `place`, or at a new one behind all others. Returns a waker to be dropped without
    /// the lock.
    pub(super) fn wait(
        &mut self,
        place: &mut Option<Place>,
        holder: Holder,
        caller: &mut Caller<'_>,
    ) -> Option<Waker> {
        let held = *place.get_or_insert_with(|| {
            self.next += 1;
            Place(2 * self.next + u64::from(holder == Holder::Interest))
        });
        match self.waiting.get_mut(&held) {
            Some(known) => caller.renew(known),
            None => self.waiting.insert(held, caller.take()?),
        }
    }

    /// Gives a place up. Returns a waker to be dropped without the lock.
    pub(super) fn leave(&mut self, place: &mut Option<Place>) -> Option<Waker> {
        let held = place.take()?;
        self.called.remove(&held);
        self.forget(held);
        self.waiting.remove(&held)
    }

    /// Calls the next one, unless the one before it has yet to act.
    #[inline]
    pub(super) fn call(&mut self) -> Option<Waker> {
        if self.awaited.is_some() {
            return None;
        }
        let (place, waker) = self.waiting.pop_first()?;
        self.calls += 1;
        self.called.insert(place, self.calls);
        self.awaited = Some(place);
        Some(waker)
    }

    /// Waits no longer for the one that was called last. It may still come.
    pub(super) fn pass_over(&mut self) {
        if let Some(absent) = self.awaited.take() {
            self.forget(absent);
        }
    }

    /// Takes note of a pause. One who was called and has not come by now found the room gone: with an item
    /// it comes before all newcomers, and without one it is not waited for any longer.
    #[inline]
    pub(super) fn pause(&mut self) {
        match self.awaited {
            None => {}
            Some(Place(place)) if place % 2 == 1 => self.pass_over(),
            Some(absent) => self.starve(absent),
        }
    }

    /// Returns the number of the call that was not answered, if it holds others back.
    pub(super) fn unanswered(&self) -> Option<u64> {
        let holds_others_back = !self.waiting.is_empty() || !self.lets_pass();
        (self.awaited.is_some() && holds_others_back).then_some(self.calls)
    }

    /// Tells whether a newcomer may go ahead.
    #[inline]
    pub(super) fn lets_pass(&self) -> bool {
        self.starved.is_none()
    }

    /// Tells whether nobody is to be called, whatever comes in.
    #[inline]
    pub(super) fn is_calm(&self) -> bool {
        self.starved.is_none() && (self.waiting.is_empty() || self.awaited.is_some())
    }

    pub(super) fn is_first(&self, place: Place) -> bool {
        self.waiting.first_key_value().is_some_and(|(first, _)| *first == place)
    }

    /// Empties the line; the places stay with their holders. Returns those who wait.
    pub(super) fn take(&mut self) -> impl Iterator<Item = Waker> + use<> {
        let (next, calls) = (self.next, self.calls);
        std::mem::replace(self, Self { next, calls, ..Self::default() }).waiting.into_values()
    }

    /// Lets nobody pass who has not waited until one that was called in vain is served or leaves.
    fn starve(&mut self, place: Place) {
        self.starved = Some(self.starved.map_or(place, |first| first.min(place)));
    }

    /// Takes note of one that is no longer waited for.
    fn forget(&mut self, place: Place) {
        if self.awaited == Some(place) {
            self.awaited = None;
        }
        if self.starved == Some(place) {
            self.starved = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::task::Context;

    use super::*;

    fn wait(line: &mut Line) -> Option<Place> {
        let mut place = None;
        assert!(wait_at(line, &mut place, Waker::noop()).is_none());
        place
    }

    fn wait_at(line: &mut Line, place: &mut Option<Place>, waker: &Waker) -> Option<Waker> {
        line.wait(place, Holder::Item, &mut Caller::waiting(&Context::from_waker(waker)))
    }

    fn take_turn(line: &mut Line, place: &mut Option<Place>, is_accepting: bool) -> bool {
        let is_turn = line.come(*place, is_accepting);
        if is_turn {
            line.leave(place);
        }
        is_turn
    }

    #[test]
    fn one_at_a_time_is_called_and_takes_its_turn() {
        let mut line = Line::default();
        let (mut first, mut second) = (wait(&mut line), wait(&mut line));
        assert!(line.call().is_some());
        assert!(line.call().is_none(), "the first one has not acted");
        assert!(!take_turn(&mut line, &mut second, true));
        assert!(take_turn(&mut line, &mut first, true) && first.is_none());
        assert!(line.call().is_some());
        assert!(take_turn(&mut line, &mut second, true));
        assert!(line.is_calm() && line.call().is_none());
    }

    #[test]
    fn newcomers_wait_once_one_was_called_in_vain_until_it_is_served_or_leaves() {
        for leaves in [false, true] {
            let mut line = Line::default();
            let mut first = wait(&mut line);
            assert!(take_turn(&mut line, &mut None, true), "newcomers go ahead");
            assert!(line.call().is_some());
            assert!(!take_turn(&mut line, &mut first, false), "paused again");
            wait_at(&mut line, &mut first, Waker::noop());
            assert!(!take_turn(&mut line, &mut None, true));
            if leaves {
                assert!(line.leave(&mut first).is_some());
            } else {
                assert!(line.call().is_some());
                assert!(take_turn(&mut line, &mut first, true));
            }
            assert!(take_turn(&mut line, &mut None, true));
        }
    }

    #[test]
    fn one_that_does_not_come_is_passed_over_and_may_come_later() {
        let mut line = Line::default();
        let (mut first, mut second) = (wait(&mut line), wait(&mut line));
        assert!(line.call().is_some());
        assert_eq!(line.unanswered(), Some(1));
        line.pass_over();
        assert!(line.call().is_some());
        assert_eq!(line.unanswered(), None, "there are no others");
        assert!(take_turn(&mut line, &mut second, true));
        assert!(take_turn(&mut line, &mut first, true));
        assert!(line.called.is_empty());
    }

    #[test]
    fn only_one_without_an_item_is_passed_over_where_the_channel_pauses_again() {
        for (holder, others) in [(Holder::Item, None), (Holder::Interest, Some(2))] {
            let (mut line, mut first) = (Line::default(), None);
            let cx = Context::from_waker(Waker::noop());
            assert!(line.wait(&mut first, holder, &mut Caller::waiting(&cx)).is_none());
            wait(&mut line);
            assert!(line.call().is_some());
            line.pause();
            assert_eq!(line.call().map(|_| line.calls), others);
        }
    }

    #[test]
    fn one_that_was_called_gives_way_to_one_before_it_that_is_back() {
        let mut line = Line::default();
        let (mut first, mut second) = (wait(&mut line), wait(&mut line));
        assert!(line.call().is_some());
        line.pass_over();
        assert!(line.call().is_some());
        assert!(!take_turn(&mut line, &mut first, false), "too late");
        wait_at(&mut line, &mut first, Waker::noop());
        line.pass_over();
        assert!(line.call().is_some());
        assert!(!take_turn(&mut line, &mut second, true), "the first one was called anew");
        wait_at(&mut line, &mut second, Waker::noop());
        assert!(take_turn(&mut line, &mut first, true));
        assert!(line.call().is_some());
        assert!(take_turn(&mut line, &mut second, true));
    }

    #[test]
    fn one_that_was_called_gives_way_to_one_before_it_that_was_called_since_and_has_not_come() {
        let mut line = Line::default();
        let (mut first, mut second) = (wait(&mut line), wait(&mut line));
        for _ in 0..2 {
            assert!(line.call().is_some());
            line.pass_over();
        }
        assert!(!take_turn(&mut line, &mut first, false), "the channel is paused");
        wait_at(&mut line, &mut first, Waker::noop());
        assert!(line.call().is_some());
        line.pass_over();
        assert!(!take_turn(&mut line, &mut second, true), "the first one is about to come");
        wait_at(&mut line, &mut second, Waker::noop());
        assert!(line.call().is_some());
        assert!(take_turn(&mut line, &mut second, true), "the first one does not come");
        assert!(take_turn(&mut line, &mut first, true));
    }

    #[test]
    fn one_that_leaves_lets_the_next_be_called() {
        let mut line = Line::default();
        let mut places = [(); 5].map(|()| wait(&mut line));
        for leaving in [2, 0, 4] {
            assert!(line.leave(&mut places[leaving]).is_some());
            assert!(line.leave(&mut places[leaving]).is_none());
        }
        assert!(line.call().is_some());
        assert!(line.leave(&mut places[1]).is_none(), "its waker is gone");
        assert!(line.call().is_some());
        assert!(take_turn(&mut line, &mut places[3], true));
    }

    #[test]
    fn a_waker_is_replaced_only_by_one_that_wakes_another_task() {
        struct Nobody;
        impl std::task::Wake for Nobody {
            fn wake(self: std::sync::Arc<Self>) {}
        }
        let mut line = Line::default();
        let mut place = None;
        let [first, second] = [(); 2].map(|()| Waker::from(std::sync::Arc::new(Nobody)));
        assert!(wait_at(&mut line, &mut place, &first).is_none());
        assert!(wait_at(&mut line, &mut place, &first).is_none());
        let replaced = wait_at(&mut line, &mut place, &second).expect("another task");
        assert!(replaced.will_wake(&first));
        assert!(line.call().is_some_and(|waker| waker.will_wake(&second)));
    }
}
