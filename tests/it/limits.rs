//! The hard limit of a writer, the budget of a process, and the time that a peer may take.
mod budget;
mod channel;
#[cfg(feature = "codec")]
mod codec;
mod hard_limit;
#[cfg(feature = "time")]
mod pause_timeout;
#[cfg(feature = "time")]
mod stall;
