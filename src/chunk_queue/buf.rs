use std::io::IoSlice;

use bytes::{Buf, BufMut, Bytes, BytesMut};

use super::{ChunkQueue, Kept};

/// The front of the queue. All methods but `chunks_vectored` and `copy_to_bytes` look at one chunk.
impl Buf for ChunkQueue {
    #[inline]
    fn remaining(&self) -> usize {
        self.bytes
    }

    #[inline]
    fn chunk(&self) -> &[u8] {
        match self.kept.front() {
            None => self.blocks.front(self.run),
            Some(front) if front.before > 0 => self.blocks.front(front.before),
            Some(front) => &front.chunk,
        }
    }

    fn chunks_vectored<'a>(&'a self, slices: &mut [IoSlice<'a>]) -> usize {
        let mut filled = 0;
        for (slice, chunk) in slices.iter_mut().zip(self.slices()) {
            *slice = IoSlice::new(chunk);
            filled += 1;
        }
        filled
    }

    #[inline]
    #[track_caller]
    fn advance(&mut self, count: usize) {
        let held = self.bytes;
        if count > held {
            too_far(count, held);
        }
        let spent = self.trim(count);
        self.drop_spent(spent);
    }

    /// Removes `length` bytes; without a copy where the oldest chunk is a kept one that holds them
    /// all.
    #[track_caller]
    fn copy_to_bytes(&mut self, length: usize) -> Bytes {
        let held = self.bytes;
        assert!(length <= held, "cannot copy {length} bytes: {held} are queued");
        let holds_all = |front: &&Kept| front.before == 0 && length <= front.chunk.len();
        if let Some(front) = self.kept.front().filter(holds_all) {
            let bytes = front.chunk.slice(..length);
            self.advance(length);
            return bytes;
        }
        let mut bytes = BytesMut::with_capacity(length);
        bytes.put(self.take(length));
        bytes.freeze()
    }
}

#[cold]
#[track_caller]
fn too_far(count: usize, held: usize) -> ! {
    panic!("cannot advance by {count} bytes: {held} are queued");
}
