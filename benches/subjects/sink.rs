use std::io;

use bytes::Bytes;
use flow_controlled_writer::FlowControlledWriter;
use futures::io::AsyncWriteExt as _;
use futures::{Sink, SinkExt};
use tokio::io::{AsyncWrite, AsyncWriteExt as _};
use tokio_util::codec::{BytesCodec, FramedWrite};
use tokio_util::compat::TokioAsyncWriteCompatExt;

use super::{Batch, Connection, Contestants, OURS, TUNED, async_write};
use crate::support::entry::{Case, Entry, Sender};

/// Feed a batch of chunks, then flush.
pub struct Feed;

/// Against what the operating system itself takes: the same bytes in blocks of 64 KiB that lie ready,
/// through tokio's stream.
pub enum Limit {
    Sink,
    WriteAll,
}

impl Contestants for Feed {
    fn case<W: AsyncWrite + Unpin + 'static>(
        &self,
        batch: Batch,
        sender: &Sender,
        connect: impl Fn() -> Connection<W>,
    ) -> Case {
        let entries = vec![
            entry(OURS, batch, sender, connect(), FlowControlledWriter::new),
            entry(FRAMED, batch, sender, connect(), |writer| {
                FramedWrite::new(writer, BytesCodec::new())
            }),
            entry(FRAMED_TUNED, batch, sender, connect(), |writer| {
                let mut framed = FramedWrite::new(writer, BytesCodec::new());
                framed.set_backpressure_boundary(TUNED);
                framed
            }),
            entry(INTO_SINK, batch, sender, connect(), |writer| writer.compat_write().into_sink()),
        ];
        batch.case(entries)
    }
}

impl Contestants for Limit {
    fn case<W: AsyncWrite + Unpin + 'static>(
        &self,
        batch: Batch,
        sender: &Sender,
        connect: impl Fn() -> Connection<W>,
    ) -> Case {
        let wrap = FlowControlledWriter::new;
        let ours = match self {
            Self::Sink => entry(OURS, batch, sender, connect(), wrap),
            Self::WriteAll => async_write::entry(OURS, batch, sender, connect(), wrap),
        };
        let entries = vec![ours, raw(batch, sender, connect())];
        batch.case(entries)
    }
}

fn entry<W, S>(
    name: &'static str,
    batch: Batch,
    sender: &Sender,
    (writer, reader): Connection<W>,
    wrap: impl FnOnce(W) -> S,
) -> Entry
where
    S: Sink<Bytes, Error = io::Error> + Unpin + 'static,
{
    let mut sink = wrap(writer);
    let chunk = Bytes::from(vec![b'x'; batch.size]);
    let sender = sender.clone();
    Entry::to_reader(name, batch.bytes() as u64, reader, move || {
        sender.block_on(feed(&mut sink, &chunk, batch.count)).expect("the reader lives");
    })
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

fn raw<W: AsyncWrite + Unpin + 'static>(
    batch: Batch,
    sender: &Sender,
    (mut writer, reader): Connection<W>,
) -> Entry {
    let block = vec![b'x'; TUNED];
    let bytes = batch.bytes();
    let sender = sender.clone();
    Entry::to_reader(RAW, bytes as u64, reader, move || {
        sender.block_on(async {
            for _ in 0..bytes / block.len() {
                writer.write_all(&block).await.expect("the reader lives");
            }
        });
    })
}

pub const FRAMED: &str = "FramedWrite";
pub const FRAMED_TUNED: &str = "FramedWrite 64 KiB";
pub const INTO_SINK: &str = "IntoSink";
pub const RAW: &str = "raw 64 KiB";
