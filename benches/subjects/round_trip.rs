use std::io::{Read, Write};
use std::thread;

use flow_controlled_writer::FlowControlledWriter;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;

use super::OURS;
use crate::support::entry::{Case, Entry, Sender, size_name};
use crate::support::socket;

/// Write a message, flush, and read it back from an echo over TCP, `count` times.
pub fn case(count: usize) -> Case {
    let sender = Sender::new();
    let entries = vec![
        entry(OURS, count, &sender, FlowControlledWriter::new),
        entry(RAW, count, &sender, |stream| stream),
    ];
    Case { size: MESSAGE, chunks: count, entries, label: size_name(MESSAGE) }
}

fn entry<S: AsyncRead + AsyncWrite + Unpin + 'static>(
    name: &'static str,
    count: usize,
    sender: &Sender,
    wrap: impl FnOnce(TcpStream) -> S,
) -> Entry {
    let (near, mut far) = sender.enter(socket::tcp_pair).expect("loopback works");
    thread::spawn(move || {
        let mut buffer = [0; MESSAGE];
        while far.read_exact(&mut buffer).and_then(|()| far.write_all(&buffer)).is_ok() {}
    });
    let mut stream = wrap(near);
    let sender = sender.clone();
    Entry::new(name, move || {
        let mut message = [b'x'; MESSAGE];
        sender.block_on(async {
            for _ in 0..count {
                stream.write_all(&message).await.expect("the echo lives");
                stream.flush().await.expect("the echo lives");
                stream.read_exact(&mut message).await.expect("the echo lives");
            }
        });
    })
}

const MESSAGE: usize = 64;

pub const RAW: &str = "TcpStream";
