//! Many producers, one connection: senders that are cloned, and a driver that writes.
//!
//! A server's messages for one slow client come from many tasks. [`into_channel`] turns a writer
//! into a [`Sender`] that all of them share, and a [`Driver`], the future that writes. The senders
//! know how many bytes wait ([`Sender::buffer_size`]), and wait themselves while there are too
//! many: the channel pauses above the high watermark and resumes at the low one, and never holds
//! more than the high mark and one chunk, however many senders there are.
//!
//! There is no runtime inside, and nothing is spawned.
//!
//! | to | use |
//! |---|---|
//! | queue a chunk, waiting while paused | [`Sender::send`] |
//! | know that it is written and flushed | [`Sender::flush`] |
//! | end one handle | drop it, or close it as a `Sink` or `AsyncWrite` |
//! | end all | [`Sender::close`] |
//! | end all and discard what is queued | [`Sender::abort`] |
//! | know that all is written and the inner writer shut down | await the [`Driver`], or [`Sender::closed`] |
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
mod refusal;
mod sender;
mod shared;
mod sink;
mod state;
mod sync;
mod waiters;
mod write;

pub use self::driver::Driver;
pub use self::error::DriverError;
pub use self::sender::Sender;
use self::shared::Shared;
use self::sync::Arc;
use crate::writer::FlowControlledWriter;

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
