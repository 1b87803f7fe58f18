//! HTTP, by hyper: the files of the page, and the two addresses that become a WebSocket.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use flow_controlled_writer::Builder;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::http;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::upgrade::{self, Upgraded};
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::handshake::server::create_response_with_body;

use crate::hub::Hub;
use crate::{connection, telemetry};

/// What a connection needs to know of the server.
#[derive(Clone)]
pub(crate) struct Server {
    pub(crate) options: Builder,
    pub(crate) hub: Arc<Hub>,
}

/// What becomes of a WebSocket.
#[derive(Clone, Copy)]
enum Purpose {
    Broadcast,
    Telemetry,
}

impl Server {
    /// Answers the requests of one connection.
    pub(crate) async fn serve(self, stream: TcpStream) -> hyper::Result<()> {
        let service = service_fn(|request| {
            let response = self.respond(request);
            async move { response }
        });
        http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(REQUEST_TIMEOUT)
            .serve_connection(TokioIo::new(stream), service)
            .with_upgrades()
            .await
    }

    fn respond(&self, request: Request<Incoming>) -> http::Result<Response<Full<Bytes>>> {
        let purpose = match request.uri().path() {
            "/broadcast" => Purpose::Broadcast,
            "/telemetry" => Purpose::Telemetry,
            path => return file(path),
        };
        let Ok(response) = create_response_with_body(&request, Full::default) else {
            return Response::builder().status(StatusCode::BAD_REQUEST).body(Full::default());
        };
        let server = self.clone();
        tokio::spawn(async move {
            let upgraded = match upgrade::on(request).await {
                Ok(upgraded) => server.take(upgraded, purpose).await,
                Err(error) => Err(error.into()),
            };
            if let Err(error) = upgraded {
                eprintln!("no WebSocket: {error}");
            }
        });
        Ok(response)
    }

    /// Takes a connection over behind its handshake.
    async fn take(&self, upgraded: Upgraded, purpose: Purpose) -> Result<(), Box<dyn Error>> {
        let parts = upgraded.downcast::<TokioIo<TcpStream>>().map_err(|_| "another stream")?;
        let stream = parts.io.into_inner();
        let sender = connection::open(stream, parts.read_buf, &self.options).await;
        match purpose {
            Purpose::Broadcast => self.hub.join(sender),
            Purpose::Telemetry => telemetry::report(sender, &self.hub).await,
        }
        Ok(())
    }
}

/// Returns a file of the page.
fn file(path: &str) -> http::Result<Response<Full<Bytes>>> {
    let (status, content_type, file) = match path {
        "/" => (StatusCode::OK, "text/html", include_str!("page/index.html")),
        "/style.css" => (StatusCode::OK, "text/css", include_str!("page/style.css")),
        "/chart.js" => (StatusCode::OK, "text/javascript", include_str!("page/chart.js")),
        "/client.js" => (StatusCode::OK, "text/javascript", include_str!("page/client.js")),
        "/clients.js" => (StatusCode::OK, "text/javascript", include_str!("page/clients.js")),
        "/main.js" => (StatusCode::OK, "text/javascript", include_str!("page/main.js")),
        "/table.js" => (StatusCode::OK, "text/javascript", include_str!("page/table.js")),
        _ => (StatusCode::NOT_FOUND, "text/plain", "not found\n"),
    };
    Response::builder()
        .status(status)
        .header("Content-Type", format!("{content_type}; charset=utf-8"))
        .header("Content-Security-Policy", "default-src 'self'; img-src data:")
        .header("Cache-Control", "no-store")
        .body(file.into())
}

/// A browser sends its request at once; what has not come by then is not a browser.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(5);
