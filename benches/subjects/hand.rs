//! What people write by hand: a queue of handles beside the writer, gathered.
use std::collections::VecDeque;
use std::future::poll_fn;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf, BufMut, Bytes, BytesMut};
use tokio::io::AsyncWrite;
use tokio_util::io::poll_write_buf;

#[derive(Default)]
pub struct Queue {
    chunks: VecDeque<Bytes>,
    bytes: usize,
}

pub struct Hand<W> {
    queue: Queue,
    /// Where headers are copied to.
    block: BytesMut,
    writer: W,
}

impl<W> From<W> for Hand<W> {
    fn from(writer: W) -> Self {
        Self { queue: Queue::default(), block: BytesMut::new(), writer }
    }
}

impl<W: AsyncWrite + Unpin> Hand<W> {
    #[inline]
    pub fn push(&mut self, chunk: Bytes) {
        self.queue.bytes += chunk.len();
        self.queue.chunks.push_back(chunk);
    }

    #[inline]
    pub fn push_with_header(&mut self, header: &[u8], payload: Bytes) {
        self.block.put_slice(header);
        let header = self.block.split().freeze();
        self.push(header);
        self.push(payload);
    }

    pub async fn flush(&mut self) -> io::Result<()> {
        poll_fn(|cx| self.poll_flush(cx)).await
    }

    pub fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while self.queue.has_remaining() {
            let writer = Pin::new(&mut self.writer);
            if ready!(poll_write_buf(writer, cx, &mut self.queue))? == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
        }
        Pin::new(&mut self.writer).poll_flush(cx)
    }
}

impl Buf for Queue {
    fn remaining(&self) -> usize {
        self.bytes
    }

    fn chunk(&self) -> &[u8] {
        self.chunks.front().map_or(&[], |chunk| chunk)
    }

    fn chunks_vectored<'a>(&'a self, slices: &mut [IoSlice<'a>]) -> usize {
        let pairs = slices.iter_mut().zip(&self.chunks);
        pairs.map(|(slice, chunk)| *slice = IoSlice::new(chunk)).count()
    }

    fn advance(&mut self, mut count: usize) {
        self.bytes -= count;
        while let Some(front) = self.chunks.front_mut() {
            if count < front.len() {
                return front.advance(count);
            }
            count -= front.len();
            self.chunks.pop_front();
        }
    }
}

pub const HAND: &str = "VecDeque<Bytes>";
