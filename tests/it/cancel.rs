//! Futures that are dropped before they are ready, and tasks that share a connection.
mod dropped;
mod duplex;
mod select;
mod sources;
