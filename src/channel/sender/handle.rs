use std::io;
use std::task::{Context, Poll};

use bytes::Bytes;

use super::{Sender, Stage};
use crate::channel::refusal::Refusal;
use crate::channel::state::{Readiness, State, Waits};

/// What the `Sink` and `AsyncWrite` interfaces do: a handle that is polled waits in its own name.
impl Sender {
    /// Waits for a turn on behalf of the handle.
    pub(in crate::channel) fn poll_turn(&mut self, cx: &Context<'_>) -> Poll<io::Result<()>> {
        let result = match self.stage {
            Stage::Open => {
                let place = &mut self.place;
                self.shared.with(|state| state.poll_ready(cx, place, Waits::Item))
            }
            Stage::Ended => Poll::Ready(Err(Refusal::Closed)),
        };
        if result.is_ready() {
            self.readiness = Readiness::Told;
        }
        result.map_err(io::Error::from)
    }

    pub(in crate::channel) fn start_item(&mut self, mut chunk: Bytes) -> io::Result<()> {
        let readiness = std::mem::replace(&mut self.readiness, Readiness::Unknown);
        let result = if self.push_freely(&mut chunk) {
            Ok(())
        } else {
            self.with_open(|state| state.start_send(&mut chunk, readiness))
                .and_then(|result| result)
        };
        self.note_sent();
        result.map_err(|refusal| refusal.of_item(chunk))
    }

    pub(in crate::channel) fn poll_copy(
        &mut self,
        cx: &Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let result = match self.stage {
            Stage::Open => {
                let place = &mut self.place;
                self.shared.with(|state| state.poll_write(cx, place, slices))
            }
            Stage::Ended => Poll::Ready(Err(Refusal::Closed)),
        };
        self.note_sent();
        result.map_err(io::Error::from)
    }

    /// Waits for a flush on behalf of the handle. One that was given up goes on, unless the handle
    /// has sent in between.
    pub(in crate::channel) fn poll_flush_handle(
        &mut self,
        cx: &Context<'_>,
    ) -> Poll<io::Result<()>> {
        let sent = std::mem::replace(self.sent.get_mut(), false);
        let flush = &mut self.flush;
        self.shared.with(|state| {
            if sent {
                state.leave_flushes(flush);
            }
            state.poll_flush(cx, flush)
        })
    }

    /// Ends the handle and waits for a flush of what was sent.
    pub(in crate::channel) fn poll_end(&mut self, cx: &Context<'_>) -> Poll<io::Result<()>> {
        if self.stage == Stage::Open {
            self.stage = Stage::Ended;
            self.leave_line();
            self.shared.with(State::remove_handle);
        }
        self.poll_flush_handle(cx)
    }

    pub(super) fn leave_line(&mut self) {
        if self.place.is_some() {
            let place = &mut self.place;
            self.shared.with(|state| state.leave_line(place));
        }
    }
}
