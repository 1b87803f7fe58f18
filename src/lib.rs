//! Buffered, flow-controlled writes for tokio.
#![cfg_attr(docsrs, feature(doc_cfg))]

mod budget;
mod builder;
mod chunk_queue;
mod error;
mod events;
mod stats;
mod watermarks;
mod write_buffer;
mod writer;

pub use budget::MemoryBudget;
pub use builder::Builder;
pub use chunk_queue::ChunkQueue;
pub use error::TrySendError;
pub use stats::Stats;
pub use watermarks::{InvalidWatermarks, Watermarks};
pub use writer::{FlowControlledWriter, Parts};

/// Compiles and runs the code of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
