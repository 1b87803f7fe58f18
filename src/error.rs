use std::error::Error;
use std::fmt;
use std::io;

use bytes::Bytes;

/// The reason why a chunk was not queued. The chunk comes back unchanged.
///
/// Converted into an [`io::Error`] it stays reachable by [`io::Error::get_ref`] and
/// [`io::Error::downcast`], so that a chunk is not lost on its way through the `Sink` interface.
///
/// # Examples
///
/// ```
/// use bytes::Bytes;
/// use flow_controlled_writer::TrySendError;
/// use std::io;
///
/// let error = io::Error::from(TrySendError::Full(Bytes::from_static(b"ping")));
/// assert_eq!(error.kind(), io::ErrorKind::StorageFull);
/// let chunk = error.downcast::<TrySendError>().expect("put in above").into_inner();
/// assert_eq!(chunk, "ping");
/// ```
#[derive(Clone, PartialEq, Eq)]
pub enum TrySendError {
    /// The writer is paused, or the chunk would take it over its cap.
    ///
    /// As an [`io::Error`]: [`StorageFull`](io::ErrorKind::StorageFull).
    Full(Bytes),
    /// The writer has failed, was aborted, or its shutdown has begun.
    ///
    /// As an [`io::Error`]: [`BrokenPipe`](io::ErrorKind::BrokenPipe).
    Closed(Bytes),
}

impl TrySendError {
    /// Returns the chunk that was not queued.
    ///
    /// # Examples
    ///
    /// ```
    /// use flow_controlled_writer::{FlowControlledWriter, TrySendError};
    ///
    /// let mut writer = FlowControlledWriter::new(tokio::io::sink());
    /// writer.abort();
    /// let refused = writer.try_send("goodbye").unwrap_err();
    /// assert_eq!(refused.into_inner(), "goodbye");
    /// ```
    #[must_use]
    pub fn into_inner(self) -> Bytes {
        match self {
            Self::Full(chunk) | Self::Closed(chunk) => chunk,
        }
    }

    /// Tells whether the chunk may be sent later.
    ///
    /// # Examples
    ///
    /// ```
    /// use flow_controlled_writer::{FlowControlledWriter, Watermarks};
    ///
    /// let mut writer = FlowControlledWriter::with_watermarks(tokio::io::sink(), Watermarks::new(0, 0));
    /// writer.try_send("one").expect("not paused");
    /// let refused = writer.try_send("two").unwrap_err();
    /// assert!(refused.is_full());
    /// ```
    #[must_use]
    pub const fn is_full(&self) -> bool {
        matches!(self, Self::Full(_))
    }

    /// Tells whether nothing can be sent any more.
    ///
    /// # Examples
    ///
    /// ```
    /// use flow_controlled_writer::FlowControlledWriter;
    ///
    /// let mut writer = FlowControlledWriter::new(tokio::io::sink());
    /// writer.abort();
    /// let refused = writer.try_send("goodbye").unwrap_err();
    /// assert!(refused.is_closed());
    /// ```
    #[must_use]
    pub const fn is_closed(&self) -> bool {
        matches!(self, Self::Closed(_))
    }
}

impl Error for TrySendError {}

impl From<TrySendError> for io::Error {
    fn from(error: TrySendError) -> Self {
        let kind = match error {
            TrySendError::Full(_) => io::ErrorKind::StorageFull,
            TrySendError::Closed(_) => io::ErrorKind::BrokenPipe,
        };
        Self::new(kind, error)
    }
}

impl fmt::Display for TrySendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Full(_) => "the writer has no room for the chunk",
            Self::Closed(_) => "the writer is closed",
        })
    }
}

impl fmt::Debug for TrySendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, chunk) = match self {
            Self::Full(chunk) => ("Full", chunk),
            Self::Closed(chunk) => ("Closed", chunk),
        };
        f.debug_tuple(name).field(&format_args!("{} bytes", chunk.len())).finish()
    }
}

/// The inner writer took nothing although bytes were offered.
pub(crate) fn write_zero() -> io::Error {
    io::Error::new(io::ErrorKind::WriteZero, "the inner writer accepted 0 of the bytes offered")
}

/// The inner writer claims more bytes than it was offered.
pub(crate) fn over_report(reported: usize, offered: usize) -> io::Error {
    io::Error::new(
        io::ErrorKind::InvalidData,
        format!("the inner writer reported {reported} bytes written, but {offered} were offered"),
    )
}

/// A call after the shutdown has begun, or after an abort.
pub(crate) fn closed() -> io::Error {
    io::Error::new(io::ErrorKind::BrokenPipe, "the writer is closed")
}

/// A call after the writer failed.
pub(crate) fn failed_before(kind: io::ErrorKind) -> io::Error {
    io::Error::new(kind, format!("the writer failed before: {kind}"))
}

/// A frame that does not fit under the cap or into the budget.
#[cfg(feature = "codec")]
pub(crate) fn no_room_for_frame(frame: usize, queued: usize) -> io::Error {
    io::Error::new(
        io::ErrorKind::StorageFull,
        format!("the writer has no room for a frame of {frame} bytes behind {queued} queued ones"),
    )
}

/// An encoder that did not only append.
#[cfg(feature = "codec")]
pub(crate) fn torn_frame() -> io::Error {
    io::Error::new(
        io::ErrorKind::InvalidData,
        "the encoder removed or changed bytes that were queued before its frame",
    )
}

/// A writer whose encoder panicked.
#[cfg(feature = "codec")]
pub(crate) fn encoder_panicked() -> io::Error {
    io::Error::other("the encoder panicked")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_variants_say_what_they_are_and_give_the_chunk_back_through_io_error() {
        for (error, full, kind) in [
            (TrySendError::Full(Bytes::from_static(b"a")), true, io::ErrorKind::StorageFull),
            (TrySendError::Closed(Bytes::from_static(b"b")), false, io::ErrorKind::BrokenPipe),
        ] {
            assert_eq!((error.is_full(), error.is_closed()), (full, !full));
            let io = io::Error::from(error.clone());
            assert_eq!(io.kind(), kind);
            assert_eq!(io.downcast::<TrySendError>().expect("the source"), error);
        }
    }

    #[test]
    fn debug_and_display_show_no_payload() {
        let secret = Bytes::from_static(b"secret");
        let (full, closed) = (TrySendError::Full(secret.clone()), TrySendError::Closed(secret));
        assert_eq!(format!("{full:?} {closed:?}"), "Full(6 bytes) Closed(6 bytes)");
        assert_eq!(full.to_string(), "the writer has no room for the chunk");
        assert_eq!(closed.to_string(), "the writer is closed");
    }
}
