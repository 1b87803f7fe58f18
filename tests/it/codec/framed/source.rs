use std::collections::VecDeque;
use std::io::{self, ErrorKind};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll, Waker};

use tokio::io::{AsyncRead, ReadBuf};

/// What a read will find.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Read {
    /// These bytes, in as many reads as the room needs.
    Bytes(Vec<u8>),
    /// The end of the stream, once: what comes behind it can be read too.
    End,
    Fail(ErrorKind),
    Pending,
}

impl From<&str> for Read {
    fn from(text: &str) -> Self {
        Self::Bytes(text.into())
    }
}

/// The readable half of a connection: it follows a script, then is pending for ever.
#[derive(Debug)]
pub(super) struct Source {
    state: Arc<Mutex<State>>,
}

/// The test's side of a [`Source`].
#[derive(Clone, Debug)]
pub(super) struct Reader {
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    script: VecDeque<Read>,
    /// The room that each read had.
    rooms: Vec<usize>,
    waker: Option<Waker>,
}

impl Source {
    pub(super) fn new(script: impl IntoIterator<Item = Read>) -> (Self, Reader) {
        let state = State { script: script.into_iter().collect(), ..State::default() };
        let state = Arc::new(Mutex::new(state));
        (Self { state: Arc::clone(&state) }, Reader { state })
    }
}

impl Reader {
    /// Appends to the script and wakes whoever waits for it. Returns whether there was anyone.
    pub(super) fn script(&self, reads: impl IntoIterator<Item = Read>) -> bool {
        self.state().script.extend(reads);
        self.wake()
    }

    /// Wakes whoever waits to read. Returns whether there was anyone.
    pub(super) fn wake(&self) -> bool {
        let waker = self.state().waker.take();
        waker.map(Waker::wake).is_some()
    }

    /// Returns the room that each read had since last taken.
    pub(super) fn take_rooms(&self) -> Vec<usize> {
        std::mem::take(&mut self.state().rooms)
    }

    /// Returns what has not been read of the script.
    pub(super) fn unread(&self) -> usize {
        self.state().script.len()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }
}

impl AsyncRead for Source {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        assert!(buf.remaining() > 0, "a read without room looks like the end");
        let state = &mut *lock(&self.state);
        state.rooms.push(buf.remaining());
        match state.script.pop_front() {
            Some(Read::Bytes(mut bytes)) => {
                let rest = bytes.split_off(bytes.len().min(buf.remaining()));
                buf.put_slice(&bytes);
                if !rest.is_empty() {
                    state.script.push_front(Read::Bytes(rest));
                }
                Poll::Ready(Ok(()))
            }
            Some(Read::End) => Poll::Ready(Ok(())),
            Some(Read::Fail(kind)) => Poll::Ready(Err(kind.into())),
            Some(Read::Pending) | None => {
                state.waker = Some(cx.waker().clone());
                Poll::Pending
            }
        }
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().expect("no test panics while it holds the lock")
}
