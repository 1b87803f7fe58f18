use crate::budget::MemoryBudget;
use crate::chunk_queue::DEFAULT_COALESCE_THRESHOLD;
use crate::watermarks::Watermarks;

/// What a [`WriteBuffer`](super::WriteBuffer) is made from. The public face is the `Builder`.
#[derive(Clone, Debug)]
pub(crate) struct Options {
    pub(crate) watermarks: Watermarks,
    pub(crate) max_buffer_size: usize,
    pub(crate) coalesce_threshold: usize,
    pub(crate) budget: Option<MemoryBudget>,
    #[cfg(feature = "time")]
    pub(crate) stall_timeout: Option<std::time::Duration>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            watermarks: Watermarks::default(),
            max_buffer_size: usize::MAX,
            coalesce_threshold: DEFAULT_COALESCE_THRESHOLD,
            budget: None,
            #[cfg(feature = "time")]
            stall_timeout: None,
        }
    }
}
