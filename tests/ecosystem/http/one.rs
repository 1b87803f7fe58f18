//! HTTP/1.

use hyper::client::conn::http1 as client;
use hyper::server::conn::http1 as server;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::task::JoinHandle;

use super::{Answer, answer, get, pattern_body, post, receive, text};
use crate::support::{Slow, Watched, narrow_tcp_pair, tcp_pair, within};

type Ended = JoinHandle<hyper::Result<()>>;

fn serve(stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static) -> Ended {
    let mut options = server::Builder::new();
    options.pipeline_flush(true);
    tokio::spawn(options.serve_connection(TokioIo::new(stream), service_fn(answer)))
}

async fn connect(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
) -> hyper::Result<(client::SendRequest<Answer>, Ended)> {
    let (sender, connection) = client::handshake(TokioIo::new(stream)).await?;
    Ok((sender, tokio::spawn(connection)))
}

#[tokio::test]
async fn large_bodies_arrive_both_ways_at_once() -> hyper::Result<()> {
    let (near, far) = tcp_pair().await.expect("loopback");
    let ((near, mut near_watch), (far, mut far_watch)) = (Watched::new(near), Watched::new(far));
    let server = serve(far);
    let (mut sender, client) = within(connect(near)).await?;

    let length = 8 << 20;
    let response = within(sender.send_request(post("/echo", pattern_body(length)))).await?;
    assert_eq!(within(receive(response)).await?, length as u64);
    let response = within(sender.send_request(get(format!("/bytes/{length}")))).await?;
    assert_eq!(within(receive(response)).await?, length as u64);

    drop(sender);
    within(client).await.expect("no panic")?;
    within(server).await.expect("no panic")?;
    assert!(near_watch.finished().await.written_bytes > length as u64);
    assert!(far_watch.finished().await.written_bytes > 2 * length as u64);
    Ok(())
}

#[tokio::test]
async fn small_requests_one_by_one_are_never_kept_waiting() -> hyper::Result<()> {
    let (near, far) = tcp_pair().await.expect("loopback");
    let ((near, mut near_watch), (far, mut far_watch)) = (Watched::new(near), Watched::new(far));
    let server = serve(far);
    let (mut sender, client) = within(connect(near)).await?;
    for index in 0..1000 {
        let response = within(sender.send_request(get(format!("/name/{index}")))).await?;
        assert_eq!(within(text(response)).await?, index.to_string());
    }
    drop(sender);
    within(client).await.expect("no panic")?;
    within(server).await.expect("no panic")?;
    near_watch.finished().await;
    far_watch.finished().await;
    Ok(())
}

#[tokio::test]
async fn pipelined_requests_are_answered_in_order() -> std::io::Result<()> {
    const REQUESTS: usize = 2000;
    let (mut near, far) = tcp_pair().await?;
    let (far, mut watch) = Watched::new(far);
    let server = serve(far);

    let (mut read, mut write) = near.split();
    let requests: String = (0..REQUESTS)
        .map(|index| {
            let last = if index == REQUESTS - 1 { "connection: close\r\n" } else { "" };
            format!("GET /name/{index} HTTP/1.1\r\nhost: localhost\r\n{last}\r\n")
        })
        .collect();
    let mut answers = String::new();
    let conversation = async {
        tokio::try_join!(write.write_all(requests.as_bytes()), read.read_to_string(&mut answers))
    };
    within(conversation).await?;

    let names = answers.split("HTTP/1.1 200 OK\r\n").skip(1).map(|answer| {
        answer.split_once("\r\n\r\n").expect("an empty line behind the head").1.to_owned()
    });
    assert!(names.eq((0..REQUESTS).map(|index| index.to_string())), "{answers}");
    within(server).await.expect("no panic").expect("served");
    let stats = watch.finished().await;
    assert_eq!(stats.written_bytes, answers.len() as u64);
    // What is pipelined leaves in few writes.
    assert!(stats.write_calls < REQUESTS as u64 / 4, "{stats:?}");
    Ok(())
}

#[tokio::test]
async fn a_client_that_reads_slowly_gets_the_whole_body() -> hyper::Result<()> {
    let (near, far) = narrow_tcp_pair().await.expect("loopback");
    let ((near, gate), (far, mut watch)) = (Slow::new(near, 700), Watched::new(far));
    let server = serve(far);
    let (mut sender, client) = within(connect(near)).await?;

    let asking = tokio::spawn(sender.send_request(get("/bytes/2000000")));
    let report = within(watch.until(|report| report.is_waiting)).await;
    assert!(report.stats.written_bytes < 2_000_000);
    gate.open();
    let response = within(asking).await.expect("no panic")?;
    assert_eq!(within(receive(response)).await?, 2_000_000);

    drop(sender);
    within(client).await.expect("no panic")?;
    within(server).await.expect("no panic")?;
    assert!(watch.finished().await.written_bytes > 2_000_000);
    Ok(())
}

#[tokio::test]
async fn a_client_that_disappears_ends_its_connection_with_an_error() -> std::io::Result<()> {
    let (mut near, far) = narrow_tcp_pair().await?;
    let (far, mut watch) = Watched::new(far);
    let server = serve(far);
    within(near.write_all(b"GET /bytes/100000000 HTTP/1.1\r\nhost: localhost\r\n\r\n")).await?;
    let mut head = [0; 100];
    within(near.read_exact(&mut head)).await?;
    assert!(head.starts_with(b"HTTP/1.1 200 OK\r\n"));
    within(watch.until(|report| report.is_waiting)).await;

    // Bytes that were never read make the system reset the connection.
    drop(near);
    within(server).await.expect("no panic").expect_err("the client is gone");
    let report = within(watch.dropped()).await;
    assert!(report.stats.enqueued_bytes < 10_000_000, "it went on for long: {report:?}");
    Ok(())
}

#[tokio::test]
async fn an_upload_waits_for_a_server_that_reads_slowly() -> hyper::Result<()> {
    let (near, far) = narrow_tcp_pair().await.expect("loopback");
    let ((near, mut watch), (far, gate)) = (Watched::new(near), Slow::new(far, 700));
    let server = serve(far);
    let (mut sender, client) = within(connect(near)).await?;
    let asking = tokio::spawn(sender.send_request(post("/echo", pattern_body(1_000_000))));
    within(watch.until(|report| report.is_waiting)).await;
    gate.open();
    let response = within(asking).await.expect("no panic")?;
    assert_eq!(within(receive(response)).await?, 1_000_000);
    drop(sender);
    within(client).await.expect("no panic")?;
    within(server).await.expect("no panic")?;
    watch.finished().await;
    Ok(())
}
