//! The sections of `ratios`, with their targets.
#![allow(unreachable_pub)]

mod broadcast;
mod channel;
mod codec;
mod exchange;
mod growth;
mod streams;

use crate::subjects::Place;
use crate::support::report::Report;

pub type Section = fn(&mut Report);

pub const ALL: [(&str, Section); 17] = [
    ("sink", streams::sink),
    ("write_all", streams::write_all),
    ("flush_each", streams::flush_each),
    ("mix", streams::mix),
    ("limit", streams::limit),
    ("file", streams::file),
    ("gather", streams::gather),
    ("header_payload", codec::header_payload),
    ("codec", codec::codec),
    ("channel", channel::channel),
    ("framed_sender", channel::framed_sender),
    ("churn", exchange::churn),
    ("round_trip", exchange::round_trip),
    ("broadcast", broadcast::broadcast),
    ("size_query", growth::size_query),
    ("drain", growth::drain),
    ("calls", growth::calls),
];

const SOCKETS: [(&str, Place); 2] = [("TCP", Place::Tcp), ("Unix", Place::Unix)];
const PLACES: [(&str, Place); 3] =
    [("null", Place::Null), ("TCP", Place::Tcp), ("Unix", Place::Unix)];
