use std::sync::OnceLock;

use arbitrary::Unstructured;
use bytes::{Bytes, BytesMut};

/// The decisions of one run, taken from bytes. Where these end, every decision is the first one.
pub(super) struct Input<'a> {
    bytes: Unstructured<'a>,
    /// Payloads taken so far: each begins elsewhere in the pool.
    payloads: usize,
}

impl<'a> Input<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes: Unstructured::new(bytes), payloads: 0 }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Returns a number below `end`.
    pub(super) fn below(&mut self, end: usize) -> usize {
        self.bytes.int_in_range(0..=end - 1).unwrap_or(0)
    }

    pub(super) fn one_in(&mut self, count: usize) -> bool {
        self.below(count) == count - 1
    }

    pub(super) fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())]
    }

    /// Returns a size up to 200 KB: mostly small, often at or beside an edge.
    pub(super) fn size(&mut self) -> usize {
        match self.below(256) {
            0..=111 => self.below(64),
            112..=175 => self.below(1500),
            176..=231 => (self.pick(EDGES) + self.below(3)).saturating_sub(1),
            232..=251 => self.below(20_000),
            _ => self.below(LONGEST),
        }
    }

    /// Returns bytes of which no two runs are alike.
    pub(super) fn payload(&mut self) -> &'static [u8] {
        let size = self.size();
        self.payload_of(size)
    }

    pub(super) fn payload_of(&mut self, size: usize) -> &'static [u8] {
        self.payloads += 1;
        let start = self.payloads * 7919 % (POOL - LONGEST);
        &pool()[start..start + size]
    }

    /// Returns a chunk that is made in one of the ways in which callers make them.
    pub(super) fn chunk(&mut self) -> Bytes {
        let payload = self.payload();
        match self.below(5) {
            0 => Bytes::from_static(payload),
            1 => Bytes::from(payload.to_vec()),
            2 => {
                let mut roomy = Vec::with_capacity(payload.len() + 100);
                roomy.extend_from_slice(payload);
                Bytes::from(roomy)
            }
            3 => BytesMut::from(payload).freeze(),
            _ => {
                let mut whole = BytesMut::from(payload);
                let _behind = whole.split_off(payload.len() - payload.len() / 8);
                let mut chunk = whole.freeze();
                chunk.split_off(chunk.len() / 4)
            }
        }
    }
}

/// Random bytes, made once: the same in every run.
fn pool() -> &'static [u8] {
    static BYTES: OnceLock<Vec<u8>> = OnceLock::new();
    BYTES.get_or_init(|| {
        let mut state = 1_u64;
        std::iter::repeat_with(|| {
            // Knuth's multiplier for a linear congruential generator; its upper bits are random.
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 56) as u8
        })
        .take(POOL)
        .collect()
    })
}

/// Sizes at which the code decides: nothing, messages, the default coalesce threshold, the blocks
/// of the tail, what is merged for a writer that cannot gather, what passes through, the marks.
const EDGES: &[usize] =
    &[0, 16, 64, 100, 1000, 1024, 1024, 2048, 4096, 16_384, 32_768, 65_536, 66_560];
const LONGEST: usize = 200_000;
const POOL: usize = 1 << 20;
