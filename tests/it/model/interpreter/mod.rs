//! Turns bytes into operations on a queue or on a writer and checks every step against an oracle.
//!
//! The random model tests feed it random bytes, the fuzz targets those of the fuzzer, and the
//! corpus test those that a fuzzer found worth keeping. It panics at the first thing that is wrong.
mod calls;
mod channel;
#[cfg(feature = "codec")]
mod codec;
mod config;
mod flow;
mod input;
mod machine;
mod oracle;
mod queue;
mod script;
mod writer;

pub(crate) use self::channel::run_channel;
#[cfg(feature = "codec")]
pub(crate) use self::codec::run_codec;
pub(crate) use self::queue::run_queue;
pub(crate) use self::writer::run_writer;
