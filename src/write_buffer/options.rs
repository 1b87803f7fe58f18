#[cfg(feature = "time")]
use std::time::Duration;

use crate::budget::MemoryBudget;
use crate::chunk_queue::DEFAULT_COALESCE_THRESHOLD;
use crate::watermarks::Watermarks;

/// What a [`WriteBuffer`](super::WriteBuffer) is made from. The public face is the `Builder`.
#[derive(Clone, Debug)]
pub(crate) struct Options {
    pub(crate) watermarks: Watermarks,
    pub(crate) hard_limit: usize,
    pub(crate) coalesce_threshold: usize,
    pub(crate) budget: Option<MemoryBudget>,
    #[cfg(feature = "time")]
    pub(crate) stall_timeout: Option<Duration>,
    #[cfg(feature = "time")]
    pub(crate) pause_timeout: Option<Duration>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            watermarks: Watermarks::default(),
            hard_limit: usize::MAX,
            coalesce_threshold: DEFAULT_COALESCE_THRESHOLD,
            budget: None,
            #[cfg(feature = "time")]
            stall_timeout: None,
            #[cfg(feature = "time")]
            pause_timeout: None,
        }
    }
}
