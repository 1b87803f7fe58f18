//! The cases that benches, ratios and charts measure, each with its rivals. Each bench uses a part.
#![allow(dead_code, unreachable_pub)]

pub mod async_write;
pub mod broadcast;
pub mod calls;
pub mod channel;
pub mod codec;
pub mod drain;
pub mod exchange;
pub mod file;
pub mod gather;
pub mod hand;
pub mod header_payload;
pub mod sink;
pub mod size_query;

use std::fmt::Debug;
use std::io;

use tokio::io::AsyncWrite;

use crate::support::entry::{Case, Entry, Sender, size_name};
use crate::support::null::Null;
use crate::support::socket::{self, Reader};

/// Where the bytes go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    Null,
    Tcp,
    Unix,
}

/// What a contestant is given: a writer, and the reader at its other end.
pub type Connection<W> = (W, Option<Reader>);

/// Makes the contestants of one subject, ours first, whatever the writer is.
pub trait Contestants {
    fn entries<W: AsyncWrite + Unpin + 'static>(&self, setting: &Setting<'_, W>) -> Vec<Entry>;

    /// Returns what is sent at once.
    fn batch(&self, place: Place, size: usize) -> Batch {
        Batch::new(place, size)
    }

    /// Makes the case in `place`.
    fn case_in(&self, place: Place, size: usize) -> Case {
        let sender = Sender::new();
        let batch = self.batch(place, size);
        let entries = match place {
            Place::Null => {
                let connect = &|| (Null::new(), None);
                self.entries(&Setting { batch, sender: &sender, connect })
            }
            Place::Tcp => {
                let connect = &|| over(&sender, socket::tcp);
                self.entries(&Setting { batch, sender: &sender, connect })
            }
            Place::Unix => {
                let connect = &|| over(&sender, socket::unix);
                self.entries(&Setting { batch, sender: &sender, connect })
            }
        };
        Case { size, chunks: batch.count, entries, label: size_name(size) }
    }

    /// Makes the cases in `place`, each when its turn comes.
    fn cases(&self, place: Place, sizes: &[usize]) -> impl Iterator<Item = Case> {
        sizes.iter().map(move |size| self.case_in(place, *size))
    }
}

/// What all contestants of a case have in common.
pub struct Setting<'a, W> {
    pub batch: Batch,
    pub sender: &'a Sender,
    /// Makes a connection for each of them.
    pub connect: &'a dyn Fn() -> Connection<W>,
}

impl<W> Setting<'_, W> {
    /// Makes a contestant of what wraps the writer, and of what sends `bytes` by it in a batch.
    pub fn entry<S: 'static, E: Debug>(
        &self,
        name: &'static str,
        bytes: usize,
        wrap: impl FnOnce(W) -> S,
        send: impl AsyncFn(&mut S) -> Result<(), E> + 'static,
    ) -> Entry {
        let (writer, reader) = (self.connect)();
        let mut state = wrap(writer);
        let sender = self.sender.clone();
        Entry::to_reader(name, bytes as u64, reader, move || {
            sender.block_on(send(&mut state)).expect("the reader lives");
        })
    }
}

fn over<W>(sender: &Sender, connect: fn() -> io::Result<(W, Reader)>) -> Connection<W> {
    let (writer, reader) = sender.enter(connect).expect("loopback works");
    (writer, Some(reader))
}

/// What is sent at once: `count` chunks of `size` bytes.
#[derive(Clone, Copy)]
pub struct Batch {
    pub size: usize,
    pub count: usize,
}

impl Batch {
    /// Returns 1 MiB of chunks, but enough of larger ones to stream.
    pub fn new(place: Place, size: usize) -> Self {
        let least = if place == Place::Null { 1000 } else { 16 };
        Self { size, count: (BATCH / size).max(least) }
    }

    pub fn bytes(self) -> usize {
        self.size * self.count
    }
}

const BATCH: usize = 1024 * 1024;
/// The sizes at which streams are measured.
pub const SIZES: [usize; 9] =
    [16, 64, 256, 1 << 10, 4 << 10, 16 << 10, 64 << 10, 256 << 10, 1 << 20];
/// What users set to have larger writes.
pub const TUNED: usize = 64 * 1024;

pub const OURS: &str = "FlowControlledWriter";
