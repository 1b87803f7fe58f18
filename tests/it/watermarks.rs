//! When a writer pauses and when it resumes.
mod change;
mod pause;
mod resume;
mod ways_in;
