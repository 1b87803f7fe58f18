use super::FramedSink;
use crate::codec::{ChunkAppender, ChunkEncoder};
use crate::error::TrySendItemError;
use crate::write_buffer::AppendError;
use crate::writer::FlowControlledWriter;

impl<W, E> FramedSink<W, E> {
    /// Puts an encoder before a writer. Does not allocate.
    ///
    /// # Examples
    ///
    /// ```
    /// use flow_controlled_writer::FlowControlledWriter;
    /// use flow_controlled_writer::codec::FramedSink;
    /// use tokio_util::codec::LinesCodec;
    ///
    /// let writer = FlowControlledWriter::new(tokio::io::sink());
    /// let sink = FramedSink::new(writer, LinesCodec::new());
    /// assert_eq!(sink.buffer_size(), 0);
    /// ```
    #[must_use]
    pub fn new(writer: FlowControlledWriter<W>, encoder: E) -> Self {
        Self { writer, encoder }
    }

    /// Encodes and queues an item if that is possible at once. Does no I/O.
    ///
    /// A paused or closed writer gives the item back before it is encoded. An item larger than the
    /// high watermark is queued whole. A pinned sink whose `W` is not `Unpin` is sent to by
    /// [`Sink::start_send`](futures_sink::Sink::start_send).
    ///
    /// # Errors
    ///
    /// Returns the item in [`TrySendItemError::Full`] if the writer is paused and in
    /// [`TrySendItemError::Closed`] if it has failed, was aborted, or its shutdown has begun; else
    /// the error of the encoder, and nothing is queued.
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
    /// let mut sink = FramedSink::new(writer, LinesCodec::new());
    ///
    /// assert!(sink.try_send("hello").is_ok());
    /// assert_eq!(sink.buffer_size(), 6);
    /// match sink.try_send("world") {
    ///     Err(TrySendItemError::Full(item)) => assert_eq!(item, "world"),
    ///     other => panic!("{other:?}"),
    /// }
    /// ```
    pub fn try_send<Item>(&mut self, item: Item) -> Result<(), TrySendItemError<Item, E::Error>>
    where
        E: ChunkEncoder<Item>,
    {
        let Self { writer, encoder } = self;
        let append = |item, dst: &mut ChunkAppender<'_>| encoder.encode(item, dst);
        writer.buffer_mut().try_append(item, append).map_err(|error| match error {
            AppendError::Refused(refusal, item) => TrySendItemError::refused(refusal, item),
            AppendError::Failed(error) => TrySendItemError::Encode(error),
            AppendError::Torn(error) => TrySendItemError::Encode(error.into()),
        })
    }
}
