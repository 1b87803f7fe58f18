/// What a block looked like before an encoder got it, to tell whether the encoder only appended.
///
/// Bytes that are gone and were replaced by more bytes do not show in the length, and a copy of
/// the whole block would cost more than the frame. So both ends of the old bytes are compared: an
/// encoder that cuts some off writes over the last ones, one that clears the block or puts another
/// in its place writes over the first ones too.
#[derive(PartialEq, Eq)]
pub(super) struct Fingerprint {
    length: usize,
    first: [u8; FIRST],
    last: [u8; LAST],
}

impl Fingerprint {
    #[inline]
    pub(super) fn of(bytes: &[u8]) -> Self {
        Self { length: bytes.len(), first: first(bytes), last: last(bytes) }
    }

    /// Tells whether `block` still begins with the bytes that the fingerprint was taken of.
    #[inline]
    pub(super) fn matches(&self, block: &[u8]) -> bool {
        block.get(..self.length).is_some_and(|old| Self::of(old) == *self)
    }
}

#[inline]
fn first(bytes: &[u8]) -> [u8; FIRST] {
    bytes.first_chunk().copied().unwrap_or_else(|| padded(bytes))
}

#[inline]
fn last(bytes: &[u8]) -> [u8; LAST] {
    bytes.last_chunk().copied().unwrap_or_else(|| padded(bytes))
}

/// Copies bytes that are fewer than the array.
fn padded<const N: usize>(bytes: &[u8]) -> [u8; N] {
    let mut array = [0; N];
    array[..bytes.len()].copy_from_slice(bytes);
    array
}

/// Bytes compared at the front: the header of most frames.
const FIRST: usize = 16;
/// Bytes compared at the end, where frames may be padded: one cache line.
const LAST: usize = 64;
