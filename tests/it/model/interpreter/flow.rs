/// The rule by which a writer pauses and resumes, in the words of its documentation: paused above
/// high or when a slice finds no room, resumed at low. While more than the budget is held by all who
/// share it, both marks are 0.
#[derive(Debug)]
pub(super) struct Flow {
    marks: (usize, usize),
    hard_limit: usize,
    budget: Option<Budget>,
    /// As of the last time that the writer looked.
    paused: bool,
    pauses: u64,
}

/// What is held of a budget, but for what the writer itself holds.
#[derive(Clone, Copy, Debug)]
pub(super) struct Budget {
    pub(super) limit: usize,
    pub(super) others: usize,
}

impl Flow {
    pub(super) fn new(marks: (usize, usize), hard_limit: usize, budget: Option<usize>) -> Self {
        let budget = budget.map(|limit| Budget { limit, others: 0 });
        Self { marks, hard_limit, budget, paused: false, pauses: 0 }
    }

    pub(super) fn budget(&mut self) -> Option<&mut Budget> {
        self.budget.as_mut()
    }

    /// Returns what is held of the budget by all, if there is one.
    pub(super) fn used(&self, size: usize) -> Option<usize> {
        self.budget.map(|budget| budget.others + size)
    }

    pub(super) fn set_marks(&mut self, marks: (usize, usize), size: usize) {
        self.marks = marks;
        self.observe(size);
    }

    /// Follows a change of the size, or of the marks, or that the writer looks.
    pub(super) fn observe(&mut self, size: usize) {
        let paused = self.is_paused(size);
        self.pauses += u64::from(paused && !self.paused);
        self.paused = paused;
    }

    /// Follows a slice that wants in.
    pub(super) fn observe_slice(&mut self, size: usize) {
        self.observe(size);
        let (low, high) = self.marks_at(size);
        if size >= high && size > low {
            self.pauses += u64::from(!self.paused);
            self.paused = true;
        }
    }

    /// Tells whether the writer was paused when it last looked.
    pub(super) fn was_paused(&self) -> bool {
        self.paused
    }

    /// Tells whether it is paused at this size.
    pub(super) fn is_paused(&self, size: usize) -> bool {
        let (low, high) = self.marks_at(size);
        size > high || (self.paused && size > low)
    }

    pub(super) fn pauses(&self) -> u64 {
        self.pauses
    }

    /// Returns the marks as they act now.
    pub(super) fn marks_at(&self, size: usize) -> (usize, usize) {
        let is_exceeded = self.budget.is_some_and(|Budget { limit, others }| size + others > limit);
        if is_exceeded { (0, 0) } else { self.marks }
    }

    /// Tells whether an item comes in past a pause at this size.
    pub(super) fn is_below_hard_limit(&self, size: usize) -> bool {
        size < self.hard_limit
    }

    pub(super) fn until_pause(&self, size: usize) -> usize {
        let high = self.marks_at(size).1;
        if self.is_paused(size) { 0 } else { high.saturating_sub(size).saturating_add(1) }
    }

    pub(super) fn until_resume(&self, size: usize) -> usize {
        if self.is_paused(size) { size - self.marks_at(size).0 } else { 0 }
    }
}
