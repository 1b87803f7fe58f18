use std::error::Error;
use std::fmt;
use std::io;

use bytes::Buf;

use crate::writer::Parts;

/// The error of a [`Driver`](super::Driver): the inner writer failed.
///
/// What was sent and the inner writer has not accepted is in `parts`, with the position up to which it
/// has; see [`Parts`] for an item that was cut. [`Driver::drive`](super::Driver::drive) keeps the channel
/// open instead.
///
/// # Examples
///
/// ```
/// use bytes::Buf;
/// use flow_controlled_writer::FlowControlledWriter;
/// use std::io::ErrorKind;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let (stream, peer) = tokio::io::duplex(64);
/// let (sender, driver) = FlowControlledWriter::new(stream).into_channel();
/// drop(peer);
///
/// sender.try_send("unsent").expect("not paused");
/// let mut failure = driver.await.unwrap_err();
/// assert_eq!(failure.error.kind(), ErrorKind::BrokenPipe);
/// assert_eq!(failure.parts.queue.copy_to_bytes(6), "unsent");
/// assert!(sender.is_closed());
/// # }
/// ```
#[non_exhaustive]
pub struct DriverError<W> {
    /// The error of the inner writer.
    pub error: io::Error,
    /// The inner writer and what it has not accepted, in order.
    pub parts: Parts<W>,
}

impl<W> Error for DriverError<W> {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.error)
    }
}

/// Keeps the error and drops the parts.
impl<W> From<DriverError<W>> for io::Error {
    fn from(error: DriverError<W>) -> Self {
        error.error
    }
}

impl<W> fmt::Display for DriverError<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the writer failed with {} bytes not sent", self.parts.queue.remaining())
    }
}

impl<W> fmt::Debug for DriverError<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DriverError")
            .field("error", &self.error)
            .field("queue", &self.parts.queue)
            .finish_non_exhaustive()
    }
}
