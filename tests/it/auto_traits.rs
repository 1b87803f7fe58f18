//! What may be done with the types between threads and after a panic, with every set of features.
use std::panic::{RefUnwindSafe, UnwindSafe};

use flow_controlled_writer::channel::{Driver, DriverError, Sender, Sending};
use flow_controlled_writer::{
    Builder, ChunkAppender, ChunkQueue, Chunks, FlowControlledWriter, InvalidWatermarks,
    MemoryBudget, Parts, Slices, Stats, TrySendError, TrySendItemError, Watermarks,
};
use tokio::io::AsyncWrite;

use crate::support::{NotUnpin, Scripted};

type Inner = Vec<u8>;

fn all<T: Send + Sync + Unpin + UnwindSafe + RefUnwindSafe>() {}
fn send<T: Send>(_: T) {}

#[test]
fn all_types_have_all_auto_traits_where_the_inner_writer_has_them() {
    all::<Builder>();
    all::<Chunks>();
    all::<ChunkQueue>();
    all::<FlowControlledWriter<Inner>>();
    all::<InvalidWatermarks>();
    all::<MemoryBudget>();
    all::<Parts<Inner>>();
    all::<Slices<'_>>();
    all::<Stats>();
    all::<TrySendError>();
    all::<TrySendItemError<(), ()>>();
    all::<Watermarks>();
    all::<Driver<Inner>>();
    all::<Sender>();
}

/// One that borrows a queue mutably, an `io::Error`, and a future of a sender are not unwind safe with
/// their like elsewhere.
#[test]
fn the_others_can_be_moved_and_shared() {
    fn some<T: Send + Sync + Unpin>() {}
    some::<ChunkAppender<'_>>();
    some::<DriverError<Inner>>();
    some::<Sending<'_>>();
}

#[cfg(feature = "codec")]
#[test]
fn so_have_those_with_a_codec() {
    use flow_controlled_writer::codec::{
        Framed, FramedParts, FramedSender, FramedSink, FramedSinkParts, LengthDelimitedBuilder,
        LengthDelimitedEncoder,
    };
    type Codec = LengthDelimitedEncoder;
    all::<Codec>();
    all::<LengthDelimitedBuilder>();
    all::<Framed<Inner, Codec>>();
    all::<FramedParts<Inner, Codec>>();
    all::<FramedSender<Codec>>();
    all::<FramedSink<Inner, Codec>>();
    all::<FramedSinkParts<Inner, Codec>>();
}

#[test]
fn an_inner_writer_that_lacks_one_takes_no_other() {
    fn send_and_unpin<T: Send + Unpin>() {}
    fn send_and_sync<T: Send + Sync>() {}
    send_and_unpin::<FlowControlledWriter<Box<dyn AsyncWrite + Send + Unpin>>>();
    send_and_sync::<FlowControlledWriter<NotUnpin<Inner>>>();
}

#[test]
fn the_futures_of_a_writer_can_be_spawned() {
    let mut writer = FlowControlledWriter::new(Scripted::gathering([]).0);
    send(writer.ready());
    send(writer.drain());
    send(writer.feed("x"));
    send(writer.send("x"));
    send(writer.flush());
    send(writer.shutdown());
}
