use std::io;

use super::rig::Rig;

/// What a program does with a writer: the same steps in every run.
pub(super) struct Workload {
    /// The low and high mark.
    pub(super) marks: (usize, usize),
    pub(super) coalesce_threshold: usize,
    steps: &'static [Step],
}

/// One step; numbers are sizes in bytes.
#[derive(Clone, Copy)]
enum Step {
    Feed(usize),
    Send(usize),
    /// Sends by `start_send`, ready or not.
    Push(usize),
    Write(usize),
    WriteVectored(&'static [usize]),
    Ready,
    Drain,
    Flush,
}

impl Workload {
    /// Runs all steps and a shutdown, or stops at the first error.
    pub(super) fn run(&self, rig: &mut Rig) -> io::Result<()> {
        for step in self.steps {
            match step {
                Step::Feed(size) => rig.feed(*size)?,
                Step::Send(size) => rig.send(*size)?,
                Step::Push(size) => rig.push(*size)?,
                Step::Write(size) => rig.write(*size)?,
                Step::WriteVectored(sizes) => rig.write_vectored(sizes)?,
                Step::Ready => rig.ready()?,
                Step::Drain => rig.drain()?,
                Step::Flush => rig.flush()?,
            }
        }
        rig.shutdown()
    }
}

pub(super) const WORKLOADS: &[Workload] = &[
    // Requests, each written and flushed.
    Workload {
        marks: (16_384, 65_536),
        coalesce_threshold: 1024,
        steps: &[Step::Write(100), Step::Flush, Step::Write(2000), Step::Flush, Step::Write(40)],
    },
    // A producer that goes above the high mark and waits for room.
    Workload {
        marks: (500, 1500),
        coalesce_threshold: 128,
        steps: &[
            Step::Feed(600),
            Step::Feed(20),
            Step::Feed(1000),
            Step::Feed(30),
            Step::Feed(900),
            Step::Ready,
            Step::Feed(700),
            Step::Drain,
            Step::Feed(5),
        ],
    },
    // Messages, each queued and flushed.
    Workload {
        marks: (16_384, 65_536),
        coalesce_threshold: 0,
        steps: &[Step::Send(1), Step::Send(900), Step::Send(64), Step::Send(1100)],
    },
    // More chunks than one gather takes, and nothing drained until the end.
    Workload { marks: (0, 100), coalesce_threshold: 0, steps: &[Step::Push(9); 70] },
    // Headers and bodies, written together and larger than what is left of the room.
    Workload {
        marks: (100, 800),
        coalesce_threshold: 64,
        steps: &[
            Step::WriteVectored(&[32, 700]),
            Step::WriteVectored(&[32, 0, 700]),
            Step::Push(300),
            Step::WriteVectored(&[32, 1400]),
            Step::Flush,
            Step::WriteVectored(&[8]),
        ],
    },
    // A large slice behind a small one: it is offered in place.
    Workload {
        marks: (1000, 4000),
        coalesce_threshold: 1024,
        steps: &[Step::Write(10), Step::Write(33_000), Step::Push(50), Step::Write(5000)],
    },
    // Written through.
    Workload {
        marks: (0, 0),
        coalesce_threshold: 1024,
        steps: &[Step::Write(300), Step::Push(40), Step::Write(200), Step::Flush, Step::Write(1)],
    },
    // All ways in, in turn.
    Workload {
        marks: (64, 256),
        coalesce_threshold: 16,
        steps: &[
            Step::Write(10),
            Step::Push(200),
            Step::WriteVectored(&[5, 60, 5]),
            Step::Feed(100),
            Step::Drain,
            Step::Send(300),
            Step::Write(290),
            Step::Ready,
            Step::Push(15),
            Step::Push(16),
        ],
    },
];
