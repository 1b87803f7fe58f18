//! The tests of the crate through its public interface, one module for each subject.
mod drain;
mod limits;
#[allow(dead_code, unused_imports)] // while the tests arrive
mod support;
mod watermarks;
