use std::io;

use bytes::Bytes;
use flow_controlled_writer::{Builder, Watermarks};
use futures::{SinkExt, StreamExt};
use tokio_util::codec::{FramedRead, FramedWrite, LengthDelimitedCodec};

use crate::support::within;

/// tokio-util's `FramedWrite` writes what it has buffered by one call, and the channel takes each call as one
/// item: over clones of a sender it tears nothing, though it knows nothing of the others.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn frames_of_framed_write_over_clones_of_a_sender_arrive_whole() -> io::Result<()> {
    let (near, far) = tokio::io::duplex(10_000);
    let options = Builder::new().watermarks(Watermarks::new(10_000, 50_000));
    let (sender, driver) = options.build(near).into_channel();
    let driver = tokio::spawn(driver);
    for task in 0..TASKS {
        let mut frames = FramedWrite::new(sender.clone(), LengthDelimitedCodec::new());
        tokio::spawn(async move {
            for number in 0..FRAMES {
                let length = if number % 3 == 0 { 200 } else { 40_000 };
                let payload = Bytes::from([vec![number; 1], vec![task; length]].concat());
                // Some lie together in the buffer.
                match number % 2 {
                    0 => frames.feed(payload).await.expect("open"),
                    _ => frames.send(payload).await.expect("open"),
                }
            }
            SinkExt::<Bytes>::close(&mut frames).await.expect("open");
        });
    }
    drop(sender);

    let mut next = [0; TASKS as usize];
    let mut frames = FramedRead::new(far, LengthDelimitedCodec::new());
    while let Some(frame) = within(frames.next()).await.transpose()? {
        let (number, task) = (frame[0], frame[1]);
        assert!(frame[1..].iter().all(|byte| *byte == task), "torn");
        assert_eq!(number, next[usize::from(task)], "in the order of its task");
        next[usize::from(task)] += 1;
    }
    assert_eq!(next, [FRAMES; TASKS as usize]);
    within(driver).await??;
    Ok(())
}

const TASKS: u8 = 4;
const FRAMES: u8 = 100;
