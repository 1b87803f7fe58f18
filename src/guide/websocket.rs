#![doc = include_str!("websocket.md")]
