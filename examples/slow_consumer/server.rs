use std::future::poll_fn;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::task::{Context, Poll};
use std::time::Duration;

use flow_controlled_writer::{Builder, Watermarks};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::time::{Instant, timeout, timeout_at};

use super::client::{self, Habit};
use super::connection::Connection;
use super::display::Display;
use super::meter::Meter;
use super::{Options, Policy, message};

/// One task that owns all connections: it sends a batch of messages, and drains until the next.
#[derive(Debug)]
pub(crate) struct Server<'a> {
    options: &'a Options,
    listener: TcpListener,
    writers: Builder,
    pub(crate) connections: Vec<Connection>,
    pub(crate) meter: Meter,
    display: Display,
}

impl<'a> Server<'a> {
    pub(crate) fn bind(options: &'a Options) -> io::Result<Self> {
        let socket = TcpSocket::new_v4()?;
        socket.set_send_buffer_size(SEND_BUFFER)?;
        socket.bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))?;
        Ok(Self {
            options,
            listener: socket.listen(BACKLOG)?,
            writers: Builder::new()
                .watermarks(Watermarks::with_high(options.high))
                .coalesce_threshold(options.coalesce),
            connections: Vec::new(),
            meter: Meter::default(),
            display: Display::new(options.quiet),
        })
    }

    /// Connects a client and returns its end.
    pub(crate) async fn connect(&mut self, habit: Habit) -> io::Result<TcpStream> {
        let connect = client::connect(self.listener.local_addr()?, habit);
        let ((stream, _), client) = tokio::try_join!(self.listener.accept(), connect)?;
        self.connections.push(Connection::new(habit, stream, &self.writers));
        Ok(client)
    }

    /// Sends all messages and closes the connections.
    pub(crate) async fn broadcast(&mut self) {
        let Options { messages, min_size, max_size, speed, policy, .. } = *self.options;
        let batch = if speed == 0 { 256 } else { (speed / BATCHES_A_SECOND).max(1) };
        let started = Instant::now();
        let mut random = fastrand::Rng::with_seed(1);
        for number in 0..messages {
            if number % batch == 0 {
                let due = f64::from(number) / f64::from(speed);
                self.drain_until(started + Duration::try_from_secs_f64(due).unwrap_or_default())
                    .await;
            }
            if policy == Policy::Wait {
                self.wait_for_all().await;
            }
            let message = message::make(number, random.u16(min_size..=max_size.max(min_size)));
            for connection in &mut self.connections {
                connection.offer(&message, &mut self.meter);
            }
        }
        self.shutdown().await;
    }

    /// Writes what is queued, at least once, until it is time for the next message.
    async fn drain_until(&mut self, deadline: Instant) {
        let drain = poll_fn(|cx| {
            self.poll_flush(cx);
            Poll::<()>::Pending
        });
        let _ = timeout_at(deadline, drain).await;
        self.display.update(&self.connections);
    }

    /// Writes what is queued until no client is paused.
    async fn wait_for_all(&mut self) {
        let is_paused = |connection: &Connection| connection.writer.is_paused();
        if !self.connections.iter().any(is_paused) {
            return;
        }
        poll_fn(|cx| {
            self.poll_flush(cx);
            // One that is still paused after its flush has kept the waker.
            if self.connections.iter().any(is_paused) { Poll::Pending } else { Poll::Ready(()) }
        })
        .await;
    }

    async fn shutdown(&mut self) {
        while timeout(REFRESH, poll_fn(|cx| self.poll_shutdown(cx))).await.is_err() {
            self.display.update(&self.connections);
        }
        self.display.finish(&self.connections);
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) {
        for connection in &mut self.connections {
            connection.poll_flush(cx);
        }
    }

    fn poll_shutdown(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let mut poll = Poll::Ready(());
        for connection in &mut self.connections {
            if connection.poll_shutdown(cx).is_pending() {
                poll = Poll::Pending;
            }
        }
        poll
    }
}

/// Send buffer of the server's sockets: small, so that what a client does not read is soon held by
/// the writer and not by the system.
const SEND_BUFFER: u32 = 16 * 1024;
/// Connections that may wait to be accepted; they are made one at a time.
const BACKLOG: u32 = 8;
const BATCHES_A_SECOND: u32 = 100;
const REFRESH: Duration = Duration::from_millis(100);
