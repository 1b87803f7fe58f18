//! Peers that never read.

use std::io::{self, ErrorKind};
use std::time::Duration;

use bytes::Buf;
use flow_controlled_writer::Builder;

use crate::peers::{Connected, Crate};
use crate::support::{Pattern, within};

#[tokio::test]
async fn a_peer_that_never_reads_ends_every_wait_by_the_stall_timeout() -> io::Result<()> {
    let options = Builder::new().stall_timeout(Duration::from_millis(200));
    for library in [Crate::TokioOpenssl, Crate::TokioNativeTls] {
        let stuck = Connected::by(library).await?;
        let mut writer = options.build(stuck.near);
        writer.feed(Pattern::at(0).take(20_000)).await?;
        let error = within(writer.flush()).await.expect_err("nobody reads");
        assert_eq!(error.kind(), ErrorKind::TimedOut, "{library:?}, flush");
        assert!(writer.buffer_size() > 0);

        let stuck = Connected::by(library).await?;
        let mut writer = options.build(stuck.near);
        writer.feed(Pattern::at(0).take(20_000)).await?;
        let error = within(writer.shutdown()).await.expect_err("nobody reads");
        assert_eq!(error.kind(), ErrorKind::TimedOut, "{library:?}, shutdown");

        let stuck = Connected::by(library).await?;
        let (sender, driver) = options.build(stuck.near).into_channel();
        sender.try_send(Pattern::at(0).take(20_000)).expect("not paused");
        sender.close_channel();
        let error = within(driver).await.expect_err("nobody reads");
        assert_eq!(error.error.kind(), ErrorKind::TimedOut, "{library:?}, driver");
        assert_eq!(error.parts.queue.remaining() as u64, 20_000 - error.parts.written);
    }
    Ok(())
}
