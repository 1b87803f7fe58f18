use std::cell::Cell;
use std::collections::VecDeque;

use bytes::BytesMut;

use super::Kept;

/// What a thread keeps for all queues that it fills and drains: one block, and one list of entries.
///
/// A queue gives its memory back whenever it has run empty. With allocators that return free memory
/// to the system, glibc's among them, to allocate it anew for the next message costs a page fault
/// for each 4 KiB: more than to copy them. So the queue takes what it outgrows its own block with from
/// its thread, and gives it to the thread that drains it.
///
/// In exchange it leaves the small one that it had, and finds it again when it gives the other one back.
///
/// Nothing is kept before it was needed a few times, and nothing stays for long that is not.
struct Spare {
    block: Cell<Option<BytesMut>>,
    /// Invariant: empty.
    entries: Cell<VecDeque<Kept>>,
}

thread_local! {
    /// How much what is kept has been needed of late. Each queue that has run empty counts: up if it
    /// had outgrown its own memory, down if not.
    static DEMAND: Cell<u32> = const { Cell::new(0) };

    static SPARE: Spare = const {
        Spare {
            block: Cell::new(None),
            entries: Cell::new(VecDeque::new()),
        }
    };
}

/// Takes the block of this thread, empty, if it has at least this capacity.
pub(super) fn take_block(capacity: usize) -> Option<BytesMut> {
    with(|spare| {
        let block = spare.block.take()?;
        if block.capacity() < capacity {
            spare.block.set(Some(block));
            return None;
        }
        Some(block)
    })?
}

/// Takes the list of this thread, empty, if it has room for more than `held` entries.
pub(super) fn take_entries(held: usize) -> Option<VecDeque<Kept>> {
    with(|spare| {
        let entries = spare.entries.take();
        if entries.capacity() > held {
            return Some(entries);
        }
        spare.entries.set(entries);
        None
    })?
}

/// Gives this thread a block whose bytes have all been drained. Of two the larger one stays; the smaller
/// one, if it has at most `kept` bytes, comes back for the queue to keep.
pub(super) fn give_block(mut block: BytesMut, kept: usize) -> BytesMut {
    let capacity = block.capacity();
    if capacity > LARGEST_BLOCK {
        return BytesMut::new();
    }
    let left = with(|spare| {
        // One of which little was used is not needed in this size.
        if !count(block.len() >= capacity / 4) {
            return None;
        }
        block.clear();
        spare.keep(block)
    });
    left.flatten().filter(|left| left.capacity() <= kept).unwrap_or_default()
}

/// Gives back the block of this thread that was used for a moment, or leaves one in exchange for it. A tiny
/// one stays in any case.
pub(super) fn put_back(mut block: BytesMut) {
    with(|spare| {
        if block.capacity() <= if is_kept() { LARGEST_BLOCK } else { TINY_BLOCK } {
            block.clear();
            spare.keep(block);
        }
    });
}

/// Sees to it that this thread has a block of `capacity`, or the largest that it keeps: a queue would
/// have needed one.
pub(super) fn provide_block(capacity: usize) {
    with(|spare| {
        if count(true) {
            let capacity = capacity.min(LARGEST_BLOCK);
            let kept = spare.block.take().filter(|kept| kept.capacity() >= capacity);
            let block = kept.unwrap_or_else(|| BytesMut::with_capacity(capacity));
            spare.block.set(Some(block));
        }
    });
}

/// Gives this thread an empty list with room. Of two the larger one stays; the smaller one, if it has at
/// most `kept` entries, comes back for the queue to keep.
pub(super) fn give_entries(entries: VecDeque<Kept>, kept: usize) -> VecDeque<Kept> {
    debug_assert!(entries.is_empty());
    if entries.capacity() > MOST_ENTRIES {
        return VecDeque::new();
    }
    let left = with(|spare| {
        if !count(true) {
            return None;
        }
        let other = spare.entries.take();
        let is_larger = entries.capacity() >= other.capacity();
        let (larger, smaller) = if is_larger { (entries, other) } else { (other, entries) };
        spare.entries.set(larger);
        Some(smaller)
    });
    left.flatten().filter(|left| left.capacity() <= kept).unwrap_or_default()
}

/// Leaves an empty list in exchange for the one that was taken.
pub(super) fn leave_entries(entries: VecDeque<Kept>) {
    debug_assert!(entries.is_empty());
    with(|spare| {
        if is_kept() {
            spare.entries.set(entries);
        }
    });
}

/// Takes note of a queue that has run empty and has not outgrown its own memory.
#[inline]
pub(super) fn not_needed() {
    if DEMAND.get() > 0 {
        lower();
    }
}

/// Takes note of whether what is kept was needed. Returns whether to keep it.
fn count(is_needed: bool) -> bool {
    if is_needed {
        DEMAND.set((DEMAND.get() + NEEDED).min(MOST_DEMAND));
    } else {
        lower();
    }
    is_kept()
}

fn is_kept() -> bool {
    DEMAND.get() >= KEPT_FROM
}

#[cold]
#[inline(never)]
fn lower() {
    DEMAND.set(DEMAND.get().saturating_sub(1));
    if !is_kept() {
        with(|spare| {
            spare.block.take();
            spare.entries.take();
        });
    }
}

impl Spare {
    /// Keeps the larger one of `block` and what there is. Returns the smaller one.
    fn keep(&self, block: BytesMut) -> Option<BytesMut> {
        match self.block.take() {
            Some(kept) if kept.capacity() > block.capacity() => {
                self.block.set(Some(kept));
                Some(block)
            }
            kept => {
                self.block.set(Some(block));
                kept
            }
        }
    }
}

/// Calls `act` unless the thread is ending and has given its spare up.
#[inline]
fn with<R>(act: impl FnOnce(&Spare) -> R) -> Option<R> {
    SPARE.try_with(act).ok()
}

/// Largest block that a thread keeps: a message of 4 MiB and what a protocol puts around it.
const LARGEST_BLOCK: usize = 4 * 1024 * 1024 + 64 * 1024;
/// Block that costs less to keep than to allocate for each frame: small frames are copied from there to
/// the end of one block and the beginning of the next.
const TINY_BLOCK: usize = 64;
/// Entries of the longest list that a thread keeps: 40 KiB.
const MOST_ENTRIES: usize = 1024;
/// What one need adds to the demand: what is needed by one queue in eight stays.
const NEEDED: u32 = 8;
/// Demand from which on something is kept: a burst or two are not.
const KEPT_FROM: u32 = 3 * NEEDED;
/// Most demand that is counted: what is not needed any more is freed after some forty queues that
/// have run empty.
const MOST_DEMAND: u32 = 8 * NEEDED;
