//! What these tests share with the others.
#![allow(dead_code)] // what only the others use

#[path = "../it/support/loopback.rs"]
mod loopback;
#[path = "../it/support/pattern.rs"]
mod pattern;
#[path = "../ecosystem/support/slow.rs"]
mod slow;

pub(crate) use self::loopback::{narrow_tcp_pair, within};
pub(crate) use self::pattern::Pattern;
pub(crate) use self::slow::{Gate, Slow};
