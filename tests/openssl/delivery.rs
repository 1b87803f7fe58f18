//! All that is sent arrives, whatever the marks are and in whatever way it is sent.

use std::future::{Future, poll_fn};
use std::io;
use std::pin::pin;

use bytes::Bytes;
use flow_controlled_writer::{Builder, Watermarks};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::peers::{Connected, Crate};
use crate::support::{Gate, Pattern, within};
use crate::ways::Way;

/// Opens the gate as soon as `sending` waits: by then the writer was held back.
pub(crate) async fn to_a_late_reader<T>(sending: impl Future<Output = T>, gate: &Gate) -> T {
    let mut sending = pin!(sending);
    poll_fn(|cx| {
        let sent = sending.as_mut().poll(cx);
        if sent.is_pending() {
            gate.open();
        }
        sent
    })
    .await
}

/// Cuts `TOTAL` bytes into chunks of mixed lengths.
fn chunks(random: &mut fastrand::Rng) -> Vec<Bytes> {
    let (mut pattern, mut chunks) = (Pattern::at(0), Vec::new());
    let mut left = TOTAL;
    while left > 0 {
        let most = [100, 2_000, 20_000, TOTAL][random.usize(..4)];
        let length = random.usize(1..=most).min(left);
        chunks.push(pattern.take(length));
        left -= length;
    }
    chunks
}

async fn deliver(library: Crate, marks: Watermarks, way: Way, seed: u64) -> io::Result<()> {
    let Connected { near, mut far, gate } = Connected::by(library).await?;
    let writer = Builder::new().watermarks(marks).build(near);
    let chunks = chunks(&mut fastrand::Rng::with_seed(seed));
    // Each end reads to the end: a socket that is closed with bytes unread resets the connection.
    let sending = async {
        let mut near = way.send(writer, chunks).await?;
        near.read_to_end(&mut Vec::new()).await
    };
    let receiving = async {
        let received = Pattern::at(0).receive(&mut far).await?;
        far.shutdown().await?;
        Ok(received)
    };
    let sending = to_a_late_reader(sending, &gate);
    let (_, received) = within(async { tokio::try_join!(sending, receiving) }).await?;
    assert_eq!(received, TOTAL as u64);
    Ok(())
}

/// Delivers in every way under each pair of marks.
async fn deliver_all(library: Crate, marks: impl IntoIterator<Item = Watermarks>) {
    for marks in marks {
        for (seed, way) in Way::ALL.into_iter().enumerate() {
            if let Err(error) = deliver(library, marks, way, seed as u64).await {
                panic!("{library:?}, {marks:?}, {way:?}: {error}");
            }
        }
    }
}

/// High marks from a part of a record to all but a record, the defaults, and none at all.
fn usual_marks() -> Vec<Watermarks> {
    let mut marks = [0, 256, 1024, 8192, 16_383].map(Watermarks::with_high).to_vec();
    marks.extend([Watermarks::default(), Watermarks::new(0, 1), Watermarks::new(1024, 1024)]);
    marks
}

fn random_marks(seed: u64) -> impl Iterator<Item = Watermarks> {
    let mut random = fastrand::Rng::with_seed(seed);
    let pair = move || {
        let high = random.usize(..=20_000);
        Watermarks::new(random.usize(..=high), high)
    };
    std::iter::repeat_with(pair).take(6)
}

#[tokio::test]
async fn tokio_openssl_delivers_all_under_the_usual_marks() {
    deliver_all(Crate::TokioOpenssl, usual_marks()).await;
}

#[tokio::test]
async fn tokio_native_tls_delivers_all_under_the_usual_marks() {
    deliver_all(Crate::TokioNativeTls, usual_marks()).await;
}

#[tokio::test]
async fn tokio_openssl_delivers_all_under_random_marks() {
    deliver_all(Crate::TokioOpenssl, random_marks(1)).await;
}

#[tokio::test]
async fn tokio_native_tls_delivers_all_under_random_marks() {
    deliver_all(Crate::TokioNativeTls, random_marks(2)).await;
}

const TOTAL: usize = 200_000;
