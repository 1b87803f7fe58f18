//! Crates of other people over a `FlowControlledWriter`, on real sockets.
//!
//! Each test checks the content and its order, that the buffer stays within its bound, and that the
//! writer ends empty and shut down.
mod forward;
mod framed;
mod http;
mod proxy;
#[cfg(feature = "codec")]
mod redis;
mod tls;
mod websocket;
