use std::collections::HashMap;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll};

use fastrand::Rng;
use tokio::io::AsyncWrite;

/// An inner writer that takes what it likes, is pending at random, and reads the length-delimited frames as
/// they come: a frame begins with the number of its task and its own.
///
/// It keeps no payload. A large one must come from the address at which it was sent, so that there is nothing
/// to compare.
pub(super) struct Wire {
    random: Rng,
    record: Record,
    frame: Frame,
}

/// What the test and the wire both know.
#[derive(Clone, Default)]
pub(super) struct Record {
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    /// The numbers that have arrived of each task, in order.
    arrived: HashMap<u32, Vec<u32>>,
    /// Where the large payloads are, by the first bytes of each.
    addresses: HashMap<[u8; HEAD], usize>,
    large: usize,
}

/// The frame that is being read.
#[derive(Default)]
struct Frame {
    /// What has come of the length and of the head.
    start: Vec<u8>,
    /// Payload that has come, the head with it.
    come: usize,
    /// The address of its first byte, if it is large.
    address: Option<usize>,
}

impl Record {
    /// Notes where the payload of a frame is.
    pub(super) fn will_send(&self, payload: &[u8]) {
        if payload.len() >= LARGE {
            let address = payload.as_ptr() as usize;
            self.state().addresses.insert(head(payload), address);
        }
    }

    /// Returns what has arrived of a task.
    pub(super) fn arrived(&self, task: u32) -> Vec<u32> {
        self.state().arrived.remove(&task).unwrap_or_default()
    }

    /// Returns how many large payloads have arrived at their address.
    pub(super) fn large(&self) -> usize {
        self.state().large
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no test panics while it holds the lock")
    }
}

impl Wire {
    pub(super) fn new(seed: u64, record: Record) -> Self {
        Self { random: Rng::with_seed(seed), record, frame: Frame::default() }
    }

    /// Tells whether the last frame has come whole.
    pub(super) fn is_whole(&self) -> bool {
        self.frame.start.is_empty()
    }

    fn take(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let frame = &mut self.frame;
            let missing = (LENGTH + HEAD).saturating_sub(frame.start.len());
            if missing > 0 {
                let (start, rest) = bytes.split_at(missing.min(bytes.len()));
                if frame.start.len() <= LENGTH && frame.start.len() + start.len() > LENGTH {
                    let skipped = LENGTH - frame.start.len();
                    frame.address = Some(start[skipped..].as_ptr() as usize);
                }
                frame.start.extend_from_slice(start);
                frame.come = frame.start.len().saturating_sub(LENGTH);
                bytes = rest;
            } else {
                let left = frame.length() - frame.come;
                let (part, rest) = bytes.split_at(left.min(bytes.len()));
                if frame.length() >= LARGE {
                    let wanted = frame.address.map(|address| address + frame.come);
                    assert_eq!(wanted, Some(part.as_ptr() as usize), "a part from elsewhere");
                }
                assert!(part.iter().step_by(997).all(|byte| *byte == frame.start[LENGTH + 3]));
                frame.come += part.len();
                bytes = rest;
            }
            if self.frame.start.len() == LENGTH + HEAD && self.frame.come == self.frame.length() {
                self.end_frame();
            }
        }
    }

    fn end_frame(&mut self) {
        let frame = std::mem::take(&mut self.frame);
        let head = head(&frame.start[LENGTH..]);
        let state = &mut *self.record.state();
        let (task, number) = numbers(head);
        state.arrived.entry(task).or_default().push(number);
        if frame.length() >= LARGE {
            assert_eq!(state.addresses.remove(&head), frame.address, "a payload that was copied");
            state.large += 1;
        }
    }
}

impl Frame {
    fn length(&self) -> usize {
        let length = self.start[..LENGTH].try_into().expect("four bytes");
        u32::from_be_bytes(length) as usize
    }
}

impl AsyncWrite for Wire {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.poll_write_vectored(cx, &[IoSlice::new(buf)])
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let offered: usize = bufs.iter().map(|slice| slice.len()).sum();
        let most = match self.random.u8(..5) {
            0 => {
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            1 => self.random.usize(1..=20),
            2 => self.random.usize(1..=100_000),
            _ => usize::MAX,
        };
        let mut left = most.min(offered);
        let taken = left;
        for slice in bufs {
            let part = slice.len().min(left);
            self.take(&slice[..part]);
            left -= part;
        }
        Poll::Ready(Ok(taken))
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

/// Returns a payload of `length` bytes, which begins with the two numbers.
pub(super) fn payload(task: u32, number: u32, length: usize) -> Vec<u8> {
    let mut payload = vec![task as u8; length];
    payload[..4].copy_from_slice(&task.to_be_bytes());
    payload[4..HEAD].copy_from_slice(&number.to_be_bytes());
    payload
}

fn numbers(head: [u8; HEAD]) -> (u32, u32) {
    let both = u64::from_be_bytes(head);
    ((both >> 32) as u32, both as u32)
}

fn head(payload: &[u8]) -> [u8; HEAD] {
    payload[..HEAD].try_into().expect("all payloads have a head")
}

/// Bytes of the length of a frame.
const LENGTH: usize = 4;
/// Bytes of the two numbers that each payload begins with.
pub(super) const HEAD: usize = 8;
/// From this length on a payload is not to be copied.
const LARGE: usize = 64 * 1024;
