//! What the inner writer is offered, and what its answers do to the queue.
mod count;
mod fairness;
mod gather;
mod huge;
mod large_slices;
mod merging;
mod promises;
mod trim;
