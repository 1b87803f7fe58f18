//! A driver that outlives its inner writer.

use loom::future::block_on;
use loom::thread;

use super::{Pendings, Wire, model, narrow};

/// The senders only wait while the driver is given another writer.
#[test]
fn those_who_wait_go_on_with_another_writer() {
    model(|| {
        let (sender, mut driver) = narrow(Pendings::Broken);
        let sending = thread::spawn(move || {
            block_on(sender.send("a")).expect("open");
            block_on(sender.send("b")).expect("open");
            block_on(sender.flush()).expect("open");
            sender.written()
        });
        block_on(driver.drive()).expect_err("broken");
        driver.replace(Wire { bytes: Vec::new(), pending: Pendings::Left(0) });
        block_on(driver.drive()).expect("the wire takes all");
        assert_eq!(driver.get_ref().bytes, b"ab");
        assert_eq!(sending.join().expect("no panic"), 2);
    });
}

/// Nobody drives between an error and the next call: what comes in meanwhile is found by then.
#[test]
fn a_driver_that_is_dropped_after_an_error_ends_those_who_wait() {
    model(|| {
        let (sender, mut driver) = narrow(Pendings::Broken);
        let sending = thread::spawn(move || {
            block_on(sender.send("a")).expect("not paused");
            block_on(sender.send("b")).expect_err("nobody drives");
            block_on(sender.closed()).expect_err("nobody drives");
        });
        block_on(driver.drive()).expect_err("broken");
        drop(driver);
        sending.join().expect("no panic");
    });
}
