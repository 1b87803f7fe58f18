//! How long the messages of a broadcast are on their way.

use std::io;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::{Buf, BufMut, Bytes, BytesMut};
use tokio::io::{AsyncReadExt, BufReader};

use crate::stream::Stream;

/// Returns a message that tells its number, when it was sent, and whether the budget was exceeded then.
pub(crate) fn message(number: u64, is_exceeded: bool) -> Bytes {
    let mut message = BytesMut::zeroed(MESSAGE);
    let mut head = &mut message[..];
    head.put_u64(number);
    head.put_u64(now());
    head.put_u8(is_exceeded.into());
    message.freeze()
}

/// Delays in microseconds: of messages sent while the budget was not exceeded, and while it was.
#[derive(Debug, Default)]
pub(crate) struct Delays([Vec<u64>; 2]);

impl Delays {
    /// Reads a broadcast to its end. A message that is missing is an error.
    pub(crate) async fn measure(stream: Stream) -> io::Result<Self> {
        let mut stream = BufReader::new(stream);
        let (mut delays, mut message) = (Self::default(), [0; MESSAGE]);
        for expected in 0.. {
            match stream.read_exact(&mut message).await {
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => break,
                read => read?,
            };
            let mut head = &message[..];
            let (number, sent, is_exceeded) = (head.get_u64(), head.get_u64(), head.get_u8());
            if number != expected {
                return Err(io::Error::other(format!("message {number} in place of {expected}")));
            }
            delays.0[usize::from(is_exceeded)].push(now().saturating_sub(sent));
        }
        Ok(delays)
    }

    pub(crate) fn add(&mut self, other: Self) {
        for (all, more) in self.0.iter_mut().zip(other.0) {
            all.extend(more);
        }
    }

    pub(crate) fn print(mut self) {
        let names = ["within the budget", "while it was exceeded"];
        for (name, delays) in names.into_iter().zip(&mut self.0) {
            delays.sort_unstable();
            let Some(last) = delays.len().checked_sub(1) else { continue };
            let at = |part: f64| Duration::from_micros(delays[(last as f64 * part) as usize]);
            let (middle, slow, slowest) = (at(0.5), at(0.99), at(1.0));
            println!(
                "{} messages {name}: delay p50 {middle:.1?}, p99 {slow:.1?}, most {slowest:.1?}",
                delays.len(),
            );
        }
    }
}

/// Microseconds by the clock that both processes share.
fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_micros() as u64)
}

/// The length of a message in bytes.
pub(crate) const MESSAGE: usize = 1024;
