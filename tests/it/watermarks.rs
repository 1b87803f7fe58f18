//! When a writer pauses and when it resumes.
mod change;
mod pause;
mod resume;
mod stale;
mod ways_in;
