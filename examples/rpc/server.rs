use std::io;
use std::sync::Arc;

use futures::StreamExt;
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::message::Message;
use super::outlet::{Connection, Outlet};

/// What a server has seen of a connection.
#[derive(Debug)]
pub(crate) struct Served {
    pub(crate) requests: u64,
    /// The most bytes of answers that were queued at once.
    pub(crate) peak: usize,
}

/// Answers the requests of a connection to their end, each in a task of its own and thus in any order.
pub(crate) async fn serve<C: Connection>(stream: TcpStream, high: usize) -> io::Result<Served> {
    let (mut requests, outlet) = C::open(stream, high);
    let at_once = Arc::new(Semaphore::new(AT_ONCE));
    let mut tasks = JoinSet::new();
    let mut count = 0;
    while let Some(request) = requests.next().await.transpose()? {
        count += 1;
        let permit = Arc::clone(&at_once).acquire_owned().await.map_err(io::Error::other)?;
        let outlet = outlet.clone();
        tasks.spawn(async move {
            let result = answer(request, outlet).await;
            drop(permit);
            result
        });
        while let Some(answered) = tasks.try_join_next() {
            answered??;
        }
    }
    while let Some(answered) = tasks.join_next().await {
        answered??;
    }
    Ok(Served { requests: count, peak: outlet.peak() })
}

/// Works on a request for a while, which differs, and sends the answer.
async fn answer(request: Message, mut outlet: impl Outlet) -> io::Result<()> {
    let answer = request.answer()?;
    for _ in 0..request.id % 4 {
        tokio::task::yield_now().await;
    }
    outlet.send(answer).await
}

/// Requests that are worked on at once; the others wait in the socket.
const AT_ONCE: usize = 1024;
