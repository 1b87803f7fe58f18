//! All connections are sent the same messages, by `try_send` of a channel each, under one budget.

use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use bytes::Bytes;
use flow_controlled_writer::channel::Sender;
use flow_controlled_writer::{TrySendError, Watermarks};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};

use crate::GRACE;
use crate::delay::{self, MESSAGE};
use crate::plan::Plan;
use crate::report::{Outcome, Totals};
use crate::stream::Acceptor;
use crate::verdict::Verdict;

/// A client to which messages are sent.
struct Client {
    number: u64,
    sender: Sender,
    sent: u64,
    /// Messages that were refused as the channel was paused.
    skipped: u64,
}

impl Client {
    /// Sends a message if the client has not left and is not paused; tells whether it was.
    fn offer(&mut self, message: Bytes) -> bool {
        let offered = self.sender.try_send(message);
        match &offered {
            Ok(_) => self.sent += 1,
            Err(TrySendError::Full(_)) => self.skipped += 1,
            Err(TrySendError::Closed(_)) => {}
        }
        offered.is_ok()
    }
}

/// Serves all connections for the given time and judges the outcome.
pub(crate) async fn run(
    plan: Plan,
    listener: TcpListener,
    acceptor: Acceptor,
) -> io::Result<Verdict> {
    let totals = Arc::new(Totals::new(BUDGET));
    let (mut clients, mut drivers) = (Vec::new(), JoinSet::new());
    for number in 0..plan.connections {
        let (stream, _) = timeout(GRACE, listener.accept()).await??;
        let stream = timeout(GRACE, acceptor.accept(stream)).await??;
        let (sender, driver) = totals.options.build(stream).into_channel();
        // Tells the client that it is connected; not part of the messages.
        sender.send(&[0][..]).await.map_err(io::Error::from)?;
        let totals = Arc::clone(&totals);
        totals.open.fetch_add(1, Relaxed);
        drivers.spawn(async move {
            let ended = driver.await;
            totals.open.fetch_sub(1, Relaxed);
            (number, ended.map(drop).map_err(|error| error.error))
        });
        clients.push(Client { number, sender, sent: 0, skipped: 0 });
    }
    let publishing = publish(&totals, &mut clients, Duration::from_secs(plan.seconds));
    let (memory, ()) = tokio::join!(totals.print_rows(plan.seconds), publishing);

    let mut outcome = Outcome {
        bound: Watermarks::default().high() + MESSAGE,
        bound_of_all: Some(BUDGET + clients.len() * MESSAGE),
        ..Outcome::default()
    };
    clients.iter().for_each(|client| client.sender.close_channel());
    while let Some(ended) = timeout(GRACE, drivers.join_next()).await? {
        match ended.map_err(io::Error::other)? {
            (_, Ok(())) => {}
            (number, Err(error))
                if plan.is_stuck(number) && error.kind() == io::ErrorKind::TimedOut =>
            {
                outcome.timed_out += 1;
            }
            (number, Err(error)) => {
                outcome.failed.push(format!("connection {number} failed: {error}"))
            }
        }
    }
    // Messages that were refused by those that read nothing, and by the others.
    let (mut refused_by_stuck, mut refused) = (0, 0);
    for Client { number, sender, sent, skipped } in &clients {
        let stats = sender.stats();
        if plan.is_stuck(*number) {
            refused_by_stuck += skipped;
        } else {
            refused += skipped;
            outcome.agreed += u64::from(stats.written_bytes == sent * MESSAGE as u64 + 1);
        }
        outcome.pauses += stats.pauses;
        outcome.largest = outcome.largest.max(stats.peak_buffer_size);
    }
    println!("{refused_by_stuck} messages refused by stuck connections");
    let mut verdict = totals.judge(&plan, &outcome, &memory);
    verdict.equal("messages refused by those that read", refused, 0);
    Ok(verdict)
}

/// Offers messages to every client, one after the other. Waits for none of them.
async fn publish(totals: &Totals, clients: &mut [Client], time: Duration) {
    let end = Instant::now() + time;
    for number in 0.. {
        // Not by a clock: while the budget is exceeded a client takes one message at a time, and refuses one
        // that comes right after another because the machine was busy.
        sleep(PACE).await;
        if Instant::now() >= end {
            break;
        }
        // Such that the message itself will exceed it.
        let is_used_up = totals.budget.used() + clients.len() * MESSAGE > BUDGET;
        let message = delay::message(number, is_used_up);
        for part in clients.chunks_mut(AT_ONCE) {
            let taken = part
                .iter_mut()
                .map(|client| usize::from(client.offer(message.clone())))
                .sum::<usize>();
            totals.sent.fetch_add((taken * MESSAGE) as u64, Relaxed);
            tokio::task::yield_now().await;
        }
    }
}

/// Bytes queued in all connections above which each of them pauses as soon as it holds anything.
const BUDGET: usize = 16 * 1024 * 1024;
/// Between two messages.
const PACE: Duration = Duration::from_millis(250);
/// Clients that are served between two looks at the rest of the program.
const AT_ONCE: usize = 100;
