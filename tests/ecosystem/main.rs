//! Crates of other people over a `FlowControlledWriter`, on real sockets and on simulated ones.
//!
//! Each test checks the content and its order, that the buffer stays within its bound, and that the
//! writer ends empty and shut down.
mod clones;
#[cfg(feature = "tracing")]
mod events;
mod examples;
mod forward;
mod framed;
mod http;
mod postgres;
mod proxy;
mod redis;
mod simulated;
mod support;
mod tls;
mod websocket;
