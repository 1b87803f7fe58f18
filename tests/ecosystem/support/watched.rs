use std::io::{self, ErrorKind, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll};

use flow_controlled_writer::{Builder, FlowControlledWriter, Stats};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::watch;

use super::counts;

/// A writer that reports its counts while another crate owns it.
///
/// After every call on its write side it checks what holds at every moment: that the counts agree
/// with each other, that the buffer is not above the high watermark, and that a failure lasts.
#[derive(Debug)]
pub(crate) struct Watched<W> {
    writer: FlowControlledWriter<W>,
    reports: watch::Sender<Report>,
}

/// What a [`Watched`] writer was like after its last call.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Report {
    pub(crate) buffer_size: usize,
    pub(crate) is_paused: bool,
    /// The last call on the write side returned `Pending`.
    pub(crate) is_waiting: bool,
    pub(crate) stats: Stats,
    pub(crate) end: End,
    /// The owner has dropped it.
    pub(crate) is_dropped: bool,
}

/// How the write side of a [`Watched`] writer ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum End {
    #[default]
    Open,
    Shut,
    Failed(ErrorKind),
}

/// The far side of a [`Watched`] writer's reports.
#[derive(Clone, Debug)]
pub(crate) struct Watch(watch::Receiver<Report>);

impl<W> Watched<W> {
    /// Wraps `inner` with default options.
    pub(crate) fn new(inner: W) -> (Self, Watch) {
        Self::with_options(&Builder::new(), inner)
    }

    pub(crate) fn with_options(options: &Builder, inner: W) -> (Self, Watch) {
        let (reports, receiver) = watch::channel(Report::default());
        (Self { writer: options.build(inner), reports }, Watch(receiver))
    }

    fn writer(self: Pin<&mut Self>) -> Pin<&mut FlowControlledWriter<W>>
    where
        W: Unpin,
    {
        Pin::new(&mut self.get_mut().writer)
    }

    /// Checks the counts, reports them, and hands the answer on.
    fn report<T>(&mut self, end: End, answer: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        let (size, stats) = (self.writer.buffer_size(), counts(self.writer.stats()));
        assert_eq!(stats.enqueued_bytes - stats.written_bytes, size as u64, "{stats:?}");
        assert!(stats.peak_buffer_size <= self.writer.watermarks().high(), "{stats:?}");
        let before = *self.reports.borrow();
        if let End::Failed(kind) = before.end {
            assert!(matches!(&answer, Poll::Ready(Err(error)) if error.kind() == kind), "{kind}");
            assert_eq!(
                (size, stats),
                (before.buffer_size, before.stats),
                "called the inner writer again"
            );
        }
        self.reports.send_modify(|report| {
            report.buffer_size = size;
            report.is_paused = self.writer.is_paused();
            report.is_waiting = answer.is_pending();
            report.stats = stats;
            match (&answer, report.end) {
                (_, End::Failed(_)) => {}
                (Poll::Ready(Ok(_)), End::Open) => report.end = end,
                (Poll::Ready(Ok(_)) | Poll::Pending, _) => {}
                (Poll::Ready(Err(error)), _) => report.end = End::Failed(error.kind()),
            }
        });
        answer
    }
}

impl Watch {
    /// Returns the last report.
    pub(crate) fn last(&self) -> Report {
        *self.0.borrow()
    }

    /// Waits for a report of which `condition` is true.
    pub(crate) async fn until(&mut self, condition: impl FnMut(&Report) -> bool) -> Report {
        *self.0.wait_for(condition).await.expect("the writer's owner has dropped it")
    }

    /// Waits until the owner has dropped the writer.
    pub(crate) async fn dropped(&mut self) -> Report {
        self.until(|report| report.is_dropped).await
    }

    /// Waits until the owner has dropped the writer, and checks that all was written by then and
    /// the inner writer shut down.
    pub(crate) async fn finished(&mut self) -> Stats {
        let report = self.dropped().await;
        assert_eq!((report.buffer_size, report.end), (0, End::Shut), "{report:?}");
        assert_eq!(report.stats.enqueued_bytes, report.stats.written_bytes);
        report.stats
    }
}

impl<W: AsyncWrite + Unpin> AsyncWrite for Watched<W> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let answer = self.as_mut().writer().poll_write(cx, buf);
        self.report(End::Open, answer)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let answer = self.as_mut().writer().poll_write_vectored(cx, bufs);
        self.report(End::Open, answer)
    }

    fn is_write_vectored(&self) -> bool {
        self.writer.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let answer = self.as_mut().writer().poll_flush(cx);
        self.report(End::Open, answer)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let answer = self.as_mut().writer().poll_shutdown(cx);
        self.report(End::Shut, answer)
    }
}

impl<W: AsyncRead + Unpin> AsyncRead for Watched<W> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.writer().poll_read(cx, buf)
    }
}

impl<W> Drop for Watched<W> {
    fn drop(&mut self) {
        self.reports.send_modify(|report| report.is_dropped = true);
    }
}
