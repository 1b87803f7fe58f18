//! What the tests have in common: a writer that follows a script, a task that counts its wakes,
//! and a rig that checks the count and the order of the bytes after every step; for real sockets a
//! loopback pair, a stream of known bytes, a slow reader, and a writer that is watched from afar.
mod loopback;
mod not_unpin;
mod pattern;
mod rig;
mod scripted;
mod slow;
mod task;
mod watched;

pub(crate) use self::loopback::{narrow_tcp_pair, tcp_pair, within};
pub(crate) use self::not_unpin::NotUnpin;
pub(crate) use self::pattern::Pattern;
pub(crate) use self::rig::{Outcome, READY, Rig, failed};
pub(crate) use self::scripted::{Answer, Call, Handle, Scripted};
pub(crate) use self::slow::{Gate, Slow};
pub(crate) use self::task::Task;
pub(crate) use self::watched::{End, Watch, Watched};
