//! What the page draws, over a connection of its own so that it never waits behind slow data.

use std::time::Duration;

use flow_controlled_writer::channel::Sender;
use tokio::time::{Instant, MissedTickBehavior, interval};

use crate::hub::Hub;
use crate::message;

/// Sends the state of all connections at every tick until the client leaves. A sample that finds
/// no room is left out: the next one says more.
pub(crate) async fn report(sender: Sender, hub: &Hub) {
    let start = Instant::now();
    let mut ticks = interval(PACE);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    while !sender.is_closed() {
        ticks.tick().await;
        let time = start.elapsed().as_millis();
        let sample = format!("{{\"time\":{time},\"connections\":{}}}", hub.snapshot());
        let _full_or_closed = sender.try_send(message::text(sample));
    }
}

/// Short against the time in which a slow reader's buffer fills.
const PACE: Duration = Duration::from_millis(50);
