use std::error::Error;
use std::fmt;

/// The two marks of the flow control, in bytes.
///
/// A writer whose buffer grows *above* `high` pauses: it accepts nothing more. It resumes when it
/// has drained *to* `low` or below. In between it keeps the state that it had, so that a buffer
/// which swings around one mark does not pause and resume with every chunk.
///
/// `low <= high` always holds. The defaults are those of Python's asyncio: 16 KiB and 64 KiB.
///
/// # Examples
///
/// ```
/// use flow_controlled_writer::Watermarks;
///
/// let marks = Watermarks::default();
/// assert_eq!((marks.low(), marks.high()), (16_384, 65_536));
/// assert_eq!(Watermarks::with_high(1024), Watermarks::new(256, 1024));
/// assert!(Watermarks::try_new(2, 1).is_err());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Watermarks {
    /// Invariant: `low <= high`.
    low: usize,
    high: usize,
}

impl Watermarks {
    /// Creates a pair of marks, both in bytes.
    ///
    /// `high = usize::MAX` turns pausing off; `high = 0` allows one item in flight.
    ///
    /// # Panics
    ///
    /// Panics if `low > high`. Use [`try_new`](Self::try_new) for marks that come from outside.
    ///
    /// # Examples
    ///
    /// ```
    /// use flow_controlled_writer::Watermarks;
    ///
    /// let marks = Watermarks::new(1024, 8192);
    /// assert_eq!((marks.low(), marks.high()), (1024, 8192));
    /// ```
    #[must_use]
    #[track_caller]
    pub const fn new(low: usize, high: usize) -> Self {
        assert!(low <= high, "the low watermark is above the high one");
        Self { low, high }
    }

    /// Creates a pair of marks, both in bytes, from values that may be wrong.
    ///
    /// # Errors
    ///
    /// Returns [`InvalidWatermarks`] if `low > high`.
    ///
    /// # Examples
    ///
    /// ```
    /// use flow_controlled_writer::Watermarks;
    ///
    /// assert_eq!(Watermarks::try_new(1024, 8192), Ok(Watermarks::new(1024, 8192)));
    /// let error = Watermarks::try_new(8192, 1024).unwrap_err();
    /// assert_eq!(error.to_string(), "the low watermark 8192 is above the high one 1024");
    /// ```
    pub const fn try_new(low: usize, high: usize) -> Result<Self, InvalidWatermarks> {
        if low > high {
            return Err(InvalidWatermarks { low, high });
        }
        Ok(Self { low, high })
    }

    /// Creates a pair of marks with the given high one, in bytes, and `low = high / 4`, which is
    /// the ratio of asyncio's defaults.
    ///
    /// # Examples
    ///
    /// ```
    /// use flow_controlled_writer::Watermarks;
    ///
    /// assert_eq!(Watermarks::with_high(8192), Watermarks::new(2048, 8192));
    /// ```
    #[must_use]
    pub const fn with_high(high: usize) -> Self {
        Self { low: high / 4, high }
    }

    /// Returns the low mark in bytes: a paused writer resumes at this size or below it.
    ///
    /// # Examples
    ///
    /// ```
    /// use flow_controlled_writer::Watermarks;
    ///
    /// assert_eq!(Watermarks::new(1024, 8192).low(), 1024);
    /// ```
    #[must_use]
    pub const fn low(&self) -> usize {
        self.low
    }

    /// Returns the high mark in bytes: a writer pauses above this size.
    ///
    /// # Examples
    ///
    /// ```
    /// use flow_controlled_writer::Watermarks;
    ///
    /// assert_eq!(Watermarks::new(1024, 8192).high(), 8192);
    /// ```
    #[must_use]
    pub const fn high(&self) -> usize {
        self.high
    }
}

impl Default for Watermarks {
    fn default() -> Self {
        Self::new(DEFAULT_LOW, DEFAULT_HIGH)
    }
}

/// The error of [`Watermarks::try_new`]: the low mark is above the high one.
///
/// # Examples
///
/// ```
/// use flow_controlled_writer::Watermarks;
///
/// let (low, high) = (512, 256); // from a configuration file
/// let marks = Watermarks::try_new(low, high).unwrap_or_else(|error| {
///     eprintln!("{error}; using the defaults");
///     Watermarks::default()
/// });
/// assert_eq!(marks, Watermarks::default());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidWatermarks {
    low: usize,
    high: usize,
}

impl fmt::Display for InvalidWatermarks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the low watermark {} is above the high one {}", self.low, self.high)
    }
}

impl Error for InvalidWatermarks {}

/// Whether a writer takes more bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flow {
    Accepting,
    Paused,
}

/// The pause rule. An exceeded budget applies it with [`Watermarks::NONE`].
impl Watermarks {
    /// The marks of a writer that may hold nothing.
    pub(crate) const NONE: Self = Self { low: 0, high: 0 };

    /// Returns the state that follows `flow` when `size` bytes are held.
    #[inline]
    pub(crate) fn next(self, flow: Flow, size: usize) -> Flow {
        match flow {
            Flow::Accepting if size > self.high => Flow::Paused,
            Flow::Paused if size <= self.low => Flow::Accepting,
            unchanged => unchanged,
        }
    }

    /// Returns the state that follows when a borrowed slice finds no room.
    ///
    /// Where the marks are equal, a writer at both of them has nothing to wait for.
    pub(crate) fn next_without_room(self, flow: Flow, size: usize) -> Flow {
        if self.room(size) == 0 && size > self.low { Flow::Paused } else { flow }
    }

    /// Returns the bytes of a borrowed slice that may still be copied in.
    #[inline]
    pub(crate) fn room(self, size: usize) -> usize {
        self.high.saturating_sub(size)
    }

    /// Returns the bytes that pause a writer when sent at once; 0 if it is paused.
    pub(crate) fn until_pause(self, flow: Flow, size: usize) -> usize {
        match flow {
            Flow::Accepting => self.room(size).saturating_add(1),
            Flow::Paused => 0,
        }
    }

    /// Returns the bytes to drain before a paused writer resumes; 0 if it is not paused.
    pub(crate) fn until_resume(self, flow: Flow, size: usize) -> usize {
        match flow {
            Flow::Accepting => 0,
            Flow::Paused => size.saturating_sub(self.low),
        }
    }
}

/// asyncio's `FlowControlMixin`: a quarter of the high mark.
const DEFAULT_LOW: usize = 16 * 1024;
/// asyncio's default high mark for a transport.
const DEFAULT_HIGH: usize = 64 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_are_sixteen_and_sixty_four_kibibytes() {
        let marks = Watermarks::default();
        assert_eq!((marks.low(), marks.high()), (16_384, 65_536));
        assert_eq!(Watermarks::with_high(65_536), marks);
    }

    #[test]
    fn try_new_refuses_only_low_above_high() {
        assert_eq!(Watermarks::try_new(7, 7), Ok(Watermarks::new(7, 7)));
        assert_eq!(Watermarks::try_new(6, 7), Ok(Watermarks::new(6, 7)));
        let error = Watermarks::try_new(8, 7).expect_err("low is above high");
        assert_eq!(error.to_string(), "the low watermark 8 is above the high one 7");
    }

    #[test]
    fn pauses_above_high_and_resumes_at_low() {
        let marks = Watermarks::new(50, 100);
        assert_eq!(marks.next(Flow::Accepting, 100), Flow::Accepting);
        assert_eq!(marks.next(Flow::Accepting, 101), Flow::Paused);
        assert_eq!(marks.next(Flow::Paused, 51), Flow::Paused);
        assert_eq!(marks.next(Flow::Paused, 50), Flow::Accepting);
    }

    #[test]
    fn high_of_max_never_pauses() {
        let marks = Watermarks::new(0, usize::MAX);
        assert_eq!(marks.next(Flow::Accepting, usize::MAX - 1), Flow::Accepting);
        assert_eq!(marks.until_pause(Flow::Accepting, 0), usize::MAX);
    }

    #[test]
    fn high_of_zero_pauses_with_the_first_byte() {
        let marks = Watermarks::NONE;
        assert_eq!(marks.next(Flow::Accepting, 0), Flow::Accepting);
        assert_eq!(marks.next(Flow::Accepting, 1), Flow::Paused);
        assert_eq!(marks.next_without_room(Flow::Accepting, 0), Flow::Accepting);
        assert_eq!(marks.room(0), 0);
    }

    #[test]
    fn a_borrowed_slice_without_room_pauses_unless_at_the_low_mark() {
        assert_eq!(Watermarks::new(50, 100).next_without_room(Flow::Accepting, 100), Flow::Paused);
        assert_eq!(
            Watermarks::new(50, 100).next_without_room(Flow::Accepting, 99),
            Flow::Accepting
        );
        assert_eq!(
            Watermarks::new(100, 100).next_without_room(Flow::Accepting, 100),
            Flow::Accepting
        );
    }

    #[test]
    fn exactly_the_bytes_until_pause_do_pause() {
        for (low, high) in [(0, 0), (5, 10), (10, 10)] {
            let marks = Watermarks::new(low, high);
            for size in 0..=high {
                let until = marks.until_pause(Flow::Accepting, size);
                assert_eq!(marks.next(Flow::Accepting, size + until), Flow::Paused);
                assert_eq!(marks.next(Flow::Accepting, size + until - 1), Flow::Accepting);
            }
        }
    }

    #[test]
    #[should_panic(expected = "low watermark is above")]
    fn new_panics_for_low_above_high() {
        let _ = Watermarks::new(2, 1);
    }
}
