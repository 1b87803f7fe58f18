use std::io;

use bytes::Bytes;

use crate::error::{self, TrySendError};

/// Why nothing was queued; the chunk stays with the caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// Paused, or over the cap or the budget.
    Full,
    /// Closed, aborted or ended.
    Closed,
    /// The inner writer failed, or the driver was dropped.
    Failed(io::ErrorKind),
}

impl Refusal {
    /// Returns the error of a channel's `send` and `try_send`.
    pub(super) fn of(self, chunk: Bytes) -> TrySendError {
        match self {
            Self::Full => TrySendError::Full(chunk),
            Self::Closed | Self::Failed(_) => TrySendError::Closed(chunk),
        }
    }

    /// Returns the error of a sink, which has the chunk inside.
    pub(super) fn of_item(self, chunk: Bytes) -> io::Error {
        match self {
            Self::Failed(kind) => io::Error::new(kind, self.of(chunk)),
            Self::Full | Self::Closed => self.of(chunk).into(),
        }
    }
}

impl From<Refusal> for io::Error {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Full => Self::new(io::ErrorKind::StorageFull, "the writer has no room"),
            Refusal::Closed => error::closed(),
            Refusal::Failed(kind) => error::failed_before(kind),
        }
    }
}
