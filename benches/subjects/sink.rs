//! By `Sink`, against `FramedWrite`.
use std::io;

use bytes::Bytes;
use flow_controlled_writer::FlowControlledWriter;
use futures::io::AsyncWriteExt as _;
use futures::{Sink, SinkExt};
use tokio::io::{AsyncWrite, AsyncWriteExt as _};
use tokio_util::codec::{BytesCodec, FramedWrite};
use tokio_util::compat::TokioAsyncWriteCompatExt;

use super::{Batch, Contestants, OURS, Setting, TUNED, async_write};
use crate::support::entry::Entry;

/// Feed a batch of chunks, then flush.
pub struct Feed;

/// Against what the operating system itself takes: the same bytes in blocks of 64 KiB that lie ready,
/// through tokio's stream.
pub enum Limit {
    Sink,
    WriteAll,
}

impl Contestants for Feed {
    fn entries<W: AsyncWrite + Unpin + 'static>(&self, setting: &Setting<'_, W>) -> Vec<Entry> {
        vec![
            entry(OURS, setting, FlowControlledWriter::new),
            entry(FRAMED, setting, |writer| FramedWrite::new(writer, BytesCodec::new())),
            entry(FRAMED_TUNED, setting, |writer| {
                tuned(FramedWrite::new(writer, BytesCodec::new()))
            }),
            entry(INTO_SINK, setting, |writer| writer.compat_write().into_sink()),
        ]
    }
}

impl Contestants for Limit {
    fn entries<W: AsyncWrite + Unpin + 'static>(&self, setting: &Setting<'_, W>) -> Vec<Entry> {
        let wrap = FlowControlledWriter::new;
        let ours = match self {
            Self::Sink => entry(OURS, setting, wrap),
            Self::WriteAll => async_write::entry(OURS, setting, wrap),
        };
        vec![ours, raw(setting)]
    }
}

fn entry<W, S>(name: &'static str, setting: &Setting<'_, W>, wrap: impl FnOnce(W) -> S) -> Entry
where
    S: Sink<Bytes, Error = io::Error> + Unpin + 'static,
{
    let Batch { size, count } = setting.batch;
    let chunk = Bytes::from(vec![b'x'; size]);
    setting.entry(name, count * size, wrap, async move |sink| feed(sink, &chunk, count).await)
}

fn raw<W: AsyncWrite + Unpin + 'static>(setting: &Setting<'_, W>) -> Entry {
    let block = vec![b'x'; TUNED];
    let bytes = setting.batch.bytes();
    setting.entry(
        RAW,
        bytes,
        |writer| writer,
        async move |writer| {
            for _ in 0..bytes / block.len() {
                writer.write_all(&block).await?;
            }
            io::Result::Ok(())
        },
    )
}

/// Sets what users set to have larger writes.
pub fn tuned<W, E>(mut framed: FramedWrite<W, E>) -> FramedWrite<W, E> {
    framed.set_backpressure_boundary(TUNED);
    framed
}

/// Feeds `count` times `item` and flushes.
pub async fn feed<Item: Clone, S: Sink<Item> + Unpin>(
    sink: &mut S,
    item: &Item,
    count: usize,
) -> Result<(), S::Error> {
    for _ in 0..count {
        sink.feed(item.clone()).await?;
    }
    sink.flush().await
}

pub const FRAMED: &str = "FramedWrite";
pub const FRAMED_TUNED: &str = "FramedWrite 64 KiB";
pub const INTO_SINK: &str = "IntoSink";
pub const RAW: &str = "raw 64 KiB";
