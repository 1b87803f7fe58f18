use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::Poll;

use bytes::Bytes;
use flow_controlled_writer::TrySendError;
use flow_controlled_writer::channel::Sender;
use futures::SinkExt;
use tokio::io::AsyncWriteExt;

use super::journal::Journal;
use crate::support::Task;

/// A future of a handle and the task that polls it. It checks its result by itself.
pub(super) struct Job {
    goal: Goal,
    future: Pin<Box<dyn Future<Output = ()>>>,
    task: Task,
    /// Whether it was woken since it was last polled.
    is_woken: bool,
    /// The number of a send that waits.
    number: Number,
    journal: Shared,
    /// A handle to close the channel by.
    sender: Rc<Sender>,
}

/// The number of a send once it has begun to wait.
type Number = Rc<Cell<Option<u64>>>;

/// What a job waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Goal {
    Send,
    Item,
    Write,
    Ready,
    Flush,
    Closed,
}

type Shared = Rc<RefCell<Journal>>;

impl Job {
    /// Sends an item, in one chunk or in two.
    pub(super) fn send(sender: Rc<Sender>, chunk: Bytes, parts: usize, journal: &Shared) -> Self {
        let (handle, journal) = (Rc::clone(&sender), Rc::clone(journal));
        let number = Number::default();
        let place = Waits { handle: id(&handle), number: Rc::clone(&number), journal };
        let send = Self::new(Goal::Send, sender, &place.journal.clone(), async move {
            let sent = async {
                match parts {
                    0 => handle.send(chunk.clone()).await,
                    middle => {
                        let (head, tail) = (chunk.slice(..middle), chunk.slice(middle..));
                        handle.send_chunks([head, tail]).await
                    }
                }
            };
            match place.watch(sent).await {
                Ok(position) => {
                    let mut journal = place.journal.borrow_mut();
                    journal.check_order(place.handle, place.number.get());
                    assert_eq!(position, journal.accept(&chunk));
                }
                Err(TrySendError::Closed(back)) => {
                    assert!(handle.is_closed());
                    assert_eq!(back, chunk);
                }
                Err(TrySendError::Full(_)) => panic!("a send waits"),
            }
        });
        Self { number, ..send }
    }

    /// Feeds an item to a sink and flushes or closes it.
    pub(super) fn item(mut sink: Sender, chunk: Bytes, ends: bool, journal: &Shared) -> Self {
        let (sender, journal) = (Rc::new(sink.clone()), Rc::clone(journal));
        Self::new(Goal::Item, sender, &Rc::clone(&journal), async move {
            if sink.feed(chunk.clone()).await.is_ok() {
                journal.borrow_mut().accept(&chunk);
                assert_eq!(sink.buffer_size(), journal.borrow().outstanding());
            }
            let position = journal.borrow().position();
            let result = if ends {
                SinkExt::close(&mut sink).await
            } else {
                SinkExt::flush(&mut sink).await
            };
            check_flush(&result, position, &sink, &journal);
        })
    }

    pub(super) fn write(mut sender: Sender, bytes: &'static [u8], journal: &Shared) -> Self {
        let (handle, journal) = (Rc::new(sender.clone()), Rc::clone(journal));
        Self::new(Goal::Write, handle, &Rc::clone(&journal), async move {
            if let Ok(count) = sender.write(bytes).await {
                assert_eq!(count, bytes.len(), "one item, taken whole");
                journal.borrow_mut().accept(bytes);
            }
        })
    }

    pub(super) fn ready(sender: Rc<Sender>, journal: &Shared) -> Self {
        let (handle, journal) = (Rc::clone(&sender), Rc::clone(journal));
        Self::new(Goal::Ready, sender, &Rc::clone(&journal), async move {
            match handle.ready().await {
                Ok(()) => assert!(!journal.borrow().is_paused(), "ready, and paused"),
                Err(_) => assert!(handle.is_closed()),
            }
        })
    }

    pub(super) fn flush(sender: Rc<Sender>, journal: &Shared) -> Self {
        let (handle, journal) = (Rc::clone(&sender), Rc::clone(journal));
        Self::new(Goal::Flush, sender, &Rc::clone(&journal), async move {
            let position = journal.borrow().position();
            check_flush(&handle.flush().await, position, &handle, &journal);
        })
    }

    /// Waits until all that was accepted by now is flushed, by its position.
    pub(super) fn flushed(sender: Rc<Sender>, journal: &Shared) -> Self {
        let (handle, journal) = (Rc::clone(&sender), Rc::clone(journal));
        let position = journal.borrow().position();
        Self::new(Goal::Flush, sender, &Rc::clone(&journal), async move {
            let result = handle.flushed(position as u64).await;
            assert!(result.is_err() || handle.written() >= position as u64);
            check_flush(&result, position, &handle, &journal);
        })
    }

    pub(super) fn closed(sender: Rc<Sender>, journal: &Shared) -> Self {
        let (handle, journal) = (Rc::clone(&sender), Rc::clone(journal));
        Self::new(Goal::Closed, sender, &Rc::clone(&journal), async move {
            let result = handle.closed().await;
            assert!(handle.is_closed());
            assert_eq!(result.is_err(), journal.borrow().has_failed(), "{result:?}");
        })
    }

    fn new(
        goal: Goal,
        sender: Rc<Sender>,
        journal: &Shared,
        future: impl Future<Output = ()> + 'static,
    ) -> Self {
        Self {
            goal,
            future: Box::pin(future),
            task: Task::new(),
            is_woken: false,
            number: Number::default(),
            journal: Rc::clone(journal),
            sender,
        }
    }

    /// Polls the future, woken or not.
    pub(super) fn poll(&mut self) -> Poll<()> {
        self.task.take_wakes();
        self.is_woken = false;
        self.note_absence();
        self.task.poll(self.future.as_mut())
    }

    /// Tells whether the task was woken since it was last polled.
    pub(super) fn is_woken(&mut self) -> bool {
        self.is_woken |= self.task.take_wakes() > 0;
        self.note_absence();
        self.is_woken
    }

    fn note_absence(&self) {
        if let Some(number) = self.number.get() {
            self.journal.borrow_mut().set_absent(number, self.is_woken);
        }
    }

    pub(super) fn goal(&self) -> Goal {
        self.goal
    }

    pub(super) fn sender(&self) -> &Sender {
        &self.sender
    }
}

/// A send that may wait. It is taken out of those that do when it is done or dropped.
struct Waits {
    handle: usize,
    number: Number,
    journal: Shared,
}

impl Waits {
    /// Polls `sent` and takes note of when it began to wait.
    async fn watch<T>(&self, sent: impl Future<Output = T>) -> T {
        let mut sent = pin!(sent);
        poll_fn(|cx| {
            let polled = sent.as_mut().poll(cx);
            if polled.is_pending() && self.number.get().is_none() {
                self.number.set(Some(self.journal.borrow_mut().begin_to_wait(self.handle)));
            }
            polled
        })
        .await
    }
}

impl Drop for Waits {
    fn drop(&mut self) {
        if let Some(number) = self.number.take() {
            self.journal.borrow_mut().end_to_wait(self.handle, number);
        }
    }
}

/// Returns what tells a handle from others.
pub(super) fn id(handle: &Rc<Sender>) -> usize {
    Rc::as_ptr(handle) as usize
}

/// A flush that succeeds has seen everything up to `position` written and flushed.
fn check_flush(
    result: &std::io::Result<()>,
    position: usize,
    sender: &Sender,
    journal: &RefCell<Journal>,
) {
    match result {
        Ok(()) => assert!(journal.borrow().is_flushed(position), "not flushed to {position}"),
        Err(_) => assert!(sender.is_closed()),
    }
}
