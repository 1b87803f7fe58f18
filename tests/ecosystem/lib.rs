//! Pages of the guide whose examples need a library that the crate itself does not.

#![cfg(doctest)]

#[doc = include_str!("../../src/guide/websocket.md")]
mod websocket {}
