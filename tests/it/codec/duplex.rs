use std::io;
use std::task::Poll;

use bytes::Bytes;
use flow_controlled_writer::codec::{Framed, FramedSink, LengthDelimitedEncoder};
use flow_controlled_writer::{Builder, FlowControlledWriter, Watermarks};
use futures::{SinkExt, StreamExt};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader, DuplexStream, duplex};
use tokio_util::codec::{FramedRead, LengthDelimitedCodec, LinesCodec, LinesCodecError};

use crate::support::Answer::Pending;
use crate::support::{Scripted, Task, within};

fn lines(stream: DuplexStream) -> Framed<DuplexStream, LinesCodec> {
    Framed::new(FlowControlledWriter::new(stream), LinesCodec::new())
}

#[tokio::test]
async fn requests_and_answers_go_both_ways_over_one_connection() -> Result<(), LinesCodecError> {
    let (near, far) = duplex(32);
    let (mut client, mut server) = (lines(near), lines(far));
    let serve = async {
        while let Some(line) = server.next().await.transpose()? {
            server.send(format!("re: {line}")).await?;
        }
        server.get_mut().shutdown().await?;
        Ok::<_, LinesCodecError>(())
    };
    let ask = async {
        for number in 0..100 {
            client.send(format!("question {number}")).await?;
            let answer = client.next().await.transpose()?;
            assert_eq!(answer, Some(format!("re: question {number}")));
        }
        client.get_mut().shutdown().await?;
        assert!(client.next().await.is_none());
        Ok(())
    };
    within(async { tokio::try_join!(serve, ask) }).await?;
    Ok(())
}

#[tokio::test]
async fn both_halves_work_at_once_after_a_split() -> Result<(), LinesCodecError> {
    let (near, far) = duplex(64);
    let (mut client_sink, client_stream) = lines(near).split();
    let (mut server_sink, server_stream) = lines(far).split();
    let wanted: Vec<String> = (0..1000).map(|number| format!("line {number}")).collect();

    let forward = async { server_stream.forward(&mut server_sink).await };
    let send = async {
        for line in &wanted {
            client_sink.feed(line).await?;
        }
        client_sink.close().await
    };
    let receive = client_stream.map(|line| line.expect("lines arrive")).collect::<Vec<_>>();
    let all = async { tokio::join!(forward, send, receive) };
    let (forwarded, sent, received) = within(all).await;
    forwarded?;
    sent?;
    assert_eq!(received, wanted);
    Ok(())
}

#[tokio::test]
async fn the_decoder_may_be_another_type_than_the_encoder() -> io::Result<()> {
    let (near, far) = duplex(1024 * 1024);
    let sink = FramedSink::new(FlowControlledWriter::new(near), LengthDelimitedEncoder::new());
    let mut duplex = FramedRead::new(sink, LinesCodec::new());
    let mut peer = FramedRead::new(far, LengthDelimitedCodec::new());

    let payload = Bytes::from(vec![1; 100_000]);
    duplex.send(payload.clone()).await?;
    assert_eq!(peer.next().await.transpose()?, Some(payload.as_ref().into()));
    tokio::io::AsyncWriteExt::write_all(peer.get_mut(), b"thanks\n").await?;
    assert_eq!(duplex.next().await.expect("a line").expect("a line"), "thanks");
    Ok(())
}

#[tokio::test]
async fn reads_pass_through_and_write_nothing() -> Result<(), LinesCodecError> {
    let (near, mut far) = duplex(64);
    tokio::io::AsyncWriteExt::write_all(&mut far, b"first\nsecond").await?;
    drop(far);
    let writer = FlowControlledWriter::new(BufReader::new(near));
    let mut sink = FramedSink::new(writer, LinesCodec::new());
    sink.feed("queued").await?;

    let mut line = String::new();
    sink.read_line(&mut line).await?;
    sink.read_to_string(&mut line).await?;
    assert_eq!(line, "first\nsecond");
    assert_eq!(sink.buffer_size(), 7);
    assert_eq!(sink.get_ref().stats().write_calls, 0);
    Ok(())
}

/// One task reads while another one waits to write. A writer that kept one waker for both would
/// wake the reader when there is room, and the writer's task would sleep for ever.
#[test]
fn the_task_that_waits_to_write_is_the_one_woken() {
    let (inner, handle) = Scripted::gathering([Pending]);
    let options = Builder::new().watermarks(Watermarks::new(0, 0));
    let mut duplex = Framed::new(options.build(inner), LinesCodec::new());
    let (reader, writer) = (Task::new(), Task::new());

    assert!(matches!(writer.poll_once(duplex.feed("one")), Poll::Ready(Ok(()))));
    assert!(writer.poll_once(duplex.feed("two")).is_pending());
    assert!(reader.poll_once(duplex.next()).is_pending());
    assert!(handle.wake());
    assert_eq!((reader.take_wakes(), writer.take_wakes()), (0, 1));
    handle.feed(b"line\n");
    assert_eq!((reader.take_wakes(), writer.take_wakes()), (1, 0));
    let line = reader.poll_once(duplex.next());
    assert!(matches!(line, Poll::Ready(Some(Ok(line))) if line == "line"));
}
