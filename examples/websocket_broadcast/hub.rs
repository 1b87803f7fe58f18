//! All connections that take part in the broadcast.

use std::fmt::Write;
use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use flow_controlled_writer::TrySendError;
use flow_controlled_writer::channel::Sender;

use crate::message;

/// The clients of the broadcast. Each message goes to every one of them that is not paused.
#[derive(Default)]
pub(crate) struct Hub {
    clients: Mutex<Clients>,
}

impl Hub {
    /// Lets a connection take part, and tells it its number.
    pub(crate) fn join(&self, sender: Sender) {
        let mut clients = self.lock();
        clients.joined += 1;
        let number = clients.joined;
        println!("connection {number} opened");
        let client = Client { number, sender, skipped: 0 };
        if client.sender.try_send(message::text(format!("{{\"number\":{number}}}"))).is_ok() {
            clients.open.push(client);
        }
    }

    /// Queues a frame for every client. Waits for none: a paused one has the frame skipped.
    pub(crate) fn broadcast(&self, frame: &Bytes) {
        self.lock().open.retain_mut(|client| client.offer(frame.clone()));
    }

    /// Returns the state of every connection as JSON.
    pub(crate) fn snapshot(&self) -> String {
        let mut json = String::from("[");
        for client in &self.lock().open {
            if json.len() > 1 {
                json.push(',');
            }
            client.describe(&mut json);
        }
        json.push(']');
        json
    }

    fn lock(&self) -> MutexGuard<'_, Clients> {
        self.clients.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[derive(Default)]
struct Clients {
    open: Vec<Client>,
    /// Clients that have ever joined.
    joined: u64,
}

struct Client {
    number: u64,
    sender: Sender,
    /// Messages not queued as the connection was paused.
    skipped: u64,
}

impl Client {
    /// Queues a frame or counts it as skipped; false if the client has left.
    fn offer(&mut self, frame: Bytes) -> bool {
        match self.sender.try_send(frame) {
            Ok(_) => true,
            Err(TrySendError::Full(_)) => {
                self.skipped += 1;
                true
            }
            Err(TrySendError::Closed(_)) => {
                let stats = self.sender.stats();
                println!(
                    "connection {} closed: {:.1} MB written, paused {} times, {} messages skipped",
                    self.number,
                    stats.written_bytes as f64 / 1e6,
                    stats.pauses,
                    self.skipped,
                );
                false
            }
        }
    }

    fn describe(&self, json: &mut String) {
        let (stats, watermarks) = (self.sender.stats(), self.sender.watermarks());
        write!(
            json,
            "{{\"number\":{},\"size\":{},\"low\":{},\"high\":{},\"paused\":{},\"queued\":{},\
             \"written\":{},\"pauses\":{},\"peak\":{},\"skipped\":{}}}",
            self.number,
            self.sender.buffer_size(),
            watermarks.low(),
            watermarks.high(),
            self.sender.is_paused(),
            stats.enqueued_bytes,
            stats.written_bytes,
            stats.pauses,
            stats.peak_buffer_size,
            self.skipped,
        )
        .expect("a string takes all that is written to it");
    }
}
