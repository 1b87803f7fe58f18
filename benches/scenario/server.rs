use std::future::poll_fn;
use std::io;
use std::net::Ipv4Addr;
use std::pin::pin;

use fastrand::Rng;
use tokio::net::TcpSocket;
use tokio::runtime::Builder;
use tokio::task::unconstrained;
use tokio::time::{Duration, Instant, timeout, timeout_at};

use super::contestants::{Broadcast, CONTESTANTS};
use super::{Plan, READERS, SEND_BUFFER, TICK, answer, message, start};
use crate::support::cpu;

/// Serves one contestant's run, and prints its figures.
pub fn run(contestant: usize, plan: Plan) -> io::Result<()> {
    rlimit::increase_nofile_limit(u64::MAX)?;
    let runtime = Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async { timeout(plan.limit(), serve(contestant, plan)).await? })
}

async fn serve(contestant: usize, plan: Plan) -> io::Result<()> {
    let socket = TcpSocket::new_v4()?;
    // Those that it accepts inherit it.
    socket.set_send_buffer_size(SEND_BUFFER)?;
    socket.bind((Ipv4Addr::LOCALHOST, 0).into())?;
    let listener = socket.listen(BACKLOG)?;
    let port = listener.local_addr()?.port();
    let mut answer = pin!(answer(start(READERS, port.into(), plan)?));
    let mut contestant = (CONTESTANTS[contestant].start)();
    for _ in 0..plan.connections() {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        contestant.connect(stream);
    }

    let mut random = Rng::with_seed(1);
    let (cpu, started) = (cpu::of_senders(), Instant::now());
    for number in 0..plan.messages() {
        contestant.offer(&message::make(number, random.u16(message::SIZES)));
        let sent = number + 1;
        if sent % plan.messages_a_tick == 0 {
            let end = started + TICK * (sent / plan.messages_a_tick);
            let _ = timeout_at(end, drain(&mut *contestant)).await;
        }
    }
    // Readers that have got all end at once.
    let settled = timeout(SETTLE, async {
        tokio::select! {
            answer = &mut answer => answer,
            () = drain(&mut *contestant) => unreachable!("it is never ready"),
        }
    });
    let settled = settled.await;
    let cpu = (cpu::of_senders() - cpu).as_nanos() as f64 / plan.deliveries() as f64;
    let rss = memory_stats::memory_stats().map_or(0, |memory| memory.physical_mem);
    let answer = match settled {
        Ok(answer) => answer,
        Err(_) => {
            // Ends the connections, so that those that miss a message do not wait for it.
            drop(contestant);
            answer.await
        }
    };
    let [p50, p99, lost] = answer?[..] else { return Err(io::ErrorKind::InvalidData.into()) };
    println!("{cpu} {p50} {p99} {} {lost}", rss as f64 / f64::from(1 << 20));
    Ok(())
}

/// Writes what is queued.
///
/// Without the limit to the calls of a task in one turn: it would be reached with a part of the
/// connections, and when time is short the same ones would be left out each time.
fn drain(contestant: &mut dyn Broadcast) -> impl Future<Output = ()> {
    unconstrained(poll_fn(|cx| contestant.poll_drain(cx)))
}

const BACKLOG: u32 = 1024;
/// Time for the last messages to arrive.
const SETTLE: Duration = Duration::from_secs(3);
