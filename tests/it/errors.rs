//! What the errors and the lies of an inner writer lead to.
mod after_failure;
mod interrupted;
mod over_report;
mod panics;
mod write_zero;
