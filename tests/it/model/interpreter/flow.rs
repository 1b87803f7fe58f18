/// The rule by which a writer pauses and resumes, in the words of its documentation: paused above
/// high or when a slice finds no room, resumed at low. A cap below a mark takes its place.
#[derive(Debug)]
pub(super) struct Flow {
    low: usize,
    high: usize,
    cap: usize,
    paused: bool,
    pauses: u64,
}

impl Flow {
    pub(super) fn new((low, high): (usize, usize), cap: usize) -> Self {
        Self { low: low.min(cap), high: high.min(cap), cap, paused: false, pauses: 0 }
    }

    pub(super) fn set_marks(&mut self, (low, high): (usize, usize), size: usize) {
        *self =
            Self { paused: self.paused, pauses: self.pauses, ..Self::new((low, high), self.cap) };
        self.observe(size);
    }

    /// Follows a change of the size, or of the marks.
    pub(super) fn observe(&mut self, size: usize) {
        if size <= self.low {
            self.paused = false;
        } else if size > self.high {
            self.pause();
        }
    }

    /// Follows a slice that wants in.
    pub(super) fn observe_slice(&mut self, size: usize) {
        if size >= self.high && size > self.low {
            self.pause();
        }
    }

    pub(super) fn is_paused(&self) -> bool {
        self.paused
    }

    pub(super) fn pauses(&self) -> u64 {
        self.pauses
    }

    /// Returns the bytes of slices that may be buffered at this size.
    pub(super) fn room(&self, size: usize) -> usize {
        self.high.saturating_sub(size)
    }

    pub(super) fn admits(&self, total: usize) -> bool {
        total <= self.cap
    }

    pub(super) fn until_pause(&self, size: usize) -> usize {
        if self.paused { 0 } else { self.high.saturating_sub(size).saturating_add(1) }
    }

    pub(super) fn until_resume(&self, size: usize) -> usize {
        if self.paused { size - self.low } else { 0 }
    }

    fn pause(&mut self) {
        self.pauses += u64::from(!self.paused);
        self.paused = true;
    }
}
