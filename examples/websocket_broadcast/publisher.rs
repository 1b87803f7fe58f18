//! The source of the messages.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::interval;

use crate::hub::Hub;
use crate::message;

/// Publishes messages that carry the number of their publisher and their own, for ever.
pub(crate) async fn publish(publisher: u8, hub: Arc<Hub>) {
    let mut ticks = interval(PACE);
    for sequence in 0_u32.. {
        ticks.tick().await;
        hub.broadcast(&message::binary(payload(publisher, sequence)));
    }
}

/// Byte 0 is the publisher, bytes 4 to 8 the sequence: by them the page sees what it missed.
fn payload(publisher: u8, sequence: u32) -> Vec<u8> {
    let mut payload = vec![0; MESSAGE];
    payload[0] = publisher;
    payload[4..8].copy_from_slice(&sequence.to_be_bytes());
    payload
}

/// Bytes of a message.
const MESSAGE: usize = 256;
/// The time between two messages of one publisher.
const PACE: Duration = Duration::from_millis(5);
