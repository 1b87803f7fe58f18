use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use bytes::Bytes;
use crc32fast::Hasher;
use fastrand::Rng;
use flow_controlled_writer::{FlowControlledWriter, Stats, Watermarks};
use futures::SinkExt;
use socket2::SockRef;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};

use crate::report::{Share, Totals, mebibytes};
use crate::{GRACE, SOCKET_BUFFER};

/// The longest message: one of those may be queued on top of the high watermark.
const LARGEST: usize = 64 * 1024;

/// When the connections are to end; nothing until all of them are open.
type End = watch::Receiver<Option<Instant>>;

/// Serves all connections for the given time and judges the outcome.
pub(super) async fn run(listener: TcpListener, seconds: u64, connections: u64) -> io::Result<()> {
    let totals = Arc::new(Totals::default());
    let mut random = Rng::with_seed(0);
    let noise = Bytes::from_iter(std::iter::repeat_with(|| random.u8(..)).take(4 * LARGEST));
    let (begin, end) = watch::channel(None);
    let mut serving = JoinSet::new();
    for seed in 0..connections {
        let (stream, _) = timeout(GRACE, listener.accept()).await??;
        serving.spawn(serve(stream, noise.clone(), end.clone(), Arc::clone(&totals), seed));
    }
    begin.send_replace(Some(Instant::now() + Duration::from_secs(seconds)));
    let memory = totals.print_rows(seconds).await;

    let (mut agreed, mut pauses, mut largest) = (0, 0, 0);
    while let Some(ended) = timeout(GRACE, serving.join_next()).await? {
        match ended.map_err(io::Error::other)? {
            Ok(stats) => {
                agreed += 1;
                pauses += stats.pauses;
                largest = largest.max(stats.peak_buffer_size);
            }
            Err(error) => println!("a connection failed: {error}"),
        }
    }
    let bound = Watermarks::default().high() + LARGEST;
    let third = memory.len() / 3;
    let most = |part: &[usize]| mebibytes(part.iter().copied().max().unwrap_or(0));
    let (before, after) = (most(&memory[third..2 * third]), most(&memory[2 * third..]));
    let (sent, queued) = (totals.sent.load(Relaxed), totals.queued.load(Relaxed));
    println!(
        "{agreed} of {connections} connections agree; {:.1} MiB sent, {queued} bytes still queued",
        mebibytes(sent as usize),
    );
    println!("{pauses} pauses; the largest buffer held {largest} bytes; bound: {bound}");
    println!("process: {before:.1} MiB in the second third of the time, {after:.1} in the last");
    if agreed != connections || queued != 0 || largest > bound || after > before * 1.1 + 8.0 {
        return Err(io::Error::other("the promise was not kept"));
    }
    Ok(())
}

/// Sends messages to one client until the end, then compares its hash with that of what was sent.
async fn serve(
    stream: TcpStream,
    noise: Bytes,
    mut end: End,
    totals: Arc<Totals>,
    seed: u64,
) -> io::Result<Stats> {
    SockRef::from(&stream).set_send_buffer_size(SOCKET_BUFFER as usize)?;
    let (mut writer, mut share) = (FlowControlledWriter::new(stream), Share::default());
    let (mut random, mut hash) = (Rng::with_seed(seed), Hasher::new());
    // Tells the client that it is connected; not part of the messages.
    writer.write_u8(0).await?;
    writer.flush().await?;
    totals.open.fetch_add(1, Relaxed);
    let end =
        end.wait_for(Option::is_some).await.map_err(io::Error::other)?.unwrap_or_else(Instant::now);

    while Instant::now() < end {
        for _ in 0..random.usize(1..10) {
            let message = message(&noise, &mut random);
            hash.update(&message);
            send(&mut writer, message, &mut random).await?;
            totals.account(&mut share, &writer);
        }
        let mut pause = pin!(sleep(Duration::from_millis(random.u64(50..2_000))));
        loop {
            tokio::select! {
                () = &mut pause => break,
                flushed = writer.flush(), if writer.buffer_size() > 0 => flushed?,
            }
            totals.account(&mut share, &writer);
        }
    }
    writer.shutdown().await?;
    totals.account(&mut share, &writer);

    let (count, received) = (writer.read_u64().await?, writer.read_u32().await?);
    totals.open.fetch_sub(1, Relaxed);
    let stats = writer.stats();
    if stats.enqueued_bytes != count + 1
        || stats.written_bytes != count + 1
        || received != hash.finalize()
        || writer.buffer_size() != 0
    {
        return Err(io::Error::other(format!("the client has {count} bytes of {stats:?}")));
    }
    Ok(stats)
}

/// Sends one message in one of the ways that there are.
async fn send(
    writer: &mut FlowControlledWriter<TcpStream>,
    message: Bytes,
    random: &mut Rng,
) -> io::Result<()> {
    match random.u8(..4) {
        0 => writer.write_all(&message).await,
        1 => writer.feed(message).await,
        2 => writer.send(message).await,
        _ => match writer.try_send(message) {
            Ok(()) => Ok(()),
            Err(refused) => writer.feed(refused.into_inner()).await,
        },
    }
}

/// Returns a message: most are short, few are long.
fn message(noise: &Bytes, random: &mut Rng) -> Bytes {
    let length = match random.u8(..20) {
        0 => random.usize(..=LARGEST),
        1..6 => random.usize(..8 * 1024),
        _ => random.usize(..256),
    };
    let start = random.usize(..=noise.len() - length);
    noise.slice(start..start + length)
}
