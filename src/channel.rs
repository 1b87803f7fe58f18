//! Many producers, one connection: senders that are cloned, and a driver that writes.
//!
//! A server's messages for one slow client come from many tasks. [`into_channel`] turns a writer
//! into a [`Sender`] that all of them share, and a [`Driver`], the future that writes. The senders
//! know how many bytes wait ([`Sender::buffer_size`]), and wait themselves while there are too
//! many: the channel pauses above the high watermark and resumes at the low one. It never holds
//! more than the high mark and one item, however many senders there are, and one more for each handle
//! that was told by its `Sink` interface to be ready.
//!
//! There is no runtime inside, and nothing is spawned.
//!
//! | to | use |
//! |---|---|
//! | queue a chunk, waiting while paused | [`Sender::send`] |
//! | queue several as one item | [`Sender::send_chunks`] |
//! | queue what must not wait | [`Sender::send_now`] |
//! | know that an item is written and flushed | [`Sender::flushed`] with its [`Position`], or [`Sender::flush`] for all |
//! | end one handle | drop it, or close it as a `Sink` or `AsyncWrite` |
//! | end all | [`Sender::close_channel`] |
//! | end all and discard what is queued | [`Sender::abort`] |
//! | know that all is written and the inner writer shut down | await the [`Driver`], or [`Sender::closed`] |
//! | go on with another connection after an error | [`Driver::drive`] |
//!
//! # Order and fairness
//!
//! What one handle sends keeps its order, also when its futures wait side by side. Those who wait are
//! served in the order in which they began to. A newcomer may go ahead while the channel is not
//! paused; but once it is paused again before somebody came who was woken with an item, newcomers wait behind all
//! others until that one was served. Who was woken and does not come stops the others at the longest until
//! the channel has run empty, as a `send` that is kept and not polled, or until it is paused again, as a
//! handle that was waiting to be ready and lost interest.
//!
//! A sender that never has to wait yields now and then, so that a loop of sends leaves its thread to
//! the driver and to timers.
//!
//! # Examples
//!
//! ```
//! use flow_controlled_writer::FlowControlledWriter;
//! use tokio::io::AsyncReadExt;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let (client, mut server) = tokio::io::duplex(64);
//! let (sender, driver) = FlowControlledWriter::new(client).into_channel();
//! let driver = tokio::spawn(driver);
//!
//! for name in ["a", "b", "c"] {
//!     let sender = sender.clone();
//!     tokio::spawn(async move { sender.send(name).await });
//! }
//! drop(sender);
//!
//! let mut received = String::new();
//! server.read_to_string(&mut received).await?;
//! assert_eq!(received.len(), 3);
//! driver.await??;
//! # Ok(())
//! # }
//! ```
//!
//! [`into_channel`]: FlowControlledWriter::into_channel

mod driver;
mod error;
mod line;
#[cfg(all(test, loom))]
mod models;
mod sender;
mod shared;
mod sink;
mod state;
mod sync;
mod waiters;
mod write;

pub use self::driver::Driver;
pub use self::error::DriverError;
pub use self::sender::{Sender, Sending};
use self::shared::Shared;
use self::sync::Arc;
use crate::writer::FlowControlledWriter;

/// A position in the stream of a channel: a number of bytes since the writer was made. That of an item
/// is the one of its last byte: once [`Sender::written`] is as large, the inner writer has taken all of
/// the item.
pub type Position = u64;

impl<W> FlowControlledWriter<W> {
    /// Turns the writer into the two ends of a channel: a sender to be cloned, and the driver that
    /// writes what they send.
    ///
    /// What is queued goes first. The watermarks, the other options and the totals carry over, and
    /// so does the end of a writer that was shut down or has failed.
    ///
    /// # Examples
    ///
    /// ```
    /// use flow_controlled_writer::FlowControlledWriter;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let (sender, driver) = FlowControlledWriter::new(Vec::new()).into_channel();
    /// sender.send("hello").await?;
    /// drop(sender);
    /// assert_eq!(driver.await?, b"hello");
    /// # Ok(())
    /// # }
    /// ```
    pub fn into_channel(self) -> (Sender, Driver<W>) {
        let (inner, mut buffer) = self.into_inner_and_buffer();
        let shared = Arc::new(Shared::new(&mut buffer));
        (Sender::new(Arc::clone(&shared)), Driver::new(shared, inner, buffer))
    }
}
