//! The examples of this package, run as they are.

#[allow(dead_code)] // `main`, and what only it uses
#[path = "../../examples/framed.rs"]
mod framed;

use std::time::Duration;

use tokio::time::timeout;

#[tokio::test]
async fn framed_sends_a_chunked_response_that_an_http_client_reads() {
    let (status, body, stats) =
        timeout(LIMIT, framed::run()).await.expect("ends").expect("no error");
    assert_eq!(status, 200);
    let small = b"a small chunk ";
    assert_eq!(&body[..small.len()], small);
    assert_eq!(body.len(), small.len() + 100 * 16 * 1024);
    assert!(body[small.len()..].iter().all(|byte| *byte == b'.'));
    let frame = 16 * 1024 + 8;
    assert!(stats.peak_buffer_size <= 64 * 1024 + frame, "{}", stats.peak_buffer_size);
}

const LIMIT: Duration = Duration::from_secs(60);
