//! Sends an HTTP response in chunks by an encoder of its own: the size of each chunk and its end
//! are copied next to each other, its body is never copied. hyper's client reads the response.
//!
//! Run it with
//!
//! ```sh
//! cargo run --example framed
//! ```
//!
//! It prints
//!
//! ```text
//! the client received 1638414 bytes with status 200 OK
//! the server queued at most 65653 bytes
//! ```

use std::io::{self, Write};
use std::net::Ipv4Addr;

use bytes::Bytes;
use flow_controlled_writer::codec::{ChunkAppender, ChunkEncoder, FramedSink};
use flow_controlled_writer::{FlowControlledWriter, Stats};
use http_body_util::{BodyExt, Empty};
use hyper::{Request, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

type Error = Box<dyn std::error::Error + Send + Sync>;

#[tokio::main]
async fn main() -> Result<(), Error> {
    let (status, body, stats) = run().await?;
    println!("the client received {} bytes with status {status}", body.len());
    println!("the server queued at most {} bytes", stats.peak_buffer_size);
    Ok(())
}

/// A part of a response.
enum Part {
    Head,
    Body(Bytes),
    End,
}

/// Writes responses with `transfer-encoding: chunked`.
struct Chunked;

impl ChunkEncoder<Part> for Chunked {
    type Error = io::Error;

    fn encode(&mut self, part: Part, dst: &mut ChunkAppender<'_>) -> io::Result<()> {
        match part {
            Part::Head => dst.extend_from_slice(HEAD),
            // A chunk of no bytes would be the end.
            Part::Body(body) if body.is_empty() => {}
            Part::Body(body) => {
                write!(dst, "{:x}\r\n", body.len())?;
                dst.push(body);
                dst.extend_from_slice(b"\r\n");
            }
            Part::End => dst.extend_from_slice(b"0\r\n\r\n"),
        }
        Ok(())
    }
}

async fn serve(stream: TcpStream) -> io::Result<Stats> {
    let mut stream = BufReader::new(stream);
    let mut line = String::new();
    while stream.read_line(&mut line).await? > 2 {
        line.clear();
    }
    let mut sink = FramedSink::new(FlowControlledWriter::new(stream), Chunked);
    sink.feed(Part::Head).await?;
    sink.feed(Part::Body(Bytes::from_static(b"a small chunk "))).await?;
    sink.feed(Part::Body(Bytes::new())).await?;

    // Each chunk is the same memory; none is copied, and `feed` waits while too much is queued.
    let large = Bytes::from(vec![b'.'; 16 * 1024]);
    for _ in 0..100 {
        sink.feed(Part::Body(large.clone())).await?;
    }
    sink.feed(Part::End).await?;
    sink.shutdown().await?;
    Ok(sink.get_ref().stats())
}

async fn get(stream: TcpStream) -> Result<(StatusCode, Bytes), Error> {
    let (mut client, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    let request = Request::get("/").header("host", "localhost").body(Empty::<Bytes>::new())?;
    let response = async {
        let response = client.send_request(request).await?;
        let status = response.status();
        Ok::<_, Error>((status, response.into_body().collect().await?.to_bytes()))
    };
    let (response, _) = tokio::try_join!(response, async { Ok(connection.await?) })?;
    Ok(response)
}

/// Serves one request. Returns what the client got, and the totals of the server's writer.
pub(crate) async fn run() -> Result<(StatusCode, Bytes, Stats), Error> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let client = TcpStream::connect(listener.local_addr()?).await?;
    let (server, _) = listener.accept().await?;
    let ((status, body), stats) =
        tokio::try_join!(get(client), async { Ok(serve(server).await?) })?;
    Ok((status, body, stats))
}

const HEAD: &[u8] = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n";
