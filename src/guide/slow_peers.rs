//! What to do about a peer that reads slowly: drop it, its oldest messages, all but the latest value, or the
//! largest of them. Each recipe is compiled and run.
//!
//! # Drop a slow consumer
//!
//! By size: the queue of a client may not pass its high mark. `try_send` says so without waiting.
//!
//! ```
//! use bytes::Bytes;
//! use flow_controlled_writer::TrySendError;
//! use flow_controlled_writer::channel::Sender;
//!
//! /// Sends to all clients, and drops those who have not kept up.
//! fn broadcast(clients: &mut Vec<Sender>, message: &Bytes) {
//!     clients.retain(|client| match client.try_send(message.clone()) {
//!         Ok(_) => true,
//!         Err(TrySendError::Full(_)) => {
//!             client.abort();
//!             false
//!         }
//!         Err(TrySendError::Closed(_)) => false,
//!     });
//! }
//!
//! # use flow_controlled_writer::{FlowControlledWriter, Watermarks};
//! # let marks = Watermarks::new(2, 4);
//! # let (sender, _driver) = FlowControlledWriter::with_watermarks(Vec::new(), marks).into_channel();
//! # let mut clients = vec![sender];
//! # broadcast(&mut clients, &Bytes::from("hello"));
//! # assert_eq!(clients.len(), 1);
//! # broadcast(&mut clients, &Bytes::from("world"));
//! # assert!(clients.is_empty());
//! ```
//!
//! By stall: the peer takes nothing for so long. By time: the writer was paused for so long without a
//! resume, which a peer that takes a byte now and then does not escape. The writer fails then, or the
//! driver of its channel, with `TimedOut`. Both need the feature `time`.
//!
//! ```
//! # #[cfg(feature = "time")]
//! # mod example {
//! use flow_controlled_writer::Builder;
//! use std::io::ErrorKind;
//! use std::time::Duration;
//!
//! # #[tokio::main(flavor = "current_thread", start_paused = true)]
//! # pub async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let options = Builder::new()
//!     .stall_timeout(Duration::from_secs(30))
//!     .pause_timeout(Duration::from_secs(60));
//!
//! let (stream, _peer_that_never_reads) = tokio::io::duplex(16);
//! let (sender, driver) = options.build(stream).into_channel();
//! let driver = tokio::spawn(driver);
//! sender.send("more than the pipe takes in").await?;
//! assert_eq!(sender.closed().await.unwrap_err().kind(), ErrorKind::TimedOut);
//! # assert!(driver.await?.is_err());
//! # Ok(())
//! # }
//! # }
//! # #[cfg(feature = "time")]
//! # example::main().unwrap();
//! ```
//!
//! # Drop the oldest messages
//!
//! A queue of bytes cannot give up what may be half sent. Let the messages wait where they are still
//! messages, in a [`tokio::sync::broadcast`], and keep the queue behind it short.
//!
//! ```
//! use bytes::Bytes;
//! use flow_controlled_writer::{FlowControlledWriter, Watermarks};
//! use tokio::io::AsyncWrite;
//! use tokio::sync::broadcast::{Receiver, error::RecvError};
//!
//! /// Writes what comes until the feed ends. Returns how many messages the peer has missed.
//! async fn follow<W>(mut feed: Receiver<Bytes>, stream: W) -> std::io::Result<u64>
//! where
//!     W: AsyncWrite + Unpin,
//! {
//!     let marks = Watermarks::new(0, 4 * 1024);
//!     let mut writer = FlowControlledWriter::with_watermarks(stream, marks);
//!     let mut missed = 0;
//!     loop {
//!         match feed.recv().await {
//!             Ok(message) => writer.feed(message).await?,
//!             Err(RecvError::Lagged(count)) => missed += count,
//!             Err(RecvError::Closed) => break,
//!         }
//!         if feed.is_empty() {
//!             writer.flush().await?;
//!         }
//!     }
//!     writer.shutdown().await?;
//!     Ok(missed)
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> std::io::Result<()> {
//! # let (feed, messages) = tokio::sync::broadcast::channel(4);
//! # for number in 0..10_u8 {
//! #     feed.send(Bytes::from(vec![number])).expect("there is a receiver");
//! # }
//! # drop(feed);
//! # assert_eq!(follow(messages, tokio::io::sink()).await?, 6);
//! # Ok(())
//! # }
//! ```
//!
//! # Send the latest value only
//!
//! While the peer is slow, newer values take the place of older ones in a [`tokio::sync::watch`]: the
//! value is taken out when there is room for it.
//!
//! ```
//! use bytes::Bytes;
//! use flow_controlled_writer::{FlowControlledWriter, Watermarks};
//! use tokio::io::AsyncWrite;
//! use tokio::sync::watch;
//!
//! async fn publish<W>(mut values: watch::Receiver<Bytes>, stream: W) -> std::io::Result<()>
//! where
//!     W: AsyncWrite + Unpin,
//! {
//!     let marks = Watermarks::new(0, 0); // one value in flight
//!     let mut writer = FlowControlledWriter::with_watermarks(stream, marks);
//!     while values.changed().await.is_ok() {
//!         writer.ready().await?;
//!         let value = values.borrow_and_update().clone();
//!         writer.send(value).await?;
//!     }
//!     writer.shutdown().await
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> std::io::Result<()> {
//! # use tokio::io::AsyncReadExt;
//! # let (values, watched) = watch::channel(Bytes::new());
//! # let (stream, mut peer) = tokio::io::duplex(64);
//! # let publishing = tokio::spawn(publish(watched, stream));
//! # for value in ["1", "2", "3"] {
//! #     values.send(Bytes::from(value)).expect("is watched");
//! # }
//! # tokio::task::yield_now().await;
//! # drop(values);
//! # let mut received = String::new();
//! # peer.read_to_string(&mut received).await?;
//! # publishing.await.expect("no panic")?;
//! # assert_eq!(received, "3");
//! # Ok(())
//! # }
//! ```
//!
//! # Shed the largest when memory runs short
//!
//! A [`MemoryBudget`] makes its writers pause while it is exceeded; whom to drop is for you to say. Until
//! somebody is, each writer holds one item at a time: a burst of `try_send` loses all but the first also
//! where the peer keeps up.
//!
//! ```
//! use flow_controlled_writer::MemoryBudget;
//! use flow_controlled_writer::channel::Sender;
//!
//! /// Drops those with the longest queues until the budget holds.
//! fn shed(budget: &MemoryBudget, clients: &mut Vec<Sender>) {
//!     clients.sort_by_key(Sender::buffer_size);
//!     while budget.is_exceeded() {
//!         let Some(largest) = clients.pop() else { return };
//!         largest.abort();
//!     }
//! }
//!
//! # use flow_controlled_writer::Builder;
//! # let budget = MemoryBudget::new(10);
//! # let options = Builder::new().budget(budget.clone());
//! # let mut channels = [8, 4, 1].map(|size| {
//! #     let channel = options.build(tokio::io::sink()).into_channel();
//! #     channel.0.try_send(vec![0; size]).expect("holds nothing");
//! #     channel
//! # });
//! # let mut clients: Vec<Sender> = channels.iter().map(|(sender, _)| sender.clone()).collect();
//! # shed(&budget, &mut clients);
//! # assert_eq!((clients.len(), budget.used()), (2, 5));
//! # channels.reverse();
//! ```
//!
//! [`MemoryBudget`]: crate::MemoryBudget
//! [`tokio::sync::broadcast`]: https://docs.rs/tokio/latest/tokio/sync/broadcast/index.html
//! [`tokio::sync::watch`]: https://docs.rs/tokio/latest/tokio/sync/watch/index.html
