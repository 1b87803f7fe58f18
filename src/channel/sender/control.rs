use std::future::poll_fn;

use super::waiting::Waiting;
use super::{Sender, Stage};
use crate::channel::state::State;
use crate::watermarks::Watermarks;

impl Sender {
    /// Ends sending for all handles. The driver writes what is queued, flushes the inner writer,
    /// shuts it down and returns it.
    ///
    /// # Examples
    ///
    /// ```
    /// use flow_controlled_writer::FlowControlledWriter;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let (sender, driver) = FlowControlledWriter::new(Vec::new()).into_channel();
    /// let other = sender.clone();
    /// sender.try_send("goodbye")?;
    /// sender.close();
    /// assert!(other.try_send("too late").unwrap_err().is_closed());
    /// assert_eq!(driver.await?, b"goodbye");
    /// # Ok(())
    /// # }
    /// ```
    pub fn close(&self) {
        self.shared.with(State::close).wake();
    }

    /// Waits until the driver has ended: after all was written and the inner writer shut down,
    /// after a failure, or because it was dropped.
    ///
    /// # Cancel safety
    ///
    /// A dropped future changes nothing.
    ///
    /// # Examples
    ///
    /// ```
    /// use flow_controlled_writer::FlowControlledWriter;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let (sender, driver) = FlowControlledWriter::new(tokio::io::sink()).into_channel();
    /// tokio::spawn(driver);
    /// sender.send("goodbye").await?;
    /// sender.close();
    /// sender.closed().await;
    /// assert_eq!(sender.stats().written_bytes, 7);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn closed(&self) {
        let mut wait = Waiting::new(self, State::leave_closings);
        poll_fn(|cx| self.shared.with(|state| state.poll_closed(cx, &mut wait.place))).await;
    }

    /// Discards all that is not written, also what waits in sinks, and ends sending for all
    /// handles. Returns the bytes discarded.
    ///
    /// The driver shuts the inner writer down and returns it. A chunk of which the inner writer
    /// has taken a part is cut there.
    ///
    /// # Examples
    ///
    /// ```
    /// use flow_controlled_writer::FlowControlledWriter;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let (sender, driver) = FlowControlledWriter::new(Vec::new()).into_channel();
    /// sender.try_send("hello")?;
    /// assert_eq!(sender.abort(), 5);
    /// assert_eq!(driver.await?, b"");
    /// # Ok(())
    /// # }
    /// ```
    pub fn abort(&self) -> usize {
        let (discarded, remains) = self.shared.with(State::abort);
        remains.wake();
        discarded
    }

    /// Changes the watermarks. The channel pauses or resumes by the new ones at once.
    ///
    /// # Examples
    ///
    /// ```
    /// use flow_controlled_writer::{FlowControlledWriter, Watermarks};
    ///
    /// let (sender, _driver) = FlowControlledWriter::new(tokio::io::sink()).into_channel();
    /// sender.try_send(vec![0; 512]).expect("not paused");
    /// sender.set_watermarks(Watermarks::new(128, 256));
    /// assert!(sender.is_paused());
    /// ```
    pub fn set_watermarks(&self, watermarks: Watermarks) {
        self.shared.with(|state| state.set_watermarks(watermarks));
    }

    /// Tells whether nothing can be sent by this handle any more: the channel was closed, aborted
    /// or has failed, or the handle has ended.
    ///
    /// # Examples
    ///
    /// ```
    /// use flow_controlled_writer::FlowControlledWriter;
    ///
    /// let (sender, driver) = FlowControlledWriter::new(tokio::io::sink()).into_channel();
    /// assert!(!sender.is_closed());
    /// drop(driver);
    /// assert!(sender.is_closed());
    /// ```
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.stage == Stage::Ended || !self.shared.with(|state| state.is_open())
    }
}
