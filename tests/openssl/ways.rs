//! The ways in which bytes are given to a writer.

use std::io::{self, IoSlice};

use bytes::{Buf, Bytes};
use flow_controlled_writer::FlowControlledWriter;
use flow_controlled_writer::codec::FramedSink;
use futures::future::try_join;
use tokio::io::AsyncWriteExt;
use tokio_util::codec::BytesCodec;

use crate::peers::Stream;

#[derive(Clone, Copy, Debug)]
pub(crate) enum Way {
    WriteAll,
    Write,
    WriteVectored,
    Copy,
    Feed,
    Send,
    Channel,
    ChannelWrite,
    Framed,
}

impl Way {
    pub(crate) const ALL: [Self; 9] = [
        Self::WriteAll,
        Self::Write,
        Self::WriteVectored,
        Self::Copy,
        Self::Feed,
        Self::Send,
        Self::Channel,
        Self::ChannelWrite,
        Self::Framed,
    ];

    /// Sends `chunks` in this way, shuts the writer down and returns its stream.
    pub(crate) async fn send<S: Stream>(
        self,
        writer: FlowControlledWriter<S>,
        chunks: Vec<Bytes>,
    ) -> io::Result<S> {
        match self {
            Self::Channel | Self::ChannelWrite => self.send_by_channel(writer, chunks).await,
            Self::Framed => {
                let mut sink = FramedSink::new(writer, BytesCodec::new());
                for chunk in chunks {
                    sink.feed(chunk).await?;
                }
                sink.shutdown().await?;
                Ok(sink.into_inner().into_inner())
            }
            _ => self.send_by_writer(writer, chunks).await,
        }
    }

    async fn send_by_writer<S: Stream>(
        self,
        mut writer: FlowControlledWriter<S>,
        chunks: Vec<Bytes>,
    ) -> io::Result<S> {
        if matches!(self, Self::Copy) {
            tokio::io::copy(&mut &chunks.concat()[..], &mut writer).await?;
            writer.shutdown().await?;
            return Ok(writer.into_inner());
        }
        for (index, mut chunk) in chunks.into_iter().enumerate() {
            match self {
                Self::Write => {
                    while !chunk.is_empty() {
                        let taken = writer.write(&chunk).await?;
                        assert!(taken > 0, "nothing of {} bytes", chunk.len());
                        chunk.advance(taken);
                    }
                }
                Self::WriteVectored => write_vectored(&mut writer, &chunk).await?,
                Self::Feed => writer.feed(chunk).await?,
                Self::Send => writer.send(chunk).await?,
                _ => writer.write_all(&chunk).await?,
            }
            if index % 7 == 6 {
                writer.flush().await?;
            }
        }
        writer.shutdown().await?;
        Ok(writer.into_inner())
    }

    async fn send_by_channel<S: Stream>(
        self,
        writer: FlowControlledWriter<S>,
        chunks: Vec<Bytes>,
    ) -> io::Result<S> {
        let (mut sender, driver) = writer.into_channel();
        let sending = async move {
            for chunk in chunks {
                if matches!(self, Self::Channel) {
                    sender.send(chunk).await?;
                } else {
                    sender.write_all(&chunk).await?;
                }
            }
            sender.flush().await
        };
        let driving = async { Ok(driver.await?) };
        Ok(try_join(sending, driving).await?.1)
    }
}

async fn write_vectored<S: Stream>(
    writer: &mut FlowControlledWriter<S>,
    chunk: &[u8],
) -> io::Result<()> {
    let thirds = chunk.chunks(chunk.len() / 3 + 1).map(IoSlice::new);
    let mut slices: Vec<_> = thirds.collect();
    let mut left = &mut slices[..];
    while !left.is_empty() {
        let taken = writer.write_vectored(left).await?;
        assert!(taken > 0, "nothing of {} slices", left.len());
        IoSlice::advance_slices(&mut left, taken);
    }
    Ok(())
}
