//! Each connection is sent messages of its own, in all ways that there are.

use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use bytes::Bytes;
use crc32fast::Hasher;
use fastrand::Rng;
use flow_controlled_writer::{FlowControlledWriter, Stats, Watermarks};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};

use crate::GRACE;
use crate::plan::Plan;
use crate::report::{Outcome, Totals};
use crate::stream::{Acceptor, Stream};
use crate::verdict::Verdict;

/// When the connections are to end; nothing until all of them are open.
type End = watch::Receiver<Option<Instant>>;

/// Serves all connections for the given time and judges the outcome.
pub(crate) async fn run(
    plan: Plan,
    listener: TcpListener,
    acceptor: Acceptor,
) -> io::Result<Verdict> {
    let totals = Arc::new(Totals::new(usize::MAX));
    let mut random = Rng::with_seed(0);
    let noise = Bytes::from_iter(std::iter::repeat_with(|| random.u8(..)).take(4 * LARGEST));
    let (begin, end) = watch::channel(None);
    let mut serving = JoinSet::new();
    for seed in 0..plan.connections {
        let (stream, _) = timeout(GRACE, listener.accept()).await??;
        let client = Client { totals: Arc::clone(&totals), noise: noise.clone(), seed };
        let (acceptor, end) = (acceptor.clone(), end.clone());
        serving.spawn(async move { (seed, client.serve(stream, acceptor, end).await) });
    }
    begin.send_replace(Some(Instant::now() + Duration::from_secs(plan.seconds)));
    let memory = totals.print_rows(plan.seconds).await;

    let bound = Watermarks::default().high() + LARGEST;
    let mut outcome = Outcome { bound, ..Outcome::default() };
    while let Some(ended) = timeout(GRACE, serving.join_next()).await? {
        match ended.map_err(io::Error::other)? {
            (_, Ok(stats)) => {
                outcome.agreed += 1;
                outcome.pauses += stats.pauses;
                outcome.largest = outcome.largest.max(stats.peak_buffer_size);
            }
            (seed, Err(error))
                if plan.is_stuck(seed) && error.kind() == io::ErrorKind::TimedOut =>
            {
                outcome.timed_out += 1;
            }
            (seed, Err(error)) => outcome.failed.push(format!("connection {seed} failed: {error}")),
        }
    }
    Ok(totals.judge(&plan, &outcome, &memory))
}

/// One client, as the server knows it.
struct Client {
    totals: Arc<Totals>,
    noise: Bytes,
    seed: u64,
}

impl Client {
    /// Sends messages until the end, then compares the client's hash with that of what was sent.
    async fn serve(self, stream: TcpStream, acceptor: Acceptor, end: End) -> io::Result<Stats> {
        let stream = acceptor.accept(stream).await?;
        let mut writer = self.totals.options.build(stream);
        // Tells the client that it is connected; not part of the messages.
        writer.send(&[0][..]).await?;
        self.totals.open.fetch_add(1, Relaxed);
        let served = self.send_and_compare(&mut writer, end).await;
        self.totals.open.fetch_sub(1, Relaxed);
        served.map(|()| writer.stats())
    }

    async fn send_and_compare(
        &self,
        writer: &mut FlowControlledWriter<Stream>,
        mut end: End,
    ) -> io::Result<()> {
        let (mut random, mut hash) = (Rng::with_seed(self.seed), Hasher::new());
        let end = end
            .wait_for(Option::is_some)
            .await
            .map_err(io::Error::other)?
            .unwrap_or_else(Instant::now);
        let mut told = writer.stats().written_bytes;
        let mut tell = |writer: &FlowControlledWriter<Stream>| {
            let written = writer.stats().written_bytes;
            self.totals.sent.fetch_add(written - told, Relaxed);
            told = written;
        };
        while Instant::now() < end {
            for _ in 0..random.usize(1..10) {
                let message = self.message(&mut random);
                hash.update(&message);
                send(writer, message, &mut random).await?;
                tell(writer);
            }
            let mut pause = pin!(sleep(Duration::from_millis(random.u64(50..2_000))));
            loop {
                tokio::select! {
                    () = &mut pause => break,
                    flushed = writer.flush(), if writer.buffer_size() > 0 => flushed?,
                }
                tell(writer);
            }
        }
        writer.shutdown().await?;
        tell(writer);

        let (count, received) = (writer.read_u64().await?, writer.read_u32().await?);
        let stats = writer.stats();
        if stats.enqueued_bytes != count + 1
            || stats.written_bytes != count + 1
            || received != hash.finalize()
            || writer.buffer_size() != 0
        {
            return Err(io::Error::other(format!("the client has {count} bytes of {stats:?}")));
        }
        Ok(())
    }

    /// Returns a message: most are short, few are long.
    fn message(&self, random: &mut Rng) -> Bytes {
        let length = match random.u8(..20) {
            0 => random.usize(..=LARGEST),
            1..6 => random.usize(..8 * 1024),
            _ => random.usize(..256),
        };
        let start = random.usize(..=self.noise.len() - length);
        self.noise.slice(start..start + length)
    }
}

/// Sends one message in one of the ways that there are.
async fn send(
    writer: &mut FlowControlledWriter<Stream>,
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

/// The longest message: one of those may be queued on top of the high watermark.
const LARGEST: usize = 64 * 1024;
