//! Wraps a `TcpStream`, so that code written for any stream writes through a queue.
//!
//! Run it with
//!
//! ```sh
//! cargo run --example wrap_tcp
//! ```
//!
//! It prints
//!
//! ```text
//! answered 1000 lines, 12890 bytes, write calls: 1
//! ```

use std::io;
use std::net::Ipv4Addr;

use flow_controlled_writer::{FlowControlledWriter, Stats};
use tokio::io::{
    AsyncBufRead, AsyncBufReadExt, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader,
};
use tokio::net::{TcpListener, TcpStream};

#[tokio::main]
async fn main() -> io::Result<()> {
    let (answers, stats) = run(1000).await?;
    let (lines, bytes) = (answers.lines().count(), answers.len());
    println!("answered {lines} lines, {bytes} bytes, write calls: {}", stats.write_calls);
    Ok(())
}

/// The code that was there before: it answers each line with a small write of its own.
async fn answer<S: AsyncBufRead + AsyncWrite + Unpin>(stream: &mut S) -> io::Result<()> {
    let mut line = String::new();
    while stream.read_line(&mut line).await? > 0 {
        stream.write_all(line.to_uppercase().as_bytes()).await?;
        line.clear();
    }
    stream.shutdown().await
}

async fn serve(listener: TcpListener) -> io::Result<Stats> {
    let (stream, _) = listener.accept().await?;
    // This line is new. Reads pass through it, small writes are collected.
    let mut stream = FlowControlledWriter::new(BufReader::new(stream));
    answer(&mut stream).await?;
    Ok(stream.stats())
}

/// Asks `count` lines and returns the answers, with the totals of the server's writer.
pub(crate) async fn run(count: usize) -> io::Result<(String, Stats)> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let mut client = TcpStream::connect(listener.local_addr()?).await?;

    let ask = async {
        let questions: String = (0..count).map(|number| format!("question {number}\n")).collect();
        client.write_all(questions.as_bytes()).await?;
        client.shutdown().await?;
        let mut answers = String::new();
        client.read_to_string(&mut answers).await?;
        Ok(answers)
    };
    tokio::try_join!(ask, serve(listener))
}
