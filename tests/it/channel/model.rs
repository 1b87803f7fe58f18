use std::pin::Pin;
use std::task::Poll;

use bytes::Bytes;
use fastrand::Rng;
use flow_controlled_writer::channel::{Driver, Sender};
use flow_controlled_writer::{Builder, TrySendError, Watermarks};
use futures::Sink;
use tokio::io::AsyncWrite;

use crate::support::{Answer, Handle, Scripted, Task};

type Send = Pin<Box<dyn Future<Output = Result<(), TrySendError>>>>;
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
    /// A send that waits, with its bytes.
    sending: Option<(Send, Bytes)>,
    /// Polls the send.
    sending_task: Task,
    /// Whether the send was woken since it was last polled.
    is_woken: bool,
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
    /// The highest high mark so far, which the buffer may still be above.
    highest: usize,
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
                sending: None,
                sending_task: Task::new(),
                is_woken: false,
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
            highest: marks.high(),
        }
    }

    /// Lets one of them do one thing.
    fn step(&mut self) {
        let index = self.random.usize(..self.clients.len());
        match self.random.u8(..20) {
            0..6 => self.send(index),
            6..8 => self.try_send(index),
            8 => self.ask(index),
            9 => self.start_send(index),
            10 => self.write(index),
            11..13 => self.flush(index),
            13 => self.give_up(index),
            14 => self.set_watermarks(index),
            _ => self.drive(),
        }
        self.check();
    }

    fn chunk(&mut self) -> Bytes {
        let length = self.random.usize(0..=ITEM);
        let start = self.accepted.len();
        (start..start + length).map(|index| (index % 251) as u8).collect()
    }

    fn send(&mut self, index: usize) {
        let chunk = self.chunk();
        let client = &mut self.clients[index];
        let (mut send, chunk) = client.sending.take().unwrap_or_else(|| {
            let (sender, chunk) = (client.sender.clone(), chunk);
            let content = chunk.clone();
            (Box::pin(async move { sender.send(chunk).await }), content)
        });
        client.is_woken = false;
        client.sending_task.take_wakes();
        match client.sending_task.poll(send.as_mut()) {
            Poll::Ready(result) => {
                result.expect("open");
                self.accepted.extend_from_slice(&chunk);
            }
            Poll::Pending => client.sending = Some((send, chunk)),
        }
    }

    fn try_send(&mut self, index: usize) {
        let chunk = self.chunk();
        let sender = &self.clients[index].sender;
        let is_paused = sender.is_paused();
        match sender.try_send(chunk.clone()) {
            Ok(()) => {
                assert!(!is_paused || chunk.is_empty());
                self.accepted.extend_from_slice(&chunk);
            }
            Err(refused) => {
                assert!(is_paused);
                assert_eq!(refused, TrySendError::Full(chunk));
            }
        }
    }

    fn ask(&mut self, index: usize) {
        let Client { sender, task, is_told, .. } = &mut self.clients[index];
        let is_paused = sender.is_paused();
        *is_told = Pin::new(sender).poll_ready(&mut task.context()).is_ready();
        assert!(!*is_told || !is_paused);
    }

    /// Sends as a sink that was told to be ready, maybe long ago.
    fn start_send(&mut self, index: usize) {
        let chunk = self.chunk();
        let Client { sender, is_told, .. } = &mut self.clients[index];
        if std::mem::take(is_told) {
            Pin::new(sender).start_send(chunk.clone()).expect("open");
            self.accepted.extend_from_slice(&chunk);
        }
    }

    fn write(&mut self, index: usize) {
        let chunk = self.chunk();
        let Client { sender, task, .. } = &mut self.clients[index];
        let before = sender.buffer_size();
        if let Poll::Ready(written) = Pin::new(&mut *sender).poll_write(&mut task.context(), &chunk)
        {
            let written = written.expect("open");
            assert_eq!(sender.buffer_size(), before + written);
            assert!(written == 0 || before + written <= self.marks.high() || before == 0);
            self.accepted.extend_from_slice(&chunk[..written]);
        }
    }

    fn flush(&mut self, index: usize) {
        let client = &mut self.clients[index];
        let accepted = self.accepted.len();
        let (mut flush, position) = client.flushing.take().unwrap_or_else(|| {
            let sender = client.sender.clone();
            (Box::pin(async move { sender.flush().await }), accepted)
        });
        match client.task.poll(flush.as_mut()) {
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
        self.highest = self.highest.max(self.marks.high());
        self.clients[index].sender.set_watermarks(self.marks);
        assert_eq!(self.clients[index].sender.watermarks(), self.marks);
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
    }

    /// Checks what holds at every step.
    fn check(&mut self) {
        let sender = &self.clients[0].sender;
        let (size, is_paused) = (sender.buffer_size(), sender.is_paused());
        let written = self.inner.with_wire(|wire| {
            assert!(self.accepted.starts_with(wire), "the wire is no prefix of what was sent");
            wire.len()
        });
        let parked = (self.accepted.len() - written).checked_sub(size).expect("buffer_size()");
        assert!(parked == 0 || is_paused, "{parked} bytes are missing");
        assert!(size <= self.highest + ITEM, "{size} bytes are held");
        if size <= self.marks.high() {
            self.highest = self.marks.high();
        }
        assert!(!is_paused || size > self.marks.low(), "paused at {size}");
        assert!(is_paused || size <= self.marks.high(), "not paused at {size}");
        // Where nothing is paused the first one in line has been woken and is yet to come; a slice
        // waits for the next write if there is no room at all.
        let has_room = size < self.marks.high() || size == 0;
        for client in &mut self.clients {
            client.is_woken |= client.sending_task.take_wakes() > 0;
        }
        let mut waiting = self.clients.iter().filter(|client| client.sending.is_some()).peekable();
        if !is_paused && has_room && waiting.peek().is_some() {
            assert!(waiting.any(|client| client.is_woken), "a lost wake-up");
        }
    }

    /// Lets all go on until nobody waits, then ends the channel.
    fn finish(mut self) {
        self.inner.otherwise(Answer::Done);
        for round in 0.. {
            assert!(round < 1000, "someone waits for ever");
            assert!(self.driving.poll(Pin::new(&mut self.driver)).is_pending());
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
