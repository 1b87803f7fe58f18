//! What an operator sees: totals of 1000 connections as metrics, scraped as text on loopback.
//!
//! Each connection adds what its `Stats` have grown by to process-wide counters of the `metrics`
//! crate, so that the number of series does not grow with the connections; the `MemoryBudget` gives
//! the bytes queued in all of them. An exporter serves the text format to anybody who connects; the
//! example scrapes itself once and prints what it got.
//!
//! ```text
//! cargo run --release --example metrics
//! ```
//!
//! Expected output (the values differ from run to run):
//!
//! ```text
//! # HELP writer_enqueued_bytes_total Bytes accepted by all writers
//! # TYPE writer_enqueued_bytes_total counter
//! writer_enqueued_bytes_total 484679680
//!
//! # HELP writer_write_calls_total Write calls, also those that found no room
//! # TYPE writer_write_calls_total counter
//! writer_write_calls_total 557163
//!
//! # HELP writer_written_bytes_total Bytes accepted by the sockets
//! # TYPE writer_written_bytes_total counter
//! writer_written_bytes_total 481807360
//!
//! # HELP writer_pauses_total Times a writer paused
//! # TYPE writer_pauses_total counter
//! writer_pauses_total 513908
//!
//! # HELP writer_budget_used_bytes Bytes queued in all writers
//! # TYPE writer_budget_used_bytes gauge
//! writer_budget_used_bytes 4194816
//!
//! # HELP writer_connections Open connections
//! # TYPE writer_connections gauge
//! writer_connections 1000
//!
//! # HELP writer_budget_limit_bytes Bytes above which every writer pauses early
//! # TYPE writer_budget_limit_bytes gauge
//! writer_budget_limit_bytes 4194304
//!
//! # HELP writer_budget_peak_bytes Most bytes ever queued in all writers
//! # TYPE writer_budget_peak_bytes gauge
//! writer_budget_peak_bytes 4195840
//! ```

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use flow_controlled_writer::{Builder, FlowControlledWriter, MemoryBudget, Stats};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{interval, sleep};

const CONNECTIONS: usize = 1000;
/// Every so many clients one reads slowly.
const SLOW_EVERY: usize = 10;
const MESSAGE: usize = 512;
const PACE: Duration = Duration::from_millis(50);
const RUN: Duration = Duration::from_secs(5);

#[tokio::main]
async fn main() -> io::Result<()> {
    rlimit::increase_nofile_limit(2 * CONNECTIONS as u64 + 100)?;
    let recorder = PrometheusBuilder::new().install_recorder().map_err(io::Error::other)?;
    describe();

    let budget = MemoryBudget::new(4 * 1024 * 1024);
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    tokio::spawn(serve(listener, Builder::new().budget(budget.clone())));
    let exporter = TcpListener::bind("127.0.0.1:0").await?;
    let metrics_address = exporter.local_addr()?;
    tokio::spawn(export(exporter, recorder, budget));

    for number in 0..CONNECTIONS {
        let stream = TcpStream::connect(address).await?;
        tokio::spawn(read(stream, number % SLOW_EVERY == 0));
    }
    sleep(RUN).await;
    print!("{}", scrape(metrics_address).await?);
    Ok(())
}

fn describe() {
    use metrics::{describe_counter, describe_gauge};

    describe_counter!("writer_enqueued_bytes_total", "Bytes accepted by all writers");
    describe_counter!("writer_written_bytes_total", "Bytes accepted by the sockets");
    describe_counter!("writer_write_calls_total", "Write calls, also those that found no room");
    describe_counter!("writer_pauses_total", "Times a writer paused");
    describe_gauge!("writer_connections", "Open connections");
    describe_gauge!("writer_budget_used_bytes", "Bytes queued in all writers");
    describe_gauge!("writer_budget_peak_bytes", "Most bytes ever queued in all writers");
    describe_gauge!("writer_budget_limit_bytes", "Bytes above which every writer pauses early");
}

/// Adds to the process totals what one connection has done since they were last told.
fn report(before: Stats, now: Stats) {
    use metrics::counter;

    counter!("writer_enqueued_bytes_total").increment(now.enqueued_bytes - before.enqueued_bytes);
    counter!("writer_written_bytes_total").increment(now.written_bytes - before.written_bytes);
    counter!("writer_write_calls_total").increment(now.write_calls - before.write_calls);
    counter!("writer_pauses_total").increment(now.pauses - before.pauses);
}

async fn serve(listener: TcpListener, options: Builder) -> io::Result<()> {
    loop {
        let (stream, _) = listener.accept().await?;
        socket2::SockRef::from(&stream).set_send_buffer_size(4096)?;
        tokio::spawn(connection(options.build(stream)));
    }
}

/// Queues a message at every tick, writes in between, and reports once a second.
async fn connection(mut writer: FlowControlledWriter<TcpStream>) -> io::Result<()> {
    let _open = OpenConnection::new();
    let mut messages = interval(PACE);
    let mut reports = interval(Duration::from_secs(1));
    let mut reported = writer.stats();
    loop {
        tokio::select! {
            _ = messages.tick() => {
                for _ in 0..10 {
                    writer.feed(Bytes::from(vec![0; MESSAGE])).await?;
                }
            }
            _ = reports.tick() => {
                let stats = writer.stats();
                report(std::mem::replace(&mut reported, stats), stats);
            }
            flushed = writer.flush(), if writer.buffer_size() > 0 => flushed?,
        }
    }
}

/// Counts a connection as long as it lives, however it ends.
struct OpenConnection(metrics::Gauge);

impl OpenConnection {
    fn new() -> Self {
        let gauge = metrics::gauge!("writer_connections");
        gauge.increment(1);
        Self(gauge)
    }
}

impl Drop for OpenConnection {
    fn drop(&mut self) {
        self.0.decrement(1);
    }
}

/// Answers every request with all metrics in the text format.
async fn export(
    listener: TcpListener,
    recorder: PrometheusHandle,
    budget: MemoryBudget,
) -> io::Result<()> {
    loop {
        let (stream, _) = listener.accept().await?;
        metrics::gauge!("writer_budget_used_bytes").set(budget.used() as f64);
        metrics::gauge!("writer_budget_peak_bytes").set(budget.peak() as f64);
        metrics::gauge!("writer_budget_limit_bytes").set(budget.limit() as f64);
        let mut response = FlowControlledWriter::new(stream);
        let head = "HTTP/1.0 200 OK\r\ncontent-type: text/plain; version=0.0.4\r\n\r\n";
        response.feed(Bytes::from_static(head.as_bytes())).await?;
        response.feed(recorder.render()).await?;
        response.shutdown().await?;
    }
}

/// Fetches the metrics as a scraper would, and returns the body.
async fn scrape(address: SocketAddr) -> io::Result<String> {
    let mut stream = TcpStream::connect(address).await?;
    stream.write_all(b"GET /metrics HTTP/1.0\r\n\r\n").await?;
    let mut response = String::new();
    stream.read_to_string(&mut response).await?;
    let body = response.split_once("\r\n\r\n").map(|(_head, body)| body.to_owned());
    body.ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "no body"))
}

/// A client that reads: all that comes, or a little now and then.
async fn read(mut stream: TcpStream, slowly: bool) -> io::Result<()> {
    let mut buffer = vec![0; if slowly { 256 } else { 64 * 1024 }];
    let mut pace = interval(PACE);
    while stream.read(&mut buffer).await? > 0 {
        if slowly {
            pace.tick().await;
        }
    }
    Ok(())
}
