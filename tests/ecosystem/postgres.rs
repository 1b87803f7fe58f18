//! Our `Framed` in place of tokio-util's, in a protocol like that of Postgres: its codecs are not `Clone`,
//! what they decode depends on what they have encoded, and queries are pipelined.

mod codec;
mod server;

use std::io;

use bytes::Bytes;
use flow_controlled_writer::codec::Framed;
use flow_controlled_writer::{FlowControlledWriter, Watermarks};
use futures::{Sink, SinkExt, Stream, StreamExt};
use tokio::io::{AsyncRead, AsyncWrite, duplex};

use self::codec::{Answer, Backend, Frontend, Request};
use self::server::{ITEM, Requests, serve};
use crate::support::{Pattern, Slow, narrow_tcp_pair, tcp_pair, within};

/// What both `Framed`s are to a client.
trait Answers: Stream<Item = io::Result<Answer>> + Sink<Request, Error = io::Error> + Unpin {}

impl<S> Answers for S where
    S: Stream<Item = io::Result<Answer>> + Sink<Request, Error = io::Error> + Unpin
{
}

/// A duplex of each kind.
fn ours<S: AsyncWrite, C>(stream: S, codec: C) -> Framed<S, C> {
    Framed::new(FlowControlledWriter::new(stream), codec)
}

fn theirs<S: AsyncRead + AsyncWrite, C>(stream: S, codec: C) -> tokio_util::codec::Framed<S, C> {
    tokio_util::codec::Framed::new(stream, codec)
}

fn query(text: impl Into<String>) -> Request {
    Request::Query(text.into())
}

async fn expect(client: &mut impl Answers, expected: Answer) -> io::Result<()> {
    let answer = client.next().await.expect("the connection is open")?;
    assert_eq!(answer, expected);
    Ok(())
}

/// Asks all that there is to ask, and leaves.
async fn converse(client: &mut impl Answers) -> io::Result<()> {
    pipeline(client).await?;
    copy_in(client).await?;
    copy_out(client, 5).await?;
    client.close().await?;
    assert!(client.next().await.is_none());
    Ok(())
}

/// Queues many queries before it reads an answer.
async fn pipeline(client: &mut impl Answers) -> io::Result<()> {
    for number in 0..QUERIES {
        client.feed(query(number.to_string())).await?;
    }
    client.flush().await?;
    for number in 0..QUERIES {
        expect(client, Answer::Row(number.to_string().into())).await?;
        expect(client, Answer::Complete).await?;
    }
    Ok(())
}

async fn copy_in(client: &mut impl Answers) -> io::Result<()> {
    client.send(query("copy in")).await?;
    expect(client, Answer::CopyIn).await?;
    let mut pattern = Pattern::at(0);
    for length in [1, 0, 1000, ITEM, 10 * ITEM, 7] {
        client.feed(Request::Data(pattern.take(length))).await?;
    }
    client.feed(Request::CopyDone).await?;
    // The answer to the next query comes behind that to the copy.
    client.send(query("next")).await?;
    expect(client, Answer::Row(pattern.position().to_string().into())).await?;
    expect(client, Answer::Complete).await?;
    expect(client, Answer::Row(Bytes::from_static(b"next"))).await?;
    expect(client, Answer::Complete).await
}

async fn copy_out(client: &mut impl Answers, items: usize) -> io::Result<()> {
    client.send(query(format!("copy out {items}"))).await?;
    expect(client, Answer::CopyOut).await?;
    let mut pattern = Pattern::at(0);
    for _ in 0..items {
        let Some(Answer::Data(data)) = client.next().await.transpose()? else {
            panic!("fewer items than asked for");
        };
        assert_eq!(data.len(), ITEM);
        pattern.check(&data);
    }
    expect(client, Answer::CopyDone).await?;
    expect(client, Answer::Complete).await
}

/// Lets a client ask a server all that there is to ask.
async fn speak(mut client: impl Answers, mut server: impl Requests) -> io::Result<()> {
    within(async { tokio::try_join!(converse(&mut client), serve(&mut server)) }).await?;
    Ok(())
}

#[tokio::test]
async fn each_framed_speaks_to_the_other_and_to_itself() -> io::Result<()> {
    let (near, far) = tcp_pair().await?;
    speak(theirs(near, Frontend::default()), theirs(far, Backend::default())).await?;
    let (near, far) = tcp_pair().await?;
    speak(theirs(near, Frontend::default()), ours(far, Backend::default())).await?;
    let (near, far) = tcp_pair().await?;
    speak(ours(near, Frontend::default()), theirs(far, Backend::default())).await?;
    let (near, far) = tcp_pair().await?;
    speak(ours(near, Frontend::default()), ours(far, Backend::default())).await
}

#[tokio::test]
async fn messages_that_come_in_pieces_are_put_together() -> io::Result<()> {
    for (to_client, to_server) in [(1, 64), (64, 1), (3, 7)] {
        let (near, far) = duplex(64);
        let ((near, near_gate), (far, far_gate)) =
            (Slow::new(near, to_client), Slow::new(far, to_server));
        near_gate.open();
        far_gate.open();
        let mut client = ours(near, Frontend::default());
        let mut server = ours(far, Backend::default());
        let asking = async {
            // Few enough not to stop both ends: each of them writes before it reads.
            for round in 0..20 {
                client.send(query(format!("query {round}"))).await?;
                expect(&mut client, Answer::Row(format!("query {round}").into())).await?;
                expect(&mut client, Answer::Complete).await?;
            }
            copy_in(&mut client).await?;
            copy_out(&mut client, 1).await?;
            client.shutdown().await
        };
        within(async { tokio::try_join!(asking, serve(&mut server)) }).await?;
        assert_eq!((client.codec().asked(), server.buffer_size()), (0, 0));
    }
    Ok(())
}

#[tokio::test]
async fn a_copy_of_large_items_waits_for_a_client_that_reads_slowly() -> io::Result<()> {
    let (near, far) = narrow_tcp_pair().await?;
    let (near, gate) = Slow::new(near, 1000);
    let mut client = ours(near, Frontend::default());
    let mut server = ours(far, Backend::default());
    let asking = async {
        client.feed(query("copy out 50")).await?;
        client.flush().await?;
        gate.open();
        expect(&mut client, Answer::CopyOut).await?;
        let mut pattern = Pattern::at(0);
        while let Some(Answer::Data(data)) = client.next().await.transpose()? {
            pattern.check(&data);
        }
        assert_eq!(pattern.position(), 50 * ITEM as u64);
        expect(&mut client, Answer::Complete).await?;
        client.shutdown().await
    };
    within(async { tokio::try_join!(asking, serve(&mut server)) }).await?;
    let stats = server.stats();
    assert!(stats.pauses > 0, "{stats:?}");
    assert!(stats.peak_buffer_size <= Watermarks::default().high() + ITEM + 5, "{stats:?}");
    Ok(())
}

/// A server that goes over to our `Framed` with queries read ahead and answers unsent.
#[tokio::test]
async fn a_framed_is_taken_over_in_the_middle_of_a_pipeline() -> io::Result<()> {
    let (near, far) = tcp_pair().await?;
    let mut client = theirs(near, Frontend::default());
    let mut old = theirs(far, Backend::default());
    let asking = async {
        pipeline(&mut client).await?;
        SinkExt::<Request>::close(&mut client).await
    };
    let serving = async {
        let Some(Request::Query(first)) = old.next().await.transpose()? else {
            panic!("no query");
        };
        old.feed(Answer::Row(first.into())).await?;
        old.feed(Answer::Complete).await?;
        assert!(!old.read_buffer().is_empty() && !old.write_buffer().is_empty());
        let mut new = Framed::from(old);
        assert!(new.buffer_size() > 0);
        serve(&mut new).await
    };
    within(async { tokio::try_join!(asking, serving) }).await?;
    Ok(())
}

const QUERIES: usize = 2_000;
