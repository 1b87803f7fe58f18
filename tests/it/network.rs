//! Faults of the network and of the process around a writer, on real sockets.
//!
//! Whatever happens, every byte is either with the peer, with the system, or given back.
#[cfg(unix)]
mod open_files;
mod peers;
mod reset;
