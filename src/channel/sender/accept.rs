use std::future::poll_fn;
use std::io;
use std::task::{Context, Poll};

use bytes::{Buf, Bytes};

use super::sending::{Sending, Turn};
use super::{Sender, Stage};
use crate::channel::Position;
use crate::channel::line::{Holder, Place};
use crate::chunk_queue::ChunkQueue;
use crate::error::{Refusal, TrySendError};
use crate::write_buffer::Way;

impl Sender {
    /// Queues a chunk as soon as the channel is not paused. Does not wait for it to be written.
    ///
    /// A chunk below the coalesce threshold is copied, a larger one is not. The position that is
    /// returned is that of its last byte; [`flushed`](Self::flushed) waits until it is written.
    ///
    /// # Errors
    ///
    /// Returns the chunk in [`TrySendError::Closed`] if the channel is or becomes closed. It is never
    /// [`Full`](TrySendError::Full).
    ///
    /// # Cancel safety
    ///
    /// A dropped future leaves nothing behind: the chunk was not queued, and its place in the line
    /// goes to the next one. A chunk that is still wanted is cheap to clone before.
    ///
    /// # Examples
    ///
    /// ```
    /// use flow_controlled_writer::FlowControlledWriter;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let (sender, driver) = FlowControlledWriter::new(Vec::new()).into_channel();
    /// assert_eq!(sender.send("hello, ").await?, 7);
    /// assert_eq!(sender.clone().send("world").await?, 12);
    /// drop(sender);
    /// assert_eq!(driver.await?, b"hello, world");
    /// # Ok(())
    /// # }
    /// ```
    #[inline]
    pub fn send(&self, chunk: impl Into<Bytes>) -> Sending<'_> {
        Sending::new(self, chunk.into())
    }

    /// Queues chunks as one item, as soon as the channel is not paused: whatever others send lies before
    /// or behind all of them.
    ///
    /// Chunks below the coalesce threshold are copied, larger ones are not. Chunks that are all empty
    /// queue nothing. The position that is returned is that of the last byte.
    ///
    /// # Errors
    ///
    /// Returns the chunks, joined to one, in [`TrySendError::Closed`] if the channel is or becomes
    /// closed. It is never [`Full`](TrySendError::Full).
    ///
    /// # Cancel safety
    ///
    /// A dropped future leaves nothing behind: none of the chunks was queued.
    ///
    /// # Examples
    ///
    /// ```
    /// use bytes::Bytes;
    /// use flow_controlled_writer::FlowControlledWriter;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let (sender, driver) = FlowControlledWriter::new(Vec::new()).into_channel();
    /// let body = Bytes::from(vec![b'x'; 4096]);
    /// sender.send_chunks([Bytes::from("4096\r\n"), body]).await?;
    /// drop(sender);
    /// assert_eq!(driver.await?.len(), 6 + 4096);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn send_chunks(
        &self,
        chunks: impl IntoIterator<Item = Bytes>,
    ) -> Result<Position, TrySendError> {
        let mut item = ChunkQueue::with_coalesce_threshold(self.shared.coalesce_threshold);
        item.extend(chunks);
        item.seal();
        let mut turn = Turn::new(self);
        let result = poll_fn(|cx| turn.poll(cx, |state| state.append(&mut item))).await;
        result.map_err(|refusal| refusal.of(item.copy_to_bytes(item.remaining())))
    }

    /// Queues a chunk if that is possible at once.
    ///
    /// The position that is returned is that of its last byte. An empty chunk is accepted and queues
    /// nothing; its position is that of what was sent before.
    ///
    /// # Errors
    ///
    /// Returns the chunk in [`TrySendError::Full`] if the channel is [paused](Self::is_paused), and in
    /// [`TrySendError::Closed`] if it is closed.
    ///
    /// # Examples
    ///
    /// ```
    /// use flow_controlled_writer::{FlowControlledWriter, Watermarks};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let writer = FlowControlledWriter::with_watermarks(Vec::new(), Watermarks::new(2, 4));
    /// let (sender, driver) = writer.into_channel();
    /// sender.try_send("hello")?;
    /// assert!(sender.try_send("world").unwrap_err().is_full());
    /// drop(sender);
    /// assert_eq!(driver.await?, b"hello");
    /// # Ok(())
    /// # }
    /// ```
    pub fn try_send(&self, chunk: impl Into<Bytes>) -> Result<Position, TrySendError> {
        let mut chunk = chunk.into();
        match self.push_freely(&mut chunk) {
            Some(position) => Ok(position),
            None => self.send_at_once(Way::InTurn, chunk),
        }
    }

    /// Queues a chunk also while the channel is paused and others wait, up to the
    /// [hard limit](crate::Builder::hard_limit): for what must not wait, such as the answer to a ping or
    /// a close frame. It lies behind all that is queued. The position that is returned is that of its last
    /// byte.
    ///
    /// # Errors
    ///
    /// Returns the chunk in [`TrySendError::Full`] if the channel is paused and holds its hard limit or
    /// more, and in [`TrySendError::Closed`] if it is closed.
    ///
    /// # Examples
    ///
    /// ```
    /// use flow_controlled_writer::{FlowControlledWriter, Watermarks};
    ///
    /// let writer = FlowControlledWriter::with_watermarks(tokio::io::sink(), Watermarks::new(2, 4));
    /// let (sender, _driver) = writer.into_channel();
    /// sender.try_send("hello")?;
    /// assert!(sender.try_send("world").is_err());
    /// assert_eq!(sender.send_now("pong")?, 9);
    /// # Ok::<_, flow_controlled_writer::TrySendError>(())
    /// ```
    pub fn send_now(&self, chunk: impl Into<Bytes>) -> Result<Position, TrySendError> {
        self.send_at_once(Way::PastPause, chunk.into())
    }

    fn send_at_once(&self, way: Way, mut chunk: Bytes) -> Result<Position, TrySendError> {
        let may_pass = way == Way::PastPause || self.may_pass();
        let result = self.with_open(|state| {
            match state.admit(way, chunk.len()) {
                Ok(()) if may_pass => {}
                // Nothing needs no room.
                Ok(()) | Err(Refusal::Full) if chunk.is_empty() => {}
                Ok(()) => return Err(Refusal::Full),
                Err(refusal) => return Err(refusal),
            }
            Ok(state.push(&mut chunk))
        });
        result.map(|position| self.sent(position)).map_err(|refusal| refusal.of(chunk))
    }

    /// Queues a chunk if that concerns nobody else.
    #[inline]
    pub(super) fn push_freely(&self, chunk: &mut Bytes) -> Option<Position> {
        if self.stage != Stage::Open || !self.may_pass() {
            return None;
        }
        let position = self.shared.with(|state| state.push_freely(chunk))?;
        Some(self.sent(position))
    }

    /// Waits until the channel is not paused. Another sender may pause it again before this one
    /// has sent.
    ///
    /// # Errors
    ///
    /// Returns an error if the channel is or becomes closed: of the kind with which the inner
    /// writer failed, or else [`BrokenPipe`](io::ErrorKind::BrokenPipe).
    ///
    /// # Cancel safety
    ///
    /// A dropped future leaves nothing behind: its place in the line goes to the next one.
    ///
    /// # Examples
    ///
    /// ```
    /// use flow_controlled_writer::{FlowControlledWriter, Watermarks};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let writer = FlowControlledWriter::with_watermarks(Vec::new(), Watermarks::new(2, 4));
    /// let (sender, driver) = writer.into_channel();
    /// let driver = tokio::spawn(driver);
    /// sender.try_send("hello")?;
    /// assert!(sender.is_paused());
    /// sender.ready().await?;
    /// assert!(!sender.is_paused());
    /// # sender.close_channel();
    /// # driver.await??;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn ready(&self) -> io::Result<()> {
        let mut spot = Spot { sender: self, place: None };
        Ok(poll_fn(|cx| spot.poll(cx)).await?)
    }
}

/// A place that a future without an item holds. It is given up when the future is dropped.
struct Spot<'a> {
    sender: &'a Sender,
    place: Option<Place>,
}

impl Spot<'_> {
    fn poll(&mut self, cx: &Context<'_>) -> Poll<Result<(), Refusal>> {
        let Self { sender, place } = self;
        if sender.stage == Stage::Ended {
            return Poll::Ready(Err(Refusal::Closed));
        }
        let may_pass = sender.may_pass_now();
        let turn = sender.shared.poll_turn(cx, place, Holder::Interest, may_pass, |_| ());
        if turn.is_pending() {
            sender.end_streak();
        }
        turn
    }
}

impl Drop for Spot<'_> {
    fn drop(&mut self) {
        let place = &mut self.place;
        if place.is_some() {
            self.sender.shared.with(|state| state.leave_line(place));
        }
    }
}
