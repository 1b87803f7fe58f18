//! OpenSSL below a `FlowControlledWriter`, by `tokio-openssl` and by `tokio-native-tls`.
//!
//! OpenSSL encrypts what it is offered, up to a record, before it knows whether the socket takes it.
//! After a `Pending` it insists on being offered as much again, and fails with "bad length" if it is
//! offered less.
mod delivery;
mod dropped;
mod peers;
mod stuck;
mod support;
mod ways;
