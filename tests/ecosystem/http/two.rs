//! HTTP/2.

use futures::future::try_join_all;
use hyper::client::conn::http2 as client;
use hyper::server::conn::http2 as server;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::task::JoinHandle;

use super::{Answer, answer, get, pattern_body, post, receive, text};
use crate::support::{Gate, Slow, Watch, Watched, narrow_tcp_pair, tcp_pair, within};

type Ended = JoinHandle<hyper::Result<()>>;

/// Large enough that the socket is what holds a sender back, not the protocol.
const WINDOW: u32 = 16 << 20;

fn serve(stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static) -> Ended {
    let mut options = server::Builder::new(TokioExecutor::new());
    options.initial_stream_window_size(WINDOW).initial_connection_window_size(WINDOW);
    tokio::spawn(options.serve_connection(TokioIo::new(stream), service_fn(answer)))
}

async fn connect(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
) -> hyper::Result<(client::SendRequest<Answer>, Ended)> {
    let mut options = client::Builder::new(TokioExecutor::new());
    options.initial_stream_window_size(WINDOW).initial_connection_window_size(WINDOW);
    let (sender, connection) = options.handshake(TokioIo::new(stream)).await?;
    Ok((sender, tokio::spawn(connection)))
}

/// A connection whose client was answered once and reads no more until the gate is opened.
struct Stalled {
    sender: client::SendRequest<Answer>,
    client: Ended,
    server: Ended,
    gate: Gate,
    /// That of the server.
    watch: Watch,
}

async fn stall_client() -> hyper::Result<Stalled> {
    let (near, far) = narrow_tcp_pair().await.expect("loopback");
    let ((near, gate), (far, watch)) = (Slow::new(near, 700), Watched::new(far));
    let server = serve(far);
    gate.open();
    let (sender, client) = within(connect(near)).await?;
    let first = within(sender.clone().send_request(get("/name/first"))).await?;
    assert_eq!(within(text(first)).await?, "first");
    gate.close();
    Ok(Stalled { sender, client, server, gate, watch })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn large_bodies_arrive_on_many_streams_both_ways_at_once() -> hyper::Result<()> {
    let (near, far) = tcp_pair().await.expect("loopback");
    let ((near, mut near_watch), (far, mut far_watch)) = (Watched::new(near), Watched::new(far));
    let server = serve(far);
    let (sender, client) = within(connect(near)).await?;

    let length = 1 << 20;
    let streams = (0..8).map(|_| {
        let mut sender = sender.clone();
        async move {
            let echoed = sender.send_request(post("/echo", pattern_body(length))).await?;
            let sent = sender.send_request(get(format!("/bytes/{length}"))).await?;
            hyper::Result::Ok((receive(echoed).await?, receive(sent).await?))
        }
    });
    for received in within(try_join_all(streams)).await? {
        assert_eq!(received, (length as u64, length as u64));
    }

    drop(sender);
    within(client).await.expect("no panic")?;
    within(server).await.expect("no panic")?;
    assert!(near_watch.finished().await.written_bytes > 8 * length as u64);
    assert!(far_watch.finished().await.written_bytes > 16 * length as u64);
    Ok(())
}

#[tokio::test]
async fn many_small_requests_at_once_are_all_answered() -> hyper::Result<()> {
    let (near, far) = tcp_pair().await.expect("loopback");
    let ((near, mut near_watch), (far, mut far_watch)) = (Watched::new(near), Watched::new(far));
    let server = serve(far);
    let (sender, client) = within(connect(near)).await?;

    let requests = (0..1000).map(|index| {
        let mut sender = sender.clone();
        async move { text(sender.send_request(get(format!("/name/{index}"))).await?).await }
    });
    let names = within(try_join_all(requests)).await?;
    assert!(names.into_iter().eq((0..1000).map(|index| index.to_string())));

    drop(sender);
    within(client).await.expect("no panic")?;
    within(server).await.expect("no panic")?;
    near_watch.finished().await;
    far_watch.finished().await;
    Ok(())
}

#[tokio::test]
async fn a_client_that_reads_slowly_gets_every_body() -> hyper::Result<()> {
    let Stalled { sender, client, server, gate, mut watch } = stall_client().await?;
    let bodies = (0..4).map(|_| {
        let mut sender = sender.clone();
        async move { receive(sender.send_request(get("/bytes/500000")).await?).await }
    });
    let bodies = tokio::spawn(try_join_all(bodies));
    let report = within(watch.until(|report| report.is_waiting)).await;
    assert!(report.buffer_size > 0);
    gate.open();
    assert_eq!(within(bodies).await.expect("no panic")?, [500_000; 4]);

    drop(sender);
    within(client).await.expect("no panic")?;
    within(server).await.expect("no panic")?;
    watch.finished().await;
    Ok(())
}

#[tokio::test]
async fn a_client_that_disappears_ends_its_connection_with_an_error() -> hyper::Result<()> {
    let Stalled { sender, client, server, gate, mut watch } = stall_client().await?;
    let mut requesting = sender.clone();
    let body = tokio::spawn(requesting.send_request(get("/bytes/10000000")));
    within(watch.until(|report| report.is_waiting)).await;
    gate.cut();
    within(client).await.expect("no panic").expect_err("it was cut");
    within(server).await.expect("no panic").expect_err("the client is gone");
    assert!(within(body).await.expect("no panic").is_err());
    let report = within(watch.dropped()).await;
    assert!(report.stats.enqueued_bytes < 1_000_000, "it went on for long: {report:?}");
    Ok(())
}
