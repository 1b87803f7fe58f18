use std::io;
use std::mem;

use super::{Gate, Phase, WriteBuffer};
use crate::chunk_queue::ChunkQueue;
use crate::error;
use crate::watermarks::Flow;

/// How the encoding of a frame has ended.
pub(crate) enum Encoded<E> {
    Complete,
    Failed(E),
    /// Bytes that were queued before the frame are gone or changed.
    Torn,
}

/// Why an item may not even be encoded.
pub(crate) enum Refusal {
    Paused,
    Closed,
}

impl WriteBuffer {
    /// Tells whether a frame can be queued at once, before it is encoded.
    pub(crate) fn check_room(&mut self) -> Result<(), Refusal> {
        self.update();
        match (self.phase, self.gate.flow()) {
            (Phase::Open, Flow::Accepting) => Ok(()),
            (Phase::Open, Flow::Paused) => Err(Refusal::Paused),
            _ => Err(Refusal::Closed),
        }
    }

    /// Queues a frame if that keeps to the cap and to the budget.
    pub(crate) fn try_encode<E: From<io::Error>>(
        &mut self,
        encode: impl FnOnce(&mut ChunkQueue) -> Encoded<E>,
    ) -> Result<(), E> {
        self.encode(encode, Gate::reserve)
    }

    /// Queues a frame if that keeps to the cap; a paused writer takes it.
    pub(crate) fn start_encode<E: From<io::Error>>(
        &mut self,
        encode: impl FnOnce(&mut ChunkQueue) -> Encoded<E>,
    ) -> Result<(), E> {
        self.encode(encode, |gate, before, frame| gate.admits(before, frame))
    }

    /// Lets `encode` append a frame to the queue. Unless all of it is there afterwards, and `admit`
    /// lets it stay, the queue is as it was before.
    #[inline]
    fn encode<E: From<io::Error>>(
        &mut self,
        encode: impl FnOnce(&mut ChunkQueue) -> Encoded<E>,
        admit: impl FnOnce(&mut Gate, usize, usize) -> bool,
    ) -> Result<(), E> {
        self.check_open()?;
        let before = self.buffer_size();
        let unwinding = Unwinding { buffer: self, before };
        let encoded = encode(&mut unwinding.buffer.queue);
        mem::forget(unwinding);

        let after = self.buffer_size();
        if matches!(encoded, Encoded::Complete)
            && after >= before
            && self.gate.is_wide_open(after, 0)
        {
            return Ok(());
        }
        self.judge(encoded, before, admit)
    }

    /// Takes the frame behind the first `before` bytes in, or removes it.
    #[inline(never)]
    fn judge<E: From<io::Error>>(
        &mut self,
        encoded: Encoded<E>,
        before: usize,
        admit: impl FnOnce(&mut Gate, usize, usize) -> bool,
    ) -> Result<(), E> {
        match (encoded, self.buffer_size().checked_sub(before)) {
            (Encoded::Torn, _) | (_, None) => Err(self.torn(before).into()),
            (Encoded::Complete, Some(0)) => Ok(()),
            (Encoded::Complete, Some(frame)) if admit(&mut self.gate, before, frame) => {
                self.update();
                Ok(())
            }
            (Encoded::Complete, Some(frame)) => {
                self.roll_back(before);
                Err(error::no_room_for_frame(frame, before).into())
            }
            (Encoded::Failed(error), Some(_)) => {
                self.roll_back(before);
                Err(error)
            }
        }
    }

    /// Fails the writer for good: what is queued is no longer what was sent.
    #[cold]
    fn torn(&mut self, before: usize) -> io::Error {
        self.roll_back(before);
        self.fail(error::torn_frame())
    }

    #[cold]
    #[inline(never)]
    fn encoder_panicked(&mut self, before: usize) {
        self.roll_back(before);
        self.fail(error::encoder_panicked());
    }

    /// Removes what lies behind the first `before` bytes. Earlier bytes that are gone count as
    /// discarded.
    #[cold]
    fn roll_back(&mut self, before: usize) {
        self.queue.truncate(before);
        let gone = before - self.buffer_size();
        self.peak_buffer_size = self.peak_buffer_size.max(before);
        self.discarded_bytes += gone as u64;
        self.update();
    }
}

/// Dropped by a panic of the encoder only: removes the part of its frame and fails the writer, as
/// nothing is known about what else the encoder did.
struct Unwinding<'a> {
    buffer: &'a mut WriteBuffer,
    /// The buffer size before the frame.
    before: usize,
}

impl Drop for Unwinding<'_> {
    // Inlined, so that a frame which succeeds need not keep these values in memory.
    #[inline(always)]
    fn drop(&mut self) {
        self.buffer.encoder_panicked(self.before);
    }
}
