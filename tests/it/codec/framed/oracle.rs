use std::io::ErrorKind;
use std::pin::Pin;

use bytes::BytesMut;
use fastrand::Rng;
use flow_controlled_writer::codec::{Framed, FramedParts};
use flow_controlled_writer::{Builder, FlowControlledWriter};
use futures::{Sink, Stream};
use tokio_util::codec;

use super::source::{Read, Reader};
use super::toy::{Item, Toy};
use super::{By, Connection, Next, connection, line, next};
use crate::support::Answer::{Pending, Take};
use crate::support::{Handle, Task};

type Ours = Framed<Connection, Toy>;
type Theirs = codec::Framed<Connection, Toy>;

/// Both see the same reads and are asked the same at the same time. All that can be told from outside is
/// compared at every step: what a poll returns, how often and with what the codec was called (it counts), the
/// room of each read, the wakes, and what is left in the buffer.
#[test]
fn random_streams_are_read_as_tokio_util_reads_them() {
    let mut seen = Seen::default();
    for seed in seeds(250) {
        let mut random = Rng::with_seed(seed);
        let (ours, theirs) = pair(&mut random);
        let mut both = Both::new(ours, theirs);
        for _ in 0..random.usize(1..300) {
            match random.u8(..20) {
                0 => both.send(&mut random),
                1 => both.forget_items(&mut random),
                _ => both.poll(&mut seen),
            }
        }
        both.finish();
    }
    seen.check();
}

/// The same while both are taken apart and put together again, or become each other, at random.
#[test]
fn random_streams_that_are_handed_over_are_read_as_tokio_util_reads_them() {
    let mut seen = Seen::default();
    for seed in seeds(250) {
        let mut random = Rng::with_seed(seed);
        let (ours, theirs) = pair(&mut random);
        let mut both = Both::new(ours, theirs);
        // The first poll makes the buffer that tokio-util makes at once.
        both.poll(&mut seen);
        for _ in 0..random.usize(1..300) {
            both = match random.u8(..20) {
                0 => both.with(|both| both.send(&mut random)),
                1 => both.with(|both| both.forget_items(&mut random)),
                2..4 => both.hand_over(&mut random),
                _ => both.with(|both| both.poll(&mut seen)),
            };
        }
        both.finish();
    }
    seen.check();
}

/// Wherever a stream of lines is handed over, in a buffer of whatever size, every line arrives.
#[test]
fn a_stream_that_is_handed_over_at_random_keeps_every_line() {
    for seed in seeds(100) {
        let mut random = Rng::with_seed(seed);
        let lines: Vec<String> =
            (0..300).map(|number| format!("{number}").repeat(random.usize(..20))).collect();
        let mut bytes = lines.join("\n").into_bytes();
        bytes.push(b'\n');
        let mut reads = Vec::new();
        while !bytes.is_empty() {
            let rest = bytes.split_off(random.usize(1..=bytes.len().min(700)));
            reads.extend([Read::Bytes(std::mem::replace(&mut bytes, rest)), Read::Pending]);
        }
        let (stream, source, _) = connection(reads, []);
        let mut framed = Framed::new(FlowControlledWriter::new(stream), By(line));
        let (task, mut found) = (Task::new(), Vec::new());
        loop {
            framed = match random.u8(..4) {
                0 => hand_over_alone(framed, &mut random),
                _ => framed,
            };
            match next(&mut framed, &task) {
                Next::Item(line) => found.push(line),
                Next::Pending if source.unread() == 0 && framed.read_buffer().is_empty() => break,
                Next::Pending => {}
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(found, lines);
    }
}

fn hand_over_alone<F>(
    framed: Framed<Connection, By<F>>,
    random: &mut Rng,
) -> Framed<Connection, By<F>> {
    match random.u8(..3) {
        0 => framed.map_codec(|codec| codec),
        1 => {
            let mut parts = framed.into_parts();
            // A copy in a buffer of its own length.
            parts.read_buffer = BytesMut::from(&parts.read_buffer[..]);
            Framed::from_parts(parts, &Builder::new())
        }
        _ => {
            let mut framed = framed;
            let rest = framed.read_buffer_mut().split();
            framed.read_buffer_mut().unsplit(rest);
            framed
        }
    }
}

/// Ours and theirs, over connections of their own with equal scripts.
struct Both {
    ours: Side<Ours>,
    theirs: Side<Theirs>,
}

struct Side<F> {
    framed: F,
    source: Reader,
    inner: Handle,
    task: Task,
    /// Items keep the buffer shared, which decides how it grows.
    items: Vec<Item>,
}

impl Both {
    fn new(ours: Side<Ours>, theirs: Side<Theirs>) -> Self {
        Self { ours, theirs }
    }

    fn with(mut self, act: impl FnOnce(&mut Self)) -> Self {
        act(&mut self);
        self
    }

    fn poll(&mut self, seen: &mut Seen) {
        let Self { ours, theirs } = self;
        assert_eq!(ours.framed.size_hint(), theirs.framed.size_hint());
        let outcome = ours.next();
        assert_eq!(outcome, theirs.next());
        seen.note(&outcome);
        assert_eq!(ours.framed.read_buffer(), theirs.framed.read_buffer());
        assert_eq!(ours.framed.codec(), theirs.framed.codec());
        assert_eq!(ours.source.take_rooms(), theirs.source.take_rooms());
        if outcome == Next::Pending {
            assert_eq!(ours.source.wake(), theirs.source.wake());
            assert_eq!((ours.task.take_wakes(), theirs.task.take_wakes()), (1, 1));
        }
    }

    /// Encodes an item by both, and flushes.
    fn send(&mut self, random: &mut Rng) {
        let Self { ours, theirs } = self;
        let item: Vec<u8> = (0..random.usize(..200)).map(|_| random.u8(..)).collect();
        assert_eq!(ours.send(item.clone()), theirs.send(item));
        let flushed = random.bool().then(|| (ours.flush(), theirs.flush()));
        if flushed == Some((true, true)) {
            assert_eq!(ours.inner.wire(), theirs.inner.wire());
        }
    }

    fn forget_items(&mut self, random: &mut Rng) {
        let keep = random.usize(..3);
        let forget = |items: &mut Vec<Item>| drop(items.drain(..items.len().saturating_sub(keep)));
        forget(&mut self.ours.items);
        forget(&mut self.theirs.items);
    }

    /// Takes both apart. Theirs is put together again; ours is made of ours or of theirs.
    fn hand_over(self, random: &mut Rng) -> Self {
        let Self { ours, theirs } = self;
        if ours.framed.codec().owes() && ours.framed.read_buffer().is_empty() {
            // Some versions of tokio-util ask the decoder before the read here.
            return Self { ours, theirs };
        }
        let theirs = theirs.map(|framed| {
            let mut parts = framed.into_parts();
            even_out(&mut parts.read_buf);
            codec::Framed::from_parts(parts)
        });
        let way = random.u8(..3);
        let ours = ours.map(|framed| match way {
            0 => {
                let mut parts = framed.into_parts();
                even_out(&mut parts.read_buffer);
                Framed::from_parts(parts, &Builder::new())
            }
            1 => {
                let mut framed = framed;
                even_out(framed.read_buffer_mut());
                framed.map_codec(|codec| codec)
            }
            _ => Framed::from(into_theirs(framed.into_parts())),
        });
        Self { ours, theirs }
    }

    /// Writes the rest, and compares the last of all.
    fn finish(self) {
        let Self { mut ours, mut theirs } = self;
        ours.finish_writes();
        theirs.finish_writes();
        assert_eq!(ours.inner.wire(), theirs.inner.wire());
        assert_eq!(ours.framed.into_parts().codec, theirs.framed.into_parts().codec);
    }
}

impl<F> Side<F>
where
    F: Stream<Item = std::io::Result<Item>> + Sink<Vec<u8>, Error = std::io::Error> + Unpin,
{
    fn next(&mut self) -> Next<Item> {
        match next(&mut self.framed, &self.task) {
            Next::Item(item) => {
                let copy = item.copy();
                self.items.push(item);
                Next::Item(copy)
            }
            other => other,
        }
    }

    fn send(&mut self, item: Vec<u8>) -> Result<(), ErrorKind> {
        Pin::new(&mut self.framed).start_send(item).map_err(|error| error.kind())
    }

    /// Polls a flush once and tells whether it is done.
    fn flush(&mut self) -> bool {
        Pin::new(&mut self.framed).poll_flush(&mut self.task.context()).is_ready()
    }

    fn finish_writes(&mut self) {
        assert!((0..1000).any(|_| self.flush()), "the flush does not end");
    }
}

impl<F> Side<F> {
    fn new(framed: F, source: Reader, inner: Handle) -> Self {
        Self { framed, source, inner, task: Task::new(), items: Vec::new() }
    }

    fn map(self, map: impl FnOnce(F) -> F) -> Self {
        Self { framed: map(self.framed), ..self }
    }
}

/// Counts what came of the polls: a comparison of nothing proves nothing.
#[derive(Debug, Default)]
struct Seen {
    pending: usize,
    items: usize,
    failed: usize,
    ends: usize,
}

impl Seen {
    fn note(&mut self, outcome: &Next<Item>) {
        *match outcome {
            Next::Pending => &mut self.pending,
            Next::Item(_) => &mut self.items,
            Next::Failed(_) => &mut self.failed,
            Next::End => &mut self.ends,
        } += 1;
    }

    fn check(&self) {
        let least = [self.pending, self.items, self.failed, self.ends].into_iter().min();
        assert!(least > Some(1000), "{self:?}");
    }
}

fn pair(random: &mut Rng) -> (Side<Ours>, Side<Theirs>) {
    let reads: Vec<Read> = (0..random.usize(..100)).map(|_| read(random)).collect();
    let writes: Vec<_> =
        (0..10).map(|_| if random.bool() { Pending } else { Take(random.usize(1..100)) }).collect();
    let (stream, source, inner) = connection(reads.clone(), writes.clone());
    let options = Builder::new();
    let ours = Side::new(Framed::new(options.build(stream), Toy::default()), source, inner);
    let (stream, source, inner) = connection(reads, writes);
    (ours, Side::new(codec::Framed::new(stream, Toy::default()), source, inner))
}

fn read(random: &mut Rng) -> Read {
    match random.u8(..12) {
        0 | 1 => Read::Pending,
        2 => Read::End,
        3 => Read::Fail(*random.choice(&ERRORS).expect("there are some")),
        _ => {
            let length = *random.choice(&[1, 2, 10, 100, 3000, 20_000]).expect("there are some");
            // What fails is rarer, so that there is something in between.
            let byte = |random: &mut Rng| match random.u8(..) {
                byte if byte % 8 < 2 && random.u8(..4) > 0 => byte + 2,
                byte => byte,
            };
            Read::Bytes((0..random.usize(1..=length)).map(|_| byte(random)).collect())
        }
    }
}

/// Makes the room that tokio-util makes in a buffer that is handed over, so that reads are as long.
fn even_out(buffer: &mut BytesMut) {
    buffer.reserve(8192_usize.saturating_sub(buffer.capacity()));
}

fn into_theirs(parts: FramedParts<Connection, Toy>) -> Theirs {
    let mut theirs = codec::FramedParts::new::<Vec<u8>>(parts.inner, parts.codec);
    theirs.read_buf = parts.read_buffer;
    for chunk in parts.queue {
        theirs.write_buf.extend_from_slice(&chunk);
    }
    codec::Framed::from_parts(theirs)
}

/// Returns seeds that are printed in case that one of them fails.
fn seeds(count: u64) -> impl Iterator<Item = u64> {
    let first = fastrand::u64(..);
    (0..count).map(move |at| first.wrapping_add(at)).inspect(|seed| println!("seed {seed}"))
}

const ERRORS: [ErrorKind; 4] = [
    ErrorKind::ConnectionReset,
    ErrorKind::WouldBlock,
    ErrorKind::Interrupted,
    ErrorKind::TimedOut,
];
