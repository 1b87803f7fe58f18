mod job;
mod journal;

use std::cell::RefCell;
use std::pin::Pin;
use std::rc::Rc;
use std::task::Poll;

use bytes::Bytes;
use flow_controlled_writer::channel::{Driver, Sender};
use flow_controlled_writer::{
    Builder, FlowControlledWriter, MemoryBudget, TrySendError, Watermarks,
};
use futures::Sink;

use self::job::{Goal, Job};
use self::journal::Journal;
use super::config::{Config, marks};
use super::flow::Flow;
use super::input::Input;
use super::script;
use crate::support::{Answer, Handle, Scripted, Task};

/// Runs the operations that `bytes` spell on a channel: many handles and futures on one thread,
/// each of which is polled, or dropped, when the bytes say so.
///
/// In the end the inner writer takes everything, and whatever is polled then is polled only
/// because it was woken: a wake-up that was lost leaves something pending.
pub(crate) fn run_channel(bytes: &[u8]) {
    let mut input = Input::new(bytes);
    let mut world = World::new(&mut input);
    while !input.is_empty() {
        let before = world.journal.borrow().outstanding();
        world.step(&mut input);
        world.check(before);
    }
    world.end();
}

struct World {
    /// Handles of which at least one is open until [`World::end`], unless all were dropped.
    senders: Vec<Rc<Sender>>,
    /// A handle that only looks; it is in the way of an end by the last drop until then.
    observer: Option<Rc<Sender>>,
    jobs: Vec<Job>,
    driver: Option<Driver<Scripted>>,
    task: Task,
    /// Whether the driver is to be polled: it was woken, or never polled before.
    is_called: bool,
    inner: Handle,
    journal: Rc<RefCell<Journal>>,
    budget: Option<MemoryBudget>,
    /// A writer that holds some of the budget.
    other: Option<FlowControlledWriter<tokio::io::Sink>>,
}

impl World {
    fn new(input: &mut Input<'_>) -> Self {
        let config = Config::new(input);
        let (inner, handle) = Scripted::new(!input.one_in(3), []);
        let (options, budget) = config.options();
        let mut writer = options.build(inner);
        let flow = Flow::new(config.marks, config.hard_limit, config.budget);
        let mut journal = Journal::new(flow);
        for _ in 0..input.below(3) {
            let chunk = input.chunk();
            if writer.try_send(chunk.clone()).is_ok() {
                journal.accept(&chunk);
            }
        }
        let (sender, driver) = writer.into_channel();
        let sender = Rc::new(sender);
        Self {
            senders: vec![Rc::new((*sender).clone())],
            observer: Some(sender),
            jobs: Vec::new(),
            driver: Some(driver),
            task: Task::new(),
            is_called: true,
            inner: handle,
            journal: Rc::new(RefCell::new(journal)),
            budget,
            other: None,
        }
    }

    fn step(&mut self, input: &mut Input<'_>) {
        match input.below(64) {
            0..=4 => self.try_send(input),
            5 | 6 => self.start_send(input),
            7 => self.send_now(input),
            8..=15 => self.spawn_send(input),
            16..=20 => self.spawn_item(input),
            21..=24 => self.spawn_write(input),
            25 | 26 => self.spawn_waiting(input, Goal::Ready),
            27..=29 => self.spawn_waiting(input, Goal::Flush),
            30 => self.spawn_waiting(input, Goal::Closed),
            31..=38 => self.poll_job(input),
            39 | 40 => self.drop_job(input),
            41..=50 => self.drive(),
            51 => drop(self.inner.wake()),
            52 => self.clone_handle(input),
            53 => self.drop_handle(input),
            54 | 55 => self.set_marks(marks(input)),
            59 => self.change_budget(input),
            56 if input.one_in(8) => self.observer().close_channel(),
            57 if input.one_in(8) => self.abort(),
            58 if input.one_in(8) => self.drop_driver(),
            _ => script::extend(&self.inner, input),
        }
    }

    fn try_send(&mut self, input: &mut Input<'_>) {
        let (Some(sender), chunk) = (self.pick(input), input.chunk()) else { return };
        let is_refused = sender.is_paused() && !chunk.is_empty();
        let is_closed = sender.is_closed();
        let result = sender.try_send(chunk.clone());
        let mut journal = self.journal.borrow_mut();
        let expected = if is_closed {
            Err(TrySendError::Closed(chunk))
        } else if is_refused {
            Err(TrySendError::Full(chunk))
        } else {
            if !chunk.is_empty() {
                journal.check_order(job::id(&sender), None);
            }
            Ok(journal.accept(&chunk))
        };
        assert_eq!(result, expected);
    }

    fn send_now(&mut self, input: &mut Input<'_>) {
        let (Some(sender), chunk) = (self.pick(input), input.chunk()) else { return };
        let result = sender.send_now(chunk.clone());
        let expected = self.accept_past_pause(&sender, chunk);
        assert_eq!(result, expected);
    }

    /// An item of a sink that nobody asked to be ready.
    fn start_send(&mut self, input: &mut Input<'_>) {
        let (Some(sender), chunk) = (self.pick(input), input.chunk()) else { return };
        let mut sink = (*sender).clone();
        let result = Pin::new(&mut sink)
            .start_send(chunk.clone())
            .map_err(|error| error.downcast::<TrySendError>().expect("the chunk in the error"));
        let expected = self.accept_past_pause(&sender, chunk);
        assert_eq!(result, expected.map(drop));
    }

    /// Returns what must come of an item past a pause.
    fn accept_past_pause(&mut self, sender: &Sender, chunk: Bytes) -> Result<u64, TrySendError> {
        let mut journal = self.journal.borrow_mut();
        journal.look();
        if sender.is_closed() {
            Err(TrySendError::Closed(chunk))
        } else if !chunk.is_empty() && !journal.admits_past_pause() {
            Err(TrySendError::Full(chunk))
        } else {
            Ok(journal.accept_past_pause(&chunk))
        }
    }

    fn spawn_send(&mut self, input: &mut Input<'_>) {
        let (Some(sender), chunk) = (self.pick(input), input.chunk()) else { return };
        let middle = if input.one_in(4) { chunk.len() / 2 } else { 0 };
        self.spawn(Job::send(sender, chunk, middle, &self.journal));
    }

    fn spawn_item(&mut self, input: &mut Input<'_>) {
        let (Some(sender), chunk) = (self.pick(input), input.chunk()) else { return };
        let ends = input.one_in(3);
        self.spawn(Job::item((*sender).clone(), chunk, ends, &self.journal));
    }

    fn spawn_write(&mut self, input: &mut Input<'_>) {
        let (Some(sender), bytes) = (self.pick(input), input.payload()) else { return };
        self.spawn(Job::write((*sender).clone(), bytes, &self.journal));
    }

    fn spawn_waiting(&mut self, input: &mut Input<'_>, goal: Goal) {
        let Some(sender) = self.pick(input) else { return };
        self.spawn(match goal {
            Goal::Ready => Job::ready(sender, &self.journal),
            Goal::Flush if input.one_in(2) => Job::flushed(sender, &self.journal),
            Goal::Flush => Job::flush(sender, &self.journal),
            _ => Job::closed(sender, &self.journal),
        });
    }

    fn spawn(&mut self, mut job: Job) {
        if job.poll().is_pending() {
            self.jobs.push(job);
        }
    }

    /// Polls a job, woken or not.
    fn poll_job(&mut self, input: &mut Input<'_>) {
        if !self.jobs.is_empty() {
            let index = input.below(self.jobs.len());
            if self.jobs[index].poll().is_ready() {
                self.jobs.swap_remove(index);
            }
        }
    }

    fn drop_job(&mut self, input: &mut Input<'_>) {
        if !self.jobs.is_empty() {
            self.jobs.swap_remove(input.below(self.jobs.len()));
        }
    }

    /// Polls the driver, woken or not.
    fn drive(&mut self) {
        let Some(mut driver) = self.driver.take() else { return };
        self.task.take_wakes();
        self.is_called = false;
        let polled = self.task.poll(Pin::new(&mut driver));
        let mut journal = self.journal.borrow_mut();
        journal.follow(&self.inner);
        match polled {
            Poll::Pending => {
                drop(journal);
                self.driver = Some(driver);
            }
            Poll::Ready(Ok(_)) => {
                let is_closed = self.observer.as_ref().is_none_or(|sender| sender.is_closed());
                assert!(is_closed, "the driver ended on its own");
                assert_eq!(journal.outstanding(), 0, "the driver left bytes behind");
            }
            Poll::Ready(Err(failure)) => {
                let chunks: Vec<Bytes> = failure.parts.queue.into_iter().collect();
                assert!(chunks.concat() == journal.unsent(), "the unsent bytes differ");
                journal.fail();
            }
        }
    }

    fn drop_driver(&mut self) {
        if self.driver.take().is_some() {
            self.journal.borrow_mut().fail();
        }
    }

    fn clone_handle(&mut self, input: &mut Input<'_>) {
        if let Some(sender) = self.pick(input).filter(|_| self.senders.len() < 8) {
            self.senders.push(Rc::new((*sender).clone()));
        }
    }

    fn drop_handle(&mut self, input: &mut Input<'_>) {
        if !self.senders.is_empty() {
            self.senders.swap_remove(input.below(self.senders.len()));
        }
    }

    fn set_marks(&mut self, (low, high): (usize, usize)) {
        self.observer().set_watermarks(Watermarks::new(low, high));
        let mut journal = self.journal.borrow_mut();
        let size = journal.outstanding();
        journal.flow().set_marks((low, high), size);
    }

    /// Another writer takes some of the budget, or gives all back. The channel notices at its next call.
    fn change_budget(&mut self, input: &mut Input<'_>) {
        let Some(shared) = &self.budget else { return };
        let mut journal = self.journal.borrow_mut();
        let known = journal.flow().budget().expect("the same");
        if input.one_in(2) {
            known.others = 0;
            self.other = None;
            return;
        }
        let size = input.size();
        let options = Builder::new().budget(shared.clone());
        let other = self.other.get_or_insert_with(|| options.build(tokio::io::sink()));
        if other.try_send(input.payload_of(size)).is_ok() {
            known.others += size;
        }
    }

    fn abort(&mut self) {
        let expected = self.journal.borrow_mut().abort();
        assert_eq!(self.observer().abort(), expected, "what was discarded");
        assert!(expected == 0 || self.is_driver_called(), "the driver does not learn of an abort");
    }

    /// Takes note of those who were woken and have not come since.
    fn note_absent(&mut self) {
        for job in &mut self.jobs {
            let _noted = job.is_woken();
        }
    }

    /// Checks what holds at every step, before which so many bytes were outstanding.
    fn check(&mut self, before: usize) {
        let is_called = self.is_driver_called();
        self.note_absent();
        self.journal.borrow_mut().look();
        let (sender, journal) = (self.observer(), self.journal.borrow());
        if before == 0 && journal.outstanding() > 0 {
            assert!(is_called, "the driver does not learn of bytes");
        }
        let size = sender.buffer_size();
        if journal.is_alive() {
            assert_eq!(size, journal.outstanding(), "bytes are missing");
            assert_eq!(sender.written(), journal.written());
            // It also says so while one that was called has yet to be served.
            let says_paused = sender.is_paused();
            assert!(says_paused || !journal.is_paused(), "not paused at {size}");
            let waits = |job: &Job| {
                matches!(job.goal(), Goal::Send | Goal::Item | Goal::Write | Goal::Ready)
            };
            let is_held_up = self.jobs.iter().any(waits);
            assert!(!says_paused || journal.is_paused() || is_held_up, "paused at {size}");
        }
        assert_eq!(self.budget.as_ref().map(MemoryBudget::used), journal.used());
        let stats = sender.stats();
        assert_eq!(stats.enqueued_bytes, journal.enqueued());
        assert!(stats.peak_buffer_size >= size);
        assert_eq!(stats.written_bytes, journal.written());
    }

    /// Lets everything run to its end, and polls what was woken only.
    fn end(mut self) {
        self.inner.otherwise(Answer::Done);
        self.run();
        let stuck: Vec<_> =
            self.jobs.iter().map(Job::goal).filter(|goal| *goal != Goal::Closed).collect();
        assert_eq!(stuck, [], "nobody wakes these");
        self.check(0);

        self.senders.clear();
        drop(self.observer.take());
        // A job that waits for the end holds a handle: it is let go, as a task would be cancelled.
        if let Some(sender) = self.jobs.first().map(Job::sender) {
            sender.close_channel();
        }
        self.run();
        assert!(self.driver.is_none(), "nobody wakes the driver");
        assert!(self.jobs.is_empty(), "nobody tells of the end");
        let journal = self.journal.borrow();
        assert!(!journal.is_alive() || journal.outstanding() == 0, "bytes are left");
    }

    /// Polls whatever is woken until nothing is.
    fn run(&mut self) {
        let mut polls = 0;
        loop {
            let mut idle = true;
            self.inner.wake();
            if self.driver.is_some() && self.is_driver_called() {
                idle = false;
                self.drive();
            }
            let mut index = 0;
            while index < self.jobs.len() {
                if !self.jobs[index].is_woken() {
                    index += 1;
                    continue;
                }
                idle = false;
                self.note_absent();
                if self.jobs[index].poll().is_ready() {
                    self.jobs.swap_remove(index);
                }
            }
            if idle {
                return;
            }
            polls += 1;
            assert!(polls < 10_000, "the channel never settles");
        }
    }

    fn is_driver_called(&mut self) -> bool {
        self.is_called |= self.task.take_wakes() > 0;
        self.is_called || self.driver.is_none()
    }

    fn observer(&self) -> &Sender {
        self.observer.as_ref().expect("it stays until the end")
    }

    fn pick(&self, input: &mut Input<'_>) -> Option<Rc<Sender>> {
        let index = input.below(self.senders.len().max(1));
        self.senders.get(index).map(Rc::clone)
    }
}
