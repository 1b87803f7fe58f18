use std::io::ErrorKind;

use bytes::{Bytes, BytesMut};
use fastrand::Rng;
use flow_controlled_writer::codec::{LengthDelimitedBuilder, LengthDelimitedEncoder};
use tokio_util::codec::{Decoder, Encoder, LengthDelimitedCodec, length_delimited};

use super::{Options, compare, encode};

/// A setter of both builders.
type Set = fn(Options, &mut Rng, usize) -> Options;

/// Every setter, with a value of its own choice. The last argument is the length of the length field.
const SETTERS: [Set; 6] = [
    |(ours, mut theirs), _, _| {
        theirs.big_endian();
        (ours.big_endian(), theirs)
    },
    |(ours, mut theirs), _, _| {
        theirs.little_endian();
        (ours.little_endian(), theirs)
    },
    |(ours, mut theirs), _, _| {
        theirs.native_endian();
        (ours.native_endian(), theirs)
    },
    |(ours, mut theirs), random, _| {
        let most = [0, 1, 5, 7, 8, 100, 255, 256, 70_000, 8 * 1024 * 1024, usize::MAX];
        let max = *random.choice(&most).expect("there are some");
        theirs.max_frame_length(max);
        (ours.max_frame_length(max), theirs)
    },
    |(ours, mut theirs), random, field| {
        let adjustment = adjustment(random, field);
        theirs.length_adjustment(adjustment);
        (ours.length_adjustment(adjustment), theirs)
    },
    |(ours, mut theirs), random, _| {
        let (offset, skip) = (random.usize(..4), random.usize(..12));
        theirs.length_field_offset(offset).num_skip(skip);
        (ours.length_field_offset(offset).num_skip(skip), theirs)
    },
];

/// Returns an adjustment upon which there is at least one length that the field can say. tokio-util writes one
/// that it cannot say all the same, cut off.
fn adjustment(random: &mut Rng, field: usize) -> isize {
    let least = if field == 1 { -255 } else { -65_535 };
    let usual = [0, 0, 1, 4, 5, 7, 127, 128, 300, 70_000, -1, -4, -5, -20, -255, -300, -65_535];
    (*random.choice(&usual).expect("there are some")).max(least)
}

/// Random settings of tokio-util's builder, taken over, and changed further by the setters of both: what is
/// encoded, refused and decoded stays the same.
#[test]
fn the_settings_of_a_builder_of_tokio_util_are_taken_over() {
    let first = fastrand::u64(..);
    let (mut encoded, mut refused) = (0, 0);
    for seed in (0..1500).map(|at| first.wrapping_add(at)) {
        println!("seed {seed}");
        let mut random = Rng::with_seed(seed);
        let field = random.usize(1..=8);
        let mut theirs = length_delimited::Builder::new();
        theirs.length_field_length(field);
        let mut both = (LengthDelimitedBuilder::new(), theirs);
        let set = |both: Options, random: &mut Rng| {
            (0..random.usize(..5)).fold(both, |both, _| {
                random.choice(&SETTERS).expect("there are some")(both, random, field)
            })
        };
        both = set(both, &mut random);
        both.0 = both.1.into();
        if random.bool() {
            both = set(both, &mut random);
        }
        let (ours, theirs) = &both;
        let max = theirs.new_codec().max_frame_length();
        assert_eq!(ours.build().max_frame_length(), max);
        let near = [max.saturating_sub(1), max, max.saturating_add(1), random.usize(..3000)];
        let lengths = (0..9).chain([254, 255, 256, 300, 301, 2047, 2048]).chain(near);
        let most = if random.u8(..20) == 0 { 80_000 } else { 3000 };
        for length in lengths.filter(|length| *length < most) {
            match compare(ours, theirs, length) {
                false => encoded += 1,
                true => refused += 1,
            }
        }
        if max < 1_000_000 {
            // A decoder makes room for the length that it is told.
            decode_alike(&mut random, ours, theirs);
        }
    }
    assert!(encoded > 10_000 && refused > 5000, "{encoded} {refused}");
}

/// Decodes bytes that are mostly small numbers by both.
fn decode_alike(
    random: &mut Rng,
    ours: &LengthDelimitedBuilder,
    theirs: &length_delimited::Builder,
) {
    let bytes: BytesMut = (0..random.usize(..200)).map(|_| random.u8(..) % 4).collect();
    let mut sources = [bytes.clone(), bytes.clone(), bytes];
    let (mut encoder, mut decoder) = (ours.build(), ours.build_decoder());
    let mut codec = theirs.new_codec();
    for _ in 0..10 {
        let wanted = codec.decode(&mut sources[0]).map_err(|error| error.kind());
        assert_eq!(encoder.decode(&mut sources[1]).map_err(|error| error.kind()), wanted);
        assert_eq!(decoder.decode(&mut sources[2]).map_err(|error| error.kind()), wanted);
        assert!(sources[0] == sources[1] && sources[0] == sources[2]);
    }
}

/// With these there is one length only at which a sample can be taken by powers of two.
#[test]
fn the_byte_order_is_taken_over_where_few_lengths_can_be_encoded() {
    for max in 5..9 {
        let mut theirs = length_delimited::Builder::new();
        theirs.little_endian().length_adjustment(5).max_frame_length(max);
        let ours = LengthDelimitedBuilder::from(theirs);
        for length in 0..10 {
            compare(&ours, &theirs, length);
        }
    }
    let mut theirs = length_delimited::Builder::new();
    theirs.little_endian().max_frame_length(0);
    let ours = LengthDelimitedBuilder::from(theirs).max_frame_length(1000);
    assert!(!compare(&ours, theirs.max_frame_length(1000), 300));
}

/// Nothing can be encoded at first: what the setters change later must be right nevertheless.
#[test]
fn settings_that_let_nothing_through_are_taken_over_too() {
    let mut theirs = length_delimited::Builder::new();
    theirs.length_field_length(2).little_endian().length_adjustment(20).max_frame_length(10);
    let ours = LengthDelimitedBuilder::from(theirs);
    assert!((0..30).all(|length| compare(&ours, &theirs, length)), "all are refused");
    let ours = ours.max_frame_length(1000);
    theirs.max_frame_length(1000);
    assert!(compare(&ours, &theirs, 19));
    assert!(!compare(&ours, &theirs, 20));
    assert!(!compare(&ours, &theirs, 999));
}

/// To look what the settings are must not cost what a payload of that length costs.
#[test]
fn adjustments_of_any_size_are_taken_over() {
    for field in [4, 8] {
        for adjustment in [1 << 40, -(1 << 40), isize::MAX, isize::MIN] {
            let mut theirs = length_delimited::Builder::new();
            theirs.length_field_length(field).length_adjustment(adjustment);
            let ours = LengthDelimitedBuilder::from(*theirs.max_frame_length(1000));
            let own = LengthDelimitedEncoder::builder()
                .length_field_length(field)
                .length_adjustment(adjustment)
                .max_frame_length(1000);
            for length in [0, 5, 1000, 1001] {
                let (found, wanted) = (encode(&ours.build(), length), encode(&own.build(), length));
                let wanted = wanted.map_err(|error| error.kind());
                assert_eq!(found.map_err(|error| error.kind()), wanted, "{adjustment} {length}");
            }
        }
    }
}

/// A length that the field cannot say is refused however the settings came.
#[test]
fn a_length_that_does_not_fit_its_field_is_refused_after_the_conversion_too() {
    let mut theirs = length_delimited::Builder::new();
    theirs.length_field_length(1).length_adjustment(-300);
    let mut torn = BytesMut::new();
    Encoder::encode(&mut theirs.new_codec(), Bytes::new(), &mut torn).expect("says tokio-util");
    assert_eq!(torn[..], [44], "its decoder then refuses it");
    assert!(theirs.new_codec().decode(&mut torn).is_err());
    let error = encode(&LengthDelimitedBuilder::from(theirs).build(), 0).expect_err("300 > 255");
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
}

#[test]
fn the_defaults_of_both_builders_are_the_same() {
    let theirs = LengthDelimitedCodec::builder();
    let ours = LengthDelimitedBuilder::from(theirs);
    for length in [0, 1, 255, 256, 70_000] {
        assert!(!compare(&ours, &theirs, length));
    }
    assert_eq!(format!("{ours:?}"), format!("{:?}", LengthDelimitedBuilder::new()));
}
