//! Futures that are given up half-way, as by a `select!`, and what is sent behind them.

use std::future::Future;
use std::io;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use flow_controlled_writer::{Builder, FlowControlledWriter, Watermarks};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::task::yield_now;

use crate::peers::{Connected, Crate, Stream};
use crate::support::{Gate, Pattern, within};

/// Polls `future` a few times, and gives it up if it is not ready by then.
async fn try_for_a_while<F: Future>(future: F, polls: u8) -> Option<F::Output> {
    let mut future = pin!(future);
    for _ in 0..polls {
        match future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(output) => return Some(output),
            Poll::Pending => yield_now().await,
        }
    }
    None
}

/// Sends `TOTAL` bytes of the pattern by futures most of which are given up.
///
/// A `write_all` over OpenSSL that was given up has to be taken up again before anything else: what of
/// it is not in the queue may already be encrypted.
async fn send<S: Stream>(mut writer: FlowControlledWriter<S>, seed: u64) -> io::Result<S> {
    let mut random = fastrand::Rng::with_seed(seed);
    let (mut pattern, mut given_up) = (Pattern::at(0), 0);
    while pattern.position() < TOTAL {
        let most = [100, 2_000, 40_000][random.usize(..3)];
        let mut chunk = pattern.take(random.usize(1..=most));
        let polls = random.u8(1..4);
        if random.bool() {
            while !chunk.is_empty() {
                let before = writer.stats().enqueued_bytes;
                let written = try_for_a_while(writer.write_all(&chunk), polls).await.transpose()?;
                given_up += u32::from(written.is_none());
                drop(chunk.split_to((writer.stats().enqueued_bytes - before) as usize));
            }
        } else {
            feed(&mut writer, chunk, polls).await?;
        }
        if random.u8(..10) == 0 {
            let flushed = try_for_a_while(writer.flush(), polls).await.transpose()?;
            given_up += u32::from(flushed.is_none());
        }
    }
    assert!(given_up > 10, "{given_up} futures were given up");
    while try_for_a_while(writer.shutdown(), 1).await.transpose()?.is_none() {}
    Ok(writer.into_inner())
}

/// Queues a chunk as soon as a wait for room, many of which are given up, has come to its end.
async fn feed<S: Stream>(
    writer: &mut FlowControlledWriter<S>,
    chunk: Bytes,
    polls: u8,
) -> io::Result<()> {
    while try_for_a_while(writer.ready(), polls).await.transpose()?.is_none() {}
    Ok(writer.try_send(chunk)?)
}

/// The same by a handle of a channel, which owns what it was given: nothing need be taken up again.
async fn send_by_channel<S: Stream>(writer: FlowControlledWriter<S>, seed: u64) -> io::Result<S> {
    let (mut sender, driver) = writer.into_channel();
    let sending = async move {
        let mut random = fastrand::Rng::with_seed(seed);
        let mut sent = 0;
        while sent < TOTAL {
            let chunk = Pattern::at(sent).take(random.usize(1..=40_000));
            let before = sender.stats().enqueued_bytes;
            try_for_a_while(sender.write_all(&chunk), random.u8(1..4)).await.transpose()?;
            sent += sender.stats().enqueued_bytes - before;
        }
        io::Result::Ok(())
    };
    let driving = async { Ok(driver.await?) };
    Ok(tokio::try_join!(sending, driving)?.1)
}

/// Receives, a little late, what `sending` sends, and checks that it is the pattern.
async fn receive_all<S>(
    sending: impl Future<Output = io::Result<S>>,
    (mut far, gate): (impl Stream, Gate),
) -> io::Result<()>
where
    S: Stream,
{
    let sending = async {
        let mut near = sending.await?;
        near.read_to_end(&mut Vec::new()).await
    };
    let receiving = async {
        gate.open();
        let received = Pattern::at(0).receive(&mut far).await?;
        far.shutdown().await?;
        Ok(received)
    };
    let (_, received) = within(async { tokio::try_join!(sending, receiving) }).await?;
    assert!(received >= TOTAL, "{received} bytes");
    Ok(())
}

/// The marks under which a writer gathers little, more than a record, and nothing.
const MARKS: [Watermarks; 4] = [
    Watermarks::new(0, 0),
    Watermarks::new(256, 1024),
    Watermarks::new(5_000, 16_383),
    Watermarks::new(16_384, 65_536),
];

#[tokio::test]
async fn what_is_sent_between_futures_that_are_given_up_arrives_whole() -> io::Result<()> {
    for library in [Crate::TokioOpenssl, Crate::TokioNativeTls] {
        for (seed, marks) in MARKS.into_iter().enumerate() {
            let Connected { near, far, gate } = Connected::by(library).await?;
            let writer = Builder::new().watermarks(marks).build(near);
            receive_all(send(writer, seed as u64), (far, gate)).await?;
        }
    }
    Ok(())
}

#[tokio::test]
async fn a_channel_owns_what_was_written_to_it_and_then_given_up() -> io::Result<()> {
    for library in [Crate::TokioOpenssl, Crate::TokioNativeTls] {
        for (seed, marks) in MARKS.into_iter().enumerate() {
            let Connected { near, far, gate } = Connected::by(library).await?;
            let writer = Builder::new().watermarks(marks).build(near);
            receive_all(send_by_channel(writer, seed as u64), (far, gate)).await?;
        }
    }
    Ok(())
}

const TOTAL: u64 = 200_000;
