use super::FramedSink;
use crate::stats::Stats;
use crate::writer::FlowControlledWriter;

impl<W, E> FramedSink<W, E> {
    /// Returns the encoded bytes that the inner writer has not accepted yet, in constant time.
    ///
    /// # Examples
    ///
    /// ```
    /// use flow_controlled_writer::FlowControlledWriter;
    /// use flow_controlled_writer::codec::FramedSink;
    /// use tokio_util::codec::LinesCodec;
    ///
    /// let writer = FlowControlledWriter::new(tokio::io::sink());
    /// let mut sink = FramedSink::new(writer, LinesCodec::new());
    /// assert!(sink.try_send("hello").is_ok());
    /// assert_eq!(sink.buffer_size(), 6);
    /// ```
    #[must_use]
    #[inline]
    pub fn buffer_size(&self) -> usize {
        self.writer.buffer_size()
    }

    /// Tells whether the writer makes its producers wait.
    ///
    /// # Examples
    ///
    /// ```
    /// use flow_controlled_writer::codec::FramedSink;
    /// use flow_controlled_writer::{FlowControlledWriter, Watermarks};
    /// use tokio_util::codec::LinesCodec;
    ///
    /// let marks = Watermarks::new(2, 4);
    /// let writer = FlowControlledWriter::with_watermarks(tokio::io::sink(), marks);
    /// let mut sink = FramedSink::new(writer, LinesCodec::new());
    /// assert!(sink.try_send("hello").is_ok());
    /// assert!(sink.is_paused());
    /// ```
    #[must_use]
    pub fn is_paused(&self) -> bool {
        self.writer.is_paused()
    }

    /// Returns the totals since the writer was made.
    ///
    /// # Examples
    ///
    /// ```
    /// use flow_controlled_writer::FlowControlledWriter;
    /// use flow_controlled_writer::codec::FramedSink;
    /// use tokio_util::codec::LinesCodec;
    ///
    /// let writer = FlowControlledWriter::new(tokio::io::sink());
    /// let mut sink = FramedSink::new(writer, LinesCodec::new());
    /// assert!(sink.try_send("hello").is_ok());
    /// assert_eq!(sink.stats().enqueued_bytes, 6);
    /// ```
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.writer.stats()
    }

    /// Returns a reference to the writer.
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
    /// assert!(!sink.get_ref().is_paused());
    /// ```
    pub fn get_ref(&self) -> &FlowControlledWriter<W> {
        &self.writer
    }

    /// Returns a reference to the encoder.
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
    /// assert_eq!(sink.encoder().max_length(), 80);
    /// ```
    pub fn encoder(&self) -> &E {
        &self.encoder
    }
}
