//! Random operations against an oracle.
//!
//! `MODEL_SEED` replays one script, `MODEL_SCRIPTS` sets how many are run.
mod corpus;
mod interpreter;

use std::env;
use std::panic::{self, AssertUnwindSafe};

#[cfg(feature = "codec")]
use self::interpreter::run_codec;
use self::interpreter::{run_channel, run_queue, run_writer};

#[test]
fn a_writer_agrees_with_the_oracle_at_every_step() {
    check("writer", run_writer, 20_000);
}

#[test]
fn a_queue_agrees_with_the_oracle_at_every_step() {
    check("queue", run_queue, 5_000);
}

#[cfg(feature = "codec")]
#[test]
fn a_sink_of_frames_agrees_with_the_oracle_at_every_step() {
    check("codec", run_codec, 10_000);
}

#[test]
fn a_channel_loses_no_byte_and_no_wake_up() {
    check("channel", run_channel, 10_000);
}

/// Runs scripts of random bytes, or the one of `MODEL_SEED`.
fn check(subject: &str, run: fn(&[u8]), usual: u64) {
    if let Some(seed) = number("MODEL_SEED") {
        return run(&script(seed));
    }
    let first = fastrand::u64(..);
    for seed in (0..number("MODEL_SCRIPTS").unwrap_or(usual)).map(|index| first.wrapping_add(index))
    {
        let outcome = panic::catch_unwind(AssertUnwindSafe(|| run(&script(seed))));
        if let Err(panic) = outcome {
            eprintln!("the {subject} broke: replay it with MODEL_SEED={seed}");
            panic::resume_unwind(panic);
        }
    }
}

/// Returns the bytes that `seed` stands for: mostly some dozens of operations, sometimes hundreds.
fn script(seed: u64) -> Vec<u8> {
    let mut random = fastrand::Rng::with_seed(seed);
    let longest = if random.u8(..) < 16 { 1500 } else { 200 };
    let length = random.usize(20..longest);
    std::iter::repeat_with(|| random.u8(..)).take(length).collect()
}

fn number(variable: &str) -> Option<u64> {
    let text = env::var(variable).ok()?;
    Some(text.parse().unwrap_or_else(|error| panic!("{variable}={text}: {error}")))
}
