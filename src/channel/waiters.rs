use std::collections::VecDeque;
use std::task::Waker;

/// Tasks that wait, in the order in which they began to.
///
/// Finding one's place is a binary search. Giving one up in the middle moves the shorter half of
/// the list.
#[derive(Debug)]
pub(super) struct Waiters<T> {
    /// Invariant: in ascending order of the places.
    list: VecDeque<Waiter<T>>,
    /// The place of the next one to come.
    next: u64,
}

/// A place in a list of [`Waiters`]. Its holder keeps it until it leaves, also while it is not in
/// the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place(u64);

#[derive(Debug)]
pub(super) struct Waiter<T> {
    place: Place,
    /// What it waits for.
    pub(super) goal: T,
    /// `None` once it has been woken.
    pub(super) waker: Option<Waker>,
}

impl<T> Waiters<T> {
    pub(super) fn new() -> Self {
        Self { list: VecDeque::new(), next: 0 }
    }

    /// Waits at `place`, or at a new one behind all others. Returns a waker to be dropped without
    /// the lock.
    pub(super) fn wait(
        &mut self,
        place: &mut Option<Place>,
        goal: T,
        waker: &Waker,
    ) -> Option<Waker> {
        let held = *place.get_or_insert_with(|| {
            self.next += 1;
            Place(self.next)
        });
        match self.find(held) {
            Ok(index) => {
                let waiter = &mut self.list[index];
                waiter.goal = goal;
                match &mut waiter.waker {
                    Some(known) if known.will_wake(waker) => None,
                    known => known.replace(waker.clone()),
                }
            }
            Err(index) => {
                self.list.insert(index, Waiter { place: held, goal, waker: Some(waker.clone()) });
                None
            }
        }
    }

    /// Gives a place up. Returns a waker to be dropped without the lock.
    pub(super) fn leave(&mut self, place: &mut Option<Place>) -> Option<Waker> {
        let index = self.find(place.take()?).ok()?;
        let waker = self.list.remove(index)?.waker;
        self.shrink();
        waker
    }

    /// Tells whether the holder of `place` was woken and has not waited again.
    pub(super) fn is_woken(&self, place: Place) -> bool {
        self.find(place).map_or(true, |index| self.list[index].waker.is_none())
    }

    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    #[inline]
    pub(super) fn peek(&self) -> Option<&Waiter<T>> {
        self.list.front()
    }

    pub(super) fn first(&mut self) -> Option<&mut Waiter<T>> {
        self.list.front_mut()
    }

    /// Takes the first one out of the list; its holder keeps the place.
    pub(super) fn pop(&mut self) -> Option<Waker> {
        let waker = self.list.pop_front()?.waker;
        self.shrink();
        waker
    }

    /// Empties the list; the places stay with their holders.
    pub(super) fn take(&mut self) -> Self {
        Self { list: std::mem::take(&mut self.list), next: self.next }
    }

    /// Wakes all that are in the list. Must not be called under the lock.
    pub(super) fn wake(self) {
        self.list.into_iter().filter_map(|waiter| waiter.waker).for_each(Waker::wake);
    }

    fn find(&self, place: Place) -> Result<usize, usize> {
        self.list.binary_search_by_key(&place, |waiter| waiter.place)
    }

    /// Frees the room of a list that was long.
    fn shrink(&mut self) {
        if self.list.is_empty() && self.list.capacity() > KEPT_ROOM {
            self.list = VecDeque::new();
        }
    }
}

/// Waiters that an empty list keeps room for: 512 bytes.
const KEPT_ROOM: usize = 16;

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::task::Wake;

    use super::*;

    struct Nobody;

    impl Wake for Nobody {
        fn wake(self: Arc<Self>) {}
    }

    #[test]
    fn a_woken_waiter_gets_its_old_place_back() {
        let mut waiters = Waiters::new();
        let waker = Waker::noop();
        let (mut first, mut second) = (None, None);
        waiters.wait(&mut first, 'a', waker);
        waiters.wait(&mut second, 'b', waker);
        assert!(waiters.pop().is_some());
        assert!(waiters.is_woken(first.expect("waits")));
        waiters.wait(&mut first, 'a', waker);
        assert_eq!(waiters.first().map(|waiter| waiter.goal), Some('a'));
        assert!(!waiters.is_woken(first.expect("waits")));
    }

    #[test]
    fn one_that_leaves_leaves_no_hole() {
        let mut waiters = Waiters::new();
        let mut places = [None; 5];
        for (index, place) in places.iter_mut().enumerate() {
            waiters.wait(place, index, Waker::noop());
        }
        for leaving in [2, 0, 4] {
            assert!(waiters.leave(&mut places[leaving]).is_some());
            assert!(waiters.leave(&mut places[leaving]).is_none());
        }
        assert_eq!(waiters.first().map(|waiter| waiter.goal), Some(1));
        assert_eq!(waiters.take().list.len(), 2);
        assert!(waiters.leave(&mut places[1]).is_none());
    }

    #[test]
    fn a_waker_is_replaced_only_by_one_that_wakes_another_task() {
        let mut waiters = Waiters::new();
        let mut place = None;
        let [first, second] = [(); 2].map(|()| Waker::from(Arc::new(Nobody)));
        assert!(waiters.wait(&mut place, (), &first).is_none());
        assert!(waiters.wait(&mut place, (), &first).is_none());
        let replaced = waiters.wait(&mut place, (), &second).expect("another task");
        assert!(replaced.will_wake(&first));
        assert!(waiters.pop().is_some_and(|waker| waker.will_wake(&second)));
    }

    #[test]
    fn an_empty_list_keeps_the_room_of_few() {
        let mut waiters = Waiters::new();
        let mut places = [None; KEPT_ROOM];
        for place in &mut places {
            waiters.wait(place, (), Waker::noop());
        }
        while waiters.pop().is_some() {}
        assert_eq!(waiters.list.capacity(), KEPT_ROOM);
    }

    #[test]
    fn an_empty_list_gives_its_memory_back() {
        let mut waiters = Waiters::new();
        let mut places = [None; 100];
        for place in &mut places {
            waiters.wait(place, (), Waker::noop());
        }
        for place in &mut places {
            waiters.leave(place);
        }
        assert_eq!(waiters.list.capacity(), 0);
    }
}
