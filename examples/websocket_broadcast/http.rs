//! One request a connection: the files of the page, or the upgrade to a WebSocket.

use std::io;

use bytes::{Bytes, BytesMut};
use flow_controlled_writer::FlowControlledWriter;
use futures::SinkExt;
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;
use tungstenite::handshake::machine::TryParse;
use tungstenite::handshake::server::{Request, create_response, write_response};
use tungstenite::http::Response;

use crate::frame::invalid;

/// What the client asked for.
pub(crate) enum Target {
    Page(PageResponse),
    Broadcast(Upgrade),
    Telemetry(Upgrade),
}

/// A file of the page, or the news that there is none.
pub(crate) struct PageResponse {
    stream: TcpStream,
    response: Response<&'static str>,
}

impl PageResponse {
    /// Sends head and body and ends the connection.
    pub(crate) async fn send(self) -> io::Result<()> {
        let mut writer = FlowControlledWriter::new(self.stream);
        writer.feed(head(&self.response)?).await?;
        writer.feed(Bytes::from_static(self.response.body().as_bytes())).await?;
        writer.shutdown().await
    }
}

/// A connection that becomes a WebSocket as soon as `response` is sent.
pub(crate) struct Upgrade {
    pub(crate) stream: TcpStream,
    /// The encoded head of the response.
    pub(crate) response: Bytes,
    /// What the client sent behind its request.
    pub(crate) received: BytesMut,
}

/// Reads a request and finds its target; none if the client left without asking.
pub(crate) async fn receive(mut stream: TcpStream) -> io::Result<Option<Target>> {
    let mut received = BytesMut::new();
    let request = loop {
        match Request::try_parse(&received).map_err(invalid)? {
            Some((length, request)) => {
                let _head = received.split_to(length);
                break request;
            }
            None if received.len() > LONGEST_HEAD => return Err(invalid("a head without an end")),
            None if stream.read_buf(&mut received).await? == 0 => return Ok(None),
            None => {}
        }
    };
    Ok(Some(match request.uri().path() {
        "/broadcast" => Target::Broadcast(upgrade(stream, &request, received)?),
        "/telemetry" => Target::Telemetry(upgrade(stream, &request, received)?),
        path => Target::Page(PageResponse { stream, response: page(path)? }),
    }))
}

/// Answers the handshake, or returns an error if the request is none.
fn upgrade(stream: TcpStream, request: &Request, received: BytesMut) -> io::Result<Upgrade> {
    let response = head(&create_response(request).map_err(invalid)?)?;
    Ok(Upgrade { stream, response, received })
}

fn page(path: &str) -> io::Result<Response<&'static str>> {
    let (status, content_type, file) = match path {
        "/" => (200, "text/html", include_str!("page/index.html")),
        "/style.css" => (200, "text/css", include_str!("page/style.css")),
        "/chart.js" => (200, "text/javascript", include_str!("page/chart.js")),
        "/client.js" => (200, "text/javascript", include_str!("page/client.js")),
        "/clients.js" => (200, "text/javascript", include_str!("page/clients.js")),
        "/main.js" => (200, "text/javascript", include_str!("page/main.js")),
        "/table.js" => (200, "text/javascript", include_str!("page/table.js")),
        _ => (404, "text/plain", "not found\n"),
    };
    Response::builder()
        .status(status)
        .header("Content-Type", format!("{content_type}; charset=utf-8"))
        .header("Content-Length", file.len())
        .header("Content-Security-Policy", "default-src 'self'; img-src data:")
        .header("Cache-Control", "no-store")
        .header("Connection", "close")
        .body(file)
        .map_err(invalid)
}

fn head<T>(response: &Response<T>) -> io::Result<Bytes> {
    let mut head = Vec::new();
    write_response(&mut head, response).map_err(invalid)?;
    Ok(head.into())
}

/// A browser's head has less than this, in bytes.
const LONGEST_HEAD: usize = 16 * 1024;
