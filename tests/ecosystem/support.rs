//! What the tests have in common: a slow reader, a writer that is watched from afar, and what they
//! share with `tests/it`.
#![allow(dead_code, unused_imports)] // what only `tests/it` uses, or only the tests of a feature

#[path = "../it/support/loopback.rs"]
mod loopback;
#[path = "../it/support/pattern.rs"]
mod pattern;
#[path = "../it/support/rig.rs"]
mod rig;
#[path = "../it/support/scripted.rs"]
mod scripted;
mod slow;
#[path = "../it/support/stats.rs"]
mod stats;
#[path = "../it/support/task.rs"]
mod task;
mod watched;

pub(crate) use self::loopback::{narrow_tcp_pair, tcp_pair, within};
pub(crate) use self::pattern::Pattern;
pub(crate) use self::rig::Rig;
pub(crate) use self::scripted::{Answer, Handle, Scripted};
pub(crate) use self::slow::{Gate, Slow};
pub(crate) use self::stats::counts;
pub(crate) use self::task::Task;
pub(crate) use self::watched::{End, Report, Watch, Watched};
