use std::future::ready;

use flow_controlled_writer::{Builder, FlowControlledWriter, Watermarks};
use futures::SinkExt;

use crate::support::Answer::{Done, Pending, Take};
use crate::support::{Scripted, Task, within};

/// A flush that loses in `select!` is dropped at whatever point it has reached; what it had
/// written was sent again by the next one.
#[tokio::test]
async fn a_thousand_flushes_dropped_by_select_keep_order_and_send_nothing_twice() {
    for seed in 0..8 {
        let mut random = fastrand::Rng::with_seed(seed);
        let options = Builder::new()
            .watermarks(Watermarks::new(20, 200))
            .coalesce_threshold(random.usize(0..20));
        let (inner, handle) = Scripted::new(seed % 2 == 0, []);
        handle.otherwise(Pending);
        let mut writer = options.build(inner);
        let mut sent = Vec::new();
        for round in 0..1000_u32 {
            let chunk = round.to_be_bytes().repeat(random.usize(0..8));
            sent.extend_from_slice(&chunk);
            futures::Sink::start_send(std::pin::Pin::new(&mut writer), chunk.into())
                .expect("it is open");
            handle.script((0..random.usize(0..3)).map(|_| Take(random.usize(1..40))));
            handle.script_flush((0..random.usize(0..2)).map(|_| Pending));
            tokio::select! {
                biased;
                flushed = writer.flush() => flushed.expect("no error is scripted"),
                () = ready(()) => {}
            }
            handle.with_wire(|wire| {
                assert!(sent.starts_with(wire), "seed {seed}, round {round}");
                assert_eq!(writer.buffer_size(), sent.len() - wire.len(), "seed {seed}");
            });
        }
        handle.otherwise(Done);
        // A queue drains within some polls; what is scripted for the flush does not matter then.
        let task = Task::new();
        for _ in 0..10_000 {
            let _ = task.poll_once(writer.flush());
        }
        assert_eq!(writer.buffer_size(), 0, "seed {seed}");
        assert_eq!(handle.wire(), sent, "seed {seed}");
    }
}

#[tokio::test(start_paused = true)]
async fn sends_that_race_with_a_reader_lose_nothing() {
    let (near, mut far) = tokio::io::duplex(16);
    let mut writer = FlowControlledWriter::with_watermarks(near, Watermarks::new(8, 32));
    let received = tokio::spawn(async move {
        let mut received = Vec::new();
        tokio::io::AsyncReadExt::read_to_end(&mut far, &mut received).await.map(|_| received)
    });
    let mut sent = Vec::new();
    let mut random = fastrand::Rng::with_seed(7);
    for round in 0..1000_u32 {
        tokio::select! {
            biased;
            ready = writer.ready() => {
                ready.expect("the peer reads");
                let chunk = round.to_be_bytes().repeat(random.usize(1..9));
                sent.extend_from_slice(&chunk);
                writer.try_send(chunk).expect("it is ready");
            }
            () = tokio::task::yield_now() => {}
        }
    }
    assert!(sent.len() > 1000, "{}", sent.len());
    within(writer.close()).await.expect("the peer reads");
    assert!(received.await.expect("no panic").expect("readable") == sent);
}
