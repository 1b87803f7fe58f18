use std::collections::VecDeque;
use std::io::{self, ErrorKind, IoSlice};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll, Waker};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// An answer of the scripted writer: in a script what it will be, in the log what it was.
///
/// The log spells every success out: `Take` with the number reported, `Done` for flush and
/// shutdown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// Takes up to so many bytes. 0 takes none and says so: `Ok(0)`.
    Take(usize),
    /// Takes all bytes; flush and shutdown are `Ok`.
    Done,
    /// Takes all bytes and reports so many more than there were.
    OverReport(usize),
    /// Stores the waker and returns `Pending`.
    Pending,
    Fail(ErrorKind),
}

/// A call that the scripted writer has seen, and its answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Call {
    /// `poll_write` with so many bytes.
    Write(usize, Answer),
    /// `poll_write_vectored` with the length of each slice.
    Gather(Vec<usize>, Answer),
    Flush(Answer),
    Shutdown(Answer),
}

/// An inner writer that answers by a script and logs what it is asked.
///
/// It gives the answers of its scripts in turn, then `Done` for ever, or whatever
/// [`Handle::otherwise`] says. The test keeps a [`Handle`] to look and to steer.
///
/// As OpenSSL does, it remembers what it was offered when it answered `Pending`, and asserts that the
/// next offer begins with the same bytes and is at least as long, unless the test says that
/// [the caller has given up](Handle::caller_gave_up).
#[derive(Debug)]
pub(crate) struct Scripted {
    gathering: bool,
    state: Arc<Mutex<State>>,
}

/// The test's side of a [`Scripted`] writer.
#[derive(Clone, Debug)]
pub(crate) struct Handle {
    state: Arc<Mutex<State>>,
}

#[derive(Debug)]
struct State {
    writes: VecDeque<Answer>,
    otherwise: Answer,
    flushes: VecDeque<Answer>,
    shutdowns: VecDeque<Answer>,
    log: Vec<Call>,
    /// The address of every slice offered, a list for each write.
    addresses: Vec<Vec<usize>>,
    wire: Vec<u8>,
    /// What was offered when a write was last `Pending`, until bytes are taken or the write fails.
    promised: Vec<u8>,
    readable: VecDeque<u8>,
    writer: Option<Waker>,
    reader: Option<Waker>,
}

impl Scripted {
    /// Creates a writer with `is_write_vectored() == true`.
    pub(crate) fn gathering(script: impl IntoIterator<Item = Answer>) -> (Self, Handle) {
        Self::new(true, script)
    }

    /// Creates a writer with `is_write_vectored() == false`.
    pub(crate) fn plain(script: impl IntoIterator<Item = Answer>) -> (Self, Handle) {
        Self::new(false, script)
    }

    pub(crate) fn new(gathering: bool, script: impl IntoIterator<Item = Answer>) -> (Self, Handle) {
        let state = Arc::new(Mutex::new(State {
            writes: script.into_iter().collect(),
            otherwise: Answer::Done,
            flushes: VecDeque::new(),
            shutdowns: VecDeque::new(),
            log: Vec::new(),
            addresses: Vec::new(),
            wire: Vec::new(),
            promised: Vec::new(),
            readable: VecDeque::new(),
            writer: None,
            reader: None,
        }));
        (Self { gathering, state: Arc::clone(&state) }, Handle { state })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no test panics while it holds the lock")
    }
}

impl Handle {
    /// Appends answers to the script of writes.
    pub(crate) fn script(&self, answers: impl IntoIterator<Item = Answer>) {
        self.state().writes.extend(answers);
    }

    /// Appends answers to the script of flushes.
    pub(crate) fn script_flush(&self, answers: impl IntoIterator<Item = Answer>) {
        self.state().flushes.extend(answers);
    }

    /// Appends answers to the script of shutdowns.
    pub(crate) fn script_shutdown(&self, answers: impl IntoIterator<Item = Answer>) {
        self.state().shutdowns.extend(answers);
    }

    /// Sets the answer to writes beyond the script.
    pub(crate) fn otherwise(&self, answer: Answer) {
        self.state().otherwise = answer;
    }

    /// Makes bytes readable and wakes the reader.
    pub(crate) fn feed(&self, bytes: &[u8]) {
        let reader = {
            let mut state = self.state();
            state.readable.extend(bytes);
            state.reader.take()
        };
        reader.into_iter().for_each(Waker::wake);
    }

    /// Wakes whoever was told `Pending` last by a write, flush or shutdown. Tells whether there was
    /// anyone.
    pub(crate) fn wake(&self) -> bool {
        let writer = self.state().writer.take();
        writer.map(Waker::wake).is_some()
    }

    /// Returns the bytes taken so far.
    pub(crate) fn wire(&self) -> Vec<u8> {
        self.state().wire.clone()
    }

    /// Lets `look` see the bytes taken so far, without a copy.
    pub(crate) fn with_wire<R>(&self, look: impl FnOnce(&[u8]) -> R) -> R {
        look(&self.state().wire)
    }

    /// Forgets what was offered when a write was last `Pending`: the caller was to offer a slice again
    /// and has given that up.
    pub(crate) fn caller_gave_up(&self) {
        self.state().promised.clear();
    }

    /// Returns how many bytes were offered when a write was last `Pending` and have not been taken
    /// since.
    pub(crate) fn promised(&self) -> usize {
        self.state().promised.len()
    }

    /// Returns the calls since the log was last taken.
    pub(crate) fn take_log(&self) -> Vec<Call> {
        std::mem::take(&mut self.state().log)
    }

    /// Returns the addresses of the slices offered, a list for each write, since last taken.
    pub(crate) fn take_addresses(&self) -> Vec<Vec<usize>> {
        std::mem::take(&mut self.state().addresses)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no test panics while it holds the lock")
    }
}

impl State {
    /// Answers a write by the script. Bytes that do not come from a script are never made up.
    fn write(&mut self, cx: &Context<'_>, slices: &[&[u8]]) -> (Answer, Poll<io::Result<usize>>) {
        self.addresses.push(slices.iter().map(|slice| slice.as_ptr() as usize).collect());
        let offered: usize = slices.iter().map(|slice| slice.len()).sum();
        self.check_promise(slices, offered);
        let (mut left, beyond) = match self.writes.pop_front().unwrap_or(self.otherwise) {
            Answer::Take(count) => (count.min(offered), 0),
            Answer::Done => (offered, 0),
            Answer::OverReport(beyond) => (offered, beyond),
            Answer::Pending => {
                self.promised = slices.concat();
                return (Answer::Pending, self.pending(cx));
            }
            Answer::Fail(kind) => return (Answer::Fail(kind), Poll::Ready(Err(kind.into()))),
        };
        self.promised.clear();
        let reported = left + beyond;
        for slice in slices {
            let taken = slice.len().min(left);
            self.wire.extend_from_slice(&slice[..taken]);
            left -= taken;
        }
        (Answer::Take(reported), Poll::Ready(Ok(reported)))
    }

    /// Checks that an offer begins with all that was promised.
    fn check_promise(&self, slices: &[&[u8]], offered: usize) {
        let promised = &*self.promised;
        assert!(
            offered >= promised.len(),
            "{offered} bytes after {} were promised",
            promised.len()
        );
        let mut left = promised;
        for slice in slices {
            let (part, rest) = left.split_at(slice.len().min(left.len()));
            assert!(slice.starts_with(part), "other bytes than promised");
            left = rest;
        }
    }

    /// Answers a flush or shutdown by its script.
    fn end(&mut self, cx: &Context<'_>, answer: Option<Answer>) -> (Answer, Poll<io::Result<()>>) {
        match answer.unwrap_or(Answer::Done) {
            Answer::Done => (Answer::Done, Poll::Ready(Ok(()))),
            Answer::Pending => (Answer::Pending, self.pending(cx)),
            Answer::Fail(kind) => (Answer::Fail(kind), Poll::Ready(Err(kind.into()))),
            other => panic!("{other:?} makes no sense for a flush or shutdown"),
        }
    }

    fn pending<T>(&mut self, cx: &Context<'_>) -> Poll<T> {
        self.writer = Some(cx.waker().clone());
        Poll::Pending
    }
}

impl AsyncWrite for Scripted {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let mut state = self.state();
        let (answer, result) = state.write(cx, &[buf]);
        state.log.push(Call::Write(buf.len(), answer));
        result
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        assert!(self.gathering, "a gather for a writer that cannot");
        let mut state = self.state();
        let slices: Vec<&[u8]> = bufs.iter().map(|slice| &**slice).collect();
        let (answer, result) = state.write(cx, &slices);
        state.log.push(Call::Gather(slices.iter().map(|slice| slice.len()).collect(), answer));
        result
    }

    fn is_write_vectored(&self) -> bool {
        self.gathering
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut state = self.state();
        let scripted = state.flushes.pop_front();
        let (answer, result) = state.end(cx, scripted);
        state.log.push(Call::Flush(answer));
        result
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut state = self.state();
        let scripted = state.shutdowns.pop_front();
        let (answer, result) = state.end(cx, scripted);
        state.log.push(Call::Shutdown(answer));
        result
    }
}

/// The read side: what [`Handle::feed`] has made readable; never an end.
impl AsyncRead for Scripted {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let mut state = self.state();
        if state.readable.is_empty() {
            state.reader = Some(cx.waker().clone());
            return Poll::Pending;
        }
        let count = buf.remaining().min(state.readable.len());
        let bytes: Vec<u8> = state.readable.drain(..count).collect();
        buf.put_slice(&bytes);
        Poll::Ready(Ok(()))
    }
}
