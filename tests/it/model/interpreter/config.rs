use flow_controlled_writer::{Builder, MemoryBudget, Watermarks};

use super::input::Input;

/// The options of one run.
pub(super) struct Config {
    pub(super) marks: (usize, usize),
    pub(super) hard_limit: usize,
    /// The limit of a budget, if there is one.
    pub(super) budget: Option<usize>,
    pub(super) coalesce_threshold: usize,
}

impl Config {
    pub(super) fn new(input: &mut Input<'_>) -> Self {
        let marks = marks(input);
        let hard_limit = match input.below(6) {
            0 => input.size(),
            1 => marks.1.saturating_add(input.size()),
            2 => marks.1.saturating_sub(input.below(3)),
            _ => usize::MAX,
        };
        let budget = input.one_in(3).then(|| input.size());
        let coalesce_threshold = match input.below(4) {
            0 => 0,
            1 => input.size(),
            2 => input.pick(&[1, 5, 64, 16_384, usize::MAX]),
            _ => 1024,
        };
        Self { marks, hard_limit, budget, coalesce_threshold }
    }

    /// Returns the options, and the budget in them.
    pub(super) fn options(&self) -> (Builder, Option<MemoryBudget>) {
        let options = Builder::new()
            .watermarks(Watermarks::new(self.marks.0, self.marks.1))
            .hard_limit(self.hard_limit)
            .coalesce_threshold(self.coalesce_threshold);
        match self.budget.map(MemoryBudget::new) {
            Some(budget) => (options.budget(budget.clone()), Some(budget)),
            None => (options, None),
        }
    }
}

/// Returns a low and a high mark.
pub(super) fn marks(input: &mut Input<'_>) -> (usize, usize) {
    let (a, b) = match input.below(6) {
        0 => input.pick(&[(0, 0), (0, 1), (1, 1), (50, 100), (100, 100), (0, usize::MAX)]),
        1 => (0, input.size()),
        2 => (input.size(), input.size()),
        3 => (input.size(), usize::MAX),
        _ => (16_384, 65_536),
    };
    (a.min(b), a.max(b))
}
