//! A real file, against `BufWriter`.
use std::fs::{self, OpenOptions};
use std::io::{self, SeekFrom};
use std::path::Path;

use flow_controlled_writer::FlowControlledWriter;
use tokio::fs::File;
use tokio::io::{AsyncSeek, AsyncSeekExt, AsyncWrite, BufWriter};

use super::OURS;
use super::async_write::{BUFFERED, BUFFERED_TUNED, tuned, write};
use crate::support::entry::{Case, Entry, Sender, size_name};

/// `write_all` of slices that make 16 MiB together, then a flush. The file is there from the first batch on.
pub fn case(size: usize) -> Case {
    let count = TOTAL / size;
    let sender = Sender::new();
    let entries = vec![
        entry(OURS, size, count, &sender, FlowControlledWriter::new),
        entry(BUFFERED, size, count, &sender, BufWriter::new),
        entry(BUFFERED_TUNED, size, count, &sender, tuned),
    ];
    Case { size, chunks: count, entries, label: size_name(size) }
}

fn entry<A: AsyncWrite + AsyncSeek + Unpin + 'static>(
    name: &'static str,
    size: usize,
    count: usize,
    sender: &Sender,
    wrap: impl FnOnce(File) -> A,
) -> Entry {
    let slice = vec![b'x'; size];
    let file = wrap(File::from_std(temporary().expect("the target directory can be written to")));
    let (to_write, to_seek) = (sender.clone(), sender.clone());
    Entry::with_state(
        name,
        file,
        move |file| {
            to_write.block_on(write(file, &slice, count)).expect("the file can be written to");
        },
        move |file| {
            to_seek.block_on(file.seek(SeekFrom::Start(0))).expect("a file can be sought");
        },
    )
}

/// Opens a file that has no name any more.
fn temporary() -> io::Result<fs::File> {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(std::process::id().to_string());
    let file = OpenOptions::new().read(true).write(true).create_new(true).open(&path)?;
    fs::remove_file(path)?;
    Ok(file)
}

const TOTAL: usize = 16 << 20;
/// Lengths of the slices.
pub const WRITES: [usize; 9] =
    [16, 64, 256, 1 << 10, 4 << 10, 16 << 10, 64 << 10, 100_000, 1_000_000];
