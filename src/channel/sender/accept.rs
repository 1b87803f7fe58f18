use std::future::poll_fn;
use std::io;
use std::task::Poll;

use bytes::Bytes;

use super::Sender;
use super::waiting::{Flushing, Waiting};
use crate::channel::refusal::Refusal;
use crate::channel::state::{State, Waits};
use crate::error::TrySendError;

impl Sender {
    /// Queues a chunk as soon as the channel is not paused. Does not wait for it to be written.
    ///
    /// A chunk below the coalesce threshold is copied, a larger one is not.
    ///
    /// # Errors
    ///
    /// Returns the chunk in [`TrySendError::Closed`] if the channel is or becomes closed, and in
    /// [`TrySendError::Full`] if the chunk would take the buffer over its cap
    /// ([`Builder::max_buffer_size`](crate::Builder::max_buffer_size)).
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
    /// sender.send("hello, ").await?;
    /// sender.clone().send("world").await?;
    /// drop(sender);
    /// assert_eq!(driver.await?, b"hello, world");
    /// # Ok(())
    /// # }
    /// ```
    pub async fn send(&self, chunk: impl Into<Bytes>) -> Result<(), TrySendError> {
        let mut chunk = chunk.into();
        let result =
            if self.push_freely(&mut chunk) { Ok(()) } else { self.send_in_turn(&mut chunk).await };
        self.note_sent();
        result.map_err(|refusal| refusal.of(chunk))
    }

    async fn send_in_turn(&self, chunk: &mut Bytes) -> Result<(), Refusal> {
        let mut wait = Waiting::new(self, State::leave_line);
        poll_fn(|cx| {
            self.with_open(|state| state.poll_send(cx, &mut wait.place, chunk))
                .unwrap_or_else(|refusal| Poll::Ready(Err(refusal)))
        })
        .await
    }

    /// Queues a chunk if that is possible at once.
    ///
    /// An empty chunk is accepted and queues nothing.
    ///
    /// # Errors
    ///
    /// Returns the chunk in [`TrySendError::Full`] if the channel is paused or the chunk would
    /// take it over its cap or budget, and in [`TrySendError::Closed`] if it is closed.
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
    pub fn try_send(&self, chunk: impl Into<Bytes>) -> Result<(), TrySendError> {
        let mut chunk = chunk.into();
        let result = if self.push_freely(&mut chunk) {
            Ok(())
        } else {
            self.with_open(|state| state.try_send(&mut chunk)).and_then(|result| result)
        };
        self.note_sent();
        result.map_err(|refusal| refusal.of(chunk))
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
    /// # sender.close();
    /// # driver.await??;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn ready(&self) -> io::Result<()> {
        let mut wait = Waiting::new(self, State::leave_line);
        let turn = poll_fn(|cx| {
            self.with_open(|state| state.poll_ready(cx, &mut wait.place, Waits::Future))
                .unwrap_or_else(|refusal| Poll::Ready(Err(refusal)))
        });
        Ok(turn.await?)
    }

    /// Waits until all that was sent by any handle before the first poll is written and the inner
    /// writer flushed, also while others go on sending.
    ///
    /// # Errors
    ///
    /// Returns an error if that cannot be any more: of the kind with which the inner writer failed,
    /// or [`BrokenPipe`](io::ErrorKind::BrokenPipe) if the driver was dropped or what was sent was
    /// discarded by [`abort`](Self::abort).
    ///
    /// # Cancel safety
    ///
    /// A dropped future changes nothing: what was sent is written and flushed all the same.
    ///
    /// # Examples
    ///
    /// ```
    /// use flow_controlled_writer::FlowControlledWriter;
    /// use tokio::io::AsyncReadExt;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let (stream, mut peer) = tokio::io::duplex(64);
    /// let (sender, driver) = FlowControlledWriter::new(stream).into_channel();
    /// let driver = tokio::spawn(driver);
    /// sender.send("question").await?;
    /// sender.flush().await?;
    /// assert_eq!(sender.buffer_size(), 0);
    ///
    /// let mut received = [0; 8];
    /// peer.read_exact(&mut received).await?;
    /// assert_eq!(&received, b"question");
    /// # sender.close();
    /// # driver.await??;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn flush(&self) -> io::Result<()> {
        let mut flush = Flushing::new(self);
        poll_fn(|cx| self.shared.with(|state| state.poll_flush(cx, &mut flush.wait))).await
    }
}
