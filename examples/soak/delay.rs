//! How long the messages of a broadcast are on their way.

use std::io;
use std::time::{SystemTime, UNIX_EPOCH};

use bytes::{Buf, BufMut, Bytes, BytesMut};
use tokio::io::{AsyncReadExt, BufReader};

use crate::stream::Stream;
use crate::verdict::Verdict;

/// Returns a message that tells its number, when it was sent, and whether the budget was used up then.
pub(crate) fn message(number: u64, is_used_up: bool) -> Bytes {
    let mut message = BytesMut::zeroed(MESSAGE);
    let mut head = &mut message[..];
    head.put_u64(number);
    head.put_u64(now());
    head.put_u8(is_used_up.into());
    message.freeze()
}

/// What clients saw of a broadcast.
#[derive(Debug, Default)]
pub(crate) struct Delays {
    /// Microseconds: of messages sent within the budget, and while it was used up.
    delays: [Vec<u64>; 2],
    /// Messages that are missing between two others.
    missing: u64,
}

impl Delays {
    /// Reads a broadcast to its end.
    pub(crate) async fn measure(stream: Stream) -> io::Result<Self> {
        let mut stream = BufReader::new(stream);
        let (mut seen, mut message, mut expected) = (Self::default(), [0; MESSAGE], 0);
        loop {
            match stream.read_exact(&mut message).await {
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(seen),
                read => read?,
            };
            let mut head = &message[..];
            let (number, sent, is_used_up) = (head.get_u64(), head.get_u64(), head.get_u8());
            if number < expected {
                return Err(io::Error::other(format!("message {number} after {expected}")));
            }
            seen.missing += number - expected;
            expected = number + 1;
            seen.delays[usize::from(is_used_up)].push(now().saturating_sub(sent));
        }
    }

    pub(crate) fn add(&mut self, other: Self) {
        self.missing += other.missing;
        for (all, more) in self.delays.iter_mut().zip(other.delays) {
            all.extend(more);
        }
    }

    /// Prints how long messages were on their way. Those that were sent while stuck connections had used
    /// the budget up may have taken no longer than the others, in the measure of a busy machine.
    pub(crate) fn judge(self) -> Verdict {
        let mut verdict = Verdict::default();
        let names = ["within the budget", "while it was used up"];
        let mut slow = Vec::new();
        for (name, mut delays) in names.into_iter().zip(self.delays) {
            delays.sort_unstable();
            let Some(last) = delays.len().checked_sub(1) else { continue };
            let at = |part: f64| delays[(last as f64 * part) as usize] as f64 / 1000.0;
            println!(
                "{} messages {name}: delay p50 {:.1} ms, p99 {:.1} ms, most {:.1} ms",
                delays.len(),
                at(0.5),
                at(0.99),
                at(1.0),
            );
            slow.push(at(0.99));
        }
        if slow.is_empty() {
            return verdict;
        }
        verdict.equal("messages missing at those that read", self.missing, 0);
        if let [within, used_up] = slow[..] {
            verdict.at_most("delay p99 while it was used up, ms", used_up, within * 2.0 + SLACK);
        }
        verdict
    }
}

/// Microseconds by the clock that both processes share.
fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_micros() as u64)
}

/// The length of a message in bytes.
pub(crate) const MESSAGE: usize = 2048;
/// Milliseconds by which a delay may differ from another one on a machine that does other work too: the
/// time between two messages.
const SLACK: f64 = 250.0;
