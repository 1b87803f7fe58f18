use std::pin::Pin;
use std::task::Poll;

use bytes::Bytes;
use fastrand::Rng;
use flow_controlled_writer::channel::{Driver, Position, Sender};
use flow_controlled_writer::{Builder, TrySendError, Watermarks};
use futures::Sink;
use tokio::io::AsyncWrite;

use crate::support::{Answer, Handle, Scripted, Task};

type Send = Pin<Box<dyn Future<Output = Result<Position, TrySendError>>>>;
type Flush = Pin<Box<dyn Future<Output = std::io::Result<()>>>>;

/// The largest chunk that is sent.
const ITEM: usize = 30;

/// One who sends, and what it waits for.
struct Client {
    sender: Sender,
    /// Polls the handle.
    task: Task,
    /// Whether the handle was told to be ready and has not sent since.
    is_told: bool,
    /// Whether the handle has been told to wait and not been ready since.
    is_in_line: bool,
    /// A send that waits, with its bytes.
    sending: Option<(Send, Bytes)>,
    /// Polls the send.
    sending_task: Task,
    /// Whether the send, or the handle, was woken since it was last polled.
    is_woken: [bool; 2],
    /// A flush that waits, with what had been accepted when it began.
    flushing: Option<(Flush, usize)>,
}

/// A channel whose every step is compared with a plain list of bytes.
struct Model {
    random: Rng,
    clients: Vec<Client>,
    driver: Driver<Scripted>,
    driving: Task,
    inner: Handle,
    /// All that was accepted, in order.
    accepted: Vec<u8>,
    marks: Watermarks,
    /// Whether the channel is paused by its marks.
    is_paused: bool,
}

/// How an item comes in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    /// Only while the channel is not paused.
    InTurn,
    /// By a handle that was told to be ready before.
    Told,
    /// Past a pause.
    Now,
}

impl Model {
    fn new(seed: u64) -> Self {
        let mut random = Rng::with_seed(seed);
        let marks = marks(&mut random);
        let threshold = *random.choice(&[0, 8, 1024]).unwrap_or(&0);
        let (inner, handle) = Scripted::new(random.bool(), []);
        let options = Builder::new().watermarks(marks).coalesce_threshold(threshold);
        let (sender, driver) = options.build(inner).into_channel();
        let clients = (0..random.usize(1..6))
            .map(|_| Client {
                sender: sender.clone(),
                task: Task::new(),
                is_told: false,
                is_in_line: false,
                sending: None,
                sending_task: Task::new(),
                is_woken: [false; 2],
                flushing: None,
            })
            .collect();
        Self {
            random,
            clients,
            driver,
            driving: Task::new(),
            inner: handle,
            accepted: Vec::new(),
            marks,
            is_paused: false,
        }
    }

    /// Lets one of them do one thing.
    fn step(&mut self) {
        let index = self.random.usize(..self.clients.len());
        match self.random.u8(..21) {
            0..6 => self.send(index),
            6..8 => self.try_send(index),
            8 => self.ask(index),
            9 => self.start_send(index),
            10 => self.write(index),
            11..13 => self.flush(index),
            13 => self.give_up(index),
            14 => self.set_watermarks(index),
            15 => self.send_now(index),
            _ => self.drive(),
        }
        self.check();
    }

    fn chunk(&mut self) -> Bytes {
        let length = self.random.usize(0..=ITEM);
        let start = self.accepted.len();
        (start..start + length).map(|index| (index % 251) as u8).collect()
    }

    /// Takes note of an item that was taken.
    fn accept(&mut self, way: Way, item: &[u8]) {
        assert!(way != Way::InTurn || !self.is_paused || item.is_empty(), "taken while paused");
        self.accepted.extend_from_slice(item);
        self.observe();
    }

    /// Follows the pause state, by the words of the documentation.
    fn observe(&mut self) {
        let size = self.accepted.len() - self.inner.with_wire(<[u8]>::len);
        self.is_paused = size > self.marks.high() || (self.is_paused && size > self.marks.low());
    }

    /// A `send`, or a `send_chunks` of two halves.
    fn send(&mut self, index: usize) {
        let (chunk, in_two) = (self.chunk(), self.random.bool());
        let client = &mut self.clients[index];
        let (mut send, chunk) = client.sending.take().unwrap_or_else(|| {
            let (sender, chunk) = (client.sender.clone(), chunk);
            let content = chunk.clone();
            let send: Send = Box::pin(async move {
                if in_two {
                    let (one, two) =
                        (chunk.slice(..chunk.len() / 2), chunk.slice(chunk.len() / 2..));
                    sender.send_chunks([one, two]).await
                } else {
                    sender.send(chunk).await
                }
            });
            (send, content)
        });
        let polled = client.sending_task.poll(send.as_mut());
        // While the channel is paused it may have asked to be polled once more, which is no wake-up by others.
        client.is_woken[0] = client.sending_task.take_wakes() > 0 && !self.is_paused;
        match polled {
            Poll::Ready(result) => {
                self.accept(Way::InTurn, &chunk);
                assert_eq!(result, Ok(self.accepted.len() as u64));
            }
            Poll::Pending => client.sending = Some((send, chunk)),
        }
    }

    fn try_send(&mut self, index: usize) {
        let chunk = self.chunk();
        let sender = &self.clients[index].sender;
        let is_refused = sender.is_paused() && !chunk.is_empty();
        match sender.try_send(chunk.clone()) {
            Ok(position) => {
                assert!(!is_refused);
                self.accept(Way::InTurn, &chunk);
                assert_eq!(position, self.accepted.len() as u64);
            }
            Err(refused) => {
                assert!(is_refused);
                assert_eq!(refused, TrySendError::Full(chunk));
            }
        }
    }

    fn send_now(&mut self, index: usize) {
        let chunk = self.chunk();
        let position = self.clients[index].sender.send_now(chunk.clone());
        self.accept(Way::Now, &chunk);
        assert_eq!(position, Ok(self.accepted.len() as u64));
    }

    fn ask(&mut self, index: usize) {
        let Client { sender, task, is_told, is_in_line, is_woken, .. } = &mut self.clients[index];
        let is_ready = Pin::new(sender).poll_ready(&mut task.context()).is_ready();
        assert!(!is_ready || *is_told || !self.is_paused, "told to be ready while paused");
        assert!(is_ready || !*is_told, "one that was told has to wait");
        (*is_told, *is_in_line, is_woken[1]) = (is_ready, !is_ready, task.take_wakes() > 0);
    }

    /// Sends as a sink that was told to be ready, maybe long ago.
    fn start_send(&mut self, index: usize) {
        let chunk = self.chunk();
        let Client { sender, is_told, .. } = &mut self.clients[index];
        if std::mem::take(is_told) {
            Pin::new(sender).start_send(chunk.clone()).expect("open");
            self.accept(Way::Told, &chunk);
        }
    }

    /// A write is one item, which is taken whole.
    fn write(&mut self, index: usize) {
        let chunk = self.chunk();
        let Client { sender, task, is_told, is_in_line, is_woken, .. } = &mut self.clients[index];
        let written = Pin::new(&mut *sender).poll_write(&mut task.context(), &chunk);
        if chunk.is_empty() {
            assert!(matches!(written, Poll::Ready(Ok(0))));
            return;
        }
        let way = if std::mem::take(is_told) { Way::Told } else { Way::InTurn };
        (*is_in_line, is_woken[1]) = (written.is_pending(), task.take_wakes() > 0);
        if let Poll::Ready(written) = written {
            assert_eq!(written.expect("open"), chunk.len());
            self.accept(way, &chunk);
        } else {
            assert_eq!(way, Way::InTurn, "one that was told has to wait");
        }
    }

    /// A `flush`, or a `flushed` of all that was accepted.
    fn flush(&mut self, index: usize) {
        let (accepted, names_position) = (self.accepted.len(), self.random.bool());
        let client = &mut self.clients[index];
        let (mut flush, position) = client.flushing.take().unwrap_or_else(|| {
            let sender = client.sender.clone();
            let flush: Flush = Box::pin(async move {
                if names_position {
                    sender.flushed(accepted as u64).await
                } else {
                    sender.flush().await
                }
            });
            (flush, accepted)
        });
        match Task::new().poll(flush.as_mut()) {
            Poll::Ready(result) => {
                result.expect("open");
                assert!(self.inner.with_wire(<[u8]>::len) >= position, "flushed, and not written");
            }
            Poll::Pending => client.flushing = Some((flush, position)),
        }
    }

    fn give_up(&mut self, index: usize) {
        self.clients[index].sending = None;
        self.clients[index].flushing = None;
    }

    fn set_watermarks(&mut self, index: usize) {
        self.marks = marks(&mut self.random);
        self.clients[index].sender.set_watermarks(self.marks);
        assert_eq!(self.clients[index].sender.watermarks(), self.marks);
        self.observe();
    }

    fn drive(&mut self) {
        let answer = match self.random.u8(..4) {
            0 => Answer::Pending,
            1 => Answer::Done,
            _ => Answer::Take(self.random.usize(1..60)),
        };
        self.inner.script([answer, Answer::Pending]);
        self.inner.otherwise(Answer::Pending);
        if self.random.u8(..3) == 0 {
            self.inner.script_flush([Answer::Pending]);
        }
        let polled = self.driving.poll(Pin::new(&mut self.driver));
        assert!(polled.is_pending(), "the driver has ended");
        self.observe();
    }

    /// Checks what holds at every step.
    fn check(&mut self) {
        let sender = &self.clients[0].sender;
        let written = self.inner.with_wire(|wire| {
            assert!(self.accepted.starts_with(wire), "the wire is no prefix of what was sent");
            wire.len()
        });
        assert_eq!(sender.buffer_size(), self.accepted.len() - written);
        assert_eq!(sender.written(), written as u64);
        // It also says so while one that was called has yet to be served.
        let says_paused = sender.is_paused();
        let waits = |client: &Client| client.sending.is_some() || client.is_in_line;
        assert!(says_paused || !self.is_paused, "not paused at {}", sender.buffer_size());
        assert!(
            !says_paused || self.is_paused || self.clients.iter().any(waits),
            "paused for nobody"
        );
        // Where nothing is paused the first one in line has been woken and is yet to come, or else the
        // driver is about to pass it over.
        for client in &mut self.clients {
            client.is_woken[0] |= client.sending_task.take_wakes() > 0;
            client.is_woken[1] |= client.task.take_wakes() > 0;
        }
        let is_woken = |client: &Client| {
            (client.sending.is_some() && client.is_woken[0])
                || (client.is_in_line && client.is_woken[1])
        };
        if !self.is_paused && self.clients.iter().any(waits) {
            assert!(self.clients.iter().any(is_woken), "a lost wake-up");
        }
    }

    /// Lets all go on until nobody waits, then ends the channel.
    fn finish(mut self) {
        self.inner.otherwise(Answer::Done);
        for round in 0.. {
            assert!(round < 1000, "someone waits for ever");
            assert!(self.driving.poll(Pin::new(&mut self.driver)).is_pending());
            self.observe();
            for index in 0..self.clients.len() {
                if self.clients[index].sending.is_some() {
                    self.send(index);
                }
                if self.clients[index].flushing.is_some() {
                    self.flush(index);
                }
            }
            let is_idle = |client: &Client| client.sending.is_none() && client.flushing.is_none();
            if self.clients.iter().all(is_idle) {
                break;
            }
        }
        self.clients.clear();
        let ended = (0..1000)
            .find_map(|_| match self.driving.poll(Pin::new(&mut self.driver)) {
                Poll::Ready(result) => Some(result),
                Poll::Pending => None,
            })
            .expect("the driver ends");
        assert!(ended.is_ok());
        assert_eq!(self.inner.wire(), self.accepted);
    }
}

fn marks(random: &mut Rng) -> Watermarks {
    let high = random.usize(0..100);
    Watermarks::new(random.usize(0..=high), high)
}

#[test]
fn a_random_channel_agrees_with_a_list_of_bytes() {
    for seed in 0..300 {
        let run = std::panic::catch_unwind(|| {
            let mut model = Model::new(seed);
            for _ in 0..400 {
                model.step();
            }
            model.finish();
        });
        if let Err(panic) = run {
            eprintln!("seed {seed}");
            std::panic::resume_unwind(panic);
        }
    }
}
