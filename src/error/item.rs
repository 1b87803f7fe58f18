use std::error::Error;
use std::fmt;
use std::io;

use super::{CLOSED, FULL, Refusal};

/// The error of `try_send` for items and of
/// [`try_append`](crate::FlowControlledWriter::try_append): why an item was not queued.
///
/// An item that was not encoded comes back. Converted into an [`io::Error`], or by
/// [`into_error`](Self::into_error) into the error of the encoder, it does not.
///
/// # Examples
///
/// ```
/// use flow_controlled_writer::{FlowControlledWriter, TrySendItemError, Watermarks};
///
/// let marks = Watermarks::new(0, 0);
/// let mut writer = FlowControlledWriter::with_watermarks(tokio::io::sink(), marks);
/// let mut send = |text: &'static str| writer.try_append(|dst| {
///     dst.extend_from_slice(text.as_bytes());
///     Ok::<_, std::io::Error>(())
/// });
/// assert!(send("one").is_ok());
/// assert!(matches!(send("two"), Err(TrySendItemError::Full(()))));
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
    /// The item was used up by the encoder, and its frame was not queued: the encoder's own error or,
    /// as one, [`InvalidData`](io::ErrorKind::InvalidData) for an encoder that has removed earlier
    /// bytes, which fails the writer.
    Encode(E),
}

impl<Item, E> TrySendItemError<Item, E> {
    /// Gives back the item unless the encoder has used it up.
    ///
    /// # Examples
    ///
    /// ```
    /// use flow_controlled_writer::TrySendItemError;
    ///
    /// let refused: TrySendItemError<_, std::io::Error> = TrySendItemError::Full("two");
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
    /// use flow_controlled_writer::TrySendItemError;
    /// use std::io::{Error, ErrorKind};
    ///
    /// let refused: TrySendItemError<_, Error> = TrySendItemError::Full("two");
    /// assert_eq!(refused.into_error().kind(), ErrorKind::StorageFull);
    /// ```
    #[must_use]
    pub fn into_error(self) -> E
    where
        E: From<io::Error>,
    {
        match self {
            Self::Full(_) => io::Error::from(Refusal::Full).into(),
            Self::Closed(_) => io::Error::from(Refusal::Closed).into(),
            Self::Encode(error) => error,
        }
    }

    /// Tells whether the same item may be sent later.
    ///
    /// # Examples
    ///
    /// ```
    /// use flow_controlled_writer::{FlowControlledWriter, Watermarks};
    ///
    /// let marks = Watermarks::new(0, 0);
    /// let mut writer = FlowControlledWriter::with_watermarks(tokio::io::sink(), marks);
    /// writer.try_send("one").expect("not paused");
    /// let refused = writer.try_append(|_| Ok::<_, std::io::Error>(())).unwrap_err();
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
    /// let refused = writer.try_append(|_| Ok::<_, std::io::Error>(())).unwrap_err();
    /// assert!(refused.is_closed());
    /// ```
    #[must_use]
    pub const fn is_closed(&self) -> bool {
        matches!(self, Self::Closed(_))
    }

    pub(crate) fn refused(refusal: Refusal, item: Item) -> Self {
        match refusal {
            Refusal::Full => Self::Full(item),
            Refusal::Closed | Refusal::Failed(_) => Self::Closed(item),
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
            TrySendItemError::Full(_) => Refusal::Full.into(),
            TrySendItemError::Closed(_) => Refusal::Closed.into(),
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
