//! Whatever writes can be wrapped, and the writer itself too.
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use flow_controlled_writer::{FlowControlledWriter, Watermarks};
use futures::SinkExt;
use tokio::io::{
    AsyncRead, AsyncReadExt, AsyncSeekExt, AsyncWrite, AsyncWriteExt, BufStream, BufWriter,
    DuplexStream, duplex,
};

use crate::support::Call::Flush;
use crate::support::{Answer, NotUnpin, Scripted, within};

/// Sends by every way in, with a queue that is often full, and ends the stream.
pub(crate) async fn speak<W: AsyncWrite + Unpin>(inner: W) -> io::Result<W> {
    let mut writer = FlowControlledWriter::with_watermarks(inner, Watermarks::new(500, 3000));
    for round in 0..20_u8 {
        writer.write_all(&[round; 10]).await?;
        writer.feed(Bytes::from(vec![round; 2000])).await?;
        writer.write_all(&vec![round; 40_000]).await?;
        writer.feed("small").await?;
        assert!(writer.buffer_size() <= 3000 + 2000);
    }
    writer.send("the end").await?;
    assert_eq!(writer.buffer_size(), 0);
    writer.shutdown().await?;
    Ok(writer.into_inner())
}

/// Checks that what [`speak`] sends is all that comes.
pub(crate) async fn listen(mut reader: impl AsyncRead + Unpin) -> io::Result<()> {
    let mut received = Vec::new();
    reader.read_to_end(&mut received).await?;
    check(&received);
    Ok(())
}

fn check(received: &[u8]) {
    let mut expected = Vec::new();
    for round in 0..20_u8 {
        expected.resize(expected.len() + 42_010, round);
        expected.extend(b"small");
    }
    expected.extend(b"the end");
    assert!(received == expected, "{} of {} bytes", received.len(), expected.len());
}

/// Runs both ends of a connection in memory.
async fn both<W: AsyncWrite + Unpin>(wrapped: W, far: impl AsyncRead + Unpin) -> io::Result<()> {
    within(async { tokio::try_join!(speak(wrapped), listen(far)) }).await.map(drop)
}

#[tokio::test(start_paused = true)]
async fn a_pipe() -> io::Result<()> {
    let (near, far) = duplex(1000);
    both(near, far).await
}

#[tokio::test(start_paused = true)]
async fn a_half_of_a_split_stream() -> io::Result<()> {
    let (near, far) = duplex(1000);
    let (_reads, writes) = tokio::io::split(near);
    both(writes, far).await
}

#[tokio::test(start_paused = true)]
async fn a_boxed_writer() -> io::Result<()> {
    let (near, far) = duplex(1000);
    let boxed: Box<dyn AsyncWrite + Send + Unpin> = Box::new(near);
    both(boxed, far).await
}

#[tokio::test(start_paused = true)]
async fn a_borrowed_writer_is_left_as_it_was() -> io::Result<()> {
    let (mut near, far) = duplex(1000);
    both(&mut near, far).await?;
    let _: DuplexStream = near;
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_writer_that_must_be_pinned() -> io::Result<()> {
    let (near, far) = duplex(1000);
    let pinned: Pin<Box<NotUnpin<DuplexStream>>> = Box::pin(NotUnpin::new(near));
    both(pinned, far).await
}

#[tokio::test(start_paused = true)]
async fn a_pinned_writer_over_one_that_must_be_pinned() -> io::Result<()> {
    let (near, mut far) = duplex(3);
    let mut writer = Box::pin(FlowControlledWriter::new(NotUnpin::new(near)));
    let mut text = String::new();
    let (sent, read) = tokio::join!(
        async {
            writer.write_all(b"written ").await?;
            SinkExt::feed(&mut writer, "and fed".into()).await?;
            AsyncWriteExt::shutdown(&mut writer).await
        },
        far.read_to_string(&mut text)
    );
    sent.and(read)?;
    assert_eq!(text, "written and fed");
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_buffered_writer() -> io::Result<()> {
    let (near, far) = duplex(1000);
    both(BufWriter::new(near), far).await?;
    let (near, far) = duplex(1000);
    both(BufStream::new(near), far).await
}

#[tokio::test(start_paused = true)]
async fn another_writer_of_this_kind() -> io::Result<()> {
    let (near, far) = duplex(1000);
    let nested = FlowControlledWriter::with_watermarks(near, Watermarks::new(10, 20));
    both(nested, far).await?;
    let (near, far) = duplex(1000);
    both(FlowControlledWriter::with_watermarks(near, Watermarks::new(0, 0)), far).await
}

#[tokio::test(start_paused = true)]
async fn a_flush_goes_through_all_that_is_nested() -> io::Result<()> {
    let (inner, handle) = Scripted::gathering([]);
    let nested = FlowControlledWriter::new(BufWriter::new(FlowControlledWriter::new(inner)));
    let mut writer = BufWriter::new(nested);
    writer.write_all(b"through").await?;
    assert_eq!(handle.take_log(), []);
    writer.flush().await?;
    assert_eq!(handle.wire(), b"through");
    assert_eq!(handle.take_log().last(), Some(&Flush(Answer::Done)));
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_buffered_writer_around_it() -> io::Result<()> {
    let (near, far) = duplex(1000);
    let writer = FlowControlledWriter::with_watermarks(near, Watermarks::new(10, 20));
    both(BufWriter::new(writer), far).await
}

#[tokio::test]
async fn a_file() -> io::Result<()> {
    let path = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("wrapped_file");
    let file = tokio::fs::File::create(&path).await?;
    let mut file = speak(file).await?;
    assert_eq!(file.stream_position().await?, 20 * 42_015 + 7);
    check(&tokio::fs::read(&path).await?);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn writers_in_memory() -> io::Result<()> {
    check(&speak(Vec::new()).await?);
    check(speak(io::Cursor::new(Vec::new())).await?.get_ref());
    speak(tokio::io::sink()).await?;
    let (read, write) = tokio::io::simplex(1000);
    both(write, read).await
}

#[tokio::test(start_paused = true)]
async fn a_reader_and_a_writer_joined() -> io::Result<()> {
    let (near, far) = duplex(1000);
    let mut writer = FlowControlledWriter::new(tokio::io::join(&b"input"[..], near));
    let mut input = String::new();
    writer.read_to_string(&mut input).await?;
    assert_eq!(input, "input");
    both(writer.into_inner(), far).await
}

/// A writer like those of TLS and compression: it cannot gather, keeps a record of its own and
/// sends it only when it is full or flushed.
struct Records {
    inner: DuplexStream,
    record: Vec<u8>,
}

#[tokio::test(start_paused = true)]
async fn a_writer_that_holds_back_until_it_is_flushed() -> io::Result<()> {
    let (near, far) = duplex(1000);
    both(Records { inner: near, record: Vec::new() }, far).await
}

impl AsyncWrite for Records {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        if self.record.len() >= 700 {
            std::task::ready!(self.as_mut().poll_flush(cx))?;
        }
        let taken = buf.len().min(700 - self.record.len());
        self.record.extend_from_slice(&buf[..taken]);
        Poll::Ready(Ok(taken))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        while !this.record.is_empty() {
            let written = Pin::new(&mut this.inner).poll_write(cx, &this.record);
            this.record.drain(..std::task::ready!(written)?);
        }
        Pin::new(&mut this.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        std::task::ready!(self.as_mut().poll_flush(cx))?;
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}
