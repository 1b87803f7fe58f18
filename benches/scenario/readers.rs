use std::cell::RefCell;
use std::io;
use std::net::Ipv4Addr;
use std::rc::Rc;
use std::time::Duration;

use tokio::io::AsyncReadExt;
use tokio::net::{TcpSocket, TcpStream};
use tokio::runtime::Builder;
use tokio::task::{JoinSet, LocalSet};
use tokio::time::timeout;

use super::{Plan, message};

/// Connects to the server, reads on those connections that keep up, and prints what has arrived and how
/// late.
pub fn run(port: usize, plan: Plan) -> io::Result<()> {
    rlimit::increase_nofile_limit(u64::MAX)?;
    let runtime = Builder::new_current_thread().enable_all().build()?;
    LocalSet::new().block_on(&runtime, async {
        let mut stuck = Vec::new();
        let mut reading = JoinSet::new();
        let delays = Rc::new(RefCell::new(Vec::with_capacity(plan.deliveries() as usize)));
        for index in 0..plan.connections() {
            let socket = TcpSocket::new_v4()?;
            // Spread evenly among the others.
            let is_stuck = u64::from(index) * u64::from(plan.stuck) % u64::from(plan.connections())
                < u64::from(plan.stuck);
            if is_stuck {
                socket.set_recv_buffer_size(STUCK_BUFFER)?;
            }
            let stream = socket.connect((Ipv4Addr::LOCALHOST, port as u16).into()).await?;
            if is_stuck {
                stuck.push(stream);
            } else {
                reading.spawn_local(read(stream, plan, Rc::clone(&delays)));
            }
        }
        // What has not come by then is lost.
        let _ = timeout(plan.limit() - Duration::from_secs(5), async {
            while let Some(read) = reading.join_next().await {
                read??;
            }
            io::Result::Ok(())
        })
        .await;
        let mut delays = delays.borrow_mut();
        let lost = plan.deliveries() - delays.len() as u64;
        let mut percentile = |percent: usize| {
            let place = delays.len() * percent / 100;
            delays.select_nth_unstable(place);
            f64::from(delays[place]) / 1000.0
        };
        println!("{} {} {lost}", percentile(50), percentile(99));
        Ok(())
    })
}

/// Reads until all messages have come, or the connection ends.
async fn read(mut stream: TcpStream, plan: Plan, delays: Rc<RefCell<Vec<u32>>>) -> io::Result<()> {
    let mut buffer = Vec::with_capacity(READ);
    let mut missing = plan.messages();
    let mut next = 0;
    while missing > 0 && stream.read_buf(&mut buffer).await? > 0 {
        let now = message::now();
        let mut rest = &buffer[..];
        while let Some((number, made)) = message::take(&mut rest)? {
            if number < next {
                return Err(io::Error::other("a message came twice"));
            }
            next = number + 1;
            missing -= 1;
            delays.borrow_mut().push((now.saturating_sub(made) / 1000) as u32);
        }
        let taken = buffer.len() - rest.len();
        buffer.drain(..taken);
    }
    Ok(())
}

/// What one that does not read has room for in its system.
const STUCK_BUFFER: u32 = 16 * 1024;
const READ: usize = 16 * 1024;
