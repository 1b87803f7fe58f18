//! How the parts go together. Each recipe is compiled and run.
//!
//! # Typed requests and answers
//!
//! A [`Framed`] splits into a stream of what comes in and a [`FramedSender`] that any number of tasks
//! share. Answers go out as they are ready, each frame whole; a slow peer makes its own tasks wait.
//!
//! ```
//! # #[cfg(feature = "codec")]
//! # mod example {
//! use bytes::Bytes;
//! use flow_controlled_writer::FlowControlledWriter;
//! use flow_controlled_writer::codec::LengthDelimitedEncoder;
//! use futures::{SinkExt, StreamExt};
//! use tokio::io::{AsyncRead, AsyncWrite};
//!
//! async fn serve<S>(stream: S) -> std::io::Result<()>
//! where
//!     S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
//! {
//!     let frames = LengthDelimitedEncoder::builder().new_framed(FlowControlledWriter::new(stream));
//!     let (mut requests, answers, driver) = frames.into_channel(tokio::io::split);
//!     let driver = tokio::spawn(driver);
//!     while let Some(request) = requests.next().await {
//!         let (request, mut answers) = (request?.freeze(), answers.clone());
//!         tokio::spawn(async move { answers.send(answer(request).await).await });
//!     }
//!     drop(answers); // the tasks that still work hold theirs
//!     driver.await.expect("no panic")?;
//!     Ok(())
//! }
//!
//! async fn answer(request: Bytes) -> Bytes {
//!     request
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # pub async fn main() -> std::io::Result<()> {
//! # let (near, far) = tokio::io::duplex(1024);
//! # let serving = tokio::spawn(serve(far));
//! # let mut frames = LengthDelimitedEncoder::builder().new_framed(FlowControlledWriter::new(near));
//! # for request in ["one", "two"] {
//! #     frames.send(Bytes::from(request)).await?;
//! #     assert_eq!(frames.next().await.transpose()?.as_deref(), Some(request.as_bytes()));
//! # }
//! # drop(frames);
//! # serving.await.expect("no panic")?;
//! # Ok(())
//! # }
//! # }
//! # #[cfg(feature = "codec")]
//! # example::main().unwrap();
//! ```
//!
//! The example `rpc` is a client and a server of this kind.
//!
//! # Go on with another connection
//!
//! By [`Driver::drive`] an error of the connection leaves the channel open, and its producers only
//! wait. What the old connection had accepted may be lost; the positions that [`Sender::send`] returns
//! tell what to keep until the peer has acknowledged it.
//!
//! ```
//! use bytes::Buf;
//! use flow_controlled_writer::FlowControlledWriter;
//! use tokio::io::AsyncReadExt;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let (stream, peer) = tokio::io::duplex(6);
//! let (sender, mut driver) = FlowControlledWriter::new(stream).into_channel();
//! let lines = ["first\n", "second\n"];
//! let ends = [sender.send(lines[0]).await?, sender.send(lines[1]).await?];
//!
//! // The pipe takes the first line; then its other end is gone.
//! tokio::join!(driver.drive(), async { drop(peer) }).0.unwrap_err();
//!
//! // Nothing was acknowledged, so all is sent again: what is queued is only what was not written.
//! let written = sender.written();
//! assert!(ends[0] <= written && written < ends[1]);
//! let unsent = driver.unsent();
//! unsent.advance(unsent.remaining());
//! lines.iter().for_each(|line| unsent.push(*line));
//!
//! let (stream, mut peer) = tokio::io::duplex(64);
//! driver.replace(stream);
//! sender.close_channel();
//! driver.drive().await?;
//! drop(driver);
//! let mut received = String::new();
//! peer.read_to_string(&mut received).await?;
//! assert_eq!(received, "first\nsecond\n");
//! # Ok(())
//! # }
//! ```
//!
//! The example `log_shipper` does so with a peer that acknowledges lines and is killed again and again.
//!
//! # Shut down, but not for ever
//!
//! [`Sender::close_channel`] lets nothing more in; what is queued is written, the stream flushed and shut
//! down, and [`Sender::closed`] tells when. Whoever does not read until the deadline loses the rest.
//!
//! ```
//! use flow_controlled_writer::channel::Sender;
//! use std::time::Duration;
//! use tokio::time::timeout;
//!
//! /// Returns the bytes that were given up.
//! async fn finish(sender: &Sender, patience: Duration) -> std::io::Result<usize> {
//!     sender.close_channel();
//!     match timeout(patience, sender.closed()).await {
//!         Ok(closed) => closed.map(|()| 0),
//!         Err(_) => Ok(sender.abort()),
//!     }
//! }
//!
//! # #[tokio::main(flavor = "current_thread", start_paused = true)]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # use flow_controlled_writer::FlowControlledWriter;
//! # let (stream, _peer) = tokio::io::duplex(4);
//! # let (sender, driver) = FlowControlledWriter::new(stream).into_channel();
//! # let driver = tokio::spawn(driver);
//! # sender.send("goodbye").await?;
//! # assert_eq!(finish(&sender, Duration::from_secs(5)).await?, 3);
//! # driver.await??;
//! # Ok(())
//! # }
//! ```
//!
//! # Linger
//!
//! Nothing is written before a flush while there is room, so many small messages can go out as one: wait
//! a little for more before you flush.
//!
//! ```
//! use bytes::Bytes;
//! use flow_controlled_writer::FlowControlledWriter;
//! use std::time::Duration;
//! use tokio::io::AsyncWrite;
//! use tokio::sync::mpsc::Receiver;
//! use tokio::time::{Instant, sleep_until};
//!
//! const LINGER: Duration = Duration::from_millis(5);
//!
//! async fn write<W>(
//!     mut messages: Receiver<Bytes>,
//!     mut writer: FlowControlledWriter<W>,
//! ) -> std::io::Result<W>
//! where
//!     W: AsyncWrite + Unpin,
//! {
//!     let mut flush_at = Instant::now();
//!     loop {
//!         tokio::select! {
//!             message = messages.recv() => {
//!                 let Some(message) = message else { break };
//!                 if writer.buffer_size() == 0 {
//!                     flush_at = Instant::now() + LINGER;
//!                 }
//!                 writer.feed(message).await?;
//!             }
//!             () = sleep_until(flush_at), if writer.buffer_size() > 0 => writer.flush().await?,
//!         }
//!     }
//!     writer.shutdown().await?;
//!     Ok(writer.into_inner())
//! }
//!
//! # #[tokio::main(flavor = "current_thread", start_paused = true)]
//! # async fn main() -> std::io::Result<()> {
//! # let (sender, messages) = tokio::sync::mpsc::channel(16);
//! # let writing = tokio::spawn(write(messages, FlowControlledWriter::new(Vec::new())));
//! # for message in ["hello, ", "world"] {
//! #     sender.send(Bytes::from(message)).await.expect("is received");
//! # }
//! # drop(sender);
//! # assert_eq!(writing.await.expect("no panic")?, b"hello, world");
//! # Ok(())
//! # }
//! ```
//!
//! A channel does not linger: its driver writes as soon as it is polled, and takes all that has come by
//! then.
//!
//! # A proxy that stops reading
//!
//! While the receiver is slow the sender is not read, and feels it by its own socket. Nothing waits
//! unflushed, as a flush runs beside the read.
//!
//! ```
//! use bytes::BytesMut;
//! use flow_controlled_writer::FlowControlledWriter;
//! use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite};
//!
//! async fn pump<R, W>(mut from: R, mut to: FlowControlledWriter<W>) -> std::io::Result<()>
//! where
//!     R: AsyncRead + Unpin,
//!     W: AsyncWrite + Unpin,
//! {
//!     let mut buffer = BytesMut::new();
//!     loop {
//!         buffer.reserve(16 * 1024);
//!         tokio::select! {
//!             read = from.read_buf(&mut buffer), if !to.is_paused() => {
//!                 if read? == 0 {
//!                     return to.shutdown().await;
//!                 }
//!                 to.feed(buffer.split().freeze()).await?;
//!             }
//!             flushed = to.flush(), if to.buffer_size() > 0 => flushed?,
//!         }
//!     }
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> std::io::Result<()> {
//! # let (near, mut far) = tokio::io::duplex(100);
//! # let payload = vec![7; 100_000];
//! # let pumping = tokio::spawn({
//! #     let payload = payload.clone();
//! #     async move { pump(&payload[..], FlowControlledWriter::new(near)).await }
//! # });
//! # let mut received = Vec::new();
//! # far.read_to_end(&mut received).await?;
//! # pumping.await.expect("no panic")?;
//! # assert_eq!(received, payload);
//! # Ok(())
//! # }
//! ```
//!
//! # Under or over TLS
//!
//! Over it, in the plain text, is the usual place: `FlowControlledWriter<TlsStream<TcpStream>>`. Large
//! chunks are encrypted from where they are, small ones merged to full records, and `buffer_size()` is
//! what your peers will see. The TLS layer has a buffer of its own behind the queue, so flush when there
//! is nothing more to send; a flush shows no progress before it ends, which [timeouts](super::tuning)
//! must allow for.
//!
//! Under it, `TlsStream<FlowControlledWriter<TcpStream>>`, the queue holds records. That bounds and counts
//! what waits for the network, the TLS layer's part included, but nothing can be sent without the TLS
//! layer, so neither `Sink` nor codec is at hand.
//!
//! OpenSSL, in tokio-openssl and tokio-native-tls, encrypts what it was offered when it could not write
//! it, and insists on being offered as much again. The writer keeps to that. Only one that gives up a
//! `write_all` of more than there was room for, and writes something else, must not go on with the
//! connection, as over the bare stream.
//!
//! [`Driver::drive`]: crate::channel::Driver::drive
//! [`Sender::send`]: crate::channel::Sender::send
//! [`Sender::close_channel`]: crate::channel::Sender::close_channel
//! [`Sender::closed`]: crate::channel::Sender::closed
#![cfg_attr(all(feature = "codec", feature = "time"), doc = include_str!("links.md"))]
#![cfg_attr(not(all(feature = "codec", feature = "time")), doc = include_str!("links_docs_rs.md"))]
