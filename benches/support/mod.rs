//! What the benches share. Each bench uses a part of it.
#![allow(dead_code, unreachable_pub)]

pub mod contest;
pub mod cpu;
pub mod entry;
pub mod gate;
pub mod groups;
pub mod growth;
pub mod null;
pub mod report;
pub mod socket;
