use std::io::ErrorKind;

use super::{Oracle, Refusal, Stage};

/// What must come of the frames of an encoder.
impl Oracle {
    /// Follows a frame of `bytes` that is sent past a pause. One that is refused is not encoded.
    pub(in super::super) fn start_frame(
        &mut self,
        bytes: &[u8],
        ending: Ending,
    ) -> Result<(), ErrorKind> {
        match self.admit_past_pause(false) {
            Ok(()) => self.encode(bytes, ending),
            Err(Refusal::Full) => Err(ErrorKind::StorageFull),
            Err(_) => self.check_open(),
        }
    }

    /// Follows a frame of `bytes` that is taken.
    pub(in super::super) fn encode(
        &mut self,
        bytes: &[u8],
        ending: Ending,
    ) -> Result<(), ErrorKind> {
        match ending {
            Ending::Complete => {
                self.accept(bytes);
                Ok(())
            }
            Ending::Failed(kind) => {
                self.flow.observe(self.size());
                Err(kind)
            }
            Ending::Torn(count) => {
                self.accepted.truncate(self.accepted.len() - count);
                self.discarded += count;
                self.flow.observe(self.size());
                self.stage = Stage::Failed(ErrorKind::InvalidData);
                Err(ErrorKind::InvalidData)
            }
        }
    }

    /// Tells why an item may not even be encoded by `try_send`.
    pub(in super::super) fn refusal(&mut self) -> Option<Refusal> {
        self.flow.observe(self.size());
        self.admit(self.flow.was_paused()).err()
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
