use std::error::Error;
use std::fmt;
use std::io;

use crate::write_buffer::Refusal;

/// The error of [`FramedSink::try_send`](super::FramedSink::try_send): why an item was not queued.
///
/// An item that was not encoded comes back. Converted into an [`io::Error`], or by
/// [`into_error`](Self::into_error) into the error of the encoder, it does not.
///
/// # Examples
///
/// ```
/// use flow_controlled_writer::codec::{FramedSink, TrySendItemError};
/// use flow_controlled_writer::{FlowControlledWriter, Watermarks};
/// use tokio_util::codec::LinesCodec;
///
/// let marks = Watermarks::new(0, 0);
/// let writer = FlowControlledWriter::with_watermarks(tokio::io::sink(), marks);
/// let mut sink = FramedSink::new(writer, LinesCodec::new());
/// assert!(sink.try_send("one").is_ok());
/// match sink.try_send("two") {
///     Err(TrySendItemError::Full(item)) => assert_eq!(item, "two"),
///     other => panic!("{other:?}"),
/// }
/// ```
#[derive(Clone, PartialEq, Eq)]
pub enum TrySendItemError<Item, E> {
    /// The writer is paused. The item was not encoded and may be sent later.
    ///
    /// As an [`io::Error`]: [`StorageFull`](io::ErrorKind::StorageFull).
    Full(Item),
    /// The writer has failed, was aborted, or its shutdown has begun. The item was not encoded.
    ///
    /// As an [`io::Error`]: [`BrokenPipe`](io::ErrorKind::BrokenPipe).
    Closed(Item),
    /// The item was used up by the encoder, and its frame was not queued: the encoder's own error;
    /// [`StorageFull`](io::ErrorKind::StorageFull) for a frame that is over the cap or the budget;
    /// or [`InvalidData`](io::ErrorKind::InvalidData) for an encoder that did not only append,
    /// which fails the writer.
    Encode(E),
}

impl<Item, E> TrySendItemError<Item, E> {
    /// Gives back the item unless the encoder has used it up.
    ///
    /// # Examples
    ///
    /// ```
    /// use flow_controlled_writer::codec::FramedSink;
    /// use flow_controlled_writer::{FlowControlledWriter, Watermarks};
    /// use tokio_util::codec::LinesCodec;
    ///
    /// let marks = Watermarks::new(0, 0);
    /// let writer = FlowControlledWriter::with_watermarks(tokio::io::sink(), marks);
    /// let mut sink = FramedSink::new(writer, LinesCodec::new());
    /// assert!(sink.try_send("one").is_ok());
    /// let refused = sink.try_send("two").unwrap_err();
    /// assert_eq!(refused.into_item(), Some("two"));
    /// ```
    #[must_use]
    pub fn into_item(self) -> Option<Item> {
        match self {
            Self::Full(item) | Self::Closed(item) => Some(item),
            Self::Encode(_) => None,
        }
    }

    /// Returns the error as one of the encoder, as the `Sink` does, and drops the item.
    ///
    /// # Examples
    ///
    /// ```
    /// use flow_controlled_writer::codec::FramedSink;
    /// use flow_controlled_writer::{FlowControlledWriter, Watermarks};
    /// use tokio_util::codec::{LinesCodec, LinesCodecError};
    ///
    /// let marks = Watermarks::new(0, 0);
    /// let writer = FlowControlledWriter::with_watermarks(tokio::io::sink(), marks);
    /// let mut sink = FramedSink::new(writer, LinesCodec::new());
    /// assert!(sink.try_send("one").is_ok());
    /// match sink.try_send("two").unwrap_err().into_error() {
    ///     LinesCodecError::Io(error) => assert_eq!(error.kind(), std::io::ErrorKind::StorageFull),
    ///     other => panic!("{other:?}"),
    /// }
    /// ```
    #[must_use]
    pub fn into_error(self) -> E
    where
        E: From<io::Error>,
    {
        match self {
            Self::Full(_) => full().into(),
            Self::Closed(_) => closed().into(),
            Self::Encode(error) => error,
        }
    }

    /// Tells whether the same item may be sent later.
    ///
    /// # Examples
    ///
    /// ```
    /// use flow_controlled_writer::codec::FramedSink;
    /// use flow_controlled_writer::{FlowControlledWriter, Watermarks};
    /// use tokio_util::codec::LinesCodec;
    ///
    /// let marks = Watermarks::new(0, 0);
    /// let writer = FlowControlledWriter::with_watermarks(tokio::io::sink(), marks);
    /// let mut sink = FramedSink::new(writer, LinesCodec::new());
    /// assert!(sink.try_send("one").is_ok());
    /// assert!(sink.try_send("two").unwrap_err().is_full());
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
    /// use flow_controlled_writer::codec::FramedSink;
    /// use flow_controlled_writer::{FlowControlledWriter, Watermarks};
    /// use tokio_util::codec::LinesCodec;
    ///
    /// let marks = Watermarks::new(0, 0);
    /// let writer = FlowControlledWriter::with_watermarks(tokio::io::sink(), marks);
    /// let mut sink = FramedSink::new(writer, LinesCodec::new());
    /// assert!(sink.try_send("one").is_ok());
    /// sink.get_mut().abort();
    /// assert!(sink.try_send("two").unwrap_err().is_closed());
    /// ```
    #[must_use]
    pub const fn is_closed(&self) -> bool {
        matches!(self, Self::Closed(_))
    }

    pub(super) fn refused(refusal: Refusal, item: Item) -> Self {
        match refusal {
            Refusal::Paused => Self::Full(item),
            Refusal::Closed => Self::Closed(item),
        }
    }
}

impl<Item, E: Error + 'static> Error for TrySendItemError<Item, E> {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Encode(error) => Some(error),
            Self::Full(_) | Self::Closed(_) => None,
        }
    }
}

impl<Item, E: Into<Self>> From<TrySendItemError<Item, E>> for io::Error {
    fn from(error: TrySendItemError<Item, E>) -> Self {
        match error {
            TrySendItemError::Full(_) => full(),
            TrySendItemError::Closed(_) => closed(),
            TrySendItemError::Encode(error) => error.into(),
        }
    }
}

impl<Item, E> fmt::Display for TrySendItemError<Item, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Full(_) => FULL,
            Self::Closed(_) => CLOSED,
            Self::Encode(_) => "the item was not encoded",
        })
    }
}

impl<Item, E: fmt::Debug> fmt::Debug for TrySendItemError<Item, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Full(_) => f.write_str("Full(..)"),
            Self::Closed(_) => f.write_str("Closed(..)"),
            Self::Encode(error) => f.debug_tuple("Encode").field(error).finish(),
        }
    }
}

fn full() -> io::Error {
    io::Error::new(io::ErrorKind::StorageFull, FULL)
}

fn closed() -> io::Error {
    io::Error::new(io::ErrorKind::BrokenPipe, CLOSED)
}

const FULL: &str = "the writer is paused";
const CLOSED: &str = "the writer is closed";
