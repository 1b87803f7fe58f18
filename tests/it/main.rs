//! The tests of the crate through its public interface, one module for each subject.
mod accessors;
mod async_write;
mod auto_traits;
mod cancel;
mod channel;
#[cfg(feature = "codec")]
mod codec;
mod drain;
mod errors;
#[cfg(feature = "tracing")]
mod events;
mod examples;
mod faults;
mod limits;
mod model;
mod network;
mod readme;
mod seek;
mod shutdown;
mod sink;
mod sockets;
mod support;
mod watermarks;
mod wrapping;
