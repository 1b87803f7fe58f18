//! Thousands of connections whose peers never read, one memory budget, and a few that go on.
//!
//! A server on loopback sends paced messages to 100 clients that read. Then 1900 clients connect
//! that never read a byte. One `MemoryBudget` of 16 MiB bounds what is queued for all of them, a
//! stall timeout of 4 s fails the stuck ones, and the 100 keep their rate. The example ends with
//! an error if the budget was overrun by more than one message a connection, if a stuck connection
//! was not freed, or if the clients that read got less than nine tenths of what was due.
//!
//! ```text
//! cargo run --release --features time --example overload
//! ```
//!
//! Expected output (the rates and the memory depend on the machine):
//!
//! ```text
//! phase    rate of the readers    open      queued   most queued   process
//! before             20.5 MB/s     100     0.0 MiB       0.0 MiB   4.3 MiB
//! during             20.5 MB/s    2000    18.0 MiB      18.0 MiB   38.4 MiB
//! after              20.5 MB/s     100     0.0 MiB      18.0 MiB   37.0 MiB
//! failed by the stall timeout: 1900 of 1900
//! most queued: 18.0 MiB; bound: the budget and a message a connection, 23.8 MiB
//! ```

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use flow_controlled_writer::{Builder, FlowControlledWriter, MemoryBudget};
use tokio::io::AsyncReadExt;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::time::{Instant, interval, sleep, timeout};

const READERS: usize = 100;
const STUCK: usize = 1900;
const BUDGET: usize = 16 * 1024 * 1024;
const MESSAGE: usize = 4 * 1024;
const PACE: Duration = Duration::from_millis(20);
const PHASE: Duration = Duration::from_secs(3);
const STALL_TIMEOUT: Duration = Duration::from_secs(4);

/// What the connections report while they run.
#[derive(Default)]
struct Counters {
    received: AtomicU64,
    open: AtomicUsize,
    timed_out: AtomicUsize,
}

#[tokio::main]
async fn main() -> io::Result<()> {
    rlimit::increase_nofile_limit(2 * (READERS + STUCK) as u64 + 100)?;
    let budget = MemoryBudget::new(BUDGET);
    let counters = Arc::new(Counters::default());
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let options = Builder::new().budget(budget.clone()).stall_timeout(STALL_TIMEOUT);
    tokio::spawn(serve(listener, options, Arc::clone(&counters)));

    println!("phase    rate of the readers    open      queued   most queued   process");
    for _ in 0..READERS {
        tokio::spawn(read(address, Arc::clone(&counters)));
    }
    sleep(PHASE / 3).await;
    let before = measure("before", &budget, &counters).await;

    let mut silent = Vec::with_capacity(STUCK);
    for _ in 0..STUCK {
        silent.push(connect(address).await?);
    }
    let during = measure("during", &budget, &counters).await;

    let freed = async {
        while counters.open.load(Ordering::Relaxed) > READERS {
            sleep(PHASE / 30).await;
        }
    };
    timeout(5 * STALL_TIMEOUT, freed).await?;
    let after = measure("after", &budget, &counters).await;

    let timed_out = counters.timed_out.load(Ordering::Relaxed);
    let bound = BUDGET + (READERS + STUCK) * MESSAGE;
    println!("failed by the stall timeout: {timed_out} of {STUCK}");
    println!(
        "most queued: {:.1} MiB; bound: the budget and a message a connection, {:.1} MiB",
        mebibytes(budget.peak()),
        mebibytes(bound),
    );
    let due = (READERS * MESSAGE) as f64 / PACE.as_secs_f64();
    if timed_out != STUCK || budget.peak() > bound || before.min(during).min(after) < 0.9 * due {
        return Err(io::Error::other("the promise was not kept"));
    }
    Ok(())
}

/// Serves each connection with a writer of its own, made from the same options.
async fn serve(listener: TcpListener, options: Builder, counters: Arc<Counters>) -> io::Result<()> {
    loop {
        let (stream, _) = listener.accept().await?;
        socket2::SockRef::from(&stream).set_send_buffer_size(MESSAGE)?;
        let (writer, counters) = (options.build(stream), Arc::clone(&counters));
        tokio::spawn(async move {
            counters.open.fetch_add(1, Ordering::Relaxed);
            let result = send_paced(writer).await;
            counters.open.fetch_sub(1, Ordering::Relaxed);
            if result.is_err_and(|error| error.kind() == io::ErrorKind::TimedOut) {
                counters.timed_out.fetch_add(1, Ordering::Relaxed);
            }
        });
    }
}

/// Queues a message at every tick, waiting where the writer is paused, and writes in between.
async fn send_paced(mut writer: FlowControlledWriter<TcpStream>) -> io::Result<()> {
    let mut ticks = interval(PACE);
    loop {
        tokio::select! {
            _ = ticks.tick() => writer.feed(Bytes::from(vec![0; MESSAGE])).await?,
            flushed = writer.flush(), if writer.buffer_size() > 0 => flushed?,
        }
    }
}

/// A client that reads all that comes.
async fn read(address: SocketAddr, counters: Arc<Counters>) -> io::Result<()> {
    let mut stream = TcpStream::connect(address).await?;
    let mut buffer = vec![0; 64 * 1024];
    loop {
        match stream.read(&mut buffer).await? {
            0 => return Ok(()),
            count => counters.received.fetch_add(count as u64, Ordering::Relaxed),
        };
    }
}

/// A client that never reads: what fits into its receive buffer is all that it takes.
async fn connect(address: SocketAddr) -> io::Result<TcpStream> {
    let socket = TcpSocket::new_v4()?;
    socket.set_recv_buffer_size(MESSAGE as u32)?;
    socket.connect(address).await
}

/// Prints the row of one phase and returns the bytes a second that the readers received in it.
async fn measure(phase: &str, budget: &MemoryBudget, counters: &Counters) -> f64 {
    let (start, received) = (Instant::now(), counters.received.load(Ordering::Relaxed));
    sleep(PHASE / 2).await;
    let (queued, open) = (budget.used(), counters.open.load(Ordering::Relaxed));
    sleep(PHASE / 2).await;
    let received = counters.received.load(Ordering::Relaxed) - received;
    let rate = received as f64 / start.elapsed().as_secs_f64();
    let process = memory_stats::memory_stats().map_or(0, |memory| memory.physical_mem);
    println!(
        "{phase:<8} {:>14.1} MB/s   {open:>5}  {:>6.1} MiB    {:>6.1} MiB   {:.1} MiB",
        rate / 1e6,
        mebibytes(queued),
        mebibytes(budget.peak()),
        mebibytes(process),
    );
    rate
}

fn mebibytes(bytes: usize) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}
