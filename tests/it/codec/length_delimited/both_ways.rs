use std::io::{self, ErrorKind};

use bytes::{Bytes, BytesMut};
use fastrand::Rng;
use flow_controlled_writer::codec::{
    ChunkAppender, ChunkEncoder, Framed, FramedSink, LengthDelimitedEncoder,
};
use flow_controlled_writer::{ChunkQueue, FlowControlledWriter, TrySendItemError};
use futures::StreamExt;
use tokio::io::{AsyncWriteExt, duplex};
use tokio_util::codec::{self, LengthDelimitedCodec, LengthDelimitedCodecError};

use super::{decode, options, payload};
use crate::support::within;

/// Encodes `item` alone and returns the chunks.
fn chunks<T>(item: T) -> Vec<Bytes>
where
    LengthDelimitedEncoder: ChunkEncoder<T, Error = io::Error>,
{
    let mut queue = ChunkQueue::new();
    let mut encoder = LengthDelimitedEncoder::new();
    encoder.encode(item, &mut ChunkAppender::new(&mut queue)).expect("fits");
    queue.into_iter().collect()
}

#[test]
fn payloads_of_all_types_become_the_same_frame() {
    for length in [0, 1, 1023, 1024, 2047, 2048, 100_000] {
        let payload = payload(length);
        let wanted = chunks(payload.clone()).concat();
        assert_eq!(wanted[4..], payload);
        assert_eq!(chunks(payload.to_vec()).concat(), wanted, "{length}");
        assert_eq!(chunks(BytesMut::from(&payload[..])).concat(), wanted, "{length}");
    }
}

#[test]
fn large_payloads_of_all_types_are_queued_at_their_address() {
    let mut vector = payload(5000).to_vec();
    vector.reserve(3000);
    let mut block = BytesMut::with_capacity(9000);
    block.extend_from_slice(&vector);
    let tail = block.split_off(100);
    let shared = Bytes::from(vector.clone()).slice(10..);
    let addresses = [shared.as_ptr(), vector.as_ptr(), tail.as_ptr()];
    let queued = [chunks(shared), chunks(vector), chunks(tail)];
    assert_eq!(queued.map(|chunks| chunks[1].as_ptr()), addresses);
}

/// Whatever the options, what the one end sends is what the other one gets, in both directions at once.
#[tokio::test]
async fn frames_go_both_ways_between_two_of_the_same_options() -> io::Result<()> {
    for seed in (0..25).map(|_| fastrand::u64(..)) {
        println!("seed {seed}");
        let mut random = Rng::with_seed(seed);
        let field = random.usize(1..=8);
        // A decoder of tokio-util's holds what the field says against the longest payload: both must fit.
        let most = if field == 1 { 150 } else { 10_000 };
        let adjustment = random.isize(-50..=0);
        let (options, theirs) = options(field, adjustment, usize::MAX, random.bool());
        let (near, far) = duplex(random.usize(20..5000));
        let near = options.new_framed(FlowControlledWriter::new(near));
        let far = if random.bool() {
            options.new_framed(FlowControlledWriter::new(far))
        } else {
            Framed::from(codec::Framed::new(far, theirs.new_codec())).map_codec(|_| options.build())
        };
        let mut payloads = || -> Vec<Bytes> {
            (0..20).map(|_| payload(random.usize(..random.clone().usize(1..most)))).collect()
        };
        let (out, back) = (payloads(), payloads());
        let talk = async |framed: Framed<_, LengthDelimitedEncoder>, mine: &[Bytes], count| {
            let (mut sink, stream) = framed.split::<Bytes>();
            let send = async {
                for payload in mine {
                    futures::SinkExt::feed(&mut sink, payload.clone()).await?;
                }
                futures::SinkExt::flush(&mut sink).await
            };
            let receive = stream.take(count).map(|frame| frame.expect("a frame")).collect();
            let (sent, received): (io::Result<()>, Vec<BytesMut>) = tokio::join!(send, receive);
            sent.map(|()| received)
        };
        let both = async { tokio::join!(talk(near, &out, 20), talk(far, &back, 20)) };
        let (received, answered) = within(both).await;
        assert_eq!(received?, back);
        assert_eq!(answered?, out);
    }
    Ok(())
}

#[tokio::test]
async fn a_payload_that_is_too_long_leaves_both_directions_intact() -> io::Result<()> {
    let options = LengthDelimitedEncoder::builder().max_frame_length(3000);
    let (near, far) = duplex(100);
    let mut near = options.new_framed(FlowControlledWriter::new(near));
    let mut far = options.new_framed(FlowControlledWriter::new(far));
    let talk = async {
        for length in [10, 3000, 2500] {
            near.send(payload(length)).await?;
            for refused in [near.send(payload(3001)).await, near.feed(vec![0; 5000]).await] {
                let error = refused.expect_err("over the limit");
                assert_eq!(error.kind(), ErrorKind::InvalidInput);
                assert!(
                    error.get_ref().is_some_and(|error| error.is::<LengthDelimitedCodecError>())
                );
            }
            assert_eq!(near.buffer_size(), 0);
            assert_eq!(near.next().await.transpose()?, Some(payload(length).into()));
        }
        near.shutdown().await
    };
    let echo = async {
        while let Some(frame) = far.next().await.transpose()? {
            far.send(frame).await?;
        }
        Ok(())
    };
    let (talked, echoed) = within(async { tokio::join!(talk, echo) }).await;
    talked.and(echoed)
}

#[test]
fn a_payload_that_is_too_long_leaves_the_channel_intact() {
    let encoder = LengthDelimitedEncoder::builder().max_frame_length(3000).build();
    let sink = FramedSink::new(FlowControlledWriter::new(Vec::new()), encoder);
    let (mut sender, driver) = sink.into_channel();
    for length in [10, 3000, 2500] {
        sender.try_send(payload(length)).expect("within the limit");
        let refused = sender.clone().try_send(payload(3001)).expect_err("over the limit");
        assert!(matches!(refused, TrySendItemError::Encode(_)));
    }
    drop(sender);
    let wire = crate::support::Task::new().poll_once(driver);
    let std::task::Poll::Ready(Ok(wire)) = wire else { panic!("a vector takes all at once") };
    let frames = decode(LengthDelimitedCodec::new(), &wire);
    assert_eq!(frames, [payload(10), payload(3000), payload(2500)]);
}

/// A peer that announces more than is allowed: the error, then the end.
#[tokio::test]
async fn a_frame_that_is_announced_too_long_is_an_error_of_the_stream() -> io::Result<()> {
    let (near, far) = duplex(100);
    let mut near = LengthDelimitedEncoder::builder()
        .max_frame_length(10)
        .new_framed(FlowControlledWriter::new(near));
    let mut far = LengthDelimitedEncoder::builder().new_framed(FlowControlledWriter::new(far));
    far.feed(payload(10)).await?;
    far.send(payload(11)).await?;
    assert_eq!(near.next().await.transpose()?, Some(payload(10).into()));
    let error = within(near.next()).await.transpose().expect_err("11 > 10");
    assert_eq!(error.kind(), ErrorKind::InvalidData);
    assert!(within(near.next()).await.is_none());
    near.send(payload(3)).await?;
    assert_eq!(far.next().await.transpose()?, Some(payload(3).into()));
    Ok(())
}

/// The rest of a frame at the end of the stream, as from tokio-util's decoder.
#[tokio::test]
async fn a_stream_that_ends_within_a_frame_is_an_error() -> io::Result<()> {
    const FRAME: &[u8; 10] = b"\0\0\0\x06abcdef";
    for cut in 1..FRAME.len() {
        let (near, mut far) = duplex(100);
        let mut near =
            LengthDelimitedEncoder::builder().new_framed(FlowControlledWriter::new(near));
        let mut theirs = codec::FramedRead::new(&FRAME[..cut], LengthDelimitedCodec::new());
        far.write_all(&FRAME[..cut]).await?;
        drop(far);
        let (ours, theirs) = (within(near.next()).await, theirs.next().await);
        let kind = |item: Option<io::Result<BytesMut>>| item.map(|item| item.map_err(|e| e.kind()));
        // A header that is whole was taken out of the buffer.
        let expected = (cut != 4).then_some(Err(ErrorKind::Other));
        assert_eq!((kind(ours), kind(theirs)), (expected.clone(), expected), "{cut} bytes");
    }
    Ok(())
}
