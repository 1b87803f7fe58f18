use std::io;
use std::pin::Pin;

use allocation_counter::measure;
use bytes::{Buf, BufMut, Bytes, BytesMut};
use flow_controlled_writer::codec::{
    ChunkAppender, ChunkEncoder, Framed, FramedSink, LengthDelimitedEncoder,
};
use flow_controlled_writer::{FlowControlledWriter, Watermarks};
use futures::Sink;
use tokio_util::codec::{Encoder, LinesCodec};

use crate::{Peer, context, done, steady};

/// Fails for each item, having written so many bytes.
struct Fails(usize);

impl Encoder<()> for Fails {
    type Error = io::Error;

    fn encode(&mut self, (): (), dst: &mut BytesMut) -> io::Result<()> {
        dst.put_bytes(1, self.0);
        Err(io::ErrorKind::Unsupported.into())
    }
}

#[test]
fn ping_pong_of_lines_allocates_nothing() {
    let line = "x".repeat(900);
    let cx = &mut context();
    for peer in [Peer::DRAINS, Peer::Takes { at_most: 700, gathers: false }] {
        for length in [0, 1, 15, 63, 100, 500, 900] {
            let writer = FlowControlledWriter::new(peer);
            let mut sink = FramedSink::new(writer, LinesCodec::new());
            let used = steady(1000, || {
                Pin::new(&mut sink).start_send(&line[..length]).expect("open");
                done(Pin::new(&mut sink).poll_flush(cx));
            });
            assert_eq!(used.count_total, 0, "lines of {length} bytes");
        }
    }
}

#[test]
fn ping_pong_of_length_delimited_frames_allocates_nothing() {
    let payload = Bytes::from(vec![1; 1 << 20]);
    let cx = &mut context();
    for length in [0, 1, 16, 100, 1000] {
        let writer = FlowControlledWriter::new(Peer::DRAINS);
        let mut sink = FramedSink::new(writer, LengthDelimitedEncoder::new());
        let used = steady(1000, || {
            Pin::new(&mut sink).start_send(payload.slice(..length)).expect("open");
            done(Pin::new(&mut sink).poll_flush(cx));
        });
        assert_eq!(used.count_total, 0, "payloads of {length} bytes");
    }
}

#[test]
fn streaming_frames_allocates_by_the_block() {
    let line = "x".repeat(63);
    let cx = &mut context();
    let mut sink = FramedSink::new(FlowControlledWriter::new(Peer::DRAINS), LinesCodec::new());
    let used = steady(100_000, || {
        done(Sink::<&str>::poll_ready(Pin::new(&mut sink), cx).map_err(io::Error::other));
        Pin::new(&mut sink).start_send(&line[..]).expect("ready");
    });
    assert!(used.count_total <= 500, "{} allocations for 100 000 lines", used.count_total);
}

#[test]
fn a_sink_whose_burst_is_drained_gives_its_memory_back() {
    let payload = Bytes::from(vec![1; 100_000]);
    let cx = &mut context();
    let mut sink =
        FramedSink::new(FlowControlledWriter::new(Peer::DRAINS), LengthDelimitedEncoder::new());
    let used = measure(|| {
        for length in (0..5000).cycle().take(20_000) {
            Pin::new(&mut sink).start_send(payload.slice(..length)).expect("open");
        }
        while Sink::<Bytes>::poll_flush(Pin::new(&mut sink), cx).is_pending() {}
    });
    assert_eq!(sink.buffer_size(), 0);
    assert!(used.bytes_current <= 1536, "{} bytes kept", used.bytes_current);
}

/// What an encoder that fails has written must not stay allocated, behind a queue or without one.
#[test]
fn frames_that_fail_leave_no_memory_behind() {
    for queued in [0, 16, 5000] {
        for half in [10, 1000, 10_000, 200_000] {
            let marks = Watermarks::new(0, usize::MAX);
            let writer = FlowControlledWriter::with_watermarks(Peer::Stalls, marks);
            let mut sink = FramedSink::new(writer, Fails(half));
            sink.get_mut().try_send(vec![1; queued]).expect("open");
            let used = measure(|| {
                for _ in 0..1000 {
                    Pin::new(&mut sink).start_send(()).expect_err("fails");
                }
            });
            assert_eq!(sink.buffer_size(), queued);
            assert!(used.bytes_current <= 4096, "{} bytes, {queued}, {half}", used.bytes_current);
        }
    }
}

/// The same for a frame in parts, and with a small one that is queued after each.
#[test]
fn parts_of_frames_that_fail_leave_no_memory_behind() {
    struct Parts;

    impl ChunkEncoder<usize> for Parts {
        type Error = io::Error;

        fn encode(&mut self, body: usize, dst: &mut ChunkAppender<'_>) -> io::Result<()> {
            dst.extend_from_slice(&[1; 16]);
            if body == 0 {
                return Ok(());
            }
            dst.push(vec![1; body]);
            dst.extend_from_slice(&vec![1; body / 2]);
            Err(io::ErrorKind::Unsupported.into())
        }
    }

    for body in [100, 3000, 100_000] {
        let marks = Watermarks::new(0, usize::MAX);
        let writer = FlowControlledWriter::with_watermarks(Peer::Stalls, marks);
        let mut sink = FramedSink::new(writer, Parts);
        let used = measure(|| {
            for _ in 0..2000 {
                Pin::new(&mut sink).start_send(body).expect_err("fails");
                Pin::new(&mut sink).start_send(0).expect("open");
            }
        });
        let payload = sink.buffer_size() as i64;
        assert_eq!(payload, 32_000);
        assert!(used.bytes_current * 10 <= payload * 12, "{} for {payload}", used.bytes_current);
        let mut queue = sink.into_parts().queue;
        assert_eq!(queue.copy_to_bytes(32_000).len(), 32_000);
    }
}

/// A frame that fails behind a kept chunk is removed again. The chunk must not pass for copied bytes
/// afterwards, or the next cycle would expect as many.
#[test]
fn a_failed_frame_behind_a_large_chunk_does_not_make_later_messages_dear() {
    const LARGE: usize = 100_000;
    let marks = Watermarks::with_high(1 << 20);
    let writer = FlowControlledWriter::with_watermarks(Peer::DRAINS, marks);
    let mut sink = FramedSink::new(writer, Fails(100));
    sink.get_mut().try_send(vec![1; LARGE]).expect("not paused");
    Pin::new(&mut sink).start_send(()).expect_err("fails");
    assert_eq!(sink.buffer_size(), LARGE);
    done(Pin::new(&mut sink).poll_flush(&mut context()));
    let used = measure(|| sink.get_mut().try_send("small").expect("open"));
    assert!(used.bytes_total <= 1024, "{} bytes", used.bytes_total);
}

/// A sink of tokio-util's that has had a burst hands its buffer over.
#[test]
fn what_tokio_util_has_not_sent_costs_what_it_is() {
    let mut handed = None;
    let used = measure(|| {
        let stream = tokio::io::join(tokio::io::empty(), Peer::Stalls);
        let mut old = tokio_util::codec::Framed::new(stream, LinesCodec::new());
        old.write_buffer_mut().reserve(10 << 20);
        old.write_buffer_mut().put_bytes(7, 20_000);
        handed = Some(Framed::from(old));
    });
    assert_eq!(handed.map(|framed| framed.buffer_size()), Some(20_000));
    // Beside the buffer of what was read.
    let current = used.bytes_current - 8192;
    assert!(current <= 22_000 + 1536, "{current} bytes");
}
