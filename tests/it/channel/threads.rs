use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::{Context, Poll};

use bytes::{BufMut, Bytes, BytesMut};
use flow_controlled_writer::channel::{Driver, Sender};
use flow_controlled_writer::{Builder, Watermarks};
use futures::{SinkExt, StreamExt, stream};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::runtime::Runtime;
use tokio::task::JoinSet;

use crate::support::tcp_pair;

const SENDERS: u32 = 4;
const MARKS: Watermarks = Watermarks::new(512, 2048);

fn runtimes() -> [Runtime; 2] {
    let single = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let multi = tokio::runtime::Builder::new_multi_thread().worker_threads(3).enable_all().build();
    [single.expect("a runtime"), multi.expect("a runtime")]
}

/// A message: whose, its number, and a filling by which its length varies.
fn message(sender: u32, number: u32) -> Bytes {
    let filling = number as usize * 7 % 50;
    let mut message = BytesMut::with_capacity(12 + filling);
    message.put_u32(sender);
    message.put_u32(number);
    message.put_u32(filling as u32);
    message.put_bytes(b'.', filling);
    message.freeze()
}

/// The largest message.
const ITEM: usize = 12 + 49;

/// How a sender task sends.
#[derive(Clone, Copy, Debug)]
enum Way {
    Send,
    TrySend,
    Feed,
    /// Whatever suits the number of the sender.
    Mixed,
}

impl Way {
    /// Returns the most bytes that `senders` tasks may let a channel hold: a sink that was told to be ready
    /// sends its item also if others have paused the channel since.
    fn bound(self, senders: u32) -> usize {
        let told = match self {
            Self::Send | Self::TrySend => 0,
            Self::Feed => senders,
            Self::Mixed => senders.div_ceil(3),
        };
        MARKS.high() + ITEM * (1 + told as usize)
    }
}

async fn send_numbered(mut sender: Sender, (number, senders): (u32, u32), messages: u32, way: Way) {
    for index in 0..messages {
        let message = message(number, index);
        match (way, number % 3) {
            (Way::Send, _) | (Way::Mixed, 0) => drop(sender.send(message).await.expect("open")),
            (Way::Feed, _) | (Way::Mixed, 1) => sender.feed(message).await.expect("open"),
            (Way::TrySend | Way::Mixed, _) => {
                while sender.try_send(message.clone()).is_err() {
                    sender.ready().await.expect("open");
                }
            }
        }
        let size = sender.buffer_size();
        assert!(size <= way.bound(senders), "{size} bytes are held");
        if index % 1000 == 0 {
            sender.flush().await.expect("open");
        }
    }
}

/// Reads to the end and checks that every message is there once, each sender's in order.
async fn check_numbered(mut reader: impl AsyncRead + Unpin, senders: u32, messages: u32) {
    let mut next = vec![0; senders as usize];
    for _ in 0..senders * messages {
        let sender = reader.read_u32().await.expect("a message");
        let number = reader.read_u32().await.expect("a message");
        let filling = reader.read_u32().await.expect("a message") as usize;
        let mut rest = vec![0; filling];
        reader.read_exact(&mut rest).await.expect("a message");
        assert!(rest.iter().all(|&byte| byte == b'.'));
        assert_eq!(std::mem::replace(&mut next[sender as usize], number + 1), number);
    }
    assert_eq!(reader.read(&mut [0]).await.expect("the end"), 0);
}

async fn run_numbered<W>(
    writer: W,
    reader: impl AsyncRead + Unpin + Send + 'static,
    senders: u32,
    messages: u32,
    way: Way,
) where
    W: AsyncWrite + Unpin + Send + 'static,
{
    let (sender, driver) = Builder::new().watermarks(MARKS).build(writer).into_channel();
    let driver = tokio::spawn(driver);
    let check = tokio::spawn(check_numbered(tokio::io::BufReader::new(reader), senders, messages));
    let mut tasks = JoinSet::new();
    for number in 0..senders {
        tasks.spawn(send_numbered(sender.clone(), (number, senders), messages, way));
    }
    let observer = sender.clone();
    drop(sender);
    while let Some(result) = tasks.join_next().await {
        result.expect("no panic");
    }
    let peak = observer.stats().peak_buffer_size;
    assert!(peak <= way.bound(senders), "{peak} bytes were held");
    drop(observer);
    drop(driver.await.expect("no panic").expect("no error"));
    check.await.expect("no panic");
}

#[test]
fn each_senders_order_is_kept_and_nothing_is_lost_or_doubled() {
    for runtime in runtimes() {
        runtime.block_on(async {
            let (writer, reader) = tokio::io::duplex(1000);
            run_numbered(writer, reader, SENDERS, 100_000, Way::Send).await;
        });
    }
}

#[test]
fn each_way_to_send_keeps_order_and_bound() {
    for runtime in runtimes() {
        for way in [Way::TrySend, Way::Feed, Way::Mixed] {
            runtime.block_on(async {
                let (writer, reader) = tokio::io::duplex(1000);
                run_numbered(writer, reader, 16, 2_000, way).await;
            });
        }
    }
}

#[test]
fn sockets_carry_all_in_order() {
    for runtime in runtimes() {
        runtime.block_on(async {
            let (writer, reader) = tcp_pair().await.expect("loopback");
            run_numbered(writer, reader, SENDERS, 20_000, Way::Mixed).await;
            #[cfg(unix)]
            {
                let (writer, reader) = tokio::net::UnixStream::pair().expect("a pair");
                run_numbered(writer, reader, SENDERS, 20_000, Way::Mixed).await;
            }
        });
    }
}

/// Each `forward` is told to be ready and sends, whatever the others have sent in between. One was refused.
#[test]
fn streams_that_are_forwarded_into_clones_on_threads_never_fail() {
    for runtime in runtimes() {
        runtime.block_on(async {
            let (writer, mut reader) = tokio::io::duplex(64);
            let options = Builder::new().watermarks(Watermarks::new(8, 16)).hard_limit(0);
            let (sender, driver) = options.build(writer).into_channel();
            let driver = tokio::spawn(driver);
            let mut forwards = JoinSet::new();
            for number in 0..4_u8 {
                let items = stream::iter((0..2000).map(move |_| Ok(Bytes::from(vec![number; 5]))));
                forwards.spawn(items.forward(sender.clone()));
            }
            drop(sender);
            let mut received = Vec::new();
            reader.read_to_end(&mut received).await.expect("no error");
            for forwarded in forwards.join_all().await {
                forwarded.expect("open");
            }
            assert_eq!(received.len(), 4 * 2000 * 5);
            assert!(received.chunks(5).all(|item| item.iter().all(|byte| *byte == item[0])));
            driver.await.expect("no panic").expect("no error");
        });
    }
}

/// A peer that answers only when it has all: the driver must flush before anyone waits for the
/// answer, and be polled beside a reader.
#[test]
fn a_request_is_answered_while_the_driver_is_polled_beside_a_reader() {
    for runtime in runtimes() {
        runtime.block_on(async {
            let (client, mut server) = tcp_pair().await.expect("loopback");
            let (mut answers, requests) = client.into_split();
            // Buffers until it is flushed.
            let requests = tokio::io::BufWriter::new(requests);
            let (sender, mut driver) = Builder::new().build(requests).into_channel();
            let peer = tokio::spawn(async move {
                for _ in 0..100 {
                    let length = server.read_u32().await.expect("a request");
                    server.write_u32(length + 1).await.expect("open");
                }
            });
            for number in 0..100_u32 {
                sender.try_send(number.to_be_bytes().to_vec()).expect("not paused");
                let answer = tokio::select! {
                    answer = answers.read_u32() => answer.expect("an answer"),
                    ended = &mut driver => panic!("the driver has ended: {ended:?}"),
                };
                assert_eq!(answer, number + 1);
            }
            sender.close_channel();
            driver.await.expect("no error");
            peer.await.expect("no panic");
        });
    }
}

/// Takes a little and is then gone.
struct Breaks {
    left: usize,
}

impl AsyncWrite for Breaks {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        if self.left == 0 {
            return Poll::Ready(Err(std::io::ErrorKind::ConnectionReset.into()));
        }
        let taken = buf.len().min(100);
        self.left = self.left.saturating_sub(taken);
        cx.waker().wake_by_ref();
        Poll::Ready(Ok(taken))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

/// The inner writer breaks, or the driver is dropped, while many wait in all ways: none may hang.
#[test]
fn no_sender_hangs_when_the_driver_ends() {
    for runtime in runtimes() {
        for drops in [false, true] {
            runtime.block_on(async {
                let (sender, driver) =
                    Builder::new().watermarks(MARKS).build(Breaks { left: 50_000 }).into_channel();
                let driver = tokio::spawn(driver);
                let mut tasks = JoinSet::new();
                for number in 0..16_u32 {
                    let mut sender = sender.clone();
                    tasks.spawn(async move {
                        for index in 0_u32.. {
                            let message = message(number, index);
                            let is_open = match number % 4 {
                                0 => sender.send(message).await.is_ok(),
                                1 => sender.feed(message).await.is_ok(),
                                2 => sender.write_all(&message).await.is_ok(),
                                _ => sender.flush().await.is_ok() && sender.ready().await.is_ok(),
                            };
                            if !is_open {
                                break;
                            }
                            tokio::task::yield_now().await;
                        }
                        sender.closed().await.expect_err("the driver did not end well");
                    });
                }
                if drops {
                    driver.abort();
                }
                while let Some(result) = tasks.join_next().await {
                    result.expect("no panic");
                }
                assert!(sender.is_closed());
                assert_eq!(sender.buffer_size(), 0);
            });
        }
    }
}

/// Senders give their waits up at random, by time and by `select!`, while others go on.
#[test]
fn waits_that_are_given_up_cost_no_wake_up() {
    for runtime in runtimes() {
        runtime.block_on(async {
            let (writer, mut reader) = tokio::io::duplex(64);
            let options = Builder::new().watermarks(Watermarks::new(16, 64));
            let (sender, driver) = options.build(writer).into_channel();
            let driver = tokio::spawn(driver);
            let sent = Arc::new(AtomicUsize::new(0));
            let mut tasks = JoinSet::new();
            for number in 0..8_u64 {
                let (sender, sent) = (sender.clone(), Arc::clone(&sent));
                let mut random = fastrand::Rng::with_seed(number);
                tasks.spawn(async move {
                    for _ in 0..3_000 {
                        let message = vec![0; random.usize(1..40)];
                        let length = message.len();
                        tokio::select! {
                            biased;
                            result = sender.send(message) => {
                                result.expect("open");
                                sent.fetch_add(length, Ordering::Relaxed);
                            }
                            () = yields(random.usize(0..4)) => {}
                        }
                        if random.u8(..) == 0 {
                            tokio::select! {
                                biased;
                                result = sender.flush() => result.expect("open"),
                                () = yields(random.usize(0..4)) => {}
                            }
                        }
                    }
                });
            }
            drop(sender);
            let mut received = Vec::new();
            reader.read_to_end(&mut received).await.expect("no error");
            while let Some(result) = tasks.join_next().await {
                result.expect("no panic");
            }
            assert_eq!(received.len(), sent.load(Ordering::Relaxed));
            driver.await.expect("no panic").expect("no error");
        });
    }
}

async fn yields(times: usize) {
    for _ in 0..times {
        tokio::task::yield_now().await;
    }
}

/// An inner writer that is always ready must leave its thread to others.
#[test]
fn a_driver_that_never_waits_lets_other_tasks_run() {
    let [single, _] = runtimes();
    single.block_on(async {
        let options = Builder::new().watermarks(Watermarks::new(0, usize::MAX));
        let (sender, driver): (Sender, Driver<_>) =
            options.coalesce_threshold(0).build(tokio::io::sink()).into_channel();
        for _ in 0..1_000_000 {
            sender.try_send("x").expect("never paused");
        }
        let ran = Arc::new(AtomicBool::new(false));
        let driver = tokio::spawn(driver);
        let other = tokio::spawn({
            let ran = Arc::clone(&ran);
            async move { ran.store(true, Ordering::Relaxed) }
        });
        tokio::task::yield_now().await;
        other.await.expect("no panic");
        assert!(sender.buffer_size() > 0 && ran.load(Ordering::Relaxed));
        drop(sender);
        driver.await.expect("no panic").expect("no error");
    });
}
