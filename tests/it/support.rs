//! What the tests have in common: a writer that follows a script, a task that counts its wakes,
//! and a rig that checks the count and the order of the bytes after every step.
mod not_unpin;
mod rig;
mod scripted;
mod task;

pub(crate) use self::not_unpin::NotUnpin;
pub(crate) use self::rig::{Outcome, READY, Rig, failed};
pub(crate) use self::scripted::{Answer, Call, Handle, Scripted};
pub(crate) use self::task::Task;
