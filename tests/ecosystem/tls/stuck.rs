//! Peers behind TLS that never read, read late, or vanish. The TLS layer takes 64 KiB before the writer
//! above it feels anything.

use std::future::Future;
use std::io::{self, ErrorKind};
use std::time::Duration;

use bytes::Bytes;
use flow_controlled_writer::{Builder, MemoryBudget, Watermarks};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio::time::{Instant, sleep, timeout};
use tokio_rustls::{client, server};

use super::secure;
use crate::support::Pattern;

const STALL: Duration = Duration::from_secs(10);
/// What the TLS layer takes as a whole.
const SENT: usize = 20_000;

/// A connection of which the system holds a kilobyte.
async fn connect() -> (client::TlsStream<DuplexStream>, server::TlsStream<DuplexStream>) {
    let (near, far) = duplex(1024);
    secure(near, far).await.expect("a handshake")
}

fn message() -> Bytes {
    Pattern::at(0).take(SENT)
}

/// Asserts that `future` fails with `TimedOut`, and exactly after `time`.
async fn assert_times_out<T, E: Into<io::Error>>(
    future: impl Future<Output = Result<T, E>>,
    time: Duration,
) {
    let start = Instant::now();
    let Err(error) = future.await else { panic!("it ended well") };
    assert_eq!((error.into().kind(), start.elapsed()), (ErrorKind::TimedOut, time));
}

#[tokio::test(start_paused = true)]
async fn a_flush_and_a_shutdown_to_a_peer_that_never_reads_stall() -> io::Result<()> {
    let options = Builder::new().stall_timeout(STALL);
    for shuts_down in [false, true] {
        let (near, _far) = connect().await;
        let mut writer = options.build(near);
        writer.feed(message()).await?;
        writer.drain().await?;
        assert_eq!(writer.buffer_size(), 0, "the TLS layer has it all");
        if shuts_down {
            assert_times_out(writer.shutdown(), STALL).await;
        } else {
            assert_times_out(writer.flush(), STALL).await;
        }
        let error = writer.feed("more").await.expect_err("it has failed");
        assert_eq!(error.kind(), ErrorKind::TimedOut);
    }
    Ok(())
}

/// How the senders leave a driver that waits.
#[derive(Clone, Copy, Debug)]
enum Leave {
    Not,
    ByClose,
    ByAbort,
    ByDrop,
}

#[tokio::test(start_paused = true)]
async fn a_driver_to_a_peer_that_never_reads_stalls_however_its_channel_ends() {
    for leave in [Leave::Not, Leave::ByClose, Leave::ByAbort, Leave::ByDrop] {
        let (near, _far) = connect().await;
        let (sender, driver) = Builder::new().stall_timeout(STALL).build(near).into_channel();
        sender.try_send(message()).expect("not paused");
        let leaving = async {
            sleep(STALL / 2).await;
            assert_eq!(sender.buffer_size(), 0, "the TLS layer has it all");
            match leave {
                Leave::Not => assert_times_out(sender.flush(), STALL / 2).await,
                Leave::ByClose => {
                    sender.close_channel();
                    assert_times_out(sender.closed(), STALL / 2).await;
                }
                Leave::ByAbort => {
                    assert_eq!(sender.abort(), 0);
                    assert_times_out(sender.closed(), STALL / 2).await;
                }
                Leave::ByDrop => drop(sender),
            }
        };
        tokio::join!(assert_times_out(driver, STALL), leaving);
    }
}

/// What is left in the queue is given up; what the TLS layer has is still waited for.
#[tokio::test(start_paused = true)]
async fn a_driver_that_is_aborted_with_bytes_queued_stalls_too() {
    let (near, _far) = connect().await;
    let (sender, driver) = Builder::new().stall_timeout(STALL).build(near).into_channel();
    sender.try_send(Pattern::at(0).take(10 * SENT)).expect("not paused");
    let aborting = async {
        sleep(STALL / 2).await;
        assert!(sender.abort() > 0);
    };
    let limited = timeout(STALL * 3 / 2, driver);
    let (ended, ()) = tokio::join!(limited, aborting);
    let error = ended.expect("at the latest a stall behind the abort").expect_err("nobody reads");
    assert_eq!(error.error.kind(), ErrorKind::TimedOut);
}

#[tokio::test(start_paused = true)]
async fn a_slice_that_is_written_through_stalls() {
    let budget = MemoryBudget::new(10);
    let mut stuck = Builder::new().budget(budget.clone()).build(tokio::io::sink());
    stuck.try_send("more than the budget").expect("empty");
    let marks = Builder::new().watermarks(Watermarks::new(0, 0));
    for options in [marks, Builder::new().budget(budget)] {
        let (near, _far) = connect().await;
        let mut writer = options.stall_timeout(STALL).build(near);
        let slice = Pattern::at(0).take(10 * SENT);
        assert_times_out(writer.write_all(&slice), STALL).await;
        assert_eq!(writer.buffer_size(), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_reads_late_gets_everything() -> io::Result<()> {
    for length in [SENT, 10 * SENT] {
        let (near, mut far) = connect().await;
        let mut writer = Builder::new().stall_timeout(STALL).build(near);
        let sending = async {
            writer.write_all(&Pattern::at(0).take(length)).await?;
            writer.shutdown().await
        };
        let receiving = async {
            sleep(STALL * 9 / 10).await;
            Pattern::at(0).receive(&mut far).await
        };
        let ((), received) = tokio::try_join!(sending, receiving)?;
        assert_eq!(received, length as u64);
    }
    Ok(())
}

/// A deadline that passes while nobody polls is none.
#[tokio::test(start_paused = true)]
async fn a_peer_that_has_read_by_the_next_poll_has_not_stalled() -> io::Result<()> {
    // Once it is empty it takes what the TLS layer has left of the message.
    let (near, far) = duplex(SENT - 1_000);
    let (near, far) = secure(near, far).await?;
    let mut writer = Builder::new().stall_timeout(STALL).build(near);
    writer.feed(message()).await?;
    tokio::select! {
        biased;
        _ = writer.flush() => panic!("nobody reads"),
        () = sleep(STALL / 2) => {}
    }
    sleep(STALL).await;
    let (mut wire, _session) = far.into_inner();
    wire.read_exact(&mut vec![0; SENT - 1_000]).await?;
    writer.flush().await
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_vanishes_is_an_error_at_once() -> io::Result<()> {
    for shuts_down in [false, true] {
        let (near, far) = connect().await;
        let mut writer = Builder::new().stall_timeout(STALL).build(near);
        writer.feed(message()).await?;
        let vanishing = async {
            sleep(STALL / 2).await;
            drop(far);
        };
        let start = Instant::now();
        let ending =
            async { if shuts_down { writer.shutdown().await } else { writer.flush().await } };
        let (ended, ()) = tokio::join!(ending, vanishing);
        assert_eq!(ended.expect_err("the peer is gone").kind(), ErrorKind::BrokenPipe);
        assert_eq!(start.elapsed(), STALL / 2);
    }
    Ok(())
}

/// Takes `count` bytes off the wire after each of many `pace`s.
async fn trickle(mut wire: impl AsyncRead + Unpin, count: usize, pace: Duration) {
    let mut taken = vec![0; count];
    loop {
        sleep(pace).await;
        wire.read_exact(&mut taken).await.expect("the writer lives");
    }
}

/// Above TLS a flush shows no progress: the time has to suffice for all that the TLS layer holds. Below
/// it, every byte that the peer takes is seen.
#[tokio::test(start_paused = true)]
async fn a_writer_above_tls_takes_a_slow_flush_for_a_stall_and_one_below_does_not() {
    let options = Builder::new().stall_timeout(STALL);
    let (near, far) = connect().await;
    let mut above = options.build(near);
    above.feed(message()).await.expect("open");
    let (wire, _session) = far.into_inner();
    tokio::select! {
        () = trickle(wire, 512, STALL / 2) => unreachable!("it has no end"),
        () = assert_times_out(above.flush(), STALL) => {}
    }

    let (near, far) = duplex(1024);
    let (mut near, far) = secure(options.build(near), far).await.expect("a handshake");
    let (wire, _session) = far.into_inner();
    near.write_all(&message()).await.expect("the TLS layer takes it all");
    tokio::select! {
        () = trickle(wire, 512, STALL / 2) => unreachable!("it has no end"),
        flushed = near.flush() => flushed.expect("the peer reads"),
    }
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_takes_little_by_little_is_ended_by_the_pause_timeout_alone() -> io::Result<()>
{
    let pause = 5 * STALL;
    let options = Builder::new().stall_timeout(STALL).pause_timeout(pause);
    let (near, far) = duplex(1024);
    let mut writer = options.build(near);
    writer.feed(Pattern::at(0).take(10 * SENT)).await?;
    tokio::select! {
        () = trickle(far, 1, STALL * 9 / 10) => unreachable!("it has no end"),
        () = assert_times_out(writer.ready(), pause) => {}
    }
    assert_eq!(writer.stats().paused_time, pause);
    assert!(writer.stats().written_bytes > 1024, "it was no stall");
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_pause_behind_tls_is_ended_by_its_timeout() -> io::Result<()> {
    let pause = 5 * STALL;
    let (near, _far) = connect().await;
    let mut writer = Builder::new().pause_timeout(pause).build(near);
    writer.feed(Pattern::at(0).take(10 * SENT)).await?;
    assert_times_out(writer.ready(), pause).await;

    let (near, far) = connect().await;
    let (sender, driver) = Builder::new().pause_timeout(pause).build(near).into_channel();
    sender.try_send(Pattern::at(0).take(10 * SENT)).expect("not paused");
    let (wire, _session) = far.into_inner();
    tokio::select! {
        () = trickle(wire, 1, STALL) => unreachable!("it has no end"),
        ((), ()) = async { tokio::join!(
            assert_times_out(driver, pause),
            assert_times_out(sender.ready(), pause),
        ) } => {}
    }
    assert_eq!(sender.stats().paused_time, pause);
    Ok(())
}
