use std::io;

use flow_controlled_writer::FlowControlledWriter;
use tokio::io::{AsyncWrite, AsyncWriteExt, BufWriter};

use super::{Batch, Connection, Contestants, OURS, TUNED};
use crate::support::entry::{Case, Entry, Sender};

/// `write_all` of a batch of slices, then a flush.
pub struct WriteAll;

/// Nine small headers and one body, as protocols write them; the flush comes after a batch.
pub struct Mix;

/// `write_all` of a slice and a flush, again and again.
pub struct FlushEach;

impl Contestants for WriteAll {
    fn case<W: AsyncWrite + Unpin + 'static>(
        &self,
        batch: Batch,
        sender: &Sender,
        connect: impl Fn() -> Connection<W>,
    ) -> Case {
        let entries = vec![
            entry(OURS, batch, sender, connect(), FlowControlledWriter::new),
            entry(BUFFERED, batch, sender, connect(), BufWriter::new),
            entry(BUFFERED_TUNED, batch, sender, connect(), tuned),
        ];
        batch.case(entries)
    }
}

impl Contestants for FlushEach {
    fn case<W: AsyncWrite + Unpin + 'static>(
        &self,
        batch: Batch,
        sender: &Sender,
        connect: impl Fn() -> Connection<W>,
    ) -> Case {
        batch.case(vec![
            flush_each(OURS, batch, sender, connect(), FlowControlledWriter::new),
            flush_each(BUFFERED, batch, sender, connect(), BufWriter::new),
        ])
    }
}

impl Contestants for Mix {
    fn case<W: AsyncWrite + Unpin + 'static>(
        &self,
        batch: Batch,
        sender: &Sender,
        connect: impl Fn() -> Connection<W>,
    ) -> Case {
        let entries = vec![
            mix(OURS, batch, sender, connect(), FlowControlledWriter::new),
            mix(BUFFERED, batch, sender, connect(), BufWriter::new),
            mix(BUFFERED_TUNED, batch, sender, connect(), tuned),
        ];
        batch.case(entries)
    }
}

pub fn entry<W, A: AsyncWrite + Unpin + 'static>(
    name: &'static str,
    batch: Batch,
    sender: &Sender,
    (writer, reader): Connection<W>,
    wrap: impl FnOnce(W) -> A,
) -> Entry {
    let mut writer = wrap(writer);
    let slice = vec![b'x'; batch.size];
    let sender = sender.clone();
    Entry::to_reader(name, batch.bytes() as u64, reader, move || {
        sender.block_on(write(&mut writer, &slice, batch.count)).expect("the reader lives");
    })
}

/// Writes `count` times `slice` and flushes.
pub async fn write<A: AsyncWrite + Unpin>(
    writer: &mut A,
    slice: &[u8],
    count: usize,
) -> io::Result<()> {
    for _ in 0..count {
        writer.write_all(slice).await?;
    }
    writer.flush().await
}

fn flush_each<W, A: AsyncWrite + Unpin + 'static>(
    name: &'static str,
    batch: Batch,
    sender: &Sender,
    (writer, reader): Connection<W>,
    wrap: impl FnOnce(W) -> A,
) -> Entry {
    let mut writer = wrap(writer);
    let slice = vec![b'x'; batch.size];
    let sender = sender.clone();
    Entry::to_reader(name, batch.bytes() as u64, reader, move || {
        sender
            .block_on(write_and_flush(&mut writer, &slice, batch.count))
            .expect("the reader lives");
    })
}

/// Writes `slice` and flushes, `count` times.
pub async fn write_and_flush<A: AsyncWrite + Unpin>(
    writer: &mut A,
    slice: &[u8],
    count: usize,
) -> io::Result<()> {
    for _ in 0..count {
        writer.write_all(slice).await?;
        writer.flush().await?;
    }
    Ok(())
}

fn mix<W, A: AsyncWrite + Unpin + 'static>(
    name: &'static str,
    batch: Batch,
    sender: &Sender,
    (writer, reader): Connection<W>,
    wrap: impl FnOnce(W) -> A,
) -> Entry {
    let mut writer = wrap(writer);
    let Batch { size, count } = batch;
    let (header, body) = ([b'h'; HEADER], vec![b'b'; size]);
    let sender = sender.clone();
    let bytes = count * (HEADERS * HEADER + size);
    Entry::to_reader(name, bytes as u64, reader, move || {
        sender
            .block_on(async {
                for _ in 0..count {
                    for _ in 0..HEADERS {
                        writer.write_all(&header).await?;
                    }
                    writer.write_all(&body).await?;
                }
                writer.flush().await
            })
            .expect("the reader lives");
    })
}

fn tuned<W: AsyncWrite>(writer: W) -> BufWriter<W> {
    BufWriter::with_capacity(TUNED, writer)
}

const HEADERS: usize = 9;
const HEADER: usize = 32;

pub const BUFFERED: &str = "BufWriter";
pub const BUFFERED_TUNED: &str = "BufWriter 64 KiB";
