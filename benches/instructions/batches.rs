//! What is counted.
#![allow(unreachable_pub)]
use std::fmt;

use bytes::Bytes;
use flow_controlled_writer::channel::{Driver, Sender};
use futures::{FutureExt, Sink};
use tokio::io::AsyncWrite;

use crate::subjects::async_write::{write, write_and_flush};
use crate::subjects::drain::done;
use crate::subjects::sink::feed;
use crate::support::null::Null;

#[inline]
pub fn fed<Item, S>((mut sink, item): (S, Item)) -> S
where
    Item: Clone,
    S: Sink<Item, Error: fmt::Debug> + Unpin,
{
    done(feed(&mut sink, &item, COUNT));
    sink
}

#[inline]
pub fn written<A: AsyncWrite + Unpin>((mut writer, slice): (A, Bytes)) -> A {
    done(write(&mut writer, &slice, COUNT));
    writer
}

#[inline]
pub fn written_each<A: AsyncWrite + Unpin>((mut writer, slice): (A, Bytes)) -> A {
    done(write_and_flush(&mut writer, &slice, COUNT));
    writer
}

#[inline]
pub fn sent(parts: (Sender, Driver<Null>, Bytes)) -> (Sender, Driver<Null>) {
    let (sender, mut driver, chunk) = parts;
    for _ in 0..COUNT {
        while sender.send(chunk.clone()).now_or_never().is_none() {
            assert!((&mut driver).now_or_never().is_none());
        }
    }
    assert!((&mut driver).now_or_never().is_none());
    (sender, driver)
}

pub const COUNT: usize = 1000;
