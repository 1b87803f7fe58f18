//! Rooms, publishers and clients in one process: each message goes to every client of its room.
//!
//! Every connection is a channel, of which each publisher of the room has a `Sender`. In each room
//! one client stops reading. Its publishers see that by `buffer_size()`, which costs them one load
//! of an integer, and drop it; all others must receive every message. The program fails if one
//! that reads misses a message, or if one that does not read is not dropped.
//!
//! ```text
//! cargo run --release --example broadcast
//! ```
//!
//! It prints, within some seconds (counts differ from run to run):
//!
//! ```text
//! room  client  state     received  write calls  most queued
//! 0     0       dropped   10        15           256.5 KiB
//! 0     1       read all  6000      556          30.0 KiB
//! 0     2       read all  6000      542          30.0 KiB
//! 0     3       read all  6000      1089         12.0 KiB
//! (and so on for each room)
//!
//! 12 of 16 clients received all 6000 messages; 4 stopped reading and were dropped
//! ```

use std::fmt;
use std::io;
use std::time::Duration;

use bytes::Bytes;
use comfy_table::{Table, presets::NOTHING};
use flow_controlled_writer::channel::Sender;
use flow_controlled_writer::{Builder, Stats, Watermarks};
use tokio::io::AsyncReadExt;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval, timeout};

/// How much goes on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plan {
    pub(crate) rooms: usize,
    pub(crate) clients_a_room: usize,
    pub(crate) publishers_a_room: usize,
    /// Ticks of a publisher, one each millisecond.
    pub(crate) ticks: usize,
    pub(crate) messages_a_tick: usize,
    /// A client that has more bytes than this queued is dropped.
    pub(crate) limit: usize,
}

impl Plan {
    fn messages(&self) -> usize {
        self.publishers_a_room * self.ticks * self.messages_a_tick
    }
}

#[tokio::main]
async fn main() -> io::Result<()> {
    let plan = Plan {
        rooms: 4,
        clients_a_room: 4,
        publishers_a_room: 3,
        ticks: 400,
        messages_a_tick: 5,
        limit: 256 * 1024,
    };
    let report = timeout(Duration::from_secs(60), run(plan)).await??;
    println!("{report}");
    if report.is_right() { Ok(()) } else { Err(io::Error::other("not as it should be")) }
}

/// What became of one client.
#[derive(Debug)]
struct Outcome {
    room: usize,
    client: usize,
    was_dropped: bool,
    received: usize,
    stats: Stats,
}

#[derive(Debug)]
pub(crate) struct Report {
    plan: Plan,
    outcomes: Vec<Outcome>,
}

/// Runs all rooms to their end.
pub(crate) async fn run(plan: Plan) -> io::Result<Report> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let (ended, end) = watch::channel(());
    let mut senders: Vec<Vec<Sender>> = Vec::new();
    let mut drivers = JoinSet::new();
    let mut clients = JoinSet::new();
    for room in 0..plan.rooms {
        senders.push(Vec::new());
        for client in 0..plan.clients_a_room {
            let (server_side, client_side) = connect(&listener).await?;
            let marks = Watermarks::new(plan.limit, usize::MAX);
            let options = Builder::new().watermarks(marks).coalesce_threshold(SHARED_FROM);
            let (sender, driver) = options.build(server_side).into_channel();
            senders[room].push(sender);
            // A driver that was aborted ends as well as one that has written all.
            drivers.spawn(async move { driver.await.map(drop) });
            let end = end.clone();
            clients.spawn(async move {
                let received = if client == 0 {
                    read_a_little(client_side, end).await?
                } else {
                    read_all(client_side).await?
                };
                Ok::<_, io::Error>((room, client, received))
            });
        }
    }
    // To look at the totals afterwards; a handle of its own would keep its channel open.
    let observers = senders.clone();

    let mut publishers = JoinSet::new();
    for room in senders {
        for _ in 0..plan.publishers_a_room {
            publishers.spawn(publish(plan, room.clone()));
        }
    }
    while let Some(result) = publishers.join_next().await {
        result?;
    }
    let was_dropped = |sender: &Sender| sender.is_closed();
    let dropped: Vec<Vec<bool>> =
        observers.iter().map(|room| room.iter().map(was_dropped).collect()).collect();
    observers.iter().flatten().for_each(Sender::close_channel);
    while let Some(result) = drivers.join_next().await {
        result?.map_err(io::Error::from)?;
    }
    drop(ended);

    let mut outcomes = Vec::new();
    while let Some(result) = clients.join_next().await {
        let (room, client, received) = result??;
        let was_dropped = dropped[room][client];
        let stats = observers[room][client].stats();
        outcomes.push(Outcome { room, client, was_dropped, received, stats });
    }
    outcomes.sort_unstable_by_key(|outcome| (outcome.room, outcome.client));
    Ok(Report { plan, outcomes })
}

/// Sends its messages to all clients of a room, and drops those that do not keep up.
async fn publish(plan: Plan, mut room: Vec<Sender>) {
    let message = Bytes::from_static(&[b'm'; MESSAGE]);
    let mut pace = interval(Duration::from_millis(1));
    pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
    for _ in 0..plan.ticks {
        pace.tick().await;
        for _ in 0..plan.messages_a_tick {
            room.retain(|client| {
                if client.buffer_size() > plan.limit {
                    client.abort();
                }
                client.try_send(message.clone()).is_ok()
            });
        }
    }
}

/// Reads to the end and returns the number of whole messages.
async fn read_all(mut stream: TcpStream) -> io::Result<usize> {
    let mut bytes = 0;
    let mut buffer = vec![0; 16 * 1024];
    loop {
        match stream.read(&mut buffer).await? {
            0 => return Ok(bytes / MESSAGE),
            count => bytes += count,
        }
    }
}

/// Reads ten messages, then nothing more, and stays connected.
async fn read_a_little(mut stream: TcpStream, mut end: watch::Receiver<()>) -> io::Result<usize> {
    let mut message = [0; MESSAGE];
    for _ in 0..10 {
        stream.read_exact(&mut message).await?;
    }
    // Fails when the sending side is gone, which is the end.
    let _ = end.changed().await;
    Ok(10)
}

/// Connects with small socket buffers, so that what is not read is seen soon.
async fn connect(listener: &TcpListener) -> io::Result<(TcpStream, TcpStream)> {
    let socket = TcpSocket::new_v4()?;
    socket.set_recv_buffer_size(32 * 1024)?;
    let (client_side, accepted) =
        tokio::join!(socket.connect(listener.local_addr()?), listener.accept());
    let (server_side, _) = accepted?;
    socket2::SockRef::from(&server_side).set_send_buffer_size(32 * 1024)?;
    Ok((server_side, client_side?))
}

impl Report {
    /// Tells whether those, and only those, that stopped reading were dropped.
    pub(crate) fn is_right(&self) -> bool {
        let all = self.plan.messages();
        self.outcomes.iter().all(|outcome| match outcome.client {
            0 => outcome.was_dropped,
            _ => !outcome.was_dropped && outcome.received == all,
        })
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut table = Table::new();
        table.load_preset(NOTHING);
        table.set_header(["room", "client", "state", "received", "write calls", "most queued"]);
        for outcome in &self.outcomes {
            table.add_row([
                outcome.room.to_string(),
                outcome.client.to_string(),
                if outcome.was_dropped { "dropped" } else { "read all" }.to_owned(),
                outcome.received.to_string(),
                outcome.stats.write_calls.to_string(),
                format!("{:.1} KiB", outcome.stats.peak_buffer_size as f64 / 1024.0),
            ]);
        }
        let dropped = self.outcomes.iter().filter(|outcome| outcome.was_dropped).count();
        for line in table.lines() {
            writeln!(f, "{}", line.trim())?;
        }
        write!(
            f,
            "\n{} of {} clients received all {} messages; {dropped} stopped reading and were dropped",
            self.outcomes.len() - dropped,
            self.outcomes.len(),
            self.plan.messages(),
        )
    }
}

/// The length of a message in bytes.
const MESSAGE: usize = 512;
/// Messages of so many bytes are queued as they are: all clients share them.
const SHARED_FROM: usize = 64;
