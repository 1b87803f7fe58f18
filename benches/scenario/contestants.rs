use std::task::{Context, Poll};

use bytes::Bytes;
use flow_controlled_writer::channel::Sender;
use flow_controlled_writer::{Builder, FlowControlledWriter, Watermarks};
use tokio::net::TcpStream;
use tokio::sync::mpsc;

use super::owned::{Hand, Owned};
use super::tasks::Tasks;

/// One way to write a server that broadcasts.
pub struct Contestant {
    pub name: &'static str,
    pub start: fn() -> Box<dyn Broadcast>,
}

/// The connections of a server. A message for one that has too much queued is left out: what is too
/// much is what comes naturally to each of them.
pub trait Broadcast {
    /// Takes a connection.
    fn connect(&mut self, stream: TcpStream);

    /// Sends a message to all, without waiting.
    fn offer(&mut self, message: &Bytes);

    /// Writes what is queued, if no tasks do so. Never ready.
    fn poll_drain(&mut self, cx: &mut Context<'_>) -> Poll<()>;
}

/// All contestants, ours first.
pub const CONTESTANTS: [Contestant; 5] = [
    Contestant { name: "FlowControlledWriter", start: Owned::<FlowControlledWriter<_>>::start },
    Contestant { name: "into_channel", start: Tasks::<Sender>::start },
    Contestant { name: "mpsc(1024), FramedWrite", start: Tasks::<mpsc::Sender<_>>::start },
    Contestant { name: "unbounded, FramedWrite", start: Tasks::<mpsc::UnboundedSender<_>>::start },
    Contestant { name: "VecDeque, summed", start: Owned::<Hand>::start },
];

/// Ours as the guide advises for a broadcast: longer messages are not copied, so that all connections
/// share them.
pub fn options() -> Builder {
    Builder::new().watermarks(Watermarks::with_high(LIMIT)).coalesce_threshold(64)
}

/// Ours and the deque leave messages out for a connection that has more bytes than this queued. The
/// bounded channel does so when it is full; the unbounded one never does.
pub const LIMIT: usize = 256 * 1024;
