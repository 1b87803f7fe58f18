use std::io;
use std::mem;

use bytes::Bytes;

use super::{Way, WriteBuffer};
use crate::chunk_queue::{ChunkAppender, Integrity};
use crate::error::{self, Refusal};

/// Why nothing was appended.
pub(crate) enum AppendError<I, E> {
    /// The item was not taken.
    Refused(Refusal, I),
    /// The error of what appends.
    Failed(E),
    /// Bytes that were queued before are gone, which has failed the writer.
    #[cfg_attr(not(feature = "codec"), expect(dead_code))]
    Torn(io::Error),
}

/// What comes in without a word to the inner writer.
impl WriteBuffer {
    /// Queues a chunk if the writer takes it this way, by the state as of now.
    #[inline]
    pub(crate) fn try_send(&mut self, way: Way, chunk: Bytes) -> Result<(), (Refusal, Bytes)> {
        if self.takes_freely(chunk.len()) {
            self.queue.push(chunk);
            return Ok(());
        }
        self.update();
        self.send_checked(way, chunk)
    }

    /// Queues a chunk that may come in past a pause. A writer that was ready takes it, whatever others
    /// have done to its budget since.
    #[inline]
    pub(crate) fn start_send(&mut self, chunk: Bytes) -> Result<(), (Refusal, Bytes)> {
        if self.takes_freely(chunk.len()) {
            self.queue.push(chunk);
            return Ok(());
        }
        self.resume_if_due();
        self.send_checked(Way::PastPause, chunk)
    }

    fn send_checked(&mut self, way: Way, mut chunk: Bytes) -> Result<(), (Refusal, Bytes)> {
        let admitted = match self.admit(way, chunk.len()) {
            // Nothing needs no room.
            Err(Refusal::Full) if chunk.is_empty() => Ok(()),
            admitted => admitted,
        };
        if let Err(refusal) = admitted {
            self.settle(None);
            return Err((refusal, chunk));
        }
        self.queue.push_from(&mut chunk);
        self.update();
        self.settle(None);
        Ok(())
    }

    /// Queues what `append` makes of an item if the writer takes one, by the state as of now. Unless
    /// it succeeds the queue is as before.
    #[inline]
    pub(crate) fn try_append<I, R, E>(
        &mut self,
        item: I,
        append: impl FnOnce(I, &mut ChunkAppender<'_>) -> Result<R, E>,
    ) -> Result<R, AppendError<I, E>> {
        if !self.takes_freely(0) {
            self.update();
        }
        self.append(Way::InTurn, item, append)
    }

    /// Queues what `append` makes of an item, which may come in past a pause.
    #[cfg(feature = "codec")]
    #[inline]
    pub(crate) fn start_append<I, R, E>(
        &mut self,
        item: I,
        append: impl FnOnce(I, &mut ChunkAppender<'_>) -> Result<R, E>,
    ) -> Result<R, AppendError<I, E>> {
        self.resume_if_due();
        self.append(Way::PastPause, item, append)
    }

    #[inline]
    fn append<I, R, E>(
        &mut self,
        way: Way,
        item: I,
        append: impl FnOnce(I, &mut ChunkAppender<'_>) -> Result<R, E>,
    ) -> Result<R, AppendError<I, E>> {
        if !self.takes_freely(0) {
            if let Err(refusal) = self.admit(way, 0) {
                self.settle(None);
                return Err(AppendError::Refused(refusal, item));
            }
        }
        let before = self.buffer_size();
        let unfinished = Unfinished { buffer: self, before };
        let mut appender = ChunkAppender::new(&mut unfinished.buffer.queue);
        let result = append(item, &mut appender);
        let integrity = appender.integrity();
        mem::forget(unfinished);
        match (result, integrity) {
            (Ok(result), Integrity::Intact) => {
                if !self.takes_freely(0) {
                    self.update();
                    self.settle(None);
                }
                Ok(result)
            }
            (Err(error), Integrity::Intact) => {
                self.roll_back(before);
                self.settle(None);
                Err(AppendError::Failed(error))
            }
            (_, Integrity::Torn) => Err(AppendError::Torn(self.torn(before))),
        }
    }

    /// Notices that others have given back what had exceeded the budget. What they have added since is
    /// left unnoticed here.
    #[inline]
    fn resume_if_due(&mut self) {
        if !self.is_accepting() {
            self.update();
        }
    }

    /// Lets an item of `length` bytes in, by the pause state as of the last update.
    fn admit(&self, way: Way, length: usize) -> Result<(), Refusal> {
        self.check_open()?;
        if self.gate.admits(way, self.buffer_size(), length) { Ok(()) } else { Err(Refusal::Full) }
    }

    /// Fails the writer for good: what is queued is no longer what was sent.
    #[cold]
    fn torn(&mut self, before: usize) -> io::Error {
        let error = self.fail(error::torn_frame());
        self.roll_back(before);
        self.settle(None);
        error
    }

    /// Removes what lies behind the first `before` bytes. Earlier bytes that are gone count as discarded.
    #[cold]
    #[inline(never)]
    fn roll_back(&mut self, before: usize) {
        let removed = self.queue.roll_back(before);
        self.peak_buffer_size = self.peak_buffer_size.max(before);
        self.discarded_bytes += (before - self.buffer_size()) as u64;
        self.update();
        drop(removed);
    }

    /// Fails the writer, as nothing is known about what else a panic has left undone.
    #[cold]
    #[inline(never)]
    fn append_panicked(&mut self, before: usize) {
        let _ = self.fail(error::panicked());
        self.wake_behind_panic();
        self.roll_back(before);
    }
}

/// An item that is being appended. Dropped by a panic only.
struct Unfinished<'a> {
    buffer: &'a mut WriteBuffer,
    /// The buffer size before the item.
    before: usize,
}

impl Drop for Unfinished<'_> {
    // Inlined, so that an item which succeeds need not keep these values in memory.
    #[inline(always)]
    fn drop(&mut self) {
        self.buffer.append_panicked(self.before);
    }
}
