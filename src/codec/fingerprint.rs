/// What a block looked like before an encoder got it, to tell whether the encoder only appended.
///
/// Bytes that are gone and were replaced by more bytes do not show in the length, and a copy of
/// the whole block would cost more than the frame. So both ends of the old bytes are compared: an
/// encoder that cuts some off writes over the last ones, one that clears the block or puts another
/// in its place writes over the first ones too.
pub(super) struct Fingerprint {
    length: usize,
    ends: Ends,
}

impl Fingerprint {
    #[inline]
    pub(super) fn of(block: &[u8]) -> Self {
        Self { length: block.len(), ends: ends(block) }
    }

    /// Tells whether `block` still begins with the bytes that the fingerprint was taken of.
    #[inline]
    pub(super) fn matches(&self, block: &[u8]) -> bool {
        block.len() >= self.length && ends(&block[..self.length]) == self.ends
    }
}

/// The first 16 and the last 32 bytes.
type Ends = ([u8; 16], [u8; 32]);

#[inline]
fn ends(bytes: &[u8]) -> Ends {
    match (bytes.first_chunk(), bytes.last_chunk()) {
        (Some(first), Some(last)) => (*first, *last),
        _ => ends_of_few(bytes),
    }
}

/// Fewer bytes than 32 are all copied.
#[cold]
fn ends_of_few(bytes: &[u8]) -> Ends {
    let mut last = [0; 32];
    last[..bytes.len()].copy_from_slice(bytes);
    ([0; 16], last)
}
