//! A short header and a payload that is kept, again and again.
use std::io;

use bytes::{BufMut, Bytes, BytesMut};
use flow_controlled_writer::codec::{ChunkAppender, ChunkEncoder, FramedSink};
use flow_controlled_writer::{Builder, FlowControlledWriter};
use futures::{Sink, SinkExt};
use tokio::io::AsyncWrite;
use tokio_util::codec::{Encoder, FramedWrite};

use super::hand::{HAND, Hand};
use super::sink::FRAMED;
use super::{Batch, Contestants, Place, Setting};
use crate::support::entry::Entry;

/// Headers of 4 to 14 bytes in turn, each before a payload, with a flush after so many of them.
pub struct HeaderPayload {
    pub per_flush: usize,
}

impl Contestants for HeaderPayload {
    fn entries<W: AsyncWrite + Unpin + 'static>(&self, setting: &Setting<'_, W>) -> Vec<Entry> {
        let keeping = |writer| Builder::new().coalesce_threshold(KEPT_FROM).build(writer);
        vec![
            self.ours(OURS, setting, keeping),
            self.ours(OURS_MERGING, setting, FlowControlledWriter::new),
            self.framed(OURS_FRAMED, setting, |writer| {
                FramedSink::new(keeping(writer), Pushed(Headers::default()))
            }),
            self.hand(setting),
            self.framed(FRAMED, setting, |writer| FramedWrite::new(writer, Headers::default())),
        ]
    }

    fn batch(&self, place: Place, size: usize) -> Batch {
        let most = if self.per_flush == 1 && place != Place::Null { 1000 } else { 8000 };
        let Batch { size, count } = Batch::new(place, size);
        Batch { size, count: count.min(most).div_ceil(LENGTHS) * LENGTHS }
    }
}

impl HeaderPayload {
    fn ours<W: AsyncWrite + Unpin + 'static>(
        &self,
        name: &'static str,
        setting: &Setting<'_, W>,
        wrap: impl FnOnce(W) -> FlowControlledWriter<W>,
    ) -> Entry {
        let wrap = |writer| (wrap(writer), Headers::default());
        self.entry(name, setting, wrap, async |(writer, headers), payload, is_last| {
            writer.ready().await?;
            writer.try_append(|frame| {
                frame.extend_from_slice(headers.next());
                frame.push(payload);
                io::Result::Ok(())
            })?;
            if is_last { writer.flush().await } else { Ok(()) }
        })
    }

    fn hand<W: AsyncWrite + Unpin + 'static>(&self, setting: &Setting<'_, W>) -> Entry {
        let wrap = |writer| (Hand::from(writer), Headers::default());
        self.entry(HAND, setting, wrap, async |(queue, headers), payload, is_last| {
            queue.push_with_header(headers.next(), payload);
            if is_last { queue.flush().await } else { Ok(()) }
        })
    }

    fn framed<W: AsyncWrite + Unpin + 'static, S>(
        &self,
        name: &'static str,
        setting: &Setting<'_, W>,
        wrap: impl FnOnce(W) -> S,
    ) -> Entry
    where
        S: Sink<Bytes, Error = io::Error> + Unpin + 'static,
    {
        self.entry(name, setting, wrap, async |sink, payload, is_last| {
            if is_last { sink.send(payload).await } else { sink.feed(payload).await }
        })
    }

    /// Makes a contestant of what sends one payload, and flushes after the last one of a few.
    fn entry<W, S: 'static>(
        &self,
        name: &'static str,
        setting: &Setting<'_, W>,
        wrap: impl FnOnce(W) -> S,
        send: impl AsyncFn(&mut S, Bytes, bool) -> io::Result<()> + 'static,
    ) -> Entry {
        let Batch { size, count } = setting.batch;
        let payload = Bytes::from(vec![b'x'; size]);
        let bytes = count * size + count / LENGTHS * (SHORTEST..=LONGEST).sum::<usize>();
        let per_flush = self.per_flush;
        setting.entry(name, bytes, wrap, async move |state| {
            for index in 1..=count {
                let is_last = index % per_flush == 0 || index == count;
                send(state, payload.clone(), is_last).await?;
            }
            io::Result::Ok(())
        })
    }
}

/// Makes headers of all lengths in turn.
#[derive(Default)]
pub struct Headers {
    turn: usize,
}

impl Headers {
    #[inline]
    pub fn next(&mut self) -> &'static [u8] {
        self.turn = (self.turn + 1) % LENGTHS;
        &HEADER[..SHORTEST + self.turn]
    }
}

impl Encoder<Bytes> for Headers {
    type Error = io::Error;

    fn encode(&mut self, payload: Bytes, dst: &mut BytesMut) -> io::Result<()> {
        let header = self.next();
        dst.reserve(header.len() + payload.len());
        dst.put_slice(header);
        dst.put_slice(&payload);
        Ok(())
    }
}

/// Encodes without a copy of the payload.
pub struct Pushed(pub Headers);

impl ChunkEncoder<Bytes> for Pushed {
    type Error = io::Error;

    fn encode(&mut self, payload: Bytes, dst: &mut ChunkAppender<'_>) -> io::Result<()> {
        dst.extend_from_slice(self.0.next());
        dst.push(payload);
        Ok(())
    }
}

const SHORTEST: usize = 4;
const LONGEST: usize = 14;
/// Lengths of the headers.
pub const LENGTHS: usize = LONGEST - SHORTEST + 1;
static HEADER: [u8; LONGEST] = [b'h'; LONGEST];
/// The threshold of ours, by which all of these payloads are kept.
pub const KEPT_FROM: usize = 64;
/// Lengths of the payloads.
pub const PAYLOADS: [usize; 7] = [128, 256, 512, 1 << 10, 4 << 10, 16 << 10, 64 << 10];

pub const OURS: &str = "try_append";
pub const OURS_MERGING: &str = "its default threshold";
pub const OURS_FRAMED: &str = "FramedSink";
