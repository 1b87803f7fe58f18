//! A server process that is out of file descriptors.

use std::io;
use std::process::Stdio;

use flow_controlled_writer::FlowControlledWriter;
use futures::future::try_join_all;
use socket2::SockRef;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::process::Command;
use tokio::task::JoinSet;

use crate::support::{Pattern, within};

/// Connections of which the server can hold less than half at a time.
const CONNECTIONS: usize = 60;
/// Descriptors that the server may have open, those of its runtime and the test harness included.
const DESCRIPTORS: u64 = 32;
/// Bytes sent on each connection: far more than the system buffers for it.
const BYTES: usize = 300_000;
/// Set in the process that is the server.
const SERVER: &str = "FLOW_CONTROLLED_WRITER_OPEN_FILES_SERVER";
const NAME: &str = "network::open_files::connections_go_on_while_no_more_can_be_accepted";

/// The server takes the place of the test in a process of its own, whose limit is of no concern to
/// the tests that run beside this one.
#[tokio::test]
async fn connections_go_on_while_no_more_can_be_accepted() -> io::Result<()> {
    if std::env::var_os(SERVER).is_some() {
        return serve().await;
    }
    let mut server = Command::new(std::env::current_exe()?)
        .args([NAME, "--exact", "--nocapture"])
        .env(SERVER, "")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()?;
    let mut lines = BufReader::new(server.stdout.take().expect("piped")).lines();
    let mut next_word = async |word: &str| loop {
        let line = within(lines.next_line()).await?.expect("the server says so");
        // The harness begins a line of its own and leaves the rest of it to the test.
        if let Some((_, value)) = line.split_once(word) {
            return io::Result::Ok(value.to_owned());
        }
    };
    let port = next_word("port ").await?.parse().expect("a port");

    let mut clients = Vec::new();
    for _ in 0..CONNECTIONS {
        let socket = TcpSocket::new_v4()?;
        socket.set_recv_buffer_size(4096)?;
        clients.push(within(socket.connect(([127, 0, 0, 1], port).into())).await?);
    }
    // No client has read yet, so those that are served cannot end and make room.
    next_word("out of descriptors").await?;
    let all = clients.into_iter().map(|client| async { Pattern::at(0).receive(client).await });
    let received = within(try_join_all(all)).await?;
    assert_eq!(received, [BYTES as u64; CONNECTIONS]);
    assert!(within(server.wait()).await?.success());
    Ok(())
}

/// Accepts as many connections as there are descriptors for, then one for each that ends.
async fn serve() -> io::Result<()> {
    rlimit::setrlimit(rlimit::Resource::NOFILE, DESCRIPTORS, DESCRIPTORS)?;
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("port {}", listener.local_addr()?.port());

    let (mut served, mut accepted, mut refused) = (JoinSet::new(), 0, 0);
    while accepted < CONNECTIONS {
        match listener.accept().await {
            Ok((stream, _)) => {
                accepted += 1;
                served.spawn(send(stream));
            }
            Err(error) if error.raw_os_error() == Some(EMFILE) => {
                if refused == 0 {
                    println!("out of descriptors");
                }
                refused += 1;
                within(served.join_next()).await.expect("connections are open")??;
            }
            Err(error) => return Err(error),
        }
    }
    while let Some(ended) = within(served.join_next()).await {
        ended??;
    }
    assert!(refused > 0);
    Ok(())
}

async fn send(stream: TcpStream) -> io::Result<()> {
    SockRef::from(&stream).set_send_buffer_size(4096)?;
    let mut writer = FlowControlledWriter::new(stream);
    let mut pattern = Pattern::at(0);
    while pattern.position() < BYTES as u64 {
        let left = BYTES - pattern.position() as usize;
        writer.write_all(&pattern.take(left.min(10_000))).await?;
    }
    writer.shutdown().await?;
    assert_eq!((writer.buffer_size(), writer.stats().written_bytes), (0, BYTES as u64));
    Ok(())
}

/// "Too many open files", the same number on every Unix.
const EMFILE: i32 = 24;
