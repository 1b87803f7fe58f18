mod item;

use std::error::Error;
use std::fmt;
use std::io;

use bytes::Bytes;

pub use self::item::TrySendItemError;

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
    /// The writer is paused; by a way in past a pause, it holds its hard limit or more.
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
        match error {
            TrySendError::Full(chunk) => Refusal::Full.of_item(chunk),
            TrySendError::Closed(chunk) => Refusal::Closed.of_item(chunk),
        }
    }
}

impl fmt::Display for TrySendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Full(_) => FULL,
            Self::Closed(_) => CLOSED,
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

/// An encoder that removed bytes of earlier frames.
pub(crate) fn torn_frame() -> io::Error {
    io::Error::new(
        io::ErrorKind::InvalidData,
        "the encoder removed bytes that were queued before its frame",
    )
}

/// A writer out of which a panic came: of its inner writer, of an encoder, or of what owns a chunk.
pub(crate) fn panicked() -> io::Error {
    io::Error::other("the writer panicked")
}

/// Why an item was not taken; the item stays with the caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// Paused or, past a pause, at the hard limit.
    Full,
    /// Shut down, closed or aborted.
    Closed,
    /// The inner writer failed.
    Failed(io::ErrorKind),
}

impl Refusal {
    /// Returns the error of a `try_send`.
    pub(crate) fn of(self, chunk: Bytes) -> TrySendError {
        match self {
            Self::Full => TrySendError::Full(chunk),
            Self::Closed | Self::Failed(_) => TrySendError::Closed(chunk),
        }
    }

    /// Returns the error of a sink, which has the chunk inside.
    pub(crate) fn of_item(self, chunk: Bytes) -> io::Error {
        io::Error::new(self.kind(), self.of(chunk))
    }

    fn kind(self) -> io::ErrorKind {
        match self {
            Self::Full => io::ErrorKind::StorageFull,
            Self::Closed => io::ErrorKind::BrokenPipe,
            Self::Failed(kind) => kind,
        }
    }
}

impl From<Refusal> for io::Error {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Full => Self::new(refusal.kind(), FULL),
            Refusal::Closed => Self::new(refusal.kind(), CLOSED),
            Refusal::Failed(kind) => Self::new(kind, format!("the writer failed before: {kind}")),
        }
    }
}

const FULL: &str = "the writer is paused";
const CLOSED: &str = "the writer is closed";

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
        assert_eq!(full.to_string(), "the writer is paused");
        assert_eq!(closed.to_string(), "the writer is closed");
    }
}
