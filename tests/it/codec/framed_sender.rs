//! Items of many tasks over one connection: each is encoded by the handle that sends it, after its turn has
//! come, and its frame is queued as one item.

mod encoders;
mod ends;
mod tasks;
mod turns;
mod wire;

use std::io::{self, ErrorKind};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;

use bytes::{BufMut, BytesMut};
use flow_controlled_writer::channel::{Driver, DriverError};
use flow_controlled_writer::codec::{FramedSender, FramedSink};
use flow_controlled_writer::{Builder, Watermarks};
use tokio_util::codec::Encoder;

use crate::support::{Answer, Handle, Scripted, Task};

/// A channel of frames over a scripted writer, whose driver is polled by hand.
struct Rig<E> {
    sender: FramedSender<E>,
    driver: Pin<Box<Driver<Scripted>>>,
    inner: Handle,
    pump: Task,
}

impl<E: Clone> Rig<E> {
    /// Makes one with `(low, high)` over a gathering writer that follows `script`.
    fn new(
        (low, high): (usize, usize),
        encoder: E,
        script: impl IntoIterator<Item = Answer>,
    ) -> Self {
        let options = Builder::new().watermarks(Watermarks::new(low, high));
        Self::with_options(&options, encoder, script)
    }

    fn with_options(
        options: &Builder,
        encoder: E,
        script: impl IntoIterator<Item = Answer>,
    ) -> Self {
        let (inner, handle) = Scripted::gathering(script);
        let (sender, driver) = FramedSink::new(options.build(inner), encoder).into_channel();
        Self { sender, driver: Box::pin(driver), inner: handle, pump: Task::new() }
    }
}

impl<E> Rig<E> {
    /// Polls the driver once.
    fn drive(&mut self) -> Poll<Result<Scripted, DriverError<Scripted>>> {
        self.pump.poll(self.driver.as_mut())
    }

    fn buffer_size(&self) -> usize {
        self.sender.sender().buffer_size()
    }
}

/// Encodes lines, and counts over all of its clones how many. It fails for one that begins with `!`, having
/// written half of it.
#[derive(Clone, Debug, Default)]
struct Counting {
    encoded: Arc<AtomicUsize>,
}

impl Counting {
    fn encoded(&self) -> usize {
        self.encoded.load(Ordering::Relaxed)
    }
}

impl Encoder<&'static str> for Counting {
    type Error = io::Error;

    fn encode(&mut self, item: &'static str, dst: &mut BytesMut) -> io::Result<()> {
        self.encoded.fetch_add(1, Ordering::Relaxed);
        if let Some(rest) = item.strip_prefix('!') {
            dst.put_slice(&rest.as_bytes()[..rest.len() / 2]);
            return Err(ErrorKind::InvalidInput.into());
        }
        dst.put_slice(item.as_bytes());
        dst.put_u8(b'\n');
        Ok(())
    }
}
