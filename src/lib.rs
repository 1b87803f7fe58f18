//! Buffered, flow-controlled writes for tokio.
#![cfg_attr(docsrs, feature(doc_cfg))]

mod chunk_queue;
mod error;
mod stats;
mod watermarks;

pub use chunk_queue::ChunkQueue;
pub use error::TrySendError;
pub use stats::Stats;
pub use watermarks::{InvalidWatermarks, Watermarks};
