//! By `AsyncWrite`, against `BufWriter`.
use std::io;

use flow_controlled_writer::FlowControlledWriter;
use tokio::io::{AsyncWrite, AsyncWriteExt, BufWriter};

use super::{Batch, Contestants, OURS, Setting, TUNED};
use crate::support::entry::Entry;

/// `write_all` of a batch of slices, then a flush.
pub struct WriteAll;

/// Nine small headers and one body, as protocols write them; the flush comes after a batch.
pub struct Mix;

/// `write_all` of a slice and a flush, again and again.
pub struct FlushEach;

impl Contestants for WriteAll {
    fn entries<W: AsyncWrite + Unpin + 'static>(&self, setting: &Setting<'_, W>) -> Vec<Entry> {
        vec![
            entry(OURS, setting, FlowControlledWriter::new),
            entry(BUFFERED, setting, BufWriter::new),
            entry(BUFFERED_TUNED, setting, tuned),
        ]
    }
}

impl Contestants for FlushEach {
    fn entries<W: AsyncWrite + Unpin + 'static>(&self, setting: &Setting<'_, W>) -> Vec<Entry> {
        vec![
            flush_each(OURS, setting, FlowControlledWriter::new),
            flush_each(BUFFERED, setting, BufWriter::new),
        ]
    }
}

impl Contestants for Mix {
    fn entries<W: AsyncWrite + Unpin + 'static>(&self, setting: &Setting<'_, W>) -> Vec<Entry> {
        vec![
            mix(OURS, setting, FlowControlledWriter::new),
            mix(BUFFERED, setting, BufWriter::new),
            mix(BUFFERED_TUNED, setting, tuned),
        ]
    }
}

pub fn entry<W, A: AsyncWrite + Unpin + 'static>(
    name: &'static str,
    setting: &Setting<'_, W>,
    wrap: impl FnOnce(W) -> A,
) -> Entry {
    let Batch { size, count } = setting.batch;
    let slice = vec![b'x'; size];
    setting.entry(name, count * size, wrap, async move |writer| write(writer, &slice, count).await)
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
    setting: &Setting<'_, W>,
    wrap: impl FnOnce(W) -> A,
) -> Entry {
    let Batch { size, count } = setting.batch;
    let slice = vec![b'x'; size];
    setting.entry(name, count * size, wrap, async move |writer| {
        write_and_flush(writer, &slice, count).await
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
    setting: &Setting<'_, W>,
    wrap: impl FnOnce(W) -> A,
) -> Entry {
    let Batch { size, count } = setting.batch;
    let (header, body) = ([b'h'; HEADER], vec![b'b'; size]);
    let bytes = count * (HEADERS * HEADER + size);
    setting.entry(name, bytes, wrap, async move |writer| {
        for _ in 0..count {
            for _ in 0..HEADERS {
                writer.write_all(&header).await?;
            }
            writer.write_all(&body).await?;
        }
        writer.flush().await
    })
}

/// Gives a buffer that users set to have larger writes.
pub fn tuned<W: AsyncWrite>(writer: W) -> BufWriter<W> {
    BufWriter::with_capacity(TUNED, writer)
}

const HEADERS: usize = 9;
const HEADER: usize = 32;

pub const BUFFERED: &str = "BufWriter";
pub const BUFFERED_TUNED: &str = "BufWriter 64 KiB";
