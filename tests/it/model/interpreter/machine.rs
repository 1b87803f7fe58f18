mod ways_in;

use std::io;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};

use bytes::Bytes;
use flow_controlled_writer::{Builder, FlowControlledWriter, MemoryBudget, Watermarks};
use futures::Sink;
use tokio::io::AsyncWrite;

use super::calls::Calls;
use super::config::{Config, marks};
use super::flow::Flow;
use super::input::Input;
use super::oracle::{Oracle, Outcome};
use super::script;
use crate::support::{Answer, Handle, Scripted, Task};

pub(super) type Writer = FlowControlledWriter<Scripted>;

/// What a machine drives: a writer, or something with a writer inside.
pub(super) trait Subject {
    fn writer(&self) -> &Writer;
    fn writer_mut(&mut self) -> &mut Writer;
    fn into_writer(self) -> Writer;
}

impl Subject for Writer {
    fn writer(&self) -> &Writer {
        self
    }

    fn writer_mut(&mut self) -> &mut Writer {
        self
    }

    fn into_writer(self) -> Writer {
        self
    }
}

/// A writer, its inner writer and the oracle, always in the same state.
pub(super) struct Machine<S> {
    pub(super) subject: S,
    inner: Handle,
    config: Config,
    budget: Option<MemoryBudget>,
    /// Another writer, which holds some of the budget.
    other: Option<FlowControlledWriter<tokio::io::Sink>>,
    pub(super) oracle: Oracle,
    /// Slices of which a write is pending and the inner writer was offered some: they are offered
    /// again before anything else, unless that is given up.
    owed: Option<Vec<&'static [u8]>>,
    /// Bytes on the wire that were compared.
    compared: usize,
}

impl<S: Subject> Machine<S> {
    pub(super) fn new(input: &mut Input<'_>, wrap: impl FnOnce(Writer) -> S) -> Self {
        let (inner, handle) = Scripted::new(!input.one_in(3), []);
        let config = Config::new(input);
        let (options, budget) = config.options();
        Self {
            subject: wrap(options.build(inner)),
            inner: handle,
            oracle: Oracle::new(Flow::new(config.marks, config.hard_limit, config.budget)),
            config,
            budget,
            other: None,
            owed: None,
            compared: 0,
        }
    }

    pub(super) fn step(&mut self, input: &mut Input<'_>) {
        if let Some(slices) = self.owed.take() {
            return self.step_with_owed(slices, input);
        }
        match input.below(64) {
            0..=4 => self.try_send(input.chunk()),
            5..=9 => self.start_send(input.chunk()),
            10 | 11 => self.send_now(input.chunk()),
            12 => self.try_append(input),
            13..=15 => self.feed(input.chunk(), input.below(2)),
            16..=18 => self.send(input.chunk(), input.below(2)),
            19..=25 => self.write(vec![input.payload()]),
            26..=29 => {
                let count = input.below(5);
                self.write(std::iter::repeat_with(|| input.payload()).take(count).collect());
            }
            30 | 31 => self.write_all(input.payload()),
            32..=38 => self.ready(input.below(3)),
            39..=42 => self.drain(input.below(2)),
            43..=46 => self.flush(input.below(4)),
            47 => self.change_budget(input),
            48 | 49 => self.set_marks(marks(input)),
            50 => self.burst(input),
            51 if input.one_in(4) => self.shutdown(input.below(4)),
            52 if input.one_in(8) => self.abort(),
            _ => script::extend(&self.inner, input),
        }
    }

    /// Offers the same slices again, as a caller of `AsyncWrite` does, or does what offers nothing.
    fn step_with_owed(&mut self, slices: Vec<&'static [u8]>, input: &mut Input<'_>) {
        match input.below(8) {
            0..=3 => return self.write(slices),
            4 => self.set_marks(marks(input)),
            5 => self.change_budget(input),
            6 if input.one_in(2) => return self.inner.caller_gave_up(),
            _ => script::extend(&self.inner, input),
        }
        self.owed = Some(slices);
    }

    /// Tells whether a write is pending whose slices must be offered again.
    #[cfg(feature = "codec")]
    pub(super) fn owes_a_write(&self) -> bool {
        self.owed.is_some()
    }

    fn ready(&mut self, way: usize) {
        self.poll(
            |writer, cx| match way {
                0 => writer.poll_ready(cx),
                1 => Sink::poll_ready(writer, cx),
                _ => pin!(writer.get_mut().ready()).poll(cx),
            },
            Oracle::ready,
        );
    }

    fn drain(&mut self, way: usize) {
        self.poll(
            |writer, cx| match way {
                0 => writer.poll_drain(cx),
                _ => pin!(writer.get_mut().drain()).poll(cx),
            },
            Oracle::drain,
        );
    }

    fn flush(&mut self, way: usize) {
        self.poll(
            |writer, cx| match way {
                0 => writer.poll_flush(cx),
                1 => Sink::poll_flush(writer, cx),
                2 => AsyncWrite::poll_flush(writer, cx),
                _ => pin!(writer.get_mut().flush()).poll(cx),
            },
            Oracle::flush,
        );
    }

    fn shutdown(&mut self, way: usize) {
        self.poll(
            |writer, cx| match way {
                0 => writer.poll_shutdown(cx),
                1 => Sink::poll_close(writer, cx),
                2 => AsyncWrite::poll_shutdown(writer, cx),
                _ => pin!(writer.get_mut().shutdown()).poll(cx),
            },
            Oracle::shutdown,
        );
    }

    fn set_marks(&mut self, marks: (usize, usize)) {
        self.subject.writer_mut().set_watermarks(Watermarks::new(marks.0, marks.1));
        self.oracle.flow.set_marks(marks, self.oracle.size());
        self.check_without_calls();
    }

    /// Another writer takes some of the budget, or gives all back, or the limit changes. The writer
    /// notices at its next call.
    fn change_budget(&mut self, input: &mut Input<'_>) {
        let Some((shared, known)) = self.budget.as_ref().zip(self.oracle.flow.budget()) else {
            return;
        };
        match input.below(3) {
            0 => {
                known.limit = input.size();
                shared.set_limit(known.limit);
            }
            1 => {
                known.others = 0;
                self.other = None;
            }
            _ => {
                let size = input.size();
                let other = self.other.get_or_insert_with(|| {
                    let options = Builder::new().budget(shared.clone());
                    options.build(tokio::io::sink())
                });
                if other.try_send(input.payload_of(size)).is_ok() {
                    known.others += size;
                }
            }
        }
        self.check_without_calls();
    }

    fn abort(&mut self) {
        assert_eq!(self.subject.writer_mut().abort(), self.oracle.abort());
        self.check_without_calls();
    }

    /// Lets the inner writer take everything: then all must arrive, be flushed and shut down.
    pub(super) fn end(&mut self) {
        self.inner.otherwise(Answer::Done);
        self.inner.caller_gave_up();
        let mut polls = 0;
        while !self.oracle.has_ended() {
            self.poll(FlowControlledWriter::poll_shutdown, Oracle::shutdown);
            polls += 1;
            assert!(polls < 10_000, "the shutdown never ends");
        }
    }

    /// What was not written comes back.
    pub(super) fn take_apart(self) {
        let writer = self.subject.into_writer();
        let chunks = writer.queued_chunks();
        let held: Vec<Bytes> = writer.into_parts().queue.into_iter().collect();
        assert_eq!(held.len(), chunks, "chunks recounted");
        assert!(held.iter().all(|chunk| !chunk.is_empty()), "an empty chunk");
        assert!(held.concat() == self.oracle.queued(), "the queue differs");
        if let Some(budget) = &self.budget {
            assert_eq!(Some(budget.used()), self.oracle.flow.used(0), "the credit was given back");
        }
    }

    /// Polls the writer and checks it as [`poll_subject`](Self::poll_subject) says.
    fn poll<T: std::fmt::Debug + PartialEq>(
        &mut self,
        poll: impl FnOnce(Pin<&mut Writer>, &mut Context<'_>) -> Poll<io::Result<T>>,
        expect: impl FnOnce(&mut Oracle, &mut Calls) -> Outcome<T>,
    ) {
        self.poll_subject(|subject, cx| poll(Pin::new(subject.writer_mut()), cx), expect);
    }

    /// Polls by a task of its own, compares the result with that of the oracle, and checks that
    /// `Pending` is returned only to a task that will be woken.
    pub(super) fn poll_subject<T: std::fmt::Debug + PartialEq>(
        &mut self,
        poll: impl FnOnce(&mut S, &mut Context<'_>) -> Poll<io::Result<T>>,
        expect: impl FnOnce(&mut Oracle, &mut Calls) -> Outcome<T>,
    ) {
        let task = Task::new();
        let result = poll(&mut self.subject, &mut task.context());
        let result = result.map_err(|error| error.kind());
        let mut calls = Calls::new(self.inner.take_log());
        let expected = expect(&mut self.oracle, &mut calls);
        assert_eq!(result, expected, "after {calls:?}");
        calls.assert_all_explained();
        if result.is_pending() {
            if calls.end_in_pending() {
                assert!(self.inner.wake(), "the inner writer has a waker");
            }
            assert!(task.take_wakes() > 0, "nobody would wake the task");
        }
        self.check();
    }

    pub(super) fn check_without_calls(&mut self) {
        assert_eq!(self.inner.take_log(), [], "no I/O");
        self.check();
    }

    /// Checks what holds at every step.
    fn check(&mut self) {
        self.inner.take_addresses();
        let (writer, oracle) = (self.subject.writer(), &self.oracle);
        let expected = oracle.wire();
        self.inner.with_wire(|wire| {
            assert_eq!(wire.len(), expected.len(), "bytes on the wire");
            assert!(wire[self.compared..] == expected[self.compared..], "the wire differs");
        });
        self.compared = expected.len();
        let size = oracle.size();
        assert_eq!(writer.buffer_size(), size);
        assert_eq!(writer.is_paused(), oracle.flow.is_paused(size));
        assert_eq!(self.budget.as_ref().map(MemoryBudget::used), oracle.flow.used(size));
        assert_eq!(writer.bytes_until_pause(), oracle.flow.until_pause(size));
        assert_eq!(writer.bytes_until_resume(), oracle.flow.until_resume(size));
        assert_eq!(writer.queued_chunks() == 0, size == 0);
        assert!(writer.queued_chunks() <= size);
        let stats = writer.stats();
        assert_eq!(stats.enqueued_bytes, oracle.enqueued_bytes());
        assert_eq!(stats.written_bytes, expected.len() as u64);
        assert_eq!(stats.write_calls, oracle.write_calls());
        assert_eq!(stats.pauses, oracle.flow.pauses());
        assert_eq!(stats.peak_buffer_size, oracle.peak());
    }
}
