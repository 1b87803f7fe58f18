//! A simulated network: latency, links that hold everything back or lose it, hosts that crash.
//!
//! `turmoil` sends nothing twice: what a partition loses is lost, and its stream with it. A held
//! link is what an outage looks like to real TCP, which does send again.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use flow_controlled_writer::{Builder, ChunkQueue, FlowControlledWriter, Watermarks};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::Notify;
use tokio::time::timeout;
use turmoil::net::{TcpListener, TcpStream};
use turmoil::{Result, Sim};

use crate::support::Pattern;

const ADDRESS: (&str, u16) = ("server", 1000);
const MARKS: Watermarks = Watermarks::new(10_000, 40_000);
const MEBIBYTE: usize = 1 << 20;
/// How long a client waits for progress before it gives a connection up.
const PATIENCE: Duration = Duration::from_secs(2);

/// A simulation that plays the same way every time for a seed.
fn simulation(seed: u64) -> Sim<'static> {
    turmoil::Builder::new()
        .rng_seed(seed)
        .simulation_duration(Duration::from_secs(300))
        .min_message_latency(Duration::from_millis(1))
        .max_message_latency(Duration::from_millis(80))
        .build()
}

/// A value that the hosts and the test share: all of them run on one thread.
type Shared<T> = Rc<Cell<T>>;

/// A server that tells each client how much of the pattern it has, and receives the rest of it up
/// to `total`; what it has outlives its connections. It confirms the last byte.
async fn serve(received: Shared<u64>, total: u64) -> Result {
    let listener = TcpListener::bind(("0.0.0.0", ADDRESS.1)).await?;
    loop {
        let (mut stream, _) = listener.accept().await?;
        let received = Rc::clone(&received);
        tokio::task::spawn_local(async move {
            let mut pattern = Pattern::at(received.get());
            stream.write_u64(pattern.position()).await?;
            let mut buffer = [0; 4096];
            while pattern.position() < total {
                let count = stream.read(&mut buffer).await?;
                if count == 0 {
                    return Ok(());
                }
                pattern.check(&buffer[..count]);
                received.set(pattern.position());
            }
            stream.write_u64(pattern.position()).await
        });
    }
}

/// A connection to the server, with what the server already has.
async fn connect() -> Result<(FlowControlledWriter<TcpStream>, u64)> {
    let mut stream = TcpStream::connect(ADDRESS).await?;
    let position = stream.read_u64().await?;
    Ok((Builder::new().watermarks(MARKS).build(stream), position))
}

/// Sends the pattern up to `total` in mixed ways, and waits for the server to have it all.
async fn send_all(
    writer: &mut FlowControlledWriter<TcpStream>,
    pattern: &mut Pattern,
    total: u64,
) -> Result {
    let mut random = fastrand::Rng::with_seed(total);
    while pattern.position() < total {
        let left = (total - pattern.position()) as usize;
        let chunk = pattern.take(random.usize(1..8_000).min(left));
        match random.u8(..3) {
            0 => writer.write_all(&chunk).await?,
            1 => writer.feed(chunk).await?,
            _ => writer.send(chunk).await?,
        }
    }
    writer.flush().await?;
    assert_eq!(writer.read_u64().await?, total);
    Ok(())
}

fn assert_holds(queue: ChunkQueue, start: u64, end: u64) {
    let mut unsent = Pattern::at(start);
    for chunk in queue {
        unsent.check(&chunk);
    }
    assert_eq!(unsent.position(), end);
}

#[test]
fn nothing_is_lost_or_reordered_by_latency() -> Result {
    for seed in 0..5 {
        println!("seed {seed}");
        let received = Shared::default();
        let mut sim = simulation(seed);
        let at_server = Rc::clone(&received);
        sim.host("server", move || serve(Rc::clone(&at_server), MEBIBYTE as u64));
        sim.client("client", async {
            let (mut writer, start) = connect().await?;
            send_all(&mut writer, &mut Pattern::at(start), MEBIBYTE as u64).await?;
            writer.shutdown().await?;
            assert_eq!(writer.buffer_size(), 0);
            assert_eq!(writer.stats().written_bytes, MEBIBYTE as u64);
            assert!(writer.stats().peak_buffer_size <= MARKS.high() + 8_000);
            Ok(())
        });
        sim.run()?;
        assert_eq!(received.get(), MEBIBYTE as u64);
    }
    Ok(())
}

#[test]
fn an_outage_is_waited_for_with_a_bounded_buffer() -> Result {
    let total = 4 * MEBIBYTE as u64;
    let (received, size) = (Shared::<u64>::default(), Shared::<usize>::default());
    let mut sim = simulation(1);
    let at_server = Rc::clone(&received);
    sim.host("server", move || serve(Rc::clone(&at_server), total));
    let at_client = Rc::clone(&size);
    sim.client("client", async move {
        let (mut writer, start) = connect().await?;
        let mut pattern = Pattern::at(start);
        while pattern.position() < total - MEBIBYTE as u64 {
            // A future that is given up and made again must not lose what it had begun.
            while timeout(PATIENCE / 10, writer.ready()).await.is_err() {
                at_client.set(writer.buffer_size());
            }
            writer.try_send(pattern.take(7_000)).expect("it has just become ready");
        }
        send_all(&mut writer, &mut pattern, total).await?;
        writer.shutdown().await?;
        assert!(writer.stats().peak_buffer_size <= MARKS.high() + 8_000);
        Ok(())
    });

    while received.get() < MEBIBYTE as u64 {
        sim.step()?;
    }
    sim.hold("client", "server");
    let held = received.get();
    let outage = sim.elapsed() + 10 * PATIENCE;
    while sim.elapsed() < outage {
        sim.step()?;
    }
    assert!(received.get() <= held + 64 * 16 * 1024, "the link lets bytes through");
    assert!(size.get() > MARKS.low() && size.get() <= MARKS.high() + 7_000);
    sim.release("client", "server");
    sim.run()?;
    assert_eq!(received.get(), total);
    Ok(())
}

#[test]
fn after_a_partition_a_new_connection_goes_on_where_the_server_is() -> Result {
    let total = 4 * MEBIBYTE as u64;
    let (received, given_up) = (Shared::<u64>::default(), Shared::<bool>::default());
    let repaired = Rc::new(Notify::new());
    let mut sim = simulation(2);
    let at_server = Rc::clone(&received);
    sim.host("server", move || serve(Rc::clone(&at_server), total));
    let (at_client, may_connect) = (Rc::clone(&given_up), Rc::clone(&repaired));
    sim.client("client", async move {
        let (mut writer, start) = connect().await?;
        let mut pattern = Pattern::at(start);
        while timeout(PATIENCE, writer.ready()).await.is_ok() {
            writer.try_send(pattern.take(7_000)).expect("it has just become ready");
        }
        // Of what was accepted, all that the network has not taken is still here.
        let written = writer.stats().written_bytes;
        let parts = writer.into_parts();
        assert_holds(parts.queue, written, pattern.position());
        drop(parts.inner);
        at_client.set(true);

        may_connect.notified().await;
        let (mut writer, start) = connect().await?;
        assert!(start > 0 && start <= written);
        send_all(&mut writer, &mut Pattern::at(start), total).await?;
        writer.shutdown().await?;
        Ok(())
    });

    while received.get() < MEBIBYTE as u64 {
        sim.step()?;
    }
    sim.partition("client", "server");
    while !given_up.get() {
        sim.step()?;
    }
    sim.repair("client", "server");
    repaired.notify_one();
    sim.run()?;
    assert_eq!(received.get(), total);
    Ok(())
}

/// A server that reads nothing in its first life, and serves in its second one.
async fn serve_after_a_crash(lives: Shared<u32>, received: Shared<u64>, total: u64) -> Result {
    lives.set(lives.get() + 1);
    if lives.get() > 1 {
        return serve(received, total).await;
    }
    let listener = TcpListener::bind(("0.0.0.0", ADDRESS.1)).await?;
    let (mut stream, _) = listener.accept().await?;
    stream.write_u64(0).await?;
    std::future::pending().await
}

/// The server's host crashes while a mebibyte is queued for it. The client learns of it in the way
/// of `notice`, which returns when it has, and sends the rest to the host that has come back.
fn crash_with_a_mebibyte_queued(
    options: Builder,
    notice: impl AsyncFnOnce(&mut FlowControlledWriter<TcpStream>) + 'static,
) -> Result {
    let total = MEBIBYTE as u64;
    let (received, lives) = (Shared::<u64>::default(), Shared::<u32>::default());
    let (written, noticed) = (Shared::<u64>::default(), Shared::<bool>::default());
    let back = Rc::new(Notify::new());
    let mut sim = turmoil::Builder::new().rng_seed(3).tcp_capacity(8).build();
    let (of_server, at_server) = (Rc::clone(&lives), Rc::clone(&received));
    sim.host("server", move || {
        serve_after_a_crash(Rc::clone(&of_server), Rc::clone(&at_server), total)
    });
    let (at_client, has_noticed) = (Rc::clone(&written), Rc::clone(&noticed));
    let may_connect = Rc::clone(&back);
    sim.client("client", async move {
        let mut stream = TcpStream::connect(ADDRESS).await?;
        assert_eq!(stream.read_u64().await?, 0);
        let mut writer = options.build(stream);
        let mut pattern = Pattern::at(0);
        while pattern.position() < total {
            let left = (total - pattern.position()) as usize;
            writer.try_send(pattern.take(left.min(7_000))).expect("below the high mark");
        }
        assert!(timeout(Duration::from_secs(1), writer.flush()).await.is_err());
        at_client.set(writer.stats().written_bytes);
        notice(&mut writer).await;

        let stats = writer.stats();
        assert_eq!(stats.written_bytes, at_client.get());
        assert_eq!(writer.buffer_size() as u64, total - stats.written_bytes);
        let parts = writer.into_parts();
        drop(parts.inner);
        has_noticed.set(true);
        may_connect.notified().await;
        let (mut writer, start) = connect().await?;
        assert_eq!(start, 0);
        writer.feed(Pattern::at(0).take(stats.written_bytes as usize)).await?;
        for chunk in parts.queue {
            writer.feed(chunk).await?;
        }
        send_all(&mut writer, &mut Pattern::at(total), total).await?;
        writer.shutdown().await?;
        Ok(())
    });

    while written.get() == 0 {
        sim.step()?;
    }
    sim.crash("server");
    while !noticed.get() {
        sim.step()?;
    }
    sim.bounce("server");
    back.notify_one();
    sim.run()?;
    assert_eq!((received.get(), lives.get()), (total, 2));
    Ok(())
}

#[test]
fn a_crash_of_the_peers_host_is_seen_by_reading_and_loses_nothing() -> Result {
    let options = Builder::new().watermarks(Watermarks::with_high(2 * MEBIBYTE));
    crash_with_a_mebibyte_queued(options, async |writer| {
        let error = writer.read_u8().await.expect_err("reset");
        assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
    })
}

#[cfg(feature = "time")]
#[test]
fn a_crash_of_the_peers_host_is_seen_by_the_stall_timeout_and_loses_nothing() -> Result {
    let marks = Watermarks::with_high(2 * MEBIBYTE);
    let options = Builder::new().watermarks(marks).stall_timeout(PATIENCE);
    crash_with_a_mebibyte_queued(options, async |writer| {
        let error = writer.flush().await.expect_err("the link is dead");
        assert_eq!(error.kind(), std::io::ErrorKind::TimedOut);
    })
}
