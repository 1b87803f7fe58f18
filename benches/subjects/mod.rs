//! The cases that benches, ratios and charts measure, each with its rivals. Each bench uses a part.
#![allow(dead_code, unreachable_pub)]

pub mod async_write;
pub mod calls;
pub mod channel;
pub mod codec;
pub mod drain;
pub mod round_trip;
pub mod sink;
pub mod size_query;

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

/// Makes the contestants of one subject, whatever the writer is.
pub trait Contestants {
    /// Makes the case for one batch; calls `connect` once for each contestant.
    fn case<W: AsyncWrite + Unpin + 'static>(
        &self,
        batch: Batch,
        sender: &Sender,
        connect: impl Fn() -> Connection<W>,
    ) -> Case;

    /// Makes the case in `place`.
    fn case_in(&self, place: Place, size: usize) -> Case {
        let sender = Sender::new();
        let batch = Batch::new(place, size);
        match place {
            Place::Null => self.case(batch, &sender, || (Null::new(), None)),
            Place::Tcp => self.case(batch, &sender, || over(&sender, socket::tcp)),
            Place::Unix => self.case(batch, &sender, || over(&sender, socket::unix)),
        }
    }

    /// Makes the cases in `place`, each when its turn comes.
    fn cases(&self, place: Place, sizes: &[usize]) -> impl Iterator<Item = Case> {
        sizes.iter().map(move |size| self.case_in(place, *size))
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

    pub fn case(self, entries: Vec<Entry>) -> Case {
        Case { size: self.size, chunks: self.count, entries, label: size_name(self.size) }
    }
}

const BATCH: usize = 1024 * 1024;
/// The sizes at which streams are measured.
pub const SIZES: [usize; 9] =
    [16, 64, 256, 1 << 10, 4 << 10, 16 << 10, 64 << 10, 256 << 10, 1 << 20];
/// What users set to have larger writes.
pub const TUNED: usize = 64 * 1024;

pub const OURS: &str = "FlowControlledWriter";
