//! The op interpreters of the model tests, for the fuzz targets: the bytes of an input spell
//! operations, each of which is checked against an oracle.
//!
//! `cargo +nightly fuzz run writer` fuzzes one target. What `fuzz/corpus` holds is replayed by
//! `cargo test` as well.
#[path = "../../tests/it/model/interpreter/mod.rs"]
mod interpreter;

#[path = "../../tests/it/support"]
#[allow(dead_code)] // what only the other tests use
mod support {
    mod scripted;
    mod task;

    pub(crate) use self::scripted::{Answer, Call, Handle, Scripted};
    pub(crate) use self::task::Task;
}

/// Runs an input on a channel.
pub fn channel(bytes: &[u8]) {
    interpreter::run_channel(bytes);
}

/// Runs an input on a `FramedSink`.
pub fn codec(bytes: &[u8]) {
    interpreter::run_codec(bytes);
}

/// Runs an input on a `ChunkQueue`.
pub fn queue(bytes: &[u8]) {
    interpreter::run_queue(bytes);
}

/// Runs an input on a `FlowControlledWriter`.
pub fn writer(bytes: &[u8]) {
    interpreter::run_writer(bytes);
}
