use std::fs;
use std::panic::{self, AssertUnwindSafe};
use std::path::Path;

#[cfg(feature = "codec")]
use super::interpreter::run_codec;
use super::interpreter::{run_channel, run_queue, run_writer};

#[test]
fn the_inputs_that_fuzzing_kept_still_pass() {
    replay("queue", run_queue);
    replay("writer", run_writer);
    #[cfg(feature = "codec")]
    replay("codec", run_codec);
    replay("channel", run_channel);
}

/// Runs each file of the corpus of one fuzz target.
fn replay(target: &str, run: fn(&[u8])) {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(target);
    let mut files = 0;
    for entry in fs::read_dir(&corpus).expect("the corpus of the target") {
        let path = entry.expect("an entry").path();
        let bytes = fs::read(&path).expect("a file");
        if let Err(panic) = panic::catch_unwind(AssertUnwindSafe(|| run(&bytes))) {
            eprintln!("{} broke the {target}", path.display());
            panic::resume_unwind(panic);
        }
        files += 1;
    }
    assert!(files >= 10, "{files} files in {}", corpus.display());
}
