use std::collections::HashMap;
use std::io;
use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use fastrand::Rng;
use futures::future::{self, Either};
use futures::{Stream, StreamExt};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::task::JoinSet;

use super::message::Message;
use super::outlet::{Connection, Outlet};

/// What callers do.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) callers: usize,
    /// Lengths of the bodies, of which each call chooses two.
    pub(crate) sizes: Vec<usize>,
    pub(crate) duration: Duration,
    /// One of so many calls is given up.
    pub(crate) give_up: u32,
    /// Bytes from which on senders wait.
    pub(crate) high: usize,
}

/// What has come of the calls of one connection.
#[derive(Debug, Default)]
pub(crate) struct Called {
    pub(crate) latencies: Vec<Duration>,
    /// Bytes of bodies, in both directions.
    pub(crate) bytes: u64,
    pub(crate) sent: u64,
    pub(crate) answers: u64,
    pub(crate) given_up: u64,
    pub(crate) out_of_order: u64,
    pub(crate) peak: usize,
}

/// The calls that wait for their answers.
#[derive(Default)]
struct Calls {
    waiting: Mutex<HashMap<u64, oneshot::Sender<Message>>>,
    next_id: AtomicU64,
    sent: AtomicU64,
}

/// Calls over one connection by many tasks, until the time is over and all have their answers.
pub(crate) async fn call<C: Connection>(stream: TcpStream, plan: &Plan) -> io::Result<Called> {
    let (answers, outlet) = C::open(stream, plan.high);
    let calls = Arc::new(Calls::default());
    let reader = tokio::spawn(receive(answers, Arc::clone(&calls)));
    let end = Instant::now() + plan.duration;
    let mut callers: JoinSet<io::Result<Called>> = (0..plan.callers)
        .map(|_| call_until(end, Arc::clone(&calls), outlet.clone(), plan.clone()))
        .collect();

    let mut all = Called::default();
    while let Some(caller) = callers.join_next().await {
        let caller = caller??;
        all.latencies.extend(caller.latencies);
        all.bytes += caller.bytes;
        all.given_up += caller.given_up;
    }
    all.peak = outlet.peak();
    // With the last one gone, what is queued is sent and the direction closed.
    drop(outlet);
    (all.answers, all.out_of_order) = reader.await??;
    all.sent = calls.sent.load(Ordering::Relaxed);
    Ok(all)
}

/// Calls again and again, and gives up now and then.
async fn call_until(
    end: Instant,
    calls: Arc<Calls>,
    mut outlet: impl Outlet,
    plan: Plan,
) -> io::Result<Called> {
    let (mut random, mut called) = (Rng::new(), Called::default());
    loop {
        let size = |random: &mut Rng| plan.sizes[random.usize(..plan.sizes.len())];
        let (length, wanted) = (size(&mut random), size(&mut random));
        let start = Instant::now();
        let call = pin!(calls.call(&mut outlet, length, wanted));
        let gives_up = plan.give_up > 0 && random.u32(..plan.give_up) == 0;
        let patience = pin!(async {
            match gives_up {
                true => yield_times(random.usize(..10)).await,
                false => future::pending().await,
            }
        });
        match future::select(call, patience).await {
            Either::Left((result, _)) => {
                result?;
                called.latencies.push(start.elapsed());
                called.bytes += (length + wanted) as u64;
            }
            Either::Right(_) => called.given_up += 1,
        }
        if Instant::now() >= end {
            return Ok(called);
        }
    }
}

impl Calls {
    /// Sends a request and waits for its answer.
    async fn call(&self, outlet: &mut impl Outlet, length: usize, wanted: usize) -> io::Result<()> {
        let id = self.next_id.fetch_add(1, Ordering::Relaxed);
        let (answered, answer) = oneshot::channel();
        self.waiting().insert(id, answered);
        // Nobody waits any more once this future is dropped.
        let _waits = Waits { calls: self, id };
        outlet.send(Message::request(id, length, wanted)).await?;
        self.sent.fetch_add(1, Ordering::Relaxed);
        let answer = answer.await.map_err(|_| io::Error::other("the connection has ended"))?;
        answer.check_answer(id, Some(wanted))
    }

    fn waiting(&self) -> MutexGuard<'_, HashMap<u64, oneshot::Sender<Message>>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct Waits<'a> {
    calls: &'a Calls,
    id: u64,
}

impl Drop for Waits<'_> {
    fn drop(&mut self) {
        drop(self.calls.waiting().remove(&self.id));
    }
}

/// Hands the answers to those who wait for them. Returns how many there were, and how many were overtaken.
async fn receive(
    mut answers: impl Stream<Item = io::Result<Message>> + Unpin,
    calls: Arc<Calls>,
) -> io::Result<(u64, u64)> {
    // Whoever still waits when there are no more answers would wait for ever.
    let _ends = Ends(&calls);
    let (mut count, mut out_of_order, mut latest) = (0, 0, 0);
    while let Some(answer) = answers.next().await.transpose()? {
        count += 1;
        out_of_order += u64::from(answer.id < latest);
        latest = latest.max(answer.id);
        let waiting = calls.waiting().remove(&answer.id);
        // One that was given up is checked here.
        if let Err(late) = waiting.map_or(Err(answer.clone()), |waits| waits.send(answer)) {
            late.check_answer(late.id, None)?;
        }
    }
    Ok((count, out_of_order))
}

struct Ends<'a>(&'a Calls);

impl Drop for Ends<'_> {
    fn drop(&mut self) {
        self.0.waiting().clear();
    }
}

async fn yield_times(times: usize) {
    for _ in 0..times {
        tokio::task::yield_now().await;
    }
}
