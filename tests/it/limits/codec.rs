use std::io::ErrorKind;

use bytes::{BufMut, Bytes, BytesMut};
use flow_controlled_writer::codec::{FramedSink, LengthDelimitedEncoder, TrySendItemError};
use flow_controlled_writer::{Builder, FlowControlledWriter, MemoryBudget, Watermarks};
use futures::Sink;
use std::pin::Pin;
use tokio_util::codec::Encoder;

use crate::support::Answer::{Done, Pending, Take};
use crate::support::{Handle, Scripted, Task};

/// Frames of one length byte and the payload; fails behind half of a frame for an empty payload.
struct Short;

impl Encoder<&[u8]> for Short {
    type Error = std::io::Error;

    fn encode(&mut self, item: &[u8], dst: &mut BytesMut) -> Result<(), Self::Error> {
        dst.put_u8(item.len() as u8);
        if item.is_empty() {
            return Err(ErrorKind::InvalidInput.into());
        }
        dst.put_slice(item);
        Ok(())
    }
}

/// A sink of frames whose inner writer takes nothing until told.
fn stuck<E>(options: &Builder, encoder: E) -> (FramedSink<Scripted, E>, Handle) {
    let (inner, handle) = Scripted::gathering([]);
    handle.otherwise(Pending);
    (FramedSink::new(options.build(inner), encoder), handle)
}

fn kind<T>(result: Result<T, TrySendItemError<&[u8], std::io::Error>>) -> Option<ErrorKind> {
    result.err().map(|error| error.into_error().kind())
}

#[test]
fn encoded_bytes_count_in_the_budget_and_a_failed_frame_does_not() {
    let budget = MemoryBudget::new(100);
    let (mut sink, _inner) = stuck(&Builder::new().budget(budget.clone()), Short);
    assert_eq!(kind(sink.try_send(&b"abc"[..])), None);
    assert_eq!(kind(sink.try_send(&b""[..])), Some(ErrorKind::InvalidInput));
    Pin::new(&mut sink).start_send(&b"defg"[..]).expect("the sink is open");
    assert!(Pin::new(&mut sink).start_send(&b""[..]).is_err());
    assert_eq!((budget.used(), sink.buffer_size()), (9, 9));
    let parts = sink.into_parts();
    assert_eq!(budget.used(), 0);
    assert_eq!(parts.queue.into_iter().flatten().collect::<Vec<_>>(), b"\x03abc\x04defg");
}

/// Peers that read nothing used the budget up, to the byte, and no frame for others came in by
/// `try_send` any more.
#[test]
fn a_used_up_budget_lets_one_frame_into_each_sink_that_holds_nothing() {
    for used in [9, 10, 200] {
        let budget = MemoryBudget::new(10);
        let options = Builder::new().budget(budget.clone());
        let (mut hog, _inner) = stuck(&options, Short);
        assert_eq!(kind(hog.try_send(&vec![7; used - 1][..])), None);
        let (mut sink, inner) = stuck(&options, Short);
        for round in 1..=3 {
            assert_eq!(kind(sink.try_send(&b"12345"[..])), None, "{used} used, round {round}");
            assert_eq!((sink.buffer_size(), budget.used()), (6, used + 6));
            assert!(sink.get_ref().is_paused());
            assert!(matches!(sink.try_send(&b"x"[..]), Err(TrySendItemError::Full(b"x"))));
            inner.script([Done]);
            assert!(Pin::new(&mut sink).poll_ready(&mut Task::new().context()).is_ready());
        }
    }
}

#[test]
fn while_the_budget_is_exceeded_a_sink_pauses_with_its_first_frame() {
    let budget = MemoryBudget::new(4);
    let options = Builder::new().budget(budget.clone());
    let (mut hog, _inner) = stuck(&options, Short);
    let (mut sink, inner) = stuck(&options, Short);
    Pin::new(&mut hog).start_send(&b"12345"[..]).expect("the sink is open");

    let task = Task::new();
    let cx = &mut task.context();
    assert!(Pin::new(&mut sink).poll_ready(cx).is_ready());
    Pin::new(&mut sink).start_send(&b"ab"[..]).expect("one frame is admitted whole");
    inner.script([Take(2), Pending]);
    assert!(Pin::new(&mut sink).poll_ready(cx).is_pending());
    assert_eq!(budget.used(), 7);
    inner.otherwise(Done);
    assert!(Pin::new(&mut sink).poll_ready(cx).is_ready());
    assert_eq!(budget.used(), 6);
}

#[test]
fn a_frame_is_taken_past_a_pause_once_others_have_given_the_budget_back() {
    let options = Builder::new().budget(MemoryBudget::new(10)).hard_limit(5);
    let (mut hog, _inner) = stuck(&options, Short);
    let (mut sink, _inner) = stuck(&options, Short);
    assert_eq!(kind(hog.try_send(&b"1234567890"[..])), None);
    assert_eq!(kind(sink.try_send(&b"12345"[..])), None);
    assert!(Pin::new(&mut sink).start_send(&b"x"[..]).is_err(), "paused, at the hard limit");
    drop(hog);
    Pin::new(&mut sink).start_send(&b"x"[..]).expect("not paused");
}

#[test]
fn a_frame_of_any_length_is_taken_while_not_paused_whatever_the_hard_limit() {
    let options = Builder::new().hard_limit(10).watermarks(Watermarks::new(0, 5));
    let (mut sink, _inner) = stuck(&options, LengthDelimitedEncoder::new());
    Pin::new(&mut sink).start_send(Bytes::from("1")).expect("not paused");
    Pin::new(&mut sink).start_send(Bytes::from("1234567")).expect("not paused at 5");
    assert_eq!(sink.buffer_size(), 16);
    let error = Pin::new(&mut sink).start_send(Bytes::new()).expect_err("at the limit");
    assert_eq!(error.kind(), ErrorKind::StorageFull);
    assert_eq!(sink.buffer_size(), 16);
}

#[cfg(feature = "time")]
#[tokio::test(start_paused = true)]
async fn a_peer_that_takes_nothing_fails_the_sink() {
    use std::time::Duration;

    let timeout = Duration::from_secs(3);
    let (mut sink, _inner) = stuck(&Builder::new().stall_timeout(timeout), Short);
    let start = tokio::time::Instant::now();
    assert_eq!(kind(sink.try_send(&b"abc"[..])), None);
    let error = sink.flush().await.expect_err("the inner writer takes nothing");
    assert_eq!((error.kind(), start.elapsed()), (ErrorKind::TimedOut, timeout));
    assert!(matches!(sink.try_send(&b"d"[..]), Err(TrySendItemError::Closed(b"d"))));
}

#[test]
fn the_budget_is_exact_at_every_step_of_a_random_run_of_frames() {
    let seed = fastrand::u64(..);
    println!("seed {seed}");
    let mut random = fastrand::Rng::with_seed(seed);
    let budget = MemoryBudget::new(1000);
    let options = Builder::new().budget(budget.clone()).watermarks(Watermarks::new(50, 200));
    let mut sinks: Vec<_> = (0..4).map(|_| stuck(&options, Short)).collect();
    let task = Task::new();
    for _ in 0..5000 {
        let index = random.usize(..sinks.len());
        let (sink, inner) = &mut sinks[index];
        let payload = vec![7; random.usize(..200)];
        match random.u8(..12) {
            0..=3 => drop(sink.try_send(&payload[..])),
            4..=6 => drop(Pin::new(&mut *sink).start_send(&payload[..])),
            7..=9 => {
                inner.script([Take(random.usize(1..300)), Pending]);
                let _outcome = Pin::new(&mut *sink).poll_flush(&mut task.context());
            }
            10 => drop(Pin::new(&mut *sink).poll_ready(&mut task.context())),
            _ => sinks[index] = stuck(&options, Short),
        }
        let held: usize = sinks.iter().map(|(sink, _)| sink.buffer_size()).sum();
        assert_eq!(budget.used(), held);
    }
    drop(sinks);
    assert_eq!(budget.used(), 0);
}

/// The writer inside shares the budget, whoever sends to it.
#[test]
fn chunks_sent_to_the_writer_itself_count_too() {
    let budget = MemoryBudget::new(100);
    let (mut sink, _inner) = stuck(&Builder::new().budget(budget.clone()), Short);
    let writer: &mut FlowControlledWriter<_> = sink.get_mut();
    writer.try_send("between frames").expect("within the budget");
    assert_eq!(budget.used(), 14);
}
