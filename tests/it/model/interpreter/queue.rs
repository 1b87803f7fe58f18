use std::io::IoSlice;

use bytes::{Buf, BufMut, Bytes, BytesMut};
use flow_controlled_writer::ChunkQueue;

use super::input::Input;

/// Runs the operations that `bytes` spell on a queue.
pub(crate) fn run_queue(bytes: &[u8]) {
    let mut input = Input::new(bytes);
    let threshold = match input.below(4) {
        0 => 0,
        1 => input.size(),
        2 => usize::MAX,
        _ => 1024,
    };
    let mut machine = Machine::new(threshold);
    while !input.is_empty() {
        machine.step(&mut input);
        machine.check();
    }
    machine.take_apart();
}

/// A queue and the bytes that it must hold.
struct Machine {
    queue: ChunkQueue,
    /// Every byte that was ever queued and not taken back from the end.
    bytes: Vec<u8>,
    /// How many of them have left by the front.
    removed: usize,
}

impl Machine {
    fn new(threshold: usize) -> Self {
        let queue = ChunkQueue::with_coalesce_threshold(threshold);
        Self { queue, bytes: Vec::new(), removed: 0 }
    }

    fn step(&mut self, input: &mut Input<'_>) {
        match input.below(32) {
            0..=6 => self.push(input.chunk()),
            7..=11 => self.extend_from_slice(input.payload()),
            12..=17 => self.encode(input),
            18..=25 => self.advance(input),
            26 | 27 => self.copy_to_bytes(input),
            28 => self.extend(input),
            29 => self.chunks_vectored(input.below(70)),
            30 if input.one_in(4) => self.clear(),
            31 if input.one_in(4) => self.rebuild(),
            _ => self.advance_all(),
        }
    }

    fn push(&mut self, chunk: Bytes) {
        self.bytes.extend_from_slice(&chunk);
        let kept = chunk.len() >= self.queue.coalesce_threshold() && !chunk.is_empty();
        let before = self.queue.chunk_count();
        self.queue.push(chunk);
        if kept {
            assert!(self.queue.chunk_count() > before, "a kept chunk is a chunk of its own");
        }
    }

    fn extend_from_slice(&mut self, src: &[u8]) {
        self.bytes.extend_from_slice(src);
        self.queue.extend_from_slice(src);
    }

    fn extend(&mut self, input: &mut Input<'_>) {
        let chunks = [input.chunk(), input.chunk(), input.chunk()];
        chunks.iter().for_each(|chunk| self.bytes.extend_from_slice(chunk));
        self.queue.extend(chunks);
    }

    /// A frame from an encoder of one of many manners.
    fn encode(&mut self, input: &mut Input<'_>) {
        let frame = input.payload();
        let manner = input.below(12);
        let bytes = &mut self.bytes;
        let queued = bytes.len() - self.removed;
        let result = self.queue.encode_with(|block| {
            assert!(block.len() <= queued, "the block holds more than the queue");
            assert!(*block == bytes[bytes.len() - block.len()..], "the block is not the end");
            let before = block.len();
            put(block, frame, manner);
            match manner {
                FAILS => return Err(()),
                SHORTENS => {
                    let length = before - before.min(frame.len());
                    block.truncate(length);
                    bytes.truncate(bytes.len() - (before - length));
                }
                _ => bytes.extend_from_slice(frame),
            }
            Ok(())
        });
        assert_eq!(result.is_err(), manner == FAILS);
    }

    fn advance(&mut self, input: &mut Input<'_>) {
        let count = input.size().min(self.queue.remaining());
        self.queue.advance(count);
        self.removed += count;
    }

    fn advance_all(&mut self) {
        self.queue.advance(self.queue.remaining());
        self.removed = self.bytes.len();
    }

    fn copy_to_bytes(&mut self, input: &mut Input<'_>) {
        let count = input.size().min(self.queue.remaining());
        let copy = self.queue.copy_to_bytes(count);
        assert!(copy == self.bytes[self.removed..self.removed + count], "the copy differs");
        self.removed += count;
    }

    fn chunks_vectored(&mut self, count: usize) {
        let mut slices = vec![IoSlice::new(&[]); count];
        let filled = self.queue.chunks_vectored(&mut slices);
        assert_eq!(filled, count.min(self.queue.chunk_count()));
        assert!(slices[..filled].iter().all(|slice| !slice.is_empty()), "an empty slice");
        let together: Vec<u8> = slices.iter().flat_map(|slice| slice.iter().copied()).collect();
        assert!(self.held().starts_with(&together), "the slices differ");
    }

    fn clear(&mut self) {
        self.queue.clear();
        self.removed = self.bytes.len();
    }

    /// Takes the queue apart and makes a new one of its chunks.
    fn rebuild(&mut self) {
        self.queue = std::mem::take(&mut self.queue).into_iter().collect();
    }

    fn held(&self) -> &[u8] {
        &self.bytes[self.removed..]
    }

    fn check(&self) {
        let (queue, held) = (&self.queue, self.held());
        assert_eq!(queue.remaining(), held.len());
        assert_eq!(queue.is_empty(), held.is_empty());
        assert_eq!(queue.chunk_count() == 0, held.is_empty());
        assert!(queue.chunk_count() <= held.len());
        assert!(held.starts_with(queue.chunk()), "the front differs");
        assert_eq!(queue.chunk().is_empty(), held.is_empty());
    }

    fn take_apart(mut self) {
        let (count, queue) = (self.queue.chunk_count(), std::mem::take(&mut self.queue));
        let chunks: Vec<_> = queue.into_chunks().collect();
        assert_eq!(chunks.len(), count);
        assert!(chunks.iter().all(|chunk| !chunk.is_empty()), "an empty chunk");
        assert!(chunks.concat() == self.held(), "the queue differs");
    }
}

/// Appends `frame` as encoders do: in one piece or many, with or without asking for room.
pub(super) fn put(block: &mut BytesMut, frame: &[u8], manner: usize) {
    match manner % 4 {
        0 => block.put_slice(frame),
        1 => {
            block.reserve(frame.len());
            block.put_slice(frame);
        }
        2 => frame.chunks(1 + frame.len() / 7).for_each(|piece| block.put_slice(piece)),
        _ => {
            let mut apart = block.split_off(block.len());
            apart.extend_from_slice(frame);
            block.unsplit(apart);
        }
    }
}

/// The manner of an encoder that fails when all is written.
const FAILS: usize = 10;
/// The manner of an encoder that takes back what it wrote, and as much of what was there before.
const SHORTENS: usize = 11;
