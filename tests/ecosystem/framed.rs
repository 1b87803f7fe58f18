//! `tokio_util`: `Framed` and its codecs, which encode into a buffer of their own and flush ours.

use std::io;

use bytes::Bytes;
use futures::{SinkExt, StreamExt};
use tokio::net::TcpStream;
use tokio_util::codec::{Decoder, Framed, LengthDelimitedCodec, LinesCodec};

use crate::support::{Pattern, Slow, Watched, narrow_tcp_pair, tcp_pair, within};

/// Sends back every frame, until the end of the stream.
async fn echo<Item, C, E>(mut framed: Framed<Watched<TcpStream>, C>) -> Result<(), E>
where
    C: Decoder<Item = Item, Error = E> + tokio_util::codec::Encoder<Bytes, Error = E>,
    Item: Into<Bytes>,
    E: From<io::Error>,
{
    while let Some(frame) = framed.next().await {
        framed.feed(frame?.into()).await?;
        if framed.read_buffer().is_empty() {
            framed.flush().await?;
        }
    }
    framed.close().await
}

#[tokio::test]
async fn length_delimited_frames_come_back_in_order() -> io::Result<()> {
    let (near, far) = tcp_pair().await?;
    let ((near, mut watch), (far, mut far_watch)) = (Watched::new(near), Watched::new(far));
    let server = tokio::spawn(echo(Framed::new(far, LengthDelimitedCodec::new())));

    let (mut sink, mut stream) = Framed::new(near, LengthDelimitedCodec::new()).split();
    let mut random = fastrand::Rng::with_seed(2);
    let lengths: Vec<usize> = (0..600)
        .map(|index| if index % 50 == 0 { random.usize(..500_000) } else { random.usize(..3_000) })
        .collect();
    let sender = async {
        let mut pattern = Pattern::at(0);
        for &length in &lengths {
            sink.feed(pattern.take(length)).await?;
        }
        sink.close().await
    };
    let receiver = async {
        let mut pattern = Pattern::at(0);
        for &length in &lengths {
            let frame = stream.next().await.expect("a frame for each one sent")?;
            assert_eq!(frame.len(), length);
            pattern.check(&frame);
        }
        assert!(stream.next().await.is_none());
        io::Result::Ok(())
    };
    within(async { tokio::try_join!(sender, receiver) }).await?;
    within(server).await??;
    drop(sink.reunite(stream));
    let sent = watch.finished().await;
    assert_eq!(sent.written_bytes, far_watch.finished().await.written_bytes);
    Ok(())
}

#[tokio::test]
async fn lines_to_a_slow_peer_are_held_back_and_complete() {
    let (near, far) = narrow_tcp_pair().await.expect("loopback");
    let (far, gate) = Slow::new(far, 300);
    let (near, mut watch) = Watched::new(near);
    let mut sender = Framed::new(near, LinesCodec::new());
    let mut receiver = Framed::new(far, LinesCodec::new());

    let sending = tokio::spawn(async move {
        for index in 0..20_000 {
            sender.feed(format!("line {index}")).await?;
        }
        SinkExt::<String>::close(&mut sender).await
    });
    within(watch.until(|report| report.buffer_size > 0)).await;
    gate.open();
    let receiving = async {
        for index in 0..20_000 {
            let line = receiver.next().await.expect("a line for each one sent").expect("a line");
            assert_eq!(line, format!("line {index}"));
        }
        assert!(receiver.next().await.is_none());
    };
    within(receiving).await;
    within(sending).await.expect("no panic").expect("all sent");
    watch.finished().await;
}
