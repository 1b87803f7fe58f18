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

/// The first and the last 16 bytes, as numbers that registers hold.
type Ends = (u128, u128);

#[inline]
fn ends(bytes: &[u8]) -> Ends {
    match (bytes.first_chunk(), bytes.last_chunk()) {
        (Some(first), Some(last)) => (u128::from_ne_bytes(*first), u128::from_ne_bytes(*last)),
        _ => (0, few(bytes)),
    }
}

/// Returns all of fewer bytes than 16.
#[cold]
fn few(bytes: &[u8]) -> u128 {
    let mut all = [0; 16];
    all[..bytes.len()].copy_from_slice(bytes);
    u128::from_ne_bytes(all)
}
