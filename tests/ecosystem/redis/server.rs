use std::collections::HashMap;
use std::io;

use bytes::Bytes;
use flow_controlled_writer::codec::Framed;
use flow_controlled_writer::{FlowControlledWriter, Stats};
use futures::StreamExt;
use tokio::net::TcpStream;

use super::resp::{Reply, Resp};

/// What the server's writer was like when the connection had ended.
#[derive(Debug)]
pub(super) struct Outcome {
    pub(super) stats: Stats,
    pub(super) buffer_size: usize,
}

/// Answers commands until the client ends the connection. Flushes where no command is left to
/// answer, so that what was pipelined leaves together.
pub(super) async fn serve(stream: TcpStream, mut store: Store) -> io::Result<Outcome> {
    let mut connection = Framed::new(FlowControlledWriter::new(stream), Resp);
    while let Some(command) = connection.next().await {
        let reply = store.run(&command?)?;
        connection.feed(reply).await?;
        if connection.read_buffer().is_empty() {
            connection.flush().await?;
        }
    }
    connection.shutdown().await?;
    Ok(Outcome { stats: connection.stats(), buffer_size: connection.buffer_size() })
}

#[derive(Debug, Default)]
pub(super) struct Store {
    values: HashMap<Bytes, Bytes>,
}

impl Store {
    fn run(&mut self, command: &[Bytes]) -> io::Result<Reply> {
        let (name, arguments) = command.split_first().ok_or(io::ErrorKind::InvalidData)?;
        Ok(match (&name.to_ascii_uppercase()[..], arguments) {
            (b"GET", [key]) => self.values.get(key).cloned().map_or(Reply::Nil, Reply::Value),
            (b"SET", [key, value]) => {
                self.values.insert(key.clone(), value.clone());
                Reply::Status("OK")
            }
            (b"INCR" | b"INCRBY", [key, ..]) => {
                let value = self.values.get(key).map_or(&b"0"[..], |value| value);
                let text = std::str::from_utf8(value).map_err(io::Error::other)?;
                let next = text.parse::<i64>().map_err(io::Error::other)? + 1;
                self.values.insert(key.clone(), next.to_string().into());
                Reply::Integer(next)
            }
            // What a client says about itself when it connects.
            _ => Reply::Status("OK"),
        })
    }
}
