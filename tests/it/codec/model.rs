use std::fmt;
use std::io::{self, ErrorKind};

use bytes::{BufMut, Bytes, BytesMut};
use fastrand::Rng;
use flow_controlled_writer::codec::{ChunkAppender, ChunkEncoder, LengthDelimitedEncoder};
use flow_controlled_writer::{Builder, MemoryBudget, Watermarks};
use tokio_util::codec::{Decoder, Encoder, LengthDelimitedCodec, LinesCodec};

use super::{FrameRig, decode};
use crate::support::Answer::{self, Done, Pending, Take};
use crate::support::{READY, Scripted};

/// Random frames, options and inner writers. The rig compares the bytes with those of tokio-util's
/// encoder at every step, tokio-util's decoder has the last word.
#[test]
fn random_frames_arrive_as_tokio_util_would_have_sent_them() {
    let first = fastrand::u64(..);
    for seed in (0..150).map(|index| first.wrapping_add(index)) {
        println!("seed {seed}");
        let mut random = Rng::with_seed(seed);
        let codec = LengthDelimitedCodec::new();
        run(&mut random, LengthDelimitedEncoder::new(), codec.clone(), payload);
        run(&mut random, Unreliable(codec.clone()), codec.clone(), payload);
        run(&mut random, Fragments, codec, payload);
        run(&mut random, Unreliable(LinesCodec::new()), LinesCodec::new(), |random| {
            String::from_utf8(payload(random).to_vec()).expect("letters")
        });
    }
}

/// Fails for one item in three, having written half of its frame.
#[derive(Debug)]
struct Unreliable<C>(C);

impl<C: Encoder<Item, Error: From<io::Error>>, Item> Encoder<Item> for Unreliable<C> {
    type Error = C::Error;

    fn encode(&mut self, item: Item, dst: &mut BytesMut) -> Result<(), C::Error> {
        let before = dst.len();
        self.0.encode(item, dst)?;
        if fastrand::u8(..3) > 0 {
            return Ok(());
        }
        dst.truncate(before + (dst.len() - before) / 2);
        Err(io::Error::from(ErrorKind::Unsupported).into())
    }
}

/// A length-delimited frame in parts of all kinds, of which each may fail.
#[derive(Debug)]
struct Fragments;

impl ChunkEncoder<Bytes> for Fragments {
    type Error = io::Error;

    fn encode(&mut self, mut payload: Bytes, dst: &mut ChunkAppender<'_>) -> io::Result<()> {
        let length = u32::try_from(payload.len()).expect("a short payload");
        dst.extend_from_slice(&length.to_be_bytes());
        while !payload.is_empty() {
            let part = payload.split_to(fastrand::usize(1..=payload.len()));
            match fastrand::u8(..16) {
                0..5 => dst.push(part),
                5..10 => dst.extend_from_slice(&part),
                10..15 => dst.encode_with(|block| {
                    block.put_slice(&part);
                    Ok::<_, io::Error>(())
                })?,
                _ => return Err(ErrorKind::Unsupported.into()),
            }
        }
        Ok(())
    }
}

fn run<E, C, Item>(random: &mut Rng, encoder: E, codec: C, mut item: impl FnMut(&mut Rng) -> Item)
where
    E: ChunkEncoder<Item, Error: fmt::Debug>,
    C: Clone + Encoder<Item, Error: fmt::Debug> + Decoder<Item: AsRef<[u8]>, Error: fmt::Debug>,
    Item: Clone + AsRef<[u8]>,
{
    // The encoders take their chances from the thread's generator.
    fastrand::seed(random.u64(..));
    let high = random.usize(0..5000);
    let budget = MemoryBudget::new(random.usize(100..20_000));
    let options = Builder::new()
        .watermarks(Watermarks::new(random.usize(0..=high), high))
        .hard_limit(random.usize(1..30_000))
        .coalesce_threshold(*random.choice(&[0, 10, 1024, 4096]).expect("four"))
        .budget(budget.clone());
    let inner = Scripted::new(random.bool(), []);
    let mut rig = FrameRig::with_options(&options, encoder, inner);
    let mut accepted: Vec<Vec<u8>> = Vec::new();
    for _ in 0..random.usize(1..80) {
        let answers: Vec<Answer> = (0..random.usize(0..4)).map(|_| answer(random)).collect();
        rig.inner.script(answers);
        let item = item(random);
        let mut frame = BytesMut::new();
        Encoder::encode(&mut codec.clone(), item.clone(), &mut frame).expect("a short payload");
        let sent = match random.u8(..6) {
            0 => rig.try_send(item.clone(), frame).is_ok(),
            1 => rig.start_send(item.clone(), frame).is_ok(),
            2 => rig.ready() == READY && rig.start_send(item.clone(), frame).is_ok(),
            3 => {
                let _ = rig.flush();
                false
            }
            4 => {
                let marks = Watermarks::with_high(random.usize(0..5000));
                rig.sink.get_mut().set_watermarks(marks);
                false
            }
            _ => {
                let _ = rig.ready();
                false
            }
        };
        if sent {
            accepted.push(item.as_ref().to_vec());
        }
        assert_eq!(budget.used(), rig.sink.buffer_size(), "the budget");
    }
    if random.bool() {
        return rig.finish();
    }
    rig.inner.otherwise(*random.choice(&[Done, Take(1), Take(1000)]).expect("three"));
    let wire = rig.flush_to_end();
    let frames: Vec<Vec<u8>> =
        decode(codec, &wire).iter().map(|frame| frame.as_ref().to_vec()).collect();
    assert_eq!(frames, accepted);
    assert_eq!(budget.used(), 0);
}

fn answer(random: &mut Rng) -> Answer {
    match random.u8(..4) {
        0 => Pending,
        1 => Done,
        _ => Take(random.usize(1..3000)),
    }
}

/// Letters: a few mostly, thousands now and then.
fn payload(random: &mut Rng) -> Bytes {
    let length = match random.u8(..10) {
        0 => 0,
        1..6 => random.usize(1..40),
        6..8 => random.usize(1..1500),
        _ => random.usize(1500..6000),
    };
    (0..length).map(|_| random.alphanumeric() as u8).collect()
}
