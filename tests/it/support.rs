//! What the tests have in common: a writer that follows a script, a task that counts its wakes,
//! and a rig that checks the count and the order of the bytes after every step; for real sockets a
//! loopback pair and a stream of known bytes.
mod loopback;
mod not_unpin;
mod pattern;
mod rig;
mod scripted;
mod stats;
mod task;

pub(crate) use self::loopback::{narrow_tcp_pair, tcp_pair, within};
pub(crate) use self::not_unpin::NotUnpin;
pub(crate) use self::pattern::Pattern;
pub(crate) use self::rig::{Outcome, READY, Rig, failed};
pub(crate) use self::scripted::{Answer, Call, Handle, Scripted};
pub(crate) use self::stats::counts;
pub(crate) use self::task::Task;
