use std::pin::Pin;

use bytes::Bytes;
use flow_controlled_writer::channel::{Driver, Sender};
use flow_controlled_writer::{Builder, MemoryBudget, Watermarks};
use tokio::io::AsyncReadExt;

use crate::support::Answer::{Fail, Pending, Take};
use crate::support::{Handle, Scripted, Task};

struct Channel {
    sender: Sender,
    driver: Driver<Scripted>,
    inner: Handle,
}

/// A channel that shares `budget`, over an inner writer that takes nothing until told.
fn stuck(options: &Builder) -> Channel {
    let (inner, handle) = Scripted::gathering([]);
    handle.otherwise(Pending);
    let (sender, driver) = options.build(inner).into_channel();
    Channel { sender, driver, inner: handle }
}

#[test]
fn the_budget_is_exact_at_every_step_of_a_random_run_of_channels() {
    let seed = fastrand::u64(..);
    println!("seed {seed}");
    let mut random = fastrand::Rng::with_seed(seed);
    let budget = MemoryBudget::new(1000);
    let options = Builder::new().budget(budget.clone()).watermarks(Watermarks::new(50, 200));
    let mut channels: Vec<_> = (0..4).map(|_| stuck(&options)).collect();
    let task = Task::new();
    for _ in 0..5000 {
        let index = random.usize(..channels.len());
        let Channel { sender, driver, inner } = &mut channels[index];
        let chunk = vec![7; random.usize(..200)];
        match random.u8(..14) {
            0..=4 => drop(sender.try_send(chunk)),
            5 => drop(task.poll(std::pin::pin!(sender.send(chunk)))),
            6..=10 => {
                inner.script([Take(random.usize(1..300)), Pending]);
                if task.poll(Pin::new(driver)).is_ready() {
                    channels[index] = stuck(&options);
                }
            }
            11 => drop(sender.abort()),
            12 => {
                inner.script([Fail(std::io::ErrorKind::BrokenPipe)]);
                let _ended = task.poll(Pin::new(driver));
                channels[index] = stuck(&options);
            }
            _ => channels[index] = stuck(&options),
        }
        let held: usize = channels.iter().map(|channel| channel.sender.buffer_size()).sum();
        assert_eq!(budget.used(), held);
    }
    drop(channels);
    assert_eq!(budget.used(), 0);
}

/// Four channels with one budget on threads: the peer of two reads, the peer of two does not.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn channels_on_threads_keep_to_the_budget_and_the_stuck_do_not_stop_the_others() {
    let (limit, item, items) = (20_000, 1000, 500);
    let budget = MemoryBudget::new(limit);
    let options = Builder::new().budget(budget.clone());
    let chunk = Bytes::from(vec![7; item]);
    let mut drivers = Vec::new();
    let mut peers = Vec::new();
    let mut silent = Vec::new();
    let mut senders = Vec::new();
    for index in 0..4 {
        let (stream, mut peer) = tokio::io::duplex(64);
        let (sender, driver) = options.build(stream).into_channel();
        drivers.push(tokio::spawn(driver));
        let (sending, chunk) = (sender.clone(), chunk.clone());
        senders.push(tokio::spawn(async move {
            for _ in 0..items {
                if sending.send(chunk.clone()).await.is_err() {
                    return;
                }
            }
        }));
        if index < 2 {
            drop(sender);
            peers.push(tokio::spawn(async move {
                let mut received = Vec::new();
                peer.read_to_end(&mut received).await.map(|_| received.len())
            }));
        } else {
            silent.push(peer);
            peers.push(tokio::spawn(async move {
                let closed = sender.closed().await.expect_err("the driver was dropped");
                assert_eq!(closed.kind(), std::io::ErrorKind::BrokenPipe);
                Ok(sender.buffer_size())
            }));
        }
    }
    for peer in peers.drain(..2) {
        let received = peer.await.expect("does not panic").expect("the duplex does not fail");
        assert_eq!(received, item * items);
    }
    assert!(budget.peak() <= limit + 4 * item, "{} bytes", budget.peak());
    for driver in drivers {
        driver.abort();
        let _aborted_or_done = driver.await;
    }
    for peer in peers {
        assert_eq!(peer.await.expect("does not panic").expect("no I/O"), 0);
    }
    for sender in senders {
        sender.await.expect("does not panic");
    }
    assert_eq!(budget.used(), 0);
}
