use std::io::ErrorKind;

use super::{Oracle, Refusal, Stage};

/// What must come of the frames of an encoder.
impl Oracle {
    /// Follows a frame of `bytes`, for whose encoder there is room.
    pub(in super::super) fn encode(
        &mut self,
        bytes: &[u8],
        ending: Ending,
    ) -> Result<(), ErrorKind> {
        self.check_open()?;
        match ending {
            Ending::Complete if self.flow.admits(self.size() + bytes.len()) => {
                self.accept(bytes);
                Ok(())
            }
            Ending::Complete => Err(ErrorKind::StorageFull),
            Ending::Failed(kind) => Err(kind),
            Ending::Torn(count) => {
                self.accepted.truncate(self.accepted.len() - count);
                self.discarded += count;
                self.flow.observe(self.size());
                self.stage = Stage::Failed(ErrorKind::InvalidData);
                Err(ErrorKind::InvalidData)
            }
        }
    }

    /// Tells why an item may not even be encoded.
    pub(in super::super) fn refusal(&self) -> Option<Refusal> {
        match self.stage {
            Stage::Open => self.flow.is_paused().then_some(Refusal::Full),
            _ => Some(Refusal::Closed),
        }
    }
}

/// What an encoder did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Ending {
    Complete,
    Failed(ErrorKind),
    /// It removed so many of the bytes that were queued before.
    Torn(usize),
}
