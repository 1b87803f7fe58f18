use std::io;

use bytes::{BufMut, BytesMut};
use fastrand::Rng;
use flow_controlled_writer::codec::{ChunkEncoder, FramedSink};
use flow_controlled_writer::{Builder, Watermarks};
use tokio_util::codec::{Encoder, FramedWrite};

use super::{FrameRig, decode};
use crate::support::Answer::{self, Done, Pending, Take};
use crate::support::{Scripted, Task};

/// How an encoder goes about its block.
#[derive(Clone, Copy, Debug)]
enum Habit {
    /// Makes room for so many bytes first.
    Reserves(usize),
    /// Makes room for so many bytes at last.
    ReservesAfterwards(usize),
    /// Zeroes up to a maximum, writes into that, and cuts the rest off.
    Resizes(usize),
    /// Writes to a scratch of its own, which it joins to the block.
    Unsplits,
    /// The same, in two halves of one scratch.
    UnsplitsHalves,
    /// Takes the end of the block apart and joins it again.
    SplitsOff,
    /// Writes more than it needs, and takes it back.
    Truncates,
}

/// Encodes lines by its habit.
#[derive(Clone, Debug)]
struct Generous(Habit);

impl<'a> Encoder<&'a str> for Generous {
    type Error = io::Error;

    fn encode(&mut self, item: &'a str, dst: &mut BytesMut) -> io::Result<()> {
        let (frame, before) = (format!("{item}\n"), dst.len());
        match self.0 {
            Habit::Reserves(room) => {
                dst.reserve(room);
                dst.put_slice(frame.as_bytes());
            }
            Habit::ReservesAfterwards(room) => {
                dst.put_slice(frame.as_bytes());
                dst.reserve(room);
            }
            Habit::Resizes(most) => {
                dst.resize(before + frame.len().max(most), 0);
                dst[before..][..frame.len()].copy_from_slice(frame.as_bytes());
                dst.truncate(before + frame.len());
            }
            Habit::Unsplits => {
                let mut scratch = BytesMut::with_capacity(2 * frame.len());
                scratch.put_slice(frame.as_bytes());
                dst.unsplit(scratch);
            }
            Habit::UnsplitsHalves => {
                let mut scratch = BytesMut::from(&*frame);
                let second = scratch.split_off(frame.len() / 2);
                dst.unsplit(scratch);
                dst.unsplit(second);
            }
            Habit::SplitsOff => {
                let mut tail = dst.split_off(before);
                tail.put_slice(frame.as_bytes());
                dst.unsplit(tail);
            }
            Habit::Truncates => {
                dst.put_slice(frame.as_bytes());
                dst.put_bytes(b'#', 3000);
                dst.truncate(before + frame.len());
            }
        }
        Ok(())
    }
}

const HABITS: [Habit; 14] = [
    Habit::Reserves(0),
    Habit::Reserves(20),
    Habit::Reserves(64),
    Habit::Reserves(2048),
    Habit::Reserves(8192),
    Habit::ReservesAfterwards(20),
    Habit::ReservesAfterwards(8192),
    Habit::Resizes(64),
    Habit::Resizes(2048),
    Habit::Resizes(8192),
    Habit::Unsplits,
    Habit::UnsplitsHalves,
    Habit::SplitsOff,
    Habit::Truncates,
];

#[test]
fn frames_of_encoders_of_all_habits_are_what_they_are_under_framed_write() {
    let lines: Vec<String> = (0..200).map(|number| "x".repeat(number * number % 61)).collect();
    let task = Task::new();
    for habit in HABITS {
        let mut rival = FramedWrite::new(Vec::new(), Generous(habit));
        for line in &lines {
            let fed = futures::SinkExt::feed(&mut rival, line);
            assert!(task.poll_once(fed).is_ready());
        }
        assert!(task.poll_once(futures::SinkExt::<&str>::flush(&mut rival)).is_ready());
        for threshold in [0, 1024] {
            let options = Builder::new().coalesce_threshold(threshold);
            let writer = options.build(Vec::new());
            let mut sink = FramedSink::new(writer, Generous(habit));
            for line in &lines {
                sink.try_send(&**line).expect("not paused");
            }
            assert!(task.poll_once(sink.flush()).is_ready());
            assert!(sink.get_ref().get_ref() == rival.get_ref(), "{habit:?}, {threshold}");
        }
    }
}

/// Frames of all habits in turn, over inner writers of all kinds, through a sink and through a channel.
#[test]
fn frames_of_mixed_habits_arrive_whole_and_in_order() {
    let first = fastrand::u64(..);
    for seed in (0..200).map(|at| first.wrapping_add(at)) {
        println!("seed {seed}");
        let mut random = Rng::with_seed(seed);
        let high = random.usize(..20_000);
        let options = Builder::new()
            .watermarks(Watermarks::new(random.usize(..=high), high))
            .coalesce_threshold(*random.choice(&[0, 10, 1024, 4096]).expect("there are some"));
        let inner = Scripted::new(random.bool(), []);
        let mut rig = FrameRig::with_options(&options, Generous(HABITS[0]), inner);
        let mut sent = Vec::new();
        for _ in 0..random.usize(1..150) {
            rig.inner.script((0..random.usize(..3)).map(|_| answer(&mut random)));
            rig.sink.encoder_mut().0 = *random.choice(&HABITS).expect("there are some");
            let line = line(&mut random);
            match random.u8(..8) {
                0 => drop(rig.flush()),
                1 => drop(rig.ready()),
                _ => {
                    rig.start_send(&*line, format!("{line}\n")).expect("there is no limit");
                    sent.push(line);
                }
            }
        }
        rig.inner.otherwise(*random.choice(&[Done, Take(100)]).expect("two"));
        assert_eq!(decode(tokio_util::codec::LinesCodec::new(), &rig.flush_to_end()), sent);
    }
}

#[test]
fn frames_of_mixed_habits_arrive_whole_through_a_channel() {
    let first = fastrand::u64(..);
    for seed in (0..200).map(|at| first.wrapping_add(at)) {
        println!("seed {seed}");
        let mut random = Rng::with_seed(seed);
        let threshold = *random.choice(&[0, 10, 1024, 4096]).expect("there are some");
        let options = Builder::new().coalesce_threshold(threshold);
        let (inner, handle) = Scripted::new(random.bool(), []);
        let sink = FramedSink::new(options.build(inner), Generous(HABITS[0]));
        let (sender, driver) = sink.into_channel();
        let (mut driver, pump) = (Box::pin(driver), Task::new());
        let mut handles = [sender.clone(), sender];
        let mut wanted = String::new();
        for _ in 0..random.usize(1..150) {
            handle.script((0..random.usize(..3)).map(|_| answer(&mut random)));
            let sender = &mut handles[random.usize(..2)];
            sender.encoder_mut().0 = *random.choice(&HABITS).expect("there are some");
            let line = line(&mut random);
            if sender.try_send(&*line).is_ok() {
                wanted += &format!("{line}\n");
            }
            if random.u8(..4) == 0 {
                assert!(pump.poll(driver.as_mut()).is_pending());
            }
        }
        handle.otherwise(Done);
        drop(handles);
        while pump.poll(driver.as_mut()).is_pending() {}
        assert!(handle.wire() == wanted.as_bytes());
    }
}

/// An encoder that fails takes back what it did, whatever its habit.
#[test]
fn half_frames_of_all_habits_are_removed() {
    /// Fails for each second item.
    #[derive(Clone, Debug)]
    struct Failing(Generous, bool);

    impl<'a> Encoder<&'a str> for Failing {
        type Error = io::Error;

        fn encode(&mut self, item: &'a str, dst: &mut BytesMut) -> io::Result<()> {
            self.1 = !self.1;
            Encoder::encode(&mut self.0, item, dst)?;
            if self.1 { Err(io::ErrorKind::Unsupported.into()) } else { Ok(()) }
        }
    }

    fn check(rig: &mut FrameRig<Failing>, line: &str) {
        rig.start_send(line, "").expect_err("fails");
        rig.start_send(line, format!("{line}\n")).expect("the sink is usable");
    }

    for habit in HABITS {
        let mut rig = FrameRig::new(Failing(Generous(habit), false), [Take(30), Pending]);
        for length in [0, 20, 1000, 5000, 20, 0, 100_000, 20] {
            check(&mut rig, &"x".repeat(length));
            let _ = rig.flush();
        }
        rig.flush_to_end();
        rig.finish();
    }
    fn is_encoder<E: for<'a> ChunkEncoder<&'a str>>(_: &E) {}
    is_encoder(&Generous(HABITS[0]));
}

fn answer(random: &mut Rng) -> Answer {
    match random.u8(..4) {
        0 => Pending,
        1 => Done,
        _ => Take(random.usize(1..3000)),
    }
}

/// A short line mostly.
fn line(random: &mut Rng) -> String {
    let most = *random.choice(&[1, 20, 20, 20, 300, 6000]).expect("there are some");
    "x".repeat(random.usize(..most))
}
