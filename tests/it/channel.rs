//! Senders and the driver, polled by hand, on runtimes and on sockets.
mod aborts;
mod drive;
mod ends;
mod fairness;
mod flush;
mod foreign;
mod handles;
mod limits;
mod model;
mod order;
mod panics;
mod threads;
#[cfg(feature = "time")]
mod timeouts;
mod waiting;
mod wakers;
mod whole;

use std::io;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};

use bytes::Bytes;
use flow_controlled_writer::channel::{Driver, DriverError, Sender};
use flow_controlled_writer::{Builder, Watermarks};
use tokio::io::AsyncWrite;

use crate::support::{Answer, Handle, Outcome, Scripted, Task};

/// A channel over a gathering scripted writer, without merging, whose driver is polled by hand.
struct Channel {
    sender: Sender,
    inner: Handle,
    driver: Driver<Scripted>,
    driving: Task,
}

impl Channel {
    fn new(marks: (usize, usize), script: impl IntoIterator<Item = Answer>) -> Self {
        Self::with_options(&unmerged(marks), script)
    }

    fn with_options(options: &Builder, script: impl IntoIterator<Item = Answer>) -> Self {
        let (inner, handle) = Scripted::gathering(script);
        let (sender, driver) = options.build(inner).into_channel();
        Self { sender, inner: handle, driver, driving: Task::new() }
    }

    /// Polls the driver, which has not ended.
    fn drive(&mut self) -> Poll<Result<Scripted, DriverError<Scripted>>> {
        self.driving.poll(pin!(&mut self.driver))
    }

    /// Polls the driver and expects it to go on.
    #[track_caller]
    fn drive_on(&mut self) {
        assert!(self.drive().is_pending(), "the driver has ended");
    }

    /// Sends `chunk` by a sender that must not wait.
    #[track_caller]
    fn send(&self, chunk: &'static str) {
        self.sender.try_send(chunk).expect("not paused");
    }

    /// Sends one chunk that pauses the channel.
    #[track_caller]
    fn pause(&self) {
        let marks = self.sender.watermarks();
        self.sender.try_send(vec![b'#'; marks.high() + 1]).expect("not paused");
        assert!(self.sender.is_paused());
    }
}

/// An inner writer that acts in the midst of each write, and answers by what it returns.
struct Acts<F>(F);

impl<F: FnMut() -> Poll<usize> + Unpin> AsyncWrite for Acts<F> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        _: &[u8],
    ) -> Poll<io::Result<usize>> {
        (self.0)().map(Ok)
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

/// Options with `(low, high)` and without merging.
fn unmerged((low, high): (usize, usize)) -> Builder {
    Builder::new().watermarks(Watermarks::new(low, high)).coalesce_threshold(0)
}

/// Polls once.
fn poll<F: Future>(future: F) -> Poll<F::Output> {
    Task::new().poll(pin!(future))
}

/// Polls what has to wait until it sleeps: who is next in line first looks again by itself.
#[track_caller]
fn wait<F: Future>(task: &Task, mut future: Pin<&mut F>) {
    for _ in 0..4 {
        assert!(task.poll(future.as_mut()).is_pending());
        if task.take_wakes() == 0 {
            return;
        }
    }
    panic!("it wakes itself for ever");
}

fn kind<T>(result: Poll<io::Result<T>>) -> Outcome<T> {
    result.map_err(|error| error.kind())
}

fn bytes(text: &'static str) -> Bytes {
    Bytes::from_static(text.as_bytes())
}
