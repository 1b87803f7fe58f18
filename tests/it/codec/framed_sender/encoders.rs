use std::io::{self, ErrorKind, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;

use bytes::{BufMut, Bytes, BytesMut};
use fastrand::Rng;
use flow_controlled_writer::channel::Sender;
use flow_controlled_writer::codec::{ChunkAppender, ChunkEncoder, LengthDelimitedEncoder};
use flow_controlled_writer::{Builder, TrySendItemError};
use futures::Sink;
use tokio_util::codec::{BytesCodec, Encoder, LengthDelimitedCodec};

use super::{Counting, Rig};
use crate::support::Answer::{Pending, Take};
use crate::support::Task;

type Way = fn(&mut Rig<Counting>, &'static str) -> Result<(), ErrorKind>;

/// Each way to send an item at once, and what came of it.
const WAYS: [Way; 3] = [
    |rig, line| match rig.sender.try_send(line) {
        Ok(_) => Ok(()),
        Err(TrySendItemError::Encode(error)) => Err(error.kind()),
        Err(other) => panic!("{other:?}"),
    },
    |rig, line| match Task::new().poll_once(rig.sender.send(line)) {
        Poll::Ready(sent) => sent.map(drop).map_err(|error| error.kind()),
        Poll::Pending => panic!("not paused"),
    },
    |rig, line| Pin::new(&mut rig.sender).start_send(line).map_err(|error| error.kind()),
];

#[test]
fn an_item_that_cannot_be_encoded_queues_nothing_and_its_handle_goes_on() {
    for way in WAYS {
        let mut rig = Rig::new((4, 100), Counting::default(), []);
        let mut other = rig.sender.clone();
        for _ in 0..3 {
            assert_eq!(way(&mut rig, "!half a line"), Err(ErrorKind::InvalidInput));
            other.try_send("between").expect("open");
            assert_eq!(way(&mut rig, "whole"), Ok(()));
        }
        assert_eq!(rig.sender.sender().stats().enqueued_bytes, 42);
        assert!(rig.drive().is_pending());
        assert_eq!(rig.inner.wire(), b"between\nwhole\n".repeat(3));
    }
}

/// An encoder of all that goes wrong after large parts were queued.
#[derive(Clone, Debug)]
struct Mishaps;

enum Mishap {
    None,
    /// An error behind a part that is kept as it is.
    Fails(Bytes),
    /// Removes what it had written itself.
    Tears,
    Panics,
}

impl ChunkEncoder<Mishap> for Mishaps {
    type Error = io::Error;

    fn encode(&mut self, item: Mishap, dst: &mut ChunkAppender<'_>) -> io::Result<()> {
        dst.write_all(b"head ")?;
        match item {
            Mishap::None => {}
            Mishap::Fails(part) => {
                dst.push(part);
                dst.extend_from_slice(&[b'#'; 5000]);
                return Err(ErrorKind::Unsupported.into());
            }
            Mishap::Tears => dst.encode_with(|block| {
                block.clear();
                block.put_u8(b'#');
                Ok::<_, io::Error>(())
            })?,
            Mishap::Panics => {
                dst.extend_from_slice(b"half");
                panic!("as the test wants");
            }
        }
        dst.write_all(b"tail")
    }
}

/// A large part in a handle that has nothing to send would stay for as long as that lives.
#[test]
fn the_parts_of_an_item_that_failed_are_let_go_at_once() {
    struct Owner(Arc<AtomicUsize>);

    impl AsRef<[u8]> for Owner {
        fn as_ref(&self) -> &[u8] {
            &[b'#'; 100_000]
        }
    }

    impl Drop for Owner {
        fn drop(&mut self) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    let mut rig = Rig::new((4, 100), Mishaps, []);
    let dropped = Arc::new(AtomicUsize::new(0));
    let part = Bytes::from_owner(Owner(Arc::clone(&dropped)));
    let failed = rig.sender.try_send(Mishap::Fails(part));
    assert!(matches!(failed, Err(TrySendItemError::Encode(_))));
    assert_eq!((dropped.load(Ordering::Relaxed), rig.buffer_size()), (1, 0));
    rig.sender.try_send(Mishap::None).expect("it is usable");
    assert_eq!(rig.buffer_size(), 9);
}

/// There are no earlier frames in the block, so that the channel can go on; but this one is torn.
#[test]
fn a_frame_that_its_encoder_has_torn_is_an_error_and_not_queued() {
    let mut rig = Rig::new((4, 100), Mishaps, []);
    rig.sender.try_send(Mishap::None).expect("open");
    match rig.sender.try_send(Mishap::Tears) {
        Err(TrySendItemError::Encode(error)) => assert_eq!(error.kind(), ErrorKind::InvalidData),
        other => panic!("{:?}", other.map_err(|_| "refused")),
    }
    assert_eq!(rig.buffer_size(), 9);
    rig.sender.try_send(Mishap::None).expect("it is usable");
    assert!(rig.drive().is_pending());
    assert_eq!(rig.inner.wire(), b"head tailhead tail");
}

/// Nothing is locked while it panics, and the turn that it had is over.
#[test]
fn an_encoder_that_panics_leaves_the_channel_and_its_handle_usable() {
    let mut rig = Rig::new((0, 8), Mishaps, []);
    let mut other = rig.sender.clone();
    let waiting = Task::new();
    rig.sender.try_send(Mishap::None).expect("open");
    let mut sending = pin!(other.send(Mishap::None));
    assert!(waiting.poll(sending.as_mut()).is_pending());
    assert!(rig.drive().is_pending());
    let caught = catch_unwind(AssertUnwindSafe(|| rig.sender.try_send(Mishap::Panics).is_ok()));
    assert!(caught.is_err());
    assert_eq!(rig.buffer_size(), 0);
    assert!(matches!(waiting.poll(sending.as_mut()), Poll::Ready(Ok(18))));
    assert!(rig.drive().is_pending());
    rig.sender.try_send(Mishap::None).expect("it is usable");
    assert!(rig.drive().is_pending());
    assert_eq!(rig.inner.wire(), b"head tail".repeat(3));
}

#[test]
fn an_item_that_is_empty_on_the_wire_is_sent_and_wakes_nobody() {
    let mut rig = Rig::new((4, 100), BytesCodec::new(), []);
    assert!(rig.drive().is_pending());
    assert_eq!(rig.sender.try_send(Bytes::new()).expect("open"), 0);
    assert_eq!(rig.pump.take_wakes(), 0);
    assert_eq!(rig.sender.try_send(Bytes::from_static(b"abc")).expect("open"), 3);
    let sent = Task::new().poll_once(rig.sender.send(Bytes::new()));
    assert!(matches!(sent, Poll::Ready(Ok(3))));
    Pin::new(&mut rig.sender).start_send(Bytes::new()).expect("open");
    assert!(rig.drive().is_pending());
    assert_eq!(rig.inner.wire(), b"abc");
    assert_eq!(rig.inner.take_log().len(), 2, "one write and one flush");
}

/// Encodes lines, and sends each to the channel itself as well, a copy ahead of it.
#[derive(Clone, Debug)]
struct Echoing(Option<Sender>);

impl Encoder<&'static str> for Echoing {
    type Error = io::Error;

    fn encode(&mut self, item: &'static str, dst: &mut BytesMut) -> io::Result<()> {
        if let Some(sender) = &self.0 {
            sender.try_send(item)?;
        }
        dst.put_slice(item.to_uppercase().as_bytes());
        Ok(())
    }
}

#[test]
fn an_encoder_may_use_the_channel_while_it_encodes() {
    let mut rig = Rig::new((4, 100), Echoing(None), []);
    let sender = rig.sender.sender().clone();
    rig.sender.encoder_mut().0 = Some(sender);
    rig.sender.try_send("one ").expect("open");
    assert!(matches!(Task::new().poll_once(rig.sender.send("two ")), Poll::Ready(Ok(16))));
    assert!(rig.drive().is_pending());
    assert_eq!(rig.inner.wire(), b"one ONE two TWO ");
}

#[test]
fn a_clone_begins_with_the_state_of_its_encoder_and_goes_its_own_way() {
    let mut rig = Rig::new((4, 1000), LengthDelimitedCodec::new(), []);
    rig.sender.encoder_mut().set_max_frame_length(8);
    let mut other = rig.sender.clone();
    other.encoder_mut().set_max_frame_length(2);
    assert_eq!(rig.sender.encoder().max_frame_length(), 8);
    rig.sender.try_send(Bytes::from_static(b"12345678")).expect("fits");
    let refused = other.try_send(Bytes::from_static(b"123")).expect_err("too long for this one");
    assert!(matches!(refused, TrySendItemError::Encode(_)));
    assert_eq!(rig.buffer_size(), 12);
}

#[test]
fn large_payloads_reach_the_inner_writer_at_their_address() {
    let mut rig = Rig::new((4, 100), LengthDelimitedEncoder::new(), []);
    let payload = Bytes::from(vec![7; 1024 * 1024]);
    let mut other = rig.sender.clone();
    for sender in [&mut rig.sender, &mut other] {
        Pin::new(sender).start_send(payload.clone()).expect("below any limit");
    }
    assert!(rig.drive().is_pending());
    let addresses = rig.inner.take_addresses().concat();
    let kept = addresses.iter().filter(|address| **address == payload.as_ptr() as usize).count();
    assert_eq!(kept, 2);
}

/// What an item pushes is copied below the threshold of the channel, and lets go of what it was cut from; the
/// rest reaches the inner writer at its address.
#[test]
fn parts_of_an_item_are_kept_from_the_threshold_on() {
    #[derive(Clone)]
    struct Pushes;

    impl ChunkEncoder<Vec<Bytes>> for Pushes {
        type Error = io::Error;

        fn encode(&mut self, parts: Vec<Bytes>, dst: &mut ChunkAppender<'_>) -> io::Result<()> {
            parts.into_iter().for_each(|part| dst.push(part));
            Ok(())
        }
    }

    let parts = ["a", "bb", "ccc", "dddd"].map(|text| Bytes::from(text.as_bytes().to_vec()));
    for (threshold, kept) in [(0, 4), (1, 4), (2, 3), (4, 1), (5, 0)] {
        let options = Builder::new().coalesce_threshold(threshold);
        let mut rig = Rig::with_options(&options, Pushes, []);
        rig.sender.try_send(parts.to_vec()).expect("open");
        let unique = parts.iter().filter(|part| part.is_unique()).count();
        assert_eq!(4 - unique, kept, "of a threshold of {threshold}, by an encoder");
        rig.sender.sender().abort();
        assert!(parts.iter().all(Bytes::is_unique));

        let (sender, _driver) = options.build(tokio::io::sink()).into_channel();
        let sent = Task::new().poll_once(sender.send_chunks(parts.to_vec()));
        assert!(matches!(sent, Poll::Ready(Ok(10))));
        let unique = parts.iter().filter(|part| part.is_unique()).count();
        assert_eq!(4 - unique, kept, "of a threshold of {threshold}, by chunks");
    }
}

/// Whatever the lengths, the thresholds and the inner writer: what one handle sends is what tokio-util's codec
/// makes of it.
#[test]
fn random_items_arrive_as_tokio_util_would_have_sent_them() {
    fn run<E>(random: &mut Rng, encoder: E)
    where
        E: ChunkEncoder<Bytes, Error = io::Error> + Clone,
    {
        let threshold = *random.choice(&[0, 10, 1024, 4096]).expect("there are some");
        let options = Builder::new().coalesce_threshold(threshold);
        let mut rig = Rig::with_options(&options, encoder, []);
        let mut handles = [rig.sender.clone(), rig.sender.clone()];
        let mut frames = BytesMut::new();
        for _ in 0..random.usize(1..60) {
            rig.inner.script((0..random.usize(..4)).map(|_| match random.bool() {
                true => Pending,
                false => Take(random.usize(1..3000)),
            }));
            let length = *random.choice(&[0, 3, 20, 900, 1500, 2048, 9000]).expect("some");
            let payload: Bytes = (0..random.usize(..=length)).map(|_| random.u8(..)).collect();
            let handle = &mut handles[random.usize(..2)];
            if let Ok(position) = handle.try_send(payload.clone()) {
                let codec = &mut LengthDelimitedCodec::new();
                Encoder::encode(codec, payload, &mut frames).expect("not too long");
                assert_eq!(position, frames.len() as u64);
            }
            if random.u8(..3) == 0 {
                assert!(rig.drive().is_pending());
            }
        }
        rig.inner.otherwise(Take(10_000));
        while rig.buffer_size() > 0 {
            assert!(rig.drive().is_pending());
        }
        assert!(rig.inner.wire() == frames);
    }

    let first = fastrand::u64(..);
    for seed in (0..150).map(|at| first.wrapping_add(at)) {
        println!("seed {seed}");
        let mut random = Rng::with_seed(seed);
        run(&mut random, LengthDelimitedEncoder::new());
        run(&mut random, LengthDelimitedCodec::new());
    }
}
