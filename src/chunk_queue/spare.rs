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

/// Takes the list of this thread, empty; one without room if there is none.
pub(super) fn take_entries() -> VecDeque<Kept> {
    with(|spare| spare.entries.take()).unwrap_or_default()
}

/// Gives this thread a block whose bytes have all been drained. Of two the larger one stays.
pub(super) fn give_block(mut block: BytesMut) {
    let capacity = block.capacity();
    if capacity > LARGEST_BLOCK {
        return;
    }
    with(|spare| {
        // One of which little was used is not needed in this size.
        if !count(block.len() >= capacity / 4) {
            return;
        }
        block.clear();
        spare.keep(block);
    });
}

/// Gives back the block of this thread that was used for a moment.
pub(super) fn put_back(mut block: BytesMut) {
    with(|spare| {
        if is_kept() && block.capacity() <= LARGEST_BLOCK {
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
            spare.keep(kept.unwrap_or_else(|| BytesMut::with_capacity(capacity)));
        }
    });
}

/// Gives this thread an empty list with room. Of two the larger one stays.
pub(super) fn give_entries(entries: VecDeque<Kept>) {
    debug_assert!(entries.is_empty());
    if entries.capacity() > MOST_ENTRIES {
        return;
    }
    with(|spare| {
        let kept = spare.entries.take();
        let is_needed = count(true);
        let larger = if kept.capacity() > entries.capacity() { kept } else { entries };
        spare.entries.set(if is_needed { larger } else { VecDeque::new() });
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
    /// Keeps the larger one of `block` and what there is.
    fn keep(&self, block: BytesMut) {
        let capacity = block.capacity();
        if let Some(kept) = self.block.replace(Some(block))
            && kept.capacity() > capacity
        {
            self.block.set(Some(kept));
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
/// Entries of the longest list that a thread keeps: 40 KiB.
const MOST_ENTRIES: usize = 1024;
/// What one need adds to the demand: what is needed by one queue in eight stays.
const NEEDED: u32 = 8;
/// Demand from which on something is kept: a burst or two are not.
const KEPT_FROM: u32 = 3 * NEEDED;
/// Most demand that is counted: what is not needed any more is freed after some forty queues that
/// have run empty.
const MOST_DEMAND: u32 = 8 * NEEDED;
