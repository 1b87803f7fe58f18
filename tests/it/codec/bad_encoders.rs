use std::io::{self, ErrorKind};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;

use bytes::{Buf, BufMut, Bytes, BytesMut};
use flow_controlled_writer::codec::{ChunkAppender, TrySendItemError};
use futures::Sink;
use tokio_util::codec::LinesCodec;

use super::{Appends, Does, FrameRig, Parts, decode};
use crate::support::Answer::{Pending, Take};
use crate::support::failed;

/// What an encoder does to a block that holds earlier frames.
type Damage = fn(&mut BytesMut) -> io::Result<()>;

/// Each of these leaves the earlier bytes other than they were. Those that make up for it with
/// bytes of their own do not show in the length, and are not noticed.
const DAMAGES: [(&str, Damage); 16] = [
    ("clears", |block| {
        block.clear();
        Ok(())
    }),
    ("clears, then appends less", |block| {
        block.clear();
        append(block, 5)
    }),
    ("clears, then appends as much", |block| {
        let length = block.len();
        block.clear();
        append(block, length)
    }),
    ("clears, then appends more", |block| {
        block.clear();
        append(block, 500)
    }),
    ("cuts one byte off", |block| {
        block.truncate(block.len() - 1);
        Ok(())
    }),
    ("cuts one byte off, then appends", |block| {
        block.truncate(block.len() - 1);
        append(block, 7)
    }),
    ("cuts half off, then appends more", |block| {
        block.truncate(block.len() / 2);
        append(block, 500)
    }),
    ("consumes from the front", |block| {
        block.advance(3);
        Ok(())
    }),
    ("consumes from the front, then appends", |block| {
        block.advance(3);
        append(block, 500)
    }),
    ("takes all out", |block| {
        drop(block.split());
        append(block, 500)
    }),
    ("puts another block in its place", |block| {
        *block = BytesMut::zeroed(500);
        Ok(())
    }),
    ("puts an empty block in its place", |block| {
        *block = BytesMut::new();
        Ok(())
    }),
    ("patches a header at 0", |block| {
        block[..4].copy_from_slice(&[0, 0, 0, 9]);
        append(block, 9)
    }),
    ("patches the last byte", |block| {
        let last = block.len() - 1;
        block[last] = b'!';
        append(block, 9)
    }),
    ("cuts, appends and fails", |block| {
        block.truncate(block.len() - 1);
        append(block, 500)?;
        Err(io::Error::other("its own error"))
    }),
    ("clears and fails", |block| {
        block.clear();
        Err(io::Error::other("its own error"))
    }),
];

fn append(block: &mut BytesMut, count: usize) -> io::Result<()> {
    block.put_bytes(b'#', count);
    Ok(())
}

/// Does `damage` to a sink behind a frame of `earlier` bytes, for each that suits, and hands the outcome
/// to `check`, with what it does to a block of these bytes.
fn damage_behind_frames(
    mut check: impl FnMut(FrameRig<Does>, usize, &str, io::Result<()>, (BytesMut, io::Result<()>)),
) {
    for earlier in [1, 4, 16, 31, 32, 33, 300] {
        for (what, damage) in DAMAGES {
            if earlier < 4 && (what.contains("front") || what.contains("header")) {
                continue;
            }
            let mut rig = FrameRig::new(Does, []);
            rig.start_send(|block: &mut BytesMut| block_of(block, earlier), frame_of(earlier))
                .expect("a frame in good order");
            let mut alone = BytesMut::from(&frame_of(earlier)[..]);
            let expected = damage(&mut alone);
            let damages = |block: &mut BytesMut| {
                assert_eq!(block.len(), earlier, "it sees the earlier frame");
                damage(block)
            };
            let result = Pin::new(&mut rig.sink).start_send(damages);
            check(rig, earlier, what, result, (alone, expected));
        }
    }
}

/// `FramedWrite` sends what is left and goes on: the peer reads a torn stream as if it were whole.
#[test]
fn an_encoder_that_leaves_the_block_shorter_fails_the_sink_for_good() {
    let mut found = 0;
    damage_behind_frames(|rig, earlier, what, result, (alone, _)| {
        if alone.len() < earlier {
            let error = result.expect_err(what);
            assert_eq!(error.kind(), ErrorKind::InvalidData, "{what} behind {earlier}");
            assert!(error.to_string().contains("encoder"), "{what}: {error}");
            failed_for_good(rig, earlier, what);
            found += 1;
        }
    });
    assert!(found > 30, "{found}");
}

/// An encoder must only append, here as under `FramedWrite`: what else it does is sent as it is then,
/// or gone with the frame of one that fails. The count stays exact and the sink usable.
#[test]
fn other_changes_to_earlier_bytes_are_queued_as_they_are() {
    let mut unnoticed = 0;
    damage_behind_frames(|mut rig, earlier, what, result, (mut alone, expected)| {
        if alone.len() >= earlier {
            assert_eq!(result.is_ok(), expected.is_ok(), "{what} behind {earlier}");
            if expected.is_err() {
                alone.truncate(earlier);
            }
            assert_eq!(rig.sink.buffer_size(), alone.len(), "{what} behind {earlier}");
            let later = |block: &mut BytesMut| block_of(block, 20);
            Pin::new(&mut rig.sink).start_send(later).expect("the sink is usable");
            let stats = rig.sink.get_ref().stats();
            assert_eq!(stats.enqueued_bytes, (alone.len() + 20) as u64);
            let queued: Vec<u8> = rig.sink.into_parts().queue.into_iter().flatten().collect();
            assert!(queued == [&alone[..], &frame_of(20)].concat(), "{what} behind {earlier}");
            unnoticed += 1;
        }
    });
    assert!(unnoticed > 30, "{unnoticed}");
}

#[test]
fn damage_is_found_by_try_send_too() {
    let mut rig = FrameRig::new(Does, []);
    rig.start_send(|block: &mut BytesMut| block_of(block, 50), frame_of(50)).expect("in order");
    let damage: Damage = DAMAGES[1].1;
    match rig.sink.try_send(damage) {
        Err(TrySendItemError::Encode(error)) => assert_eq!(error.kind(), ErrorKind::InvalidData),
        other => panic!("{other:?}"),
    }
    failed_for_good(rig, 50, "try_send");
}

/// Under a `ChunkEncoder` with several parts the damage may lie in the middle, with more bytes
/// behind it than are missing.
#[test]
fn damage_in_one_part_of_a_frame_is_found() {
    for large in [10, 5000] {
        let mut rig = FrameRig::new(Appends, []);
        let earlier = |dst: &mut ChunkAppender<'_>| {
            dst.extend_from_slice(&frame_of(50));
            Ok(())
        };
        rig.start_send(Parts(earlier), frame_of(50)).expect("a frame in good order");
        let parts = |dst: &mut ChunkAppender<'_>| {
            dst.encode_with(|block| {
                block.clear();
                append(block, 30)
            })?;
            dst.push(Bytes::from(vec![b'#'; large]));
            Ok(())
        };
        let error = Pin::new(&mut rig.sink).start_send(Parts(parts)).expect_err("damage");
        assert_eq!(error.kind(), ErrorKind::InvalidData);
        failed_for_good(rig, 50, "parts");
    }
}

#[test]
fn what_a_damaged_sink_has_lost_is_counted_as_discarded() {
    let mut rig = FrameRig::new(Does, []);
    rig.start_send(|block: &mut BytesMut| block_of(block, 100), frame_of(100)).expect("in order");
    let cuts = |block: &mut BytesMut| {
        block.truncate(40);
        Ok(())
    };
    Pin::new(&mut rig.sink).start_send(cuts).expect_err("damage");
    assert_eq!(rig.sink.buffer_size(), 40);
    let stats = rig.sink.get_ref().stats();
    assert_eq!((stats.enqueued_bytes, stats.written_bytes), (100, 0));
    assert_eq!(stats.peak_buffer_size, 100);
}

#[test]
fn an_encoder_may_clear_an_empty_block() {
    let mut rig = FrameRig::new(Does, []);
    let clears = |block: &mut BytesMut| {
        block.put_slice(b"scratch");
        block.clear();
        block.put_slice(b"frame");
        Ok(())
    };
    rig.start_send(clears, "frame").expect("there was nothing to lose");
    assert_eq!(rig.flush_to_end(), b"frame");
    rig.start_send(clears, "frame").expect("there is nothing to lose again");
    rig.finish();
}

/// A panic leaves half of a frame and an encoder in an unknown state. Where it is caught, the
/// frame is gone and the sink refuses to go on; what was queued before can be taken out, and who waits for
/// the end of a pause is woken.
#[test]
fn an_encoder_that_panics_fails_the_sink_without_its_frame() {
    let mut rig = FrameRig::with_marks((0, 3), Appends, [Pending]);
    let good = |dst: &mut ChunkAppender<'_>| {
        dst.extend_from_slice(b"good");
        Ok(())
    };
    rig.start_send(Parts(good), "good").expect("a frame in good order");
    assert!(rig.ready().is_pending());
    let panics = |dst: &mut ChunkAppender<'_>| -> io::Result<()> {
        dst.extend_from_slice(b"half ");
        dst.push(Bytes::from(vec![b'#'; 5000]));
        dst.encode_with(|block| {
            block.put_slice(b"a frame");
            panic!("as the test wants")
        })
    };
    let caught =
        catch_unwind(AssertUnwindSafe(|| Pin::new(&mut rig.sink).start_send(Parts(panics))));
    assert!(caught.is_err());
    assert_eq!((rig.sink.buffer_size(), rig.task.take_wakes()), (4, 1));
    assert_eq!(rig.flush(), failed(ErrorKind::Other));
    assert_eq!(rig.start_send(Parts(good), "").expect_err("failed").kind(), ErrorKind::Other);
    rig.finish();
}

/// `FramedWrite` keeps the half frame in its buffer and sends it with the next one.
#[test]
fn half_a_frame_of_an_encoder_that_fails_is_removed() {
    for earlier in ["", "earlier"] {
        for half in [1, 10, 2000, 100_000] {
            let mut rig = FrameRig::new(Does, [Take(3)]);
            let writes = |text: &'static str| {
                move |block: &mut BytesMut| {
                    block.put_slice(text.as_bytes());
                    Ok(())
                }
            };
            rig.start_send(writes(earlier), earlier).expect("a frame in good order");
            let fails = |block: &mut BytesMut| {
                append(block, half)?;
                Err(io::Error::new(ErrorKind::Unsupported, "no such item"))
            };
            for _ in 0..3 {
                let chunks = rig.sink.get_ref().queued_chunks();
                let error = rig.start_send(fails, "").expect_err("fails");
                assert_eq!(error.to_string(), "no such item");
                assert_eq!(rig.sink.get_ref().queued_chunks(), chunks);
            }
            rig.start_send(writes("later"), "later").expect("the sink is usable");
            assert_eq!(rig.flush_to_end(), format!("{earlier}later").as_bytes());
            rig.finish();
        }
    }
}

#[test]
fn all_parts_of_a_frame_that_fails_are_removed() {
    let mut rig = FrameRig::new(Appends, []);
    let line = |dst: &mut ChunkAppender<'_>| {
        dst.encode_with(|block| {
            block.put_slice(b"line\n");
            Ok(())
        })
    };
    let fails = |dst: &mut ChunkAppender<'_>| {
        dst.extend_from_slice(b"head");
        dst.push(Bytes::from(vec![b'#'; 5000]));
        dst.extend_from_slice(&[b'#'; 100_000]);
        dst.encode_with(|block| append(block, 3000))?;
        assert_eq!(dst.appended(), 4 + 5000 + 100_000 + 3000);
        Err(io::Error::other("late"))
    };
    for sent in 0..3 {
        assert_eq!(rig.sink.buffer_size(), sent * 5);
        rig.start_send(Parts(fails), "").expect_err("fails");
        rig.start_send(Parts(line), "line\n").expect("the sink is usable");
        rig.start_send(Parts(fails), "").expect_err("fails");
        assert_eq!(rig.sink.get_ref().queued_chunks(), 1, "the lines are still merged");
    }
    let wire = rig.flush_to_end();
    assert_eq!(decode(LinesCodec::new(), &wire), ["line"; 3]);
}

/// A part that fails is gone, but the encoder may do without it.
#[test]
fn an_encoder_may_go_on_after_a_part_that_failed() {
    let mut rig = FrameRig::new(Appends, []);
    let recovers = |dst: &mut ChunkAppender<'_>| {
        dst.extend_from_slice(b"head ");
        let failed = dst.encode_with(|block| {
            block.put_slice(b"half");
            Err::<(), _>("no")
        });
        assert_eq!(failed, Err("no"));
        assert_eq!(dst.appended(), 5);
        dst.extend_from_slice(b"tail");
        Ok(())
    };
    rig.start_send(Parts(recovers), "head tail").expect("the encoder says so");
    rig.finish();
}

#[test]
fn an_encoder_that_appends_nothing_queues_nothing() {
    let nothing = |_: &mut BytesMut| Ok(());
    let mut rig = FrameRig::new(Does, []);
    rig.start_send(nothing, "").expect("nothing is in order");
    rig.try_send(nothing, "").expect("nothing is in order");
    assert_eq!(rig.flush(), crate::support::READY);
    let writes: Vec<_> = rig.inner.take_log();
    assert_eq!(writes.len(), 1, "the flush alone: {writes:?}");

    rig.start_send(|block: &mut BytesMut| block_of(block, 20), frame_of(20)).expect("in order");
    rig.start_send(nothing, "").expect("nothing is in order");
    assert_eq!(rig.sink.get_ref().queued_chunks(), 1);
    assert_eq!(rig.flush_to_end(), frame_of(20));
    rig.finish();
}

/// Checks that nothing can be sent and nothing is written any more, that the count is exact, and
/// that it says no more than was sent.
fn failed_for_good<E>(mut rig: FrameRig<E>, earlier: usize, what: &str) {
    let kind = ErrorKind::InvalidData;
    let cx = &mut rig.task.context();
    let polled = [
        Pin::new(&mut rig.sink).poll_ready(cx),
        Pin::new(&mut rig.sink).poll_flush(cx),
        Pin::new(&mut rig.sink).poll_shutdown(cx),
    ];
    for outcome in polled {
        assert_eq!(outcome.map_err(|error| error.kind()), failed(kind), "{what}");
    }
    let again = rig.sink.get_mut().try_send("x").expect_err(what);
    assert!(again.is_closed(), "{what}");
    assert_eq!(rig.inner.take_log(), [], "{what}");

    let size = rig.sink.buffer_size();
    let stats = rig.sink.get_ref().stats();
    assert!(size <= earlier, "{what}: {size} of {earlier} bytes");
    assert_eq!(stats.enqueued_bytes, earlier as u64, "{what}");
    let queue = rig.sink.into_parts().queue;
    assert_eq!(queue.into_iter().map(|chunk| chunk.len()).sum::<usize>(), size, "{what}");
}

fn block_of(block: &mut BytesMut, length: usize) -> io::Result<()> {
    block.put_slice(&frame_of(length));
    Ok(())
}

/// Bytes of which no two neighbours are the same.
fn frame_of(length: usize) -> Vec<u8> {
    (0..length).map(|at| b'A' + (at * 7 % 26) as u8).collect()
}
