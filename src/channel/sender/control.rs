use std::future::poll_fn;
use std::io;

use super::{Sender, Stage};
use crate::channel::Position;
use crate::channel::state::{FlushWait, State};
use crate::channel::sync::yield_now;
use crate::channel::waiters::{Caller, Ticket};
use crate::watermarks::Watermarks;

impl Sender {
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
    /// # sender.close_channel();
    /// # driver.await??;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn flush(&self) -> io::Result<()> {
        self.flushed_by(FlushWait::default()).await
    }

    /// Waits until the stream is written up to `position` and the inner writer flushed. A position to
    /// which nothing was sent yet is waited for, too.
    ///
    /// # Errors
    ///
    /// As [`flush`](Self::flush).
    ///
    /// # Cancel safety
    ///
    /// A dropped future changes nothing.
    ///
    /// # Examples
    ///
    /// ```
    /// use flow_controlled_writer::FlowControlledWriter;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let (sender, driver) = FlowControlledWriter::new(tokio::io::sink()).into_channel();
    /// let driver = tokio::spawn(driver);
    /// let position = sender.send("important").await?;
    /// sender.flushed(position).await?;
    /// assert!(sender.written() >= position);
    /// # sender.close_channel();
    /// # driver.await??;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn flushed(&self, position: Position) -> io::Result<()> {
        self.flushed_by(FlushWait::until(position)).await
    }

    async fn flushed_by(&self, wait: FlushWait) -> io::Result<()> {
        let mut flush = Flushing { sender: self, wait };
        poll_fn(|cx| self.shared.poll_flush(cx, &mut flush.wait)).await
    }

    /// Ends sending for all handles. The driver writes what is queued, flushes the inner writer,
    /// shuts it down and returns it.
    ///
    /// # Examples
    ///
    /// ```
    /// use flow_controlled_writer::FlowControlledWriter;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let (sender, driver) = FlowControlledWriter::new(Vec::new()).into_channel();
    /// let other = sender.clone();
    /// sender.try_send("goodbye")?;
    /// sender.close_channel();
    /// assert!(other.try_send("too late").unwrap_err().is_closed());
    /// assert_eq!(driver.await?, b"goodbye");
    /// # Ok(())
    /// # }
    /// ```
    pub fn close_channel(&self) {
        self.shared.with(State::close);
    }

    /// Waits until the driver has ended: after all was written and the inner writer shut down,
    /// after a failure, or because it was dropped.
    ///
    /// # Errors
    ///
    /// Returns an error of the kind with which the inner writer failed, or
    /// [`BrokenPipe`](io::ErrorKind::BrokenPipe) if the driver was dropped.
    ///
    /// # Cancel safety
    ///
    /// A dropped future changes nothing.
    ///
    /// # Examples
    ///
    /// ```
    /// use flow_controlled_writer::FlowControlledWriter;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let (sender, driver) = FlowControlledWriter::new(tokio::io::sink()).into_channel();
    /// tokio::spawn(driver);
    /// sender.send("goodbye").await?;
    /// sender.close_channel();
    /// sender.closed().await?;
    /// assert_eq!(sender.written(), 7);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn closed(&self) -> io::Result<()> {
        let mut closing = Closing { sender: self, ticket: None };
        poll_fn(|cx| {
            let caller = &mut Caller::waiting(cx);
            self.shared.with(|state| state.poll_closed(caller, &mut closing.ticket))
        })
        .await
    }

    /// Discards all that is not written and ends sending for all handles. Returns the bytes
    /// discarded.
    ///
    /// The driver shuts the inner writer down and returns it. An item of which the inner writer
    /// has taken a part is cut there. What it takes by a write that another thread is just making is
    /// waited for and counts as written; if that write itself calls this, all that it was
    /// offered does.
    ///
    /// # Examples
    ///
    /// ```
    /// use flow_controlled_writer::FlowControlledWriter;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let (sender, driver) = FlowControlledWriter::new(Vec::new()).into_channel();
    /// sender.try_send("hello")?;
    /// assert_eq!(sender.abort(), 5);
    /// assert_eq!(driver.await?, b"");
    /// # Ok(())
    /// # }
    /// ```
    pub fn abort(&self) -> usize {
        let (mut discarded, queue) = self.shared.with(State::abort);
        drop(queue);
        for _ in 0..LOOKS {
            if let Some(taken) = self.shared.with(State::discard_taken) {
                discarded += taken;
                break;
            }
            yield_now();
        }
        discarded
    }

    /// Changes the watermarks. The channel pauses or resumes by the new ones at once.
    ///
    /// # Examples
    ///
    /// ```
    /// use flow_controlled_writer::{FlowControlledWriter, Watermarks};
    ///
    /// let (sender, _driver) = FlowControlledWriter::new(tokio::io::sink()).into_channel();
    /// sender.try_send(vec![0; 512]).expect("not paused");
    /// sender.set_watermarks(Watermarks::new(128, 256));
    /// assert!(sender.is_paused());
    /// ```
    pub fn set_watermarks(&self, watermarks: Watermarks) {
        self.shared.with(|state| state.set_watermarks(watermarks));
    }

    /// Tells whether nothing can be sent by this handle any more: the channel was closed, aborted
    /// or has failed, or the handle has ended.
    ///
    /// # Examples
    ///
    /// ```
    /// use flow_controlled_writer::FlowControlledWriter;
    ///
    /// let (sender, driver) = FlowControlledWriter::new(tokio::io::sink()).into_channel();
    /// assert!(!sender.is_closed());
    /// drop(driver);
    /// assert!(sender.is_closed());
    /// ```
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.stage == Stage::Ended || !self.shared.with(|state| state.is_open())
    }
}

/// The wait of a `flush` future. It is given up when the future is dropped.
struct Flushing<'a> {
    sender: &'a Sender,
    wait: FlushWait,
}

impl Drop for Flushing<'_> {
    fn drop(&mut self) {
        self.sender.shared.with(|state| state.leave_flushes(&mut self.wait));
    }
}

/// The wait of a `closed` future, likewise.
struct Closing<'a> {
    sender: &'a Sender,
    ticket: Option<Ticket<()>>,
}

impl Drop for Closing<'_> {
    fn drop(&mut self) {
        self.sender.shared.with(|state| state.leave_closings(&mut self.ticket));
    }
}

/// How often an abort looks whether a write on another thread has ended: no write blocks, but a thread
/// may be held up in one.
const LOOKS: usize = 1000;
