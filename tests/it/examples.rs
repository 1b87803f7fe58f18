//! The examples of this package, run as they are.

#[allow(dead_code)] // `main`, and what only it uses
#[path = "../../examples/broadcast.rs"]
mod broadcast;
#[allow(dead_code)]
#[path = "../../examples/log_shipper/main.rs"]
mod log_shipper;
#[allow(dead_code)]
#[path = "../../examples/sink.rs"]
mod sink;
#[allow(dead_code)]
#[path = "../../examples/slow_consumer/main.rs"]
mod slow_consumer;
#[allow(dead_code)]
#[path = "../../examples/wrap_tcp.rs"]
mod wrap_tcp;

use std::time::Duration;

use clap::Parser;
use tokio::time::timeout;

#[tokio::test]
async fn wrap_tcp_answers_many_lines_in_one_write_call() {
    let (answers, stats) =
        timeout(LIMIT, wrap_tcp::run(1000)).await.expect("ends").expect("no error");
    let wanted: String = (0..1000).map(|number| format!("QUESTION {number}\n")).collect();
    assert_eq!(answers, wanted);
    assert_eq!(stats.written_bytes, wanted.len() as u64);
    assert_eq!(stats.write_calls, 1);
}

#[tokio::test]
async fn sink_sends_whole_streams_and_queues_one_chunk_above_the_high_mark() {
    let (received, stats) = timeout(LIMIT, sink::run()).await.expect("ends").expect("no error");
    let words = b"one by one, then many at once, ";
    assert_eq!(&received[..words.len()], words);
    assert_eq!(received.len(), words.len() + 100 * 16 * 1024);
    assert!(received[words.len()..].iter().all(|byte| *byte == b'.'));
    assert_eq!(stats.peak_buffer_size, 64 * 1024 + 16 * 1024);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn slow_consumer_delivers_to_each_client_exactly_what_was_sent_to_it() {
    let report = run_slow_consumer("skip").await;
    assert!(report.is_intact(), "{report}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn slow_consumer_skips_nothing_when_it_waits_for_the_slow() {
    let report = run_slow_consumer("wait").await;
    assert!(report.is_intact(), "{report}");
    assert_eq!(report.skipped(), 0, "{report}");
}

async fn run_slow_consumer(policy: &str) -> slow_consumer::report::Report {
    let arguments =
        "slow_consumer --quiet --messages 1000 --speed 0 --high 16384 --late 50 --policy";
    let arguments = arguments.split(' ').chain([policy]);
    let options = slow_consumer::Options::parse_from(arguments);
    slow_consumer::run(&options).await.expect("ends within its limit")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn broadcast_drops_those_who_stop_reading_and_serves_the_others() {
    let plan = broadcast::Plan {
        rooms: 2,
        clients_a_room: 3,
        publishers_a_room: 2,
        ticks: 200,
        messages_a_tick: 5,
        limit: 256 * 1024,
    };
    let report = timeout(LIMIT, broadcast::run(plan)).await.expect("ends").expect("no error");
    assert!(report.is_right(), "{report}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn log_shipper_loses_doubles_and_cuts_no_line_however_often_its_upstream_dies() {
    let plan = log_shipper::Plan { producers: 4, lines_each: 500, longest_life: 16 * 1024 };
    let report = timeout(LIMIT, log_shipper::run(plan)).await.expect("ends").expect("no error");
    assert!(report.is_right() && report.losses() > 0, "{report}");
}

const LIMIT: Duration = Duration::from_secs(60);
