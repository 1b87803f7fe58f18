mod both_ways;
mod conversion;

use std::io::{self, ErrorKind};

use bytes::{Bytes, BytesMut};
use flow_controlled_writer::codec::{
    ChunkAppender, ChunkEncoder, LengthDelimitedBuilder, LengthDelimitedEncoder,
};
use flow_controlled_writer::{Builder, ChunkQueue};
use tokio_util::codec::length_delimited;
use tokio_util::codec::{Encoder, LengthDelimitedCodec, LengthDelimitedCodecError};

use super::{FrameRig, decode};
use crate::support::Call::Gather;
use crate::support::{READY, Scripted};

/// Options, once for this crate and once for tokio-util.
type Options = (LengthDelimitedBuilder, length_delimited::Builder);

#[test]
fn the_bytes_and_the_errors_are_those_of_tokio_util_for_all_options() {
    let mut refused = 0;
    for field in 1..=8 {
        for adjustment in [0, 1, 3, 300, -1, -4, -20] {
            for max in [0, 5, 254, 255, 256, 70_000, usize::MAX] {
                for little in [false, true] {
                    let (ours, theirs) = options(field, adjustment, max, little);
                    for length in [0, 1, 3, 4, 5, 6, 253, 254, 255, 256, 300, 555, 2047, 2048, 3000]
                    {
                        refused += usize::from(compare(&ours, &theirs, length));
                    }
                }
            }
        }
    }
    assert!(refused > 1000, "the errors are compared too, {refused} of them");
}

#[test]
fn the_largest_lengths_of_short_fields_are_those_of_tokio_util() {
    for (field, max) in [(1, 255_usize), (2, 65_535)] {
        for adjustment in [-10, 0, 10] {
            let (ours, theirs) = options(field, adjustment, usize::MAX, false);
            let longest = max.saturating_add_signed(adjustment);
            assert_eq!(ours.build().max_frame_length(), longest);
            assert_eq!(theirs.new_codec().max_frame_length(), longest);
            assert!(!compare(&ours, &theirs, longest));
            assert!(compare(&ours, &theirs, longest + 1));
        }
    }
}

#[test]
fn random_options_give_the_bytes_of_tokio_util() {
    let seed = fastrand::u64(..);
    println!("seed {seed}");
    let mut random = fastrand::Rng::with_seed(seed);
    for _ in 0..2000 {
        let (ours, theirs) = options(
            random.usize(1..=8),
            random.isize(-8..=40),
            random.usize(0..10_000),
            random.bool(),
        );
        compare(&ours, &theirs, random.usize(0..10_000));
    }
}

#[test]
fn the_defaults_are_those_of_tokio_util() {
    let theirs = LengthDelimitedCodec::builder();
    for ours in [LengthDelimitedEncoder::builder(), LengthDelimitedBuilder::default()] {
        for length in [0, 1, 2047, 2048, 100_000, 8 * 1024 * 1024] {
            assert!(!compare(&ours, &theirs, length));
        }
        assert!(compare(&ours, &theirs, 8 * 1024 * 1024 + 1));
    }
    assert_eq!(LengthDelimitedEncoder::default().max_frame_length(), 8 * 1024 * 1024);
    assert_eq!(encode(&LengthDelimitedEncoder::new(), 3).expect("fits"), b"\0\0\0\x03\0\x01\x02");
}

#[test]
fn the_setters_are_those_of_tokio_util() {
    let ours = LengthDelimitedEncoder::builder().length_field_type::<u16>().native_endian();
    let mut theirs = LengthDelimitedCodec::builder();
    theirs.length_field_type::<u16>().native_endian();
    assert!(!compare(&ours, &theirs, 300));

    let ours = ours.length_field_type::<u64>().big_endian();
    theirs.length_field_type::<u64>().big_endian();
    assert!(!compare(&ours, &theirs, 300));

    let ours = ours.length_field_type::<u8>().little_endian();
    theirs.length_field_type::<u8>().little_endian();
    assert!(!compare(&ours, &theirs, 200));
    assert!(compare(&ours, &theirs, 300));

    let ours = ours.length_field_type::<u32>().length_field_offset(2).num_skip(9);
    theirs.length_field_type::<u32>().length_field_offset(2).num_skip(9);
    assert!(!compare(&ours, &theirs, 300));

    let ours = ours.length_field_type::<usize>();
    theirs.length_field_type::<usize>();
    assert!(!compare(&ours, &theirs, 300));
}

#[test]
fn the_decoder_of_a_builder_reads_a_header_that_is_longer_than_the_length() {
    let options = LengthDelimitedEncoder::builder()
        .length_field_type::<u16>()
        .length_field_offset(1)
        .length_adjustment(-4)
        .num_skip(4);
    assert_eq!(decode(options.build_decoder(), b"\xff\0\x09\xffhello"), ["hello"]);
}

#[test]
#[should_panic(expected = "a length field of 0 bytes")]
fn a_length_field_of_no_bytes_is_a_mistake_of_the_caller() {
    let _ = LengthDelimitedEncoder::builder().length_field_length(0);
}

#[test]
#[should_panic(expected = "a length field of 9 bytes")]
fn a_length_field_of_nine_bytes_is_a_mistake_of_the_caller() {
    let _ = LengthDelimitedEncoder::builder().length_field_length(9);
}

#[test]
fn a_payload_that_is_too_long_is_refused_and_the_stream_stays_intact() {
    let options = LengthDelimitedEncoder::builder().max_frame_length(3000);
    let mut rig = FrameRig::new(options.build(), []);
    let mut rival = LengthDelimitedCodec::new();
    for length in [10, 3000, 2500] {
        rig.send_as(payload(length), &mut rival).expect("within the limit");
        let error = rig.start_send(payload(3001), "").expect_err("over the limit");
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        assert!(error.get_ref().is_some_and(|e| e.is::<LengthDelimitedCodecError>()), "{error:?}");
    }
    let frames = decode(options.build_decoder(), &rig.flush_to_end());
    assert_eq!(frames, [payload(10), payload(3000), payload(2500)]);
}

/// The length of an empty payload is 300 here, which one byte cannot say. tokio-util's codec writes
/// 44, which its decoder then refuses: a torn stream.
#[test]
fn a_length_that_does_not_fit_its_field_is_refused() {
    let (ours, theirs) = options(1, -300, usize::MAX, false);
    let mut torn = BytesMut::new();
    Encoder::encode(&mut theirs.new_codec(), Bytes::new(), &mut torn).expect("says tokio-util");
    assert_eq!(torn[..], [44]);
    assert_eq!(encode(&ours.build(), 0).expect_err("300 > 255").kind(), ErrorKind::InvalidInput);
}

#[test]
fn adjustments_at_the_ends_of_their_range_are_errors() {
    for adjustment in [isize::MIN, isize::MIN + 1, isize::MAX] {
        let (ours, _) = options(4, adjustment, usize::MAX, false);
        let error = encode(&ours.build(), 5).expect_err("cannot be written");
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
    }
}

#[test]
fn a_payload_from_2_kib_on_reaches_the_inner_writer_at_its_address() {
    for length in [2048, 2049, 100_000, 1024 * 1024] {
        let mut rig = FrameRig::new(LengthDelimitedEncoder::new(), []);
        let payload = payload(length);
        rig.send_as(payload.clone(), &mut LengthDelimitedCodec::new()).expect("fits");
        assert_eq!(rig.flush(), READY);
        assert_eq!(rig.inner.take_addresses()[0][1], payload.as_ptr() as usize);
        let log = rig.inner.take_log();
        assert!(matches!(&log[0], Gather(lengths, _) if *lengths == [4, length]), "{log:?}");
    }
}

#[test]
fn smaller_payloads_are_merged_with_their_headers() {
    let mut rig = FrameRig::new(LengthDelimitedEncoder::new(), []);
    for length in [0, 5, 1023, 1024, 2047, 3] {
        rig.send_as(payload(length), &mut LengthDelimitedCodec::new()).expect("fits");
        assert_eq!(rig.sink.get_ref().queued_chunks(), 1, "{length} bytes");
        rig.flush_to_end();
    }
    let options = Builder::new().coalesce_threshold(0);
    let encoder = LengthDelimitedEncoder::new();
    let mut kept = FrameRig::with_options(&options, encoder, Scripted::gathering([]));
    for _ in 0..100 {
        kept.send_as(payload(2047), &mut LengthDelimitedCodec::new()).expect("fits");
    }
    kept.flush_to_end();
    let pieces: usize = kept.inner.take_addresses().iter().map(Vec::len).sum();
    assert!(pieces <= 100, "{pieces} pieces for 100 frames");
}

#[test]
fn a_coalesce_threshold_above_2_kib_takes_precedence() {
    let options = Builder::new().coalesce_threshold(5000);
    let encoder = LengthDelimitedEncoder::new();
    let mut rig = FrameRig::with_options(&options, encoder, Scripted::gathering([]));
    let payloads = [payload(4999), payload(5000)];
    for payload in &payloads {
        rig.send_as(payload.clone(), &mut LengthDelimitedCodec::new()).expect("fits");
    }
    rig.flush_to_end();
    let addresses = rig.inner.take_addresses().concat();
    let kept = payloads.map(|payload| addresses.contains(&(payload.as_ptr() as usize)));
    assert_eq!(kept, [false, true]);
}

/// Encodes a payload of so many bytes both ways. Returns whether both refuse it.
fn compare(
    ours: &LengthDelimitedBuilder,
    theirs: &length_delimited::Builder,
    length: usize,
) -> bool {
    let mut wanted = BytesMut::new();
    let result = Encoder::encode(&mut theirs.new_codec(), payload(length), &mut wanted);
    match (encode(&ours.build(), length), result) {
        (Ok(frame), Ok(())) => {
            assert_eq!(frame, wanted, "{ours:?}, {length} bytes");
            false
        }
        (Err(ours), Err(theirs)) => {
            assert_eq!(ours.kind(), theirs.kind(), "{length} bytes");
            let is_too_long = |error: &io::Error| {
                error.get_ref().is_some_and(|error| error.is::<LengthDelimitedCodecError>())
            };
            assert_eq!(is_too_long(&ours), is_too_long(&theirs), "{ours:?} {theirs:?}");
            true
        }
        (ours, theirs) => panic!("{length} bytes: {ours:?}, but tokio-util {theirs:?}"),
    }
}

fn encode(encoder: &LengthDelimitedEncoder, length: usize) -> io::Result<Vec<u8>> {
    let mut queue = ChunkQueue::new();
    encoder.clone().encode(payload(length), &mut ChunkAppender::new(&mut queue))?;
    Ok(queue.into_iter().collect::<Vec<_>>().concat())
}

fn options(field: usize, adjustment: isize, max: usize, little: bool) -> Options {
    let ours = LengthDelimitedEncoder::builder()
        .length_field_length(field)
        .length_adjustment(adjustment)
        .max_frame_length(max);
    let mut theirs = LengthDelimitedCodec::builder();
    theirs.length_field_length(field).length_adjustment(adjustment).max_frame_length(max);
    if little {
        theirs.little_endian();
        return (ours.little_endian(), theirs);
    }
    (ours, theirs)
}

fn payload(length: usize) -> Bytes {
    (0..length).map(|at| at as u8).collect()
}
