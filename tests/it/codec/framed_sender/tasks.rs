use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;

use bytes::Bytes;
use fastrand::Rng;
use flow_controlled_writer::codec::{
    ChunkAppender, ChunkEncoder, FramedSender, FramedSink, LengthDelimitedEncoder,
};
use flow_controlled_writer::{Builder, Watermarks};
use futures::SinkExt;
use futures::future::{self, Either};

use super::wire::{HEAD, Record, Wire, payload};
use crate::support::within;

/// Counts what is encoded.
#[derive(Clone, Debug, Default)]
struct Counted {
    encoder: LengthDelimitedEncoder,
    encoded: Arc<AtomicUsize>,
}

impl ChunkEncoder<Vec<u8>> for Counted {
    type Error = std::io::Error;

    fn encode(&mut self, item: Vec<u8>, dst: &mut ChunkAppender<'_>) -> std::io::Result<()> {
        self.encoded.fetch_add(1, Ordering::Relaxed);
        self.encoder.encode(item, dst)
    }
}

/// 16 tasks send frames of all lengths, and give up at random, though not twice in a row, so that most are sent on a
/// slow machine too. What they were told was sent arrives, whole and in the order of each; what they gave up was
/// never encoded; payloads of 1 MiB are not copied.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn frames_of_many_tasks_that_give_up_at_random_arrive_whole_and_in_order() {
    let seed = fastrand::u64(..);
    println!("seed {seed}");
    let record = Record::default();
    let options = Builder::new().watermarks(Watermarks::new(10_000, 50_000));
    let writer = options.build(Wire::new(seed, record.clone()));
    let encoder = Counted::default();
    let (sender, driver) = FramedSink::new(writer, encoder.clone()).into_channel();
    let driver = tokio::spawn(driver);
    let tasks: Vec<_> = (0..TASKS)
        .map(|task| {
            let random = Rng::with_seed(seed.wrapping_add(u64::from(task)));
            tokio::spawn(send_at_random(task, random, sender.clone(), record.clone()))
        })
        .collect();
    drop(sender);

    let (mut all, mut large, mut given_up) = (0, 0, 0);
    let mut sent = Vec::new();
    for task in tasks {
        let outcome = within(task).await.expect("no task panics");
        all += outcome.numbers.len();
        large += outcome.large;
        given_up += outcome.given_up;
        sent.push(outcome.numbers);
    }
    let wire = within(driver).await.expect("no panic").expect("it does not fail");
    assert!(wire.is_whole());
    for (task, numbers) in (0..).zip(sent) {
        assert_eq!(record.arrived(task), numbers, "task {task}");
    }
    assert_eq!((record.large(), encoder.encoded.load(Ordering::Relaxed)), (large, all));
    assert!(all > 1000 && large > 10 && given_up > 20, "{all} {large} {given_up}");
}

/// What a task was told.
#[derive(Default)]
struct Outcome {
    numbers: Vec<u32>,
    large: usize,
    given_up: usize,
}

async fn send_at_random(
    task: u32,
    mut random: Rng,
    mut sender: FramedSender<Counted>,
    record: Record,
) -> Outcome {
    let mut outcome = Outcome::default();
    let mut sent = true;
    for number in 0..200 {
        let length = match random.u8(..50) {
            0 => MIB,
            1..5 => random.usize(2000..20_000),
            _ => random.usize(HEAD..300),
        };
        let item = payload(task, number, length);
        record.will_send(&item);
        let patience = if sent { Some(random.usize(..12)) } else { None };
        sent = match random.u8(..4) {
            0 if sent => sender.try_send(item).is_ok(),
            1 => within_polls(patience, SinkExt::feed(&mut sender, item)).await,
            _ => within_polls(patience, sender.send(item)).await,
        };
        if sent {
            outcome.numbers.push(number);
            outcome.large += usize::from(length == MIB);
        } else {
            outcome.given_up += 1;
        }
        if random.u8(..10) == 0 {
            within_polls(patience, SinkExt::<Vec<u8>>::flush(&mut sender)).await;
        }
    }
    outcome
}

/// Waits for so many polls of the task, or without end, then drops the future. Tells whether it ended.
async fn within_polls<T, E: std::fmt::Debug>(
    polls: Option<usize>,
    future: impl Future<Output = Result<T, E>>,
) -> bool {
    let Some(mut polls) = polls else {
        return future.await.map(drop).map_err(|error| panic!("{error:?}")).is_ok();
    };
    let patience = future::poll_fn(|cx| match polls.checked_sub(1) {
        None => Poll::Ready(()),
        Some(left) => {
            polls = left;
            cx.waker().wake_by_ref();
            Poll::Pending
        }
    });
    match future::select(pin!(future), pin!(patience)).await {
        Either::Left((result, _)) => result.map(drop).map_err(|error| panic!("{error:?}")).is_ok(),
        Either::Right(_) => false,
    }
}

/// A frame of many parts is one item, whoever sends in between.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn frames_of_many_parts_are_not_torn_by_others() {
    /// A task and a number, each part of its own.
    #[derive(Clone, Debug)]
    struct Parts;

    impl ChunkEncoder<(u8, usize)> for Parts {
        type Error = std::io::Error;

        fn encode(
            &mut self,
            item: (u8, usize),
            dst: &mut ChunkAppender<'_>,
        ) -> std::io::Result<()> {
            for part in 0..item.1 {
                match part % 3 {
                    0 => dst.push(Bytes::from(vec![item.0; 1500])),
                    1 => dst.extend_from_slice(&[item.0; 10]),
                    _ => dst.encode_with(|block| {
                        block.extend_from_slice(&[item.0; 100]);
                        Ok::<_, std::io::Error>(())
                    })?,
                }
            }
            dst.extend_from_slice(b"\n");
            Ok(())
        }
    }

    let writer = Builder::new().watermarks(Watermarks::new(1000, 5000)).build(Vec::new());
    let (sender, driver) = FramedSink::new(writer, Parts).into_channel();
    let driver = tokio::spawn(driver);
    for task in 0..8 {
        let mut sender = sender.clone();
        tokio::spawn(async move {
            for count in 0..100 {
                sender.send((b'a' + task, count % 11)).await.expect("open");
            }
        });
    }
    drop(sender);
    let wire = within(driver).await.expect("no panic").expect("it does not fail");
    let mut frames = 0;
    for frame in wire.split(|byte| *byte == b'\n') {
        assert!(frame.windows(2).all(|pair| pair[0] == pair[1]), "torn");
        frames += 1;
    }
    assert_eq!(frames, 801);
}

const TASKS: u32 = 16;
const MIB: usize = 1024 * 1024;
