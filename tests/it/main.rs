//! The tests of the crate through its public interface, one module for each subject.
mod async_write;
mod cancel;
mod drain;
mod errors;
mod examples;
mod limits;
mod model;
mod shutdown;
mod sink;
#[allow(dead_code, unused_imports)] // while the tests arrive
mod support;
mod watermarks;
