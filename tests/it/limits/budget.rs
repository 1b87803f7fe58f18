use std::io::ErrorKind;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;

use bytes::Bytes;
use flow_controlled_writer::{Builder, MemoryBudget, TrySendError, Watermarks};
use tokio::io::AsyncReadExt;

use crate::support::Answer::{self, Done, Fail, OverReport, Pending, Take};
use crate::support::{READY, Rig, Scripted, failed, within};

/// A writer that shares `budget`, over an inner writer that takes nothing until told.
fn stuck(budget: &MemoryBudget) -> Rig {
    let rig = Rig::with_options(&options(budget), Scripted::gathering([]));
    rig.inner.otherwise(Pending);
    rig
}

fn options(budget: &MemoryBudget) -> Builder {
    Builder::new().coalesce_threshold(0).budget(budget.clone())
}

#[test]
fn used_is_what_all_writers_hold() {
    let budget = MemoryBudget::new(100);
    let (mut first, mut second) = (stuck(&budget), stuck(&budget));
    first.queue(["12345"]);
    assert_eq!(second.write(b"678"), Poll::Ready(Ok(3)));
    assert_eq!(budget.used(), 8);

    first.inner.script([Take(2), Pending]);
    assert!(first.flush().is_pending());
    assert_eq!((budget.used(), budget.peak()), (6, 8));
    second.abort();
    assert_eq!(budget.used(), 3);
    first.inner.otherwise(Fail(ErrorKind::BrokenPipe));
    assert_eq!(first.flush(), failed(ErrorKind::BrokenPipe));
    assert_eq!(budget.used(), 3, "a failed writer still holds its bytes");
    drop(first);
    assert_eq!(budget.used(), 0);
}

#[test]
fn what_was_offered_to_a_writer_that_over_reports_no_longer_counts() {
    let budget = MemoryBudget::new(100);
    let options = options(&budget);
    let mut rig = Rig::with_options(&options, Scripted::plain([OverReport(1)]));
    rig.queue([vec![1; 16 * 1024], vec![2; 7]]);
    assert_eq!(rig.flush(), failed(ErrorKind::InvalidData));
    assert_eq!(budget.used(), 7);
}

#[test]
fn parts_no_longer_count() {
    let budget = MemoryBudget::new(100);
    let mut rig = stuck(&budget);
    rig.queue(["12345"]);
    let queue = rig.finish();
    assert_eq!(budget.used(), 0);
    assert_eq!(queue.chunk_count(), 1);
}

#[test]
fn while_exceeded_a_writer_pauses_with_its_first_byte_and_resumes_when_empty() {
    let budget = MemoryBudget::new(10);
    let (mut hog, mut rig) = (stuck(&budget), stuck(&budget));
    hog.queue(["12345678901"]);
    assert!(budget.is_exceeded() && hog.writer.is_paused());

    assert_eq!(rig.ready(), READY, "it holds nothing");
    assert_eq!(rig.writer.bytes_until_pause(), 1);
    rig.queue(["ab"]);
    assert!(rig.writer.is_paused());
    assert_eq!(rig.writer.bytes_until_resume(), 2);
    rig.inner.script([Take(1), Pending]);
    assert!(rig.ready().is_pending());
    rig.inner.otherwise(Done);
    assert_eq!(rig.ready(), READY);
    assert_eq!(rig.writer.stats().pauses, 1);
}

#[test]
fn a_writer_notices_at_its_next_call_that_the_budget_is_exceeded_or_back() {
    let budget = MemoryBudget::new(10);
    let (mut hog, mut rig) = (stuck(&budget), stuck(&budget));
    rig.queue(["ab"]);
    hog.queue(["12345678901"]);
    assert!(rig.writer.is_paused());
    assert!(rig.ready().is_pending());
    assert_eq!(rig.writer.watermarks(), Watermarks::default());

    drop(hog);
    assert!(!rig.writer.is_paused());
    assert_eq!(rig.ready(), READY);
}

/// An item is judged by what is held before it: the budget acts through the marks alone.
#[test]
fn try_send_refuses_once_the_budget_is_exceeded_and_not_what_would_exceed_it() {
    let budget = MemoryBudget::new(10);
    let (mut first, mut second) = (stuck(&budget), stuck(&budget));
    first.try_send("1234567").expect("within the budget");
    second.try_send("abc").expect("exactly the budget");
    first.try_send("8901").expect("not exceeded before it");
    assert_eq!(budget.used(), 14);
    assert_eq!(first.try_send("x"), Err(TrySendError::Full(Bytes::from("x"))));
    assert_eq!(second.try_send("x"), Err(TrySendError::Full(Bytes::from("x"))));
    assert_eq!(budget.used(), 14);
}

/// Peers that never read used the budget up, to the byte. Every `try_send` of the others failed, and a
/// server dropped readers that had kept up.
#[test]
fn a_used_up_budget_lets_one_item_into_every_writer_that_holds_nothing_by_every_way_in() {
    for used in [9, 10, 11, 1000] {
        let budget = MemoryBudget::new(10);
        let mut hog = stuck(&budget);
        hog.queue([vec![1; used]]);
        let ways: [fn(&mut Rig) -> bool; 4] = [
            |rig| rig.try_send("item").is_ok(),
            |rig| rig.ready() == READY && rig.try_send("item").is_ok(),
            |rig| rig.ready() == READY && rig.start_send("item").is_ok(),
            |rig| rig.try_append("item").is_ok(),
        ];
        for way in ways {
            let mut rig = Rig::with_options(&options(&budget), Scripted::gathering([]));
            for _ in 0..3 {
                assert!(way(&mut rig), "{used} used");
                assert!(rig.writer.is_paused(), "{used} used");
                assert!(rig.try_send("more").is_err_and(|error| error.is_full()));
                assert_eq!(budget.used(), used + 4);
                assert_eq!(rig.flush(), READY);
            }
        }
    }
}

#[test]
fn the_limit_may_change_both_ways() {
    let budget = MemoryBudget::new(10);
    let mut rig = stuck(&budget);
    rig.queue(["1234567"]);
    budget.set_limit(6);
    assert!(budget.is_exceeded() && rig.writer.is_paused());
    assert!(rig.ready().is_pending());
    assert_eq!(rig.try_send("x"), Err(TrySendError::Full(Bytes::from("x"))));
    budget.set_limit(7);
    assert!(!rig.writer.is_paused());
    assert_eq!(rig.ready(), READY);
    assert_eq!(rig.try_send("x"), Ok(()));
}

/// A tenant within a process.
#[test]
fn a_child_counts_in_its_parent_and_either_of_them_pauses() {
    let parent = MemoryBudget::new(10);
    let (left, right) = (parent.child(5), parent.child(100));
    let (mut first, mut second) = (stuck(&left), stuck(&right));
    first.queue(["12345"]);
    second.queue(["ab"]);
    assert_eq!((left.used(), right.used(), parent.used()), (5, 2, 7));
    assert!(!first.writer.is_paused());
    first.queue(["6"]);
    assert!(first.writer.is_paused() && !second.writer.is_paused(), "its own limit");
    second.queue(["cde"]);
    assert_eq!(parent.used(), 11);
    assert!(second.writer.is_paused(), "that of the parent");
    first.abort();
    assert!(!second.writer.is_paused());
    assert_eq!((left.used(), right.used(), parent.used()), (0, 5, 5));
    drop(second);
    assert_eq!((right.used(), parent.used(), parent.peak()), (0, 0, 11));
}

#[test]
fn start_send_admits_one_item_whole() {
    let budget = MemoryBudget::new(10);
    let mut rig = stuck(&budget);
    assert_eq!(rig.ready(), READY);
    rig.queue(["123456789012345"]);
    assert_eq!(budget.used(), 15);
    assert!(rig.ready().is_pending());
}

#[test]
fn borrowed_bytes_go_through_while_exceeded_and_none_are_kept() {
    let budget = MemoryBudget::new(10);
    let (mut hog, mut rig) = (stuck(&budget), stuck(&budget));
    hog.queue(["12345678901"]);
    assert!(rig.write(b"abc").is_pending());
    assert_eq!(budget.used(), 11);
    rig.inner.otherwise(Take(2));
    assert_eq!(rig.write(b"abc"), Poll::Ready(Ok(2)));
    assert_eq!((rig.inner.wire(), budget.used()), (b"ab".to_vec(), 11));
}

#[test]
fn most_writers_stuck_leave_the_others_moving() {
    let (limit, item) = (64 * 1024, 3000);
    let budget = MemoryBudget::new(limit);
    let message = Bytes::from(vec![7; item]);
    let mut stuck: Vec<_> = (0..900).map(|_| stuck(&budget)).collect();
    let mut moving: Vec<_> =
        (0..100).map(|_| Rig::with_options(&options(&budget), Scripted::gathering([]))).collect();
    for round in 1..=50 {
        for rig in stuck.iter_mut().chain(&mut moving) {
            if rig.ready().is_ready() {
                rig.queue([message.clone()]);
            }
            assert!(budget.used() <= limit + 1000 * item);
        }
        for rig in &mut moving {
            assert_eq!(rig.flush(), READY);
            assert_eq!(rig.writer.stats().written_bytes, (round * item) as u64);
        }
    }
    assert!(budget.is_exceeded());
    assert!(stuck.iter().all(|rig| rig.writer.buffer_size() == item));
    drop(stuck);
    assert_eq!(budget.used(), 0);
}

#[test]
fn used_is_exact_at_every_step_of_a_random_run() {
    let seed = fastrand::u64(..);
    println!("seed {seed}");
    let mut random = fastrand::Rng::with_seed(seed);
    for _ in 0..50 {
        let budget = MemoryBudget::new(random.usize(0..100_000));
        let mut rigs: Vec<Rig> = (0..8).map(|_| scripted_at_random(&budget, &mut random)).collect();
        for _ in 0..200 {
            let index = random.usize(..rigs.len());
            if random.usize(..50) == 0 {
                rigs[index] = scripted_at_random(&budget, &mut random);
            } else {
                step(&mut rigs[index], &mut random);
            }
            let held: usize = rigs.iter().map(|rig| rig.writer.buffer_size()).sum();
            assert_eq!(budget.used(), held);
            assert!(budget.peak() >= held);
        }
        drop(rigs);
        assert_eq!(budget.used(), 0);
    }
}

fn scripted_at_random(budget: &MemoryBudget, random: &mut fastrand::Rng) -> Rig {
    let mut script = Vec::new();
    for _ in 0..random.usize(..40) {
        script.push(match random.u8(..20) {
            0 => Fail(ErrorKind::ConnectionReset),
            1 | 2 => Fail(ErrorKind::Interrupted),
            3 => Take(0),
            4..=9 => Pending,
            _ => Take(random.usize(1..50_000)),
        });
    }
    let inner = Scripted::new(random.bool(), script);
    let high = random.usize(..50_000);
    let options = Builder::new()
        .watermarks(Watermarks::new(random.usize(..=high), high))
        .coalesce_threshold(random.usize(..2000))
        .budget(budget.clone());
    let rig = Rig::with_options(&options, inner);
    rig.inner.otherwise(if random.bool() { Pending } else { Answer::Done });
    rig
}

fn step(rig: &mut Rig, random: &mut fastrand::Rng) {
    let bytes = vec![random.u8(..); random.usize(..5000) * random.usize(..10)];
    match random.u8(..20) {
        0..=3 => drop(rig.try_send(bytes)),
        4..=7 => drop(rig.start_send(bytes)),
        8..=10 => {
            let _outcome = rig.write(&bytes);
            rig.give_up_write();
        }
        11 => {
            let _outcome = rig.write_vectored(&[&bytes, b"more", &bytes]);
            rig.give_up_write();
        }
        12..=14 => drop(rig.ready()),
        15..=17 => drop(rig.flush()),
        18 => drop(rig.drain()),
        _ if random.bool() => drop(rig.shutdown()),
        _ => drop(rig.abort()),
    }
}

#[test]
fn threads_that_share_a_budget_leave_it_empty() {
    let budget = MemoryBudget::new(10_000);
    const THREADS: usize = 4;
    let item = 700;
    std::thread::scope(|scope| {
        for seed in 0..THREADS as u64 {
            let budget = budget.clone();
            scope.spawn(move || {
                let mut random = fastrand::Rng::with_seed(seed);
                for _ in 0..20 {
                    let mut rig = scripted_at_random(&budget, &mut random);
                    for _ in 0..100 {
                        let _refused = rig.try_send(vec![1; item]);
                        let _outcome = rig.flush();
                        assert!(budget.used() >= rig.writer.buffer_size());
                        let bound = budget.limit() + THREADS * item;
                        assert!(budget.peak() <= bound, "more than an item a writer beyond it");
                    }
                }
            });
        }
    });
    assert_eq!(budget.used(), 0);
}

/// Another thread exceeds the budget and frees it again and again. A write that looked at the limits twice
/// found room, and then none: it was answered by `Ok(0)`, which ends a `write_all`.
#[test]
fn a_write_of_bytes_never_takes_none_whatever_others_do_to_the_budget_meanwhile() {
    let budget = MemoryBudget::new(1000);
    let is_over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !is_over.load(Ordering::Relaxed) {
                let mut hog = Builder::new().budget(budget.clone()).build(tokio::io::sink());
                hog.try_send(vec![1; 2000]).expect("holds nothing");
            }
        });
        let mut rig = stuck(&budget);
        rig.inner.otherwise(Take(1));
        for round in 0..20_000_usize {
            let slice = vec![round as u8; 1 + round % 40];
            match rig.write(&slice) {
                Poll::Ready(taken) => assert_ne!(taken, Ok(0), "round {round}"),
                Poll::Pending => assert!(rig.task.take_wakes() > 0, "it only made all its calls"),
            }
        }
        is_over.store(true, Ordering::Relaxed);
    });
}

/// Peers that never read have used the budget up. A loop of `ready` and `try_send` in one runtime with the
/// driver spun, as it was told ready and then refused.
#[tokio::test]
async fn a_used_up_budget_lets_a_loop_of_ready_and_try_send_go_on() {
    let budget = MemoryBudget::new(1000);
    let mut hog = stuck(&budget);
    hog.queue([vec![1; 5000]]);
    let (stream, mut peer) = tokio::io::duplex(64);
    let (sender, driver) = options(&budget).build(stream).into_channel();
    let driver = tokio::spawn(driver);
    let reading = tokio::spawn(async move {
        let mut received = Vec::new();
        peer.read_to_end(&mut received).await.map(|_| received.len())
    });
    let mut refused = 0;
    for _ in 0..1000 {
        loop {
            within(sender.ready()).await.expect("open");
            if sender.try_send("a message").is_ok() {
                break;
            }
            refused += 1;
        }
    }
    assert_eq!(refused, 0, "ready, and nobody else sends");
    drop(sender);
    driver.await.expect("no panic").expect("the peer reads");
    assert_eq!(reading.await.expect("no panic").expect("readable"), 9000);
}
