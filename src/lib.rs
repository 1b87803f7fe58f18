//! Buffered, flow-controlled writes for tokio.
#![cfg_attr(docsrs, feature(doc_cfg))]

mod error;
mod stats;
mod watermarks;

pub use error::TrySendError;
pub use stats::Stats;
pub use watermarks::{InvalidWatermarks, Watermarks};
