use std::fmt;
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_sink::Sink;

use super::{ChunkAppender, ChunkEncoder, TrySendItemError};
use crate::channel::{Position, Sender};
use crate::chunk_queue::{ChunkQueue, Integrity};

/// Sends items to a channel, from many tasks. Made by
/// [`FramedSink::into_channel`](super::FramedSink::into_channel) and
/// [`Framed::into_channel`](super::Framed::into_channel), and cloned for each of them.
///
/// An item is encoded after its turn has come, without a lock, and queued as one item: frames are never
/// torn. Large parts that a [`ChunkEncoder`] pushes are not copied. In what order and when items are
/// taken is as with the [`Sender`], which is reached by [`sender`](Self::sender).
///
/// # Which encoders can be cloned
///
/// Each handle encodes by an encoder of its own, and frames of all handles mix. That is right where a frame
/// does not depend on those before it: lines, length-delimited payloads, JSON, Protobuf, RESP. It is wrong
/// for an encoder that carries a state from frame to frame, also if it is `Clone`: compression
/// across frames, ciphers, HPACK, sequence numbers. For those, keep one [`FramedSink`](super::FramedSink)
/// in one task, and send to that task.
///
/// # Drop behavior
///
/// As of the [`Sender`]: after the last handle the driver writes what is queued and shuts the inner
/// writer down.
///
/// # Examples
///
/// ```
/// use bytes::Bytes;
/// use flow_controlled_writer::FlowControlledWriter;
/// use flow_controlled_writer::codec::{FramedSink, LengthDelimitedEncoder};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let writer = FlowControlledWriter::new(Vec::new());
/// let (sender, driver) = FramedSink::new(writer, LengthDelimitedEncoder::new()).into_channel();
/// let driver = tokio::spawn(driver);
///
/// let tasks = ["one", "three"].map(|payload| {
///     let mut sender = sender.clone();
///     tokio::spawn(async move { sender.send(Bytes::from(payload)).await })
/// });
/// for task in tasks {
///     task.await??;
/// }
/// drop(sender);
/// assert_eq!(driver.await??.len(), 4 + 3 + 4 + 5);
/// # Ok(())
/// # }
/// ```
pub struct FramedSender<E> {
    sender: Sender,
    encoder: E,
    /// The frame that is encoded; else empty.
    frame: ChunkQueue,
}

impl<E> FramedSender<E> {
    pub(super) fn new(sender: Sender, encoder: E) -> Self {
        let frame = ChunkQueue::with_coalesce_threshold(sender.coalesce_threshold());
        Self { sender, encoder, frame }
    }

    /// Encodes and queues an item as soon as the channel is not paused. Does not wait for it to be
    /// written.
    ///
    /// The position that is returned is that of the last byte of the frame.
    ///
    /// # Errors
    ///
    /// Returns the error of the encoder, upon which nothing is queued, or an [`io::Error`] as one if the
    /// channel is or becomes closed. An encoder that removes bytes of its own frame, which a
    /// [`ChunkEncoder`] of several parts can, is [`InvalidData`](io::ErrorKind::InvalidData).
    ///
    /// # Cancel safety
    ///
    /// A dropped future leaves nothing behind: the item was not encoded and is lost with it, and its place
    /// in the line goes to the next one.
    ///
    /// # Examples
    ///
    /// ```
    /// use flow_controlled_writer::FlowControlledWriter;
    /// use flow_controlled_writer::codec::FramedSink;
    /// use tokio_util::codec::LinesCodec;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let sink = FramedSink::new(FlowControlledWriter::new(Vec::new()), LinesCodec::new());
    /// let (mut sender, driver) = sink.into_channel();
    /// assert_eq!(sender.send("hello").await?, 6);
    /// drop(sender);
    /// assert_eq!(driver.await?, b"hello\n");
    /// # Ok(())
    /// # }
    /// ```
    pub async fn send<Item>(&mut self, item: Item) -> Result<Position, E::Error>
    where
        E: ChunkEncoder<Item>,
    {
        let waiting = Waiting { sender: &mut self.sender };
        poll_fn(|cx| waiting.sender.poll_turn(cx)).await.map_err(io::Error::from)?;
        drop(waiting);
        self.start(item)
    }

    /// Encodes and queues an item if that is possible at once.
    ///
    /// # Errors
    ///
    /// Returns the item in [`TrySendItemError::Full`] if the channel is paused and in
    /// [`TrySendItemError::Closed`] if it is closed; else the error of the encoder, and nothing is
    /// queued.
    ///
    /// # Examples
    ///
    /// ```
    /// use flow_controlled_writer::codec::FramedSink;
    /// use flow_controlled_writer::{FlowControlledWriter, TrySendItemError, Watermarks};
    /// use tokio_util::codec::LinesCodec;
    ///
    /// let marks = Watermarks::new(2, 4);
    /// let writer = FlowControlledWriter::with_watermarks(tokio::io::sink(), marks);
    /// let (mut sender, _driver) = FramedSink::new(writer, LinesCodec::new()).into_channel();
    /// assert!(sender.try_send("hello").is_ok());
    /// assert!(matches!(sender.try_send("world"), Err(TrySendItemError::Full("world"))));
    /// ```
    pub fn try_send<Item>(
        &mut self,
        item: Item,
    ) -> Result<Position, TrySendItemError<Item, E::Error>>
    where
        E: ChunkEncoder<Item>,
    {
        match self.sender.try_turn() {
            Ok(()) => self.encode(item).map_err(TrySendItemError::Encode),
            Err(refusal) => Err(TrySendItemError::refused(refusal, item)),
        }
    }

    /// Returns the sender of the channel. What is sent by it, or by a clone of it, lies between two frames.
    ///
    /// # Examples
    ///
    /// ```
    /// use flow_controlled_writer::FlowControlledWriter;
    /// use flow_controlled_writer::codec::FramedSink;
    /// use tokio_util::codec::LinesCodec;
    ///
    /// let writer = FlowControlledWriter::new(tokio::io::sink());
    /// let (mut sender, _driver) = FramedSink::new(writer, LinesCodec::new()).into_channel();
    /// assert!(sender.try_send("hello").is_ok());
    /// assert_eq!(sender.sender().buffer_size(), 6);
    /// ```
    #[must_use]
    pub fn sender(&self) -> &Sender {
        &self.sender
    }

    /// Returns a reference to the encoder of this handle.
    ///
    /// # Examples
    ///
    /// ```
    /// use flow_controlled_writer::FlowControlledWriter;
    /// use flow_controlled_writer::codec::FramedSink;
    /// use tokio_util::codec::LinesCodec;
    ///
    /// let writer = FlowControlledWriter::new(tokio::io::sink());
    /// let sink = FramedSink::new(writer, LinesCodec::new_with_max_length(80));
    /// let (sender, _driver) = sink.into_channel();
    /// assert_eq!(sender.encoder().max_length(), 80);
    /// ```
    #[must_use]
    pub fn encoder(&self) -> &E {
        &self.encoder
    }

    /// Returns a mutable reference to the encoder of this handle.
    ///
    /// # Examples
    ///
    /// ```
    /// use flow_controlled_writer::FlowControlledWriter;
    /// use flow_controlled_writer::codec::FramedSink;
    /// use tokio_util::codec::LengthDelimitedCodec;
    ///
    /// let writer = FlowControlledWriter::new(tokio::io::sink());
    /// let (mut sender, _) = FramedSink::new(writer, LengthDelimitedCodec::new()).into_channel();
    /// sender.encoder_mut().set_max_frame_length(16);
    /// assert_eq!(sender.encoder().max_frame_length(), 16);
    /// ```
    pub fn encoder_mut(&mut self) -> &mut E {
        &mut self.encoder
    }

    /// Encodes an item and queues it, if the handle is ready or the channel takes it past a pause.
    fn start<Item>(&mut self, item: Item) -> Result<Position, E::Error>
    where
        E: ChunkEncoder<Item>,
    {
        self.sender.start().map_err(io::Error::from)?;
        self.encode(item)
    }

    /// Encodes an item that was let in, and queues it.
    fn encode<Item>(&mut self, item: Item) -> Result<Position, E::Error>
    where
        E: ChunkEncoder<Item>,
    {
        // An encoder that panicked has left something of its frame.
        self.frame.clear();
        let mut dst = ChunkAppender::new(&mut self.frame);
        let encoded = self.encoder.encode(item, &mut dst);
        let integrity = dst.integrity();
        let queued = encoded.and_then(|()| match integrity {
            Integrity::Intact => {
                Ok(self.sender.queue_all(&mut self.frame).map_err(io::Error::from)?)
            }
            Integrity::Torn => Err(torn_frame().into()),
        });
        if queued.is_err() {
            // It may hold large parts, and this handle may have nothing to send for long.
            self.frame.clear();
        }
        queued
    }
}

impl<E: Clone> Clone for FramedSender<E> {
    fn clone(&self) -> Self {
        Self::new(self.sender.clone(), self.encoder.clone())
    }
}

/// Nothing is pinned.
impl<E> Unpin for FramedSender<E> {}

/// Encodes each item as it is sent. A handle that `poll_ready` has told to be ready is not refused for
/// room; `start_send` without it is accepted also while the channel is paused, up to the
/// [hard limit](crate::Builder::hard_limit), beyond which nothing is encoded. `poll_close` flushes and
/// ends this handle only.
impl<E: ChunkEncoder<Item>, Item> Sink<Item> for FramedSender<E> {
    type Error = E::Error;

    fn poll_ready(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), E::Error>> {
        self.sender.poll_turn(cx).map_err(|refusal| io::Error::from(refusal).into())
    }

    fn start_send(mut self: Pin<&mut Self>, item: Item) -> Result<(), E::Error> {
        self.start(item).map(drop)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), E::Error>> {
        self.sender.poll_flush_handle(cx).map_err(E::Error::from)
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), E::Error>> {
        self.sender.poll_end(cx).map_err(E::Error::from)
    }
}

impl<E: fmt::Debug> fmt::Debug for FramedSender<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FramedSender")
            .field("sender", &self.sender)
            .field("encoder", &self.encoder)
            .finish_non_exhaustive()
    }
}

/// The wait of a `send` future. Its place in line is given up when it is dropped.
struct Waiting<'a> {
    sender: &'a mut Sender,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.sender.leave_line();
    }
}

#[cold]
fn torn_frame() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "the encoder removed bytes of its own frame")
}
