//! What others do to a shared budget, noticed at the next call.
use flow_controlled_writer::{Builder, FlowControlledWriter, MemoryBudget, TrySendError};
use tokio::io::Sink;

use crate::support::{Rig, Scripted};

/// A writer of six bytes, beyond its hard limit, paused by a budget that others have exceeded.
fn paused_by_others() -> (Rig, FlowControlledWriter<Sink>) {
    let options = Builder::new().budget(MemoryBudget::new(10)).hard_limit(5);
    let mut others = options.build(tokio::io::sink());
    others.try_send(vec![1; 11]).expect("holds nothing");
    let mut rig = Rig::with_options(&options, Scripted::gathering([]));
    rig.try_send("123456").expect("holds nothing");
    assert!(rig.writer.is_paused());
    (rig, others)
}

/// Sends an item, and tells whether it was taken.
type WayIn = fn(&mut Rig) -> bool;

/// Whether it is paused is as of now, whatever was asked before.
#[test]
fn every_way_in_is_open_once_others_have_given_the_budget_back() {
    let ways: [(&str, WayIn); 4] = [
        ("try_send", |rig| rig.try_send("x").is_ok()),
        ("send_now", |rig| rig.send_now("x").is_ok()),
        ("try_append", |rig| rig.try_append("x").is_ok()),
        ("start_send", |rig| rig.start_send("x").is_ok()),
    ];
    for (name, way) in ways {
        let (mut rig, others) = paused_by_others();
        assert!(!way(&mut rig), "{name} while paused");
        drop(others);
        assert!(!rig.writer.is_paused());
        assert!(way(&mut rig), "{name} afterwards");
        assert_eq!(rig.writer.buffer_size(), 7);
    }
}

#[test]
fn a_writer_that_was_ready_takes_an_item_whatever_others_have_done_since() {
    let options = Builder::new().budget(MemoryBudget::new(10)).hard_limit(0);
    let mut rig = Rig::with_options(&options, Scripted::gathering([]));
    rig.try_send("123").expect("holds nothing");
    assert_eq!(rig.ready(), crate::support::READY);
    let mut others = options.build(tokio::io::sink());
    others.try_send(vec![1; 11]).expect("holds nothing");
    rig.start_send("told ready").expect("it was");
    assert_eq!(rig.try_send("x"), Err(TrySendError::Full("x".into())));
    assert!(rig.start_send("x").is_err());
}
