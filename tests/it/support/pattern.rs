use std::io;
use std::sync::LazyLock;

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncReadExt};

/// An endless stream of bytes that both ends know: one end takes from it, the other one checks
/// what has arrived.
#[derive(Clone, Debug)]
pub(crate) struct Pattern {
    position: u64,
}

impl Pattern {
    /// Starts at `position` in the stream. Two directions start at different ones.
    pub(crate) fn at(position: u64) -> Self {
        Self { position }
    }

    /// Returns the number of bytes before this point of the stream.
    pub(crate) fn position(&self) -> u64 {
        self.position
    }

    /// Takes the next `count` bytes.
    pub(crate) fn take(&mut self, count: usize) -> Bytes {
        let mut bytes = Vec::with_capacity(count);
        while bytes.len() < count {
            let ahead = self.ahead();
            let part = &ahead[..ahead.len().min(count - bytes.len())];
            bytes.extend_from_slice(part);
            self.position += part.len() as u64;
        }
        bytes.into()
    }

    /// Checks that `bytes` come next.
    #[track_caller]
    pub(crate) fn check(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let ahead = self.ahead();
            let length = ahead.len().min(bytes.len());
            let (part, rest) = bytes.split_at(length);
            assert!(part == &ahead[..length], "other bytes than sent near {}", self.position);
            self.position += length as u64;
            bytes = rest;
        }
    }

    /// Checks all that comes from `stream`, to its end, and returns how many bytes that were.
    pub(crate) async fn receive(&mut self, mut stream: impl AsyncRead + Unpin) -> io::Result<u64> {
        let start = self.position;
        let mut buffer = [0; 4096];
        loop {
            match stream.read(&mut buffer).await? {
                0 => return Ok(self.position - start),
                count => self.check(&buffer[..count]),
            }
        }
    }

    fn ahead(&self) -> &'static [u8] {
        let start = self.position as usize % PERIOD;
        &STREAM[start..]
    }
}

/// A prime: blocks of the usual sizes that change places or come twice are noticed.
const PERIOD: usize = 65_521;

static STREAM: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let mut random = fastrand::Rng::with_seed(7);
    std::iter::repeat_with(|| random.u8(..)).take(PERIOD).collect()
});
