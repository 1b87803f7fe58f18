//! Writers of other crates, each over a clone of a `Sender`: what one of them writes by one call is one
//! item, which the others do not part.

use std::io;

use bytes::{Buf, BufMut, Bytes, BytesMut};
use flow_controlled_writer::channel::Sender;
use flow_controlled_writer::{Builder, Watermarks};
use futures::{SinkExt, StreamExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::frame::Frame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};
use tokio_tungstenite::tungstenite::protocol::{Message, Role};
use tokio_tungstenite::tungstenite::{Error, Result};
use tokio_util::codec::{FramedRead, FramedWrite, LengthDelimitedCodec};

use crate::support::{Pattern, Slow, narrow_tcp_pair, tcp_pair, within};

const TASKS: u8 = 4;

/// A frame that tells whose it is, which one, and by its filling whether it is whole.
fn frame(task: u8, number: u32, length: usize) -> Bytes {
    let mut frame = BytesMut::with_capacity(length + 5);
    frame.put_u8(task);
    frame.put_u32(number);
    frame.put(Pattern::at(u64::from(number)).take(length));
    frame.freeze()
}

/// Checks that each task's frames come whole and in their order.
#[derive(Default)]
struct Received {
    next: [u32; TASKS as usize + 1],
}

impl Received {
    fn take(&mut self, mut frame: &[u8]) {
        let (task, number) = (frame.get_u8(), frame.get_u32());
        let next = &mut self.next[usize::from(task)];
        assert_eq!(number, *next, "of task {task}");
        *next += 1;
        Pattern::at(u64::from(number)).check(frame);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn frames_of_many_framed_writes_arrive_whole() -> io::Result<()> {
    const FRAMES: u32 = 200;
    let (near, far) = tcp_pair().await?;
    let (sender, driver) = Builder::new().build(near).into_channel();
    let driver = tokio::spawn(driver);
    let mut tasks: JoinSet<io::Result<()>> = JoinSet::new();
    for task in 0..TASKS {
        let mut sink = FramedWrite::new(sender.clone(), LengthDelimitedCodec::new());
        tasks.spawn(async move {
            for number in 0..FRAMES {
                // Some are written together.
                let length = if number % 8 == 7 { 300 } else { 40_000 };
                sink.feed(frame(task, number, length)).await?;
                if number % 16 == 0 {
                    SinkExt::<Bytes>::flush(&mut sink).await?;
                }
            }
            SinkExt::<Bytes>::close(&mut sink).await
        });
    }
    drop(sender);

    let mut frames = FramedRead::new(far, LengthDelimitedCodec::new());
    let mut received = Received::default();
    let receiving = async {
        while let Some(frame) = frames.next().await.transpose()? {
            received.take(&frame);
        }
        io::Result::Ok(())
    };
    within(receiving).await?;
    assert_eq!(received.next[..4], [FRAMES; 4]);
    while let Some(ended) = within(tasks.join_next()).await {
        ended??;
    }
    within(driver).await??;
    Ok(())
}

/// Encodes a message as it goes over the wire to every client.
fn encode(payload: Bytes) -> Bytes {
    let frame = Frame::message(payload, OpCode::Data(Data::Binary), true);
    let mut bytes = Vec::new();
    frame.format(&mut bytes).expect("a vector takes all");
    bytes.into()
}

/// Answers pings and sends messages of its own, by the library, while others send theirs past it.
async fn serve(
    mut socket: WebSocketStream<impl tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin>,
    count: u32,
) -> Result<()> {
    for number in 0..count {
        socket.send(Message::binary(frame(TASKS, number, 1_000))).await?;
        let _pinged = socket.next().await.transpose()?;
    }
    while let Some(message) = socket.next().await.transpose()? {
        assert!(message.is_ping() || message.is_close(), "{message:?}");
    }
    Ok(())
}

/// Some messages wait for their turn, the others are left out where there is no room.
async fn broadcast(task: u8, sender: Sender, count: u32) -> io::Result<()> {
    for number in 0..count {
        let message = encode(frame(task, number, 2_000));
        if sender.try_send(message.clone()).is_err() {
            sender.send(message).await?;
        }
    }
    Ok(())
}

/// The client reads slowly, so that most of what the server has to say meets a channel that is paused.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pongs_between_broadcasts_while_paused_arrive_whole() -> Result<()> {
    const MESSAGES: u32 = 150;
    let (near, far) = narrow_tcp_pair().await?;
    let (read, write) = far.into_split();
    let options = Builder::new().watermarks(Watermarks::new(1_000, 4_000));
    let (sender, driver) = options.build(write).into_channel();
    let driver = tokio::spawn(driver);
    let mut broadcasts = JoinSet::new();
    for task in 0..TASKS {
        broadcasts.spawn(broadcast(task, sender.clone(), MESSAGES));
    }
    let stream = tokio::io::join(read, sender.clone());
    let socket = WebSocketStream::from_raw_socket(stream, Role::Server, None).await;
    let control = sender.clone();
    let server = tokio::spawn(async move {
        let served = serve(socket, MESSAGES).await;
        control.close_channel();
        served
    });

    let pongs = within(read_and_ping(near, MESSAGES)).await?;
    assert!(pongs > MESSAGES / 2, "{pongs} pongs");
    within(server).await.expect("no panic")?;
    while let Some(ended) = within(broadcasts.join_next()).await {
        ended.expect("no panic")?;
    }
    assert!(sender.stats().pauses > 10, "{:?}", sender.stats());
    within(driver).await.expect("no panic").expect("all written");
    Ok(())
}

/// Pings while it reads, and closes behind the last message. Returns how many pongs have come: a ping
/// that finds an unsent pong takes its place.
async fn read_and_ping(stream: TcpStream, messages: u32) -> Result<u32> {
    let (stream, gate) = Slow::new(stream, 700);
    gate.open();
    let client = WebSocketStream::from_raw_socket(stream, Role::Client, None).await;
    let (mut sink, mut stream) = client.split();
    let pinging = async {
        for number in 0..messages {
            sink.send(Message::Ping(frame(0, number, 100))).await?;
        }
        Ok::<_, Error>(())
    };
    let reading = async {
        let (mut received, mut pongs) = (Received::default(), 0);
        while received.next != [messages; 5] || pongs == 0 {
            match stream.next().await.expect("the connection is open")? {
                Message::Binary(message) => received.take(&message),
                Message::Pong(pong) => {
                    pongs += 1;
                    Pattern::at(u64::from((&pong[1..]).get_u32())).check(&pong[5..]);
                }
                other => panic!("{other:?}"),
            }
        }
        Ok::<u32, Error>(pongs)
    };
    let ((), pongs) = tokio::try_join!(pinging, reading)?;
    let mut client = sink.reunite(stream).expect("halves of one");
    client.close(None).await?;
    while let Some(message) = client.next().await.transpose()? {
        assert!(message.is_pong() || message.is_close(), "{message:?}");
    }
    Ok(pongs)
}
