//! The hard cap of a writer, the budget of a process, and the time that a peer may take.
mod budget;
mod cap;
mod channel;
#[cfg(feature = "codec")]
mod codec;
#[cfg(feature = "tracing")]
mod events;
#[cfg(feature = "time")]
mod stall;
