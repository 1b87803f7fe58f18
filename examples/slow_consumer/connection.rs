use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use flow_controlled_writer::{Builder, FlowControlledWriter};
use tokio::net::TcpStream;

use super::client::Habit;
use super::message::Tally;
use super::meter::Meter;

/// The server's end of a connection.
#[derive(Debug)]
pub(crate) struct Connection {
    pub(crate) habit: Habit,
    pub(crate) writer: FlowControlledWriter<TcpStream>,
    /// What was sent to this client.
    pub(crate) sent: Tally,
    /// Messages left out, as the client was paused (or gone).
    pub(crate) skipped: u64,
    /// How the connection ended.
    pub(crate) end: Option<io::Result<()>>,
}

impl Connection {
    pub(crate) fn new(habit: Habit, stream: TcpStream, options: &Builder) -> Self {
        let writer = options.build(stream);
        Self { habit, writer, sent: Tally::default(), skipped: 0, end: None }
    }

    /// Sends a message unless the client is paused.
    pub(crate) fn offer(&mut self, message: &Bytes, meter: &mut Meter) {
        match self.writer.try_send(message.clone()) {
            Ok(()) => self.sent.add(message).expect("the server numbers its messages"),
            Err(_) => self.skipped += 1,
        }
        meter.ask(&self.writer);
    }

    /// Writes what is queued as far as the socket takes it.
    ///
    /// An error needs no care here: the writer refuses all messages after it, and the shutdown
    /// returns it.
    pub(crate) fn poll_flush(&mut self, cx: &mut Context<'_>) {
        let _ = Pin::new(&mut self.writer).poll_flush(cx);
    }

    /// Writes what is queued and closes the connection; ready when that is done or has failed.
    pub(crate) fn poll_shutdown(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if self.end.is_none() {
            match Pin::new(&mut self.writer).poll_shutdown(cx) {
                Poll::Ready(result) => self.end = Some(result),
                Poll::Pending => return Poll::Pending,
            }
        }
        Poll::Ready(())
    }
}
