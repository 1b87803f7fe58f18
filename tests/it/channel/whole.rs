//! What is sent by one call is one item, which nobody tears: on several threads, with clones.
use bytes::{BufMut, Bytes, BytesMut};
use flow_controlled_writer::channel::Sender;
use flow_controlled_writer::{Builder, Watermarks};
use futures::{SinkExt, StreamExt};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::task::JoinSet;
use tokio_util::codec::{FramedRead, FramedWrite, LengthDelimitedCodec};

use crate::support::within;

const SENDERS: u8 = 4;
const FRAMES: u32 = 250;

/// The payload of a frame: whose, its number, and a filling of up to 40 000 bytes that both tell.
fn payload(sender: u8, number: u32) -> Bytes {
    let length = (number as usize * 7919) % 40_000;
    let mut payload = BytesMut::with_capacity(5 + length);
    payload.put_u8(sender);
    payload.put_u32(number);
    payload.put_bytes(sender ^ number as u8, length);
    payload.freeze()
}

fn framed(payload: &Bytes) -> [Bytes; 2] {
    [Bytes::copy_from_slice(&(payload.len() as u32).to_be_bytes()), payload.clone()]
}

/// Lets each sender send its frames by `send`, and checks that all come whole, each sender's in order.
async fn every_frame_is_whole<F>(send: fn(Sender, u8) -> F)
where
    F: Future<Output = ()> + Send + 'static,
{
    let (stream, peer) = tokio::io::duplex(3000);
    let options = Builder::new().watermarks(Watermarks::new(20_000, 60_000));
    let (sender, driver) = options.build(stream).into_channel();
    let driver = tokio::spawn(driver);
    let mut tasks = JoinSet::new();
    for number in 0..SENDERS {
        tasks.spawn(send(sender.clone(), number));
    }
    drop(sender);
    let mut next = [0; SENDERS as usize];
    let mut frames = FramedRead::new(peer, LengthDelimitedCodec::new());
    while let Some(frame) = within(frames.next()).await {
        let frame = frame.expect("the frames are whole");
        let sender = frame[0];
        let number = next[sender as usize];
        assert!(frame == payload(sender, number), "frame {number} of {sender}");
        next[sender as usize] += 1;
    }
    assert_eq!(next, [FRAMES; SENDERS as usize]);
    tasks.join_all().await;
    driver.await.expect("no panic").expect("the peer reads");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn frames_of_a_framed_write_over_each_clone() {
    every_frame_is_whole(|sender, number| async move {
        let mut frames = FramedWrite::new(sender, LengthDelimitedCodec::new());
        for index in 0..FRAMES {
            frames.send(payload(number, index)).await.expect("open");
        }
        SinkExt::<Bytes>::close(&mut frames).await.expect("open");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn chunks_of_one_item() {
    every_frame_is_whole(|sender, number| async move {
        for index in 0..FRAMES {
            sender.send_chunks(framed(&payload(number, index))).await.expect("open");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn slices_of_one_vectored_write() {
    every_frame_is_whole(|mut sender, number| async move {
        for index in 0..FRAMES {
            let parts = framed(&payload(number, index));
            let slices = parts.each_ref().map(|part| std::io::IoSlice::new(part));
            let written = sender.write_vectored(&slices).await.expect("open");
            assert_eq!(written, parts.concat().len());
        }
    })
    .await;
}

/// Control frames come in past a pause, between the frames of others and never within one.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn items_that_must_not_wait_lie_between_those_that_do() {
    every_frame_is_whole(|sender, number| async move {
        for index in 0..FRAMES {
            let item = Bytes::from(framed(&payload(number, index)).concat());
            if number == 0 {
                sender.send_now(item).expect("there is no hard limit");
                tokio::task::yield_now().await;
            } else {
                sender.send(item).await.expect("open");
            }
        }
    })
    .await;
}

/// A `write_all` of more than a mebibyte is several items; what one handle writes keeps its order.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_longer_slice_than_one_call_takes_arrives_in_order() {
    let (stream, mut peer) = tokio::io::duplex(100_000);
    let (mut sender, driver) = Builder::new().build(stream).into_channel();
    let driver = tokio::spawn(driver);
    let data: Vec<u8> = (0..3_000_000_u32).map(|index| (index % 251) as u8).collect();
    let sending = tokio::spawn({
        let data = data.clone();
        async move {
            sender.write_all(&data).await.expect("open");
            sender.shutdown().await.expect("open");
        }
    });
    let mut received = Vec::new();
    within(peer.read_to_end(&mut received)).await.expect("readable");
    assert!(received == data);
    sending.await.expect("no panic");
    driver.await.expect("no panic").expect("the peer reads");
}
