use std::fmt;
use std::io::{self, Write};

use bytes::{Buf, BufMut, Bytes};
use flow_controlled_writer::ChunkQueue;
use flow_controlled_writer::codec::{ChunkAppender, ChunkEncoder, FramedSink};
use flow_controlled_writer::{Builder, FlowControlledWriter};
use tokio_util::codec::{LinesCodec, LinesCodecError};

use super::{Appends, FrameRig, Parts};
use crate::support::Call::Gather;
use crate::support::{READY, Scripted};

/// A record of a small head, a large body and a small tail, and a body that is sent as it is.
struct Record(Bytes);

impl ChunkEncoder<Bytes> for Record {
    type Error = io::Error;

    fn encode(&mut self, body: Bytes, dst: &mut ChunkAppender<'_>) -> io::Result<()> {
        write!(dst, "{}:", body.len())?;
        let (head, length) = (dst.appended(), body.len());
        dst.push(body);
        assert_eq!(dst.appended(), head + length);
        dst.push(self.0.clone());
        dst.extend_from_slice(b",");
        Ok(())
    }
}

#[test]
fn large_parts_reach_the_inner_writer_at_their_address() {
    let trailer = Bytes::from(vec![b't'; 2000]);
    let body = Bytes::from(vec![b'b'; 5000]);
    let mut rig = FrameRig::new(Record(trailer.clone()), []);
    let frame = [b"5000:", &body[..], &trailer[..], b","].concat();
    for _ in 0..2 {
        rig.start_send(body.clone(), &frame).expect("open");
    }
    assert_eq!(rig.flush(), READY);
    let addresses = rig.inner.take_addresses();
    let pinned = [body.as_ptr() as usize, trailer.as_ptr() as usize];
    assert_eq!(addresses[0][1..3], pinned);
    assert_eq!(addresses[0][4..6], pinned);
    let log = rig.inner.take_log();
    let wanted = [5, 5000, 2000, 6, 5000, 2000, 1];
    assert!(matches!(&log[0], Gather(lengths, _) if *lengths == wanted), "{log:?}");
    rig.finish();
}

#[test]
fn small_parts_of_many_frames_become_one_chunk() {
    let mut rig = FrameRig::new(Record(Bytes::new()), []);
    for _ in 0..10 {
        rig.start_send(Bytes::from_static(b"hello"), "5:hello,").expect("open");
    }
    assert_eq!(rig.sink.get_ref().queued_chunks(), 1);
    rig.finish();
}

/// Each way to append leaves the order and the count right, whatever comes before and behind.
#[test]
fn parts_of_all_kinds_keep_their_order() {
    type Append = fn(&mut ChunkAppender<'_>) -> io::Result<()>;
    let parts: [(Append, Vec<u8>); 8] = [
        (|dst| dst.write_all(b"w"), vec![b'w']),
        (|dst| fmt::Write::write_str(dst, "s").map_err(io::Error::other), vec![b's']),
        (|dst| write!(dst, "{:>5}", "f"), b"    f".to_vec()),
        (
            |dst| {
                dst.push("p");
                Ok(())
            },
            vec![b'p'],
        ),
        (
            |dst| {
                dst.push(vec![b'P'; 1024]);
                Ok(())
            },
            vec![b'P'; 1024],
        ),
        (
            |dst| {
                dst.push(Bytes::new());
                dst.extend_from_slice(&[b'x'; 3000]);
                dst.flush()
            },
            vec![b'x'; 3000],
        ),
        (
            |dst| {
                dst.encode_with(|block| {
                    block.put_bytes(b'e', 100);
                    Ok(())
                })
            },
            vec![b'e'; 100],
        ),
        (
            |dst| {
                dst.encode_with(|block| {
                    block.put_bytes(b'E', 70_000);
                    Ok(())
                })
            },
            vec![b'E'; 70_000],
        ),
    ];
    for threshold in [0, 100, 1024] {
        for first in &parts {
            for second in &parts {
                for third in &parts {
                    let options = Builder::new().coalesce_threshold(threshold);
                    let inner = Scripted::gathering([]);
                    let mut rig = FrameRig::with_options(&options, Appends, inner);
                    let frame = [&first.1[..], &second.1, &third.1].concat();
                    let item = |dst: &mut ChunkAppender<'_>| {
                        first.0(dst)?;
                        assert_eq!(dst.appended(), first.1.len());
                        second.0(dst)?;
                        third.0(dst)?;
                        assert_eq!(dst.appended(), frame.len());
                        Ok(())
                    };
                    rig.start_send(Parts(item), &frame).expect("open");
                    rig.start_send(Parts(item), &frame).expect("open");
                    rig.finish();
                }
            }
        }
    }
}

#[test]
fn an_encoder_can_be_tried_without_a_writer() {
    let mut queue = ChunkQueue::new();
    queue.push("earlier ");
    let mut dst = ChunkAppender::new(&mut queue);
    Record(Bytes::new()).encode("body".into(), &mut dst).expect("a queue takes all");
    assert_eq!(dst.appended(), 7);
    assert_eq!(format!("{dst:?}").matches("body").count(), 0, "no payload");
    assert_eq!(queue.copy_to_bytes(15), "earlier 4:body,");
}

#[test]
fn what_is_written_to_an_appender_is_appended_whole() {
    let mut queue = ChunkQueue::new();
    let mut dst = ChunkAppender::new(&mut queue);
    assert_eq!(dst.write(b"one ").expect("never fails"), 4);
    let long = vec![b'x'; 100_000];
    assert_eq!(dst.write(&long).expect("never fails"), 100_000);
    dst.write_all(b" two").expect("never fails");
    dst.flush().expect("never fails");
    assert_eq!(dst.appended(), 100_008);
    assert_eq!(queue.copy_to_bytes(100_008), [b"one ", &long[..], b" two"].concat());
}

#[tokio::test]
async fn a_sink_can_change_its_encoder_and_be_taken_apart() {
    let writer = FlowControlledWriter::new(Vec::new());
    let mut sink = FramedSink::new(writer, LinesCodec::new_with_max_length(3));
    sink.feed("one").await.expect("a vector takes all");
    *sink.encoder_mut() = LinesCodec::new();
    assert_eq!(sink.encoder().max_length(), usize::MAX);

    let mut sink = sink.map_encoder(|_| Record(Bytes::new()));
    sink.send(Bytes::from_static(b"body")).await.expect("a vector takes all");
    sink.feed(Bytes::from_static(b"rest")).await.expect("a vector takes all");
    let mut parts = sink.into_parts();
    assert_eq!(parts.inner, b"one\n4:body,");
    assert_eq!(parts.encoder.0.len(), 0);
    assert_eq!(parts.queue.copy_to_bytes(7), "4:rest,");
}

#[tokio::test]
async fn the_writer_can_be_taken_out_with_what_is_queued() -> Result<(), LinesCodecError> {
    let mut sink = FramedSink::new(FlowControlledWriter::new(Vec::new()), LinesCodec::new());
    sink.feed("one").await?;
    let mut writer = sink.into_inner();
    assert_eq!(writer.buffer_size(), 4);
    writer.flush().await?;
    assert_eq!(writer.get_ref(), b"one\n");
    Ok(())
}

#[test]
fn an_appender_shows_counts_and_never_the_payload() {
    let mut queue = ChunkQueue::new();
    queue.push("secret");
    let mut appender = ChunkAppender::new(&mut queue);
    appender.extend_from_slice(b"secrets");
    let shown = format!("{appender:?}");
    assert!(shown.starts_with("ChunkAppender { appended: 7, "), "{shown}");
    assert!(shown.contains("bytes: 13") && !shown.contains("secret"), "{shown}");
}
