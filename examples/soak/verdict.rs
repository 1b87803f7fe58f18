//! What was seen, beside what was promised.

use std::fmt::Display;
use std::io;

/// A table, printed line by line, of promises and whether they were kept.
#[derive(Debug, Default)]
pub(crate) struct Verdict {
    broken: usize,
}

impl Verdict {
    /// Prints a line for something that has to be as promised.
    pub(crate) fn equal<T: Display + PartialEq>(&mut self, what: &str, seen: T, promised: T) {
        self.line(what, seen == promised, seen, "", promised);
    }

    /// Prints a line for something that may be no more than promised.
    pub(crate) fn at_most<T: Display + PartialOrd>(&mut self, what: &str, seen: T, promised: T) {
        self.line(what, seen <= promised, seen, "at most", promised);
    }

    fn line(
        &mut self,
        what: &str,
        kept: bool,
        seen: impl Display,
        how: &str,
        promised: impl Display,
    ) {
        let word = if kept { "pass" } else { "FAIL" };
        println!("{word}  {what:<44} {seen:>10.1}  promised: {how:>7} {promised:>10.1}");
        self.broken += usize::from(!kept);
    }

    /// Fails if a promise was not kept.
    pub(crate) fn end(self) -> io::Result<()> {
        match self.broken {
            0 => Ok(()),
            broken => Err(io::Error::other(format!("promises not kept: {broken}"))),
        }
    }
}
