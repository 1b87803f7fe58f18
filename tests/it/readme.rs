//! The README against what it speaks of. Its code is run by the doc tests.

use std::fs;
use std::path::Path;

/// The README is read on the web and the guide beside the items that it links to; who has read one
/// of them must not be told something else by the other.
#[test]
fn readme_and_guide_have_the_same_tables_and_lists() {
    for (title, page) in
        [("Which one do I need?", GUIDE), ("What it does not do", GUIDE), ("Errors", ERRORS)]
    {
        let page: String = page
            .lines()
            .map(|line| line.trim_start_matches("//!").trim_start().to_owned() + "\n")
            .collect();
        let ours = rows(README, &format!("## {title}"));
        assert!(ours.len() >= 6, "{title}: {ours:?}");
        assert_eq!(ours, rows(&page, &format!("# {title}")), "{title}");
    }
}

#[test]
fn readme_names_every_example_with_its_command() {
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    for entry in fs::read_dir(examples).expect("the tests run in the source tree") {
        let path = entry.expect("an entry").path();
        let name = path.file_stem().and_then(|name| name.to_str()).expect("a name");
        let feature = if WITH_TIMEOUTS.contains(&name) { " --features time" } else { "" };
        let command = format!("| `cargo run --release{feature} --example {name}` |");
        assert!(README.contains(&command), "{command} is not in the README");
    }
}

/// Returns the rows and points under a heading, without the brackets of links.
fn rows(text: &str, heading: &str) -> Vec<String> {
    text.lines()
        .skip_while(|line| *line != heading)
        .skip(1)
        .take_while(|line| !line.starts_with("# ") && !line.starts_with("## "))
        .filter(|line| line.starts_with("| ") || line.starts_with("- "))
        .map(|line| line.replace("[`", "`").replace("`]", "`"))
        .collect()
}

/// The examples that the manifests build with the feature `time` alone.
const WITH_TIMEOUTS: [&str; 2] = ["overload", "soak"];
const README: &str = include_str!("../../README.md");
const GUIDE: &str = include_str!("../../src/guide.rs");
const ERRORS: &str = include_str!("../../src/guide/errors.rs");
