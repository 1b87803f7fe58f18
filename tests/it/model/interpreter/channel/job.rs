use std::cell::RefCell;
use std::pin::Pin;
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
    /// A handle to close the channel by.
    sender: Rc<Sender>,
}

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
    pub(super) fn send(sender: Rc<Sender>, chunk: Bytes, journal: &Shared) -> Self {
        let (handle, journal) = (Rc::clone(&sender), Rc::clone(journal));
        Self::new(Goal::Send, sender, async move {
            match handle.send(chunk.clone()).await {
                Ok(()) => journal.borrow_mut().accept(&chunk),
                Err(TrySendError::Closed(back)) => {
                    assert!(handle.is_closed());
                    assert_eq!(back, chunk);
                }
                Err(TrySendError::Full(back)) => {
                    let size = handle.buffer_size() + chunk.len();
                    assert!(!journal.borrow().admits(size), "there was room");
                    assert_eq!(back, chunk);
                }
            }
        })
    }

    /// Feeds an item to a sink and flushes or closes it.
    pub(super) fn item(mut sink: Sender, chunk: Bytes, ends: bool, journal: &Shared) -> Self {
        let (sender, journal) = (Rc::new(sink.clone()), Rc::clone(journal));
        Self::new(Goal::Item, sender, async move {
            if sink.feed(chunk.clone()).await.is_ok() {
                journal.borrow_mut().accept(&chunk);
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
        Self::new(Goal::Write, handle, async move {
            if let Ok(count) = sender.write(bytes).await {
                assert_eq!(count == 0, bytes.is_empty());
                journal.borrow_mut().accept(&bytes[..count]);
            }
        })
    }

    pub(super) fn ready(sender: Rc<Sender>) -> Self {
        let handle = Rc::clone(&sender);
        Self::new(Goal::Ready, sender, async move {
            match handle.ready().await {
                Ok(()) => assert!(!handle.is_paused(), "ready, and paused"),
                Err(_) => assert!(handle.is_closed()),
            }
        })
    }

    pub(super) fn flush(sender: Rc<Sender>, journal: &Shared) -> Self {
        let (handle, journal) = (Rc::clone(&sender), Rc::clone(journal));
        Self::new(Goal::Flush, sender, async move {
            let position = journal.borrow().position();
            check_flush(&handle.flush().await, position, &handle, &journal);
        })
    }

    pub(super) fn closed(sender: Rc<Sender>) -> Self {
        let handle = Rc::clone(&sender);
        Self::new(Goal::Closed, sender, async move {
            handle.closed().await;
            assert!(handle.is_closed());
        })
    }

    fn new(goal: Goal, sender: Rc<Sender>, future: impl Future<Output = ()> + 'static) -> Self {
        Self { goal, future: Box::pin(future), task: Task::new(), sender }
    }

    /// Polls the future, woken or not.
    pub(super) fn poll(&mut self) -> Poll<()> {
        self.task.take_wakes();
        self.task.poll(self.future.as_mut())
    }

    /// Tells whether the task was woken since it was last asked.
    pub(super) fn is_woken(&self) -> bool {
        self.task.take_wakes() > 0
    }

    pub(super) fn goal(&self) -> Goal {
        self.goal
    }

    pub(super) fn sender(&self) -> &Sender {
        &self.sender
    }
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
