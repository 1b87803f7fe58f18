use std::io;
use std::task::Poll;

use bytes::{Bytes, BytesMut};
use flow_controlled_writer::FlowControlledWriter;
use flow_controlled_writer::codec::{Framed, LengthDelimitedEncoder};
use futures::StreamExt;
use tokio::io::{Join, duplex};
use tokio_util::codec::LinesCodec;

use super::source::{Read, Source};
use super::{Connection, Rig};
use crate::support::Answer::{Pending, Take};
use crate::support::{Scripted, Task, within};

/// The way a scripted connection is parted.
fn part(connection: Connection) -> (Source, Scripted) {
    Join::into_inner(connection)
}

#[test]
fn what_was_read_ahead_and_what_was_queued_go_along_into_the_two_halves() {
    let reads = ["one\ntwo\nthr".into(), Read::Pending, "ee\n".into(), Read::End];
    let mut rig = Rig::with_marks((4, 8), LinesCodec::new(), reads, [Take(2), Pending]);
    let task = &rig.task;
    let line = |text: &str| Poll::Ready(Some(text.to_owned()));
    let next = |stream: &mut Framed<Source, LinesCodec>| {
        task.poll_once(stream.next()).map(|line| line.transpose().expect("a line"))
    };
    assert!(
        matches!(task.poll_once(rig.framed.next()), Poll::Ready(Some(Ok(one))) if one == "one")
    );
    rig.framed.try_send("a").expect("open");
    rig.framed.try_send("b").expect("open");
    assert!(task.poll_once(rig.framed.flush()).is_pending());
    rig.source.take_rooms();

    let (mut stream, mut sender, driver) = rig.framed.into_channel(part);
    assert_eq!(next(&mut stream), line("two"));
    assert_eq!(rig.source.take_rooms(), []);
    assert_eq!((sender.sender().buffer_size(), sender.sender().written()), (2, 2));
    let marks = sender.sender().watermarks();
    assert_eq!((marks.low(), marks.high()), (4, 8), "the options stay");
    assert_eq!(sender.try_send("c").expect("open"), 6);
    drop(sender);
    let mut driver = std::pin::pin!(driver);
    assert!(matches!(task.poll(driver.as_mut()), Poll::Ready(Ok(_))));
    assert_eq!(rig.inner.wire(), b"a\nb\nc\n");

    assert_eq!(next(&mut stream), Poll::Pending);
    assert_eq!(next(&mut stream), line("three"));
    assert_eq!(next(&mut stream), Poll::Ready(None));
}

#[test]
fn the_two_halves_wake_the_tasks_that_wait_for_them() {
    let rig = Rig::with_marks((0, 0), LinesCodec::new(), [], [Pending]);
    let (mut stream, mut sender, driver) = rig.framed.into_channel(part);
    let (reader, writer, pump) = (Task::new(), Task::new(), Task::new());
    let mut driver = std::pin::pin!(driver);
    assert!(reader.poll_once(stream.next()).is_pending());
    sender.try_send("one").expect("open");
    let mut other = sender.clone();
    let mut sending = std::pin::pin!(other.send("two"));
    assert!(writer.poll(sending.as_mut()).is_pending());
    assert!(pump.poll(driver.as_mut()).is_pending());

    rig.source.script(["in\n".into()]);
    assert_eq!((reader.take_wakes(), writer.take_wakes(), pump.take_wakes()), (1, 0, 0));
    assert!(rig.inner.wake());
    assert_eq!((reader.take_wakes(), writer.take_wakes(), pump.take_wakes()), (0, 0, 1));
    let _ = pump.poll(driver.as_mut());
    assert_eq!((reader.take_wakes(), writer.take_wakes()), (0, 1));
    assert!(matches!(writer.poll(sending.as_mut()), Poll::Ready(Ok(8))));
    assert!(matches!(reader.poll_once(stream.next()), Poll::Ready(Some(Ok(line))) if line == "in"));
}

/// A request of many tasks over one connection: each answers what it finds, through a handle of its own.
#[tokio::test]
async fn many_tasks_answer_what_one_reads() -> io::Result<()> {
    let (near, far) = duplex(1000);
    let (near, far) = (FlowControlledWriter::new(near), FlowControlledWriter::new(far));
    let options = LengthDelimitedEncoder::builder();
    let (mut questions, answers, driver) = options.new_framed(far).into_channel(tokio::io::split);
    let driver = tokio::spawn(driver);
    let serve = tokio::spawn(async move {
        while let Some(question) = questions.next().await.transpose()? {
            let mut answers = answers.clone();
            tokio::spawn(async move { answers.send(question).await });
        }
        Ok::<_, io::Error>(())
    });

    let mut client = options.new_framed(near);
    let question = |number: usize| {
        Bytes::from(number.to_be_bytes().repeat(number % 50 + usize::from(number % 40 == 0) * 1000))
    };
    let mut received: Vec<BytesMut> = Vec::new();
    for number in 1..=200 {
        client.send(question(number)).await?;
        received.extend(within(client.next()).await.transpose()?);
    }
    client.shutdown().await?;
    assert!(within(client.next()).await.is_none());
    within(serve).await??;
    within(driver).await??;
    let wanted: Vec<Bytes> = (1..=200).map(question).collect();
    assert_eq!(received, wanted);
    Ok(())
}
