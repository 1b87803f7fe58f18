//! `redis`: its client against a small server whose replies go out by a sink of frames.

mod resp;
mod server;

use bytes::Bytes;
use futures::FutureExt;
use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, AsyncTypedCommands, RedisConnectionInfo, RedisResult};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;

use self::server::{Outcome, Store, serve};
use crate::support::{Pattern, Slow, Watched, narrow_tcp_pair, tcp_pair, within};

/// A client and the tasks of the two ends of its connection.
struct Connected {
    client: MultiplexedConnection,
    driver: JoinHandle<()>,
    server: JoinHandle<std::io::Result<Outcome>>,
}

impl Connected {
    async fn new<S>(near: S, far: TcpStream) -> RedisResult<Self>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let server = tokio::spawn(serve(far, Store::default()));
        // The client's own time limits would be a matter of how busy the machine is.
        let config =
            AsyncConnectionConfig::new().set_connection_timeout(None).set_response_timeout(None);
        let info = RedisConnectionInfo::default();
        let (client, driver) =
            within(MultiplexedConnection::new_with_config(&info, near, config)).await?;
        Ok(Self { client, driver: tokio::spawn(driver), server })
    }

    /// Ends the connection and returns what the server's writer was like then.
    async fn end(self) -> Outcome {
        drop(self.client);
        within(self.driver).await.expect("no panic");
        within(self.server).await.expect("no panic").expect("served")
    }
}

#[tokio::test]
async fn values_of_every_size_come_back_whole() -> RedisResult<()> {
    let (near, far) = tcp_pair().await?;
    let (near, mut watch) = Watched::new(near);
    let mut connected = Connected::new(near, far).await?;
    let client = &mut connected.client;
    let mut pattern = Pattern::at(0);
    for length in [0, 1, 1023, 1024, 65_536, 1 << 20, 8 << 20] {
        let value = pattern.take(length);
        within(client.set("key", &value[..])).await?;
        let stored: Bytes = within(redis::cmd("GET").arg("key").query_async(client)).await?;
        assert!(stored == value, "{length} bytes");
    }
    let missing = within(client.get("another key")).await?;
    assert_eq!(missing, None);

    let outcome = connected.end().await;
    assert_eq!(outcome.buffer_size, 0);
    assert!(outcome.stats.peak_buffer_size <= (64 << 10) + (8 << 20) + 100, "{outcome:?}");
    let report = watch.dropped().await;
    assert_eq!(report.buffer_size, 0);
    Ok(())
}

#[tokio::test]
async fn a_pipeline_is_answered_in_order() -> RedisResult<()> {
    const COUNT: usize = 5_000;
    let (near, far) = tcp_pair().await?;
    let mut connected = Connected::new(near, far).await?;
    let mut pipeline = redis::pipe();
    for index in 0..COUNT {
        pipeline.set("name", index).ignore().get("name").incr("total", 1);
    }
    let answers: Vec<usize> = within(pipeline.query_async(&mut connected.client)).await?;
    assert!(answers.into_iter().eq((0..COUNT).flat_map(|index| [index, index + 1])));

    let outcome = connected.end().await;
    assert_eq!(outcome.buffer_size, 0);
    assert!(outcome.stats.write_calls < COUNT as u64 / 10, "{outcome:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn callers_that_share_a_connection_each_get_their_own_answers() -> RedisResult<()> {
    let (near, far) = tcp_pair().await?;
    let (near, mut watch) = Watched::new(near);
    let connected = Connected::new(near, far).await?;
    let callers = (0..20).map(|caller| {
        let mut client = connected.client.clone();
        tokio::spawn(async move {
            for turn in 0..100 {
                let key = format!("caller {caller}");
                assert_eq!(client.incr(&key, 1).await?, turn + 1);
                let stored = client.get(&key).await?;
                assert_eq!(stored, Some((turn + 1).to_string()));
            }
            RedisResult::Ok(())
        })
    });
    for ended in within(futures::future::join_all(callers)).await {
        ended.expect("no panic")?;
    }
    assert_eq!(connected.end().await.buffer_size, 0);
    assert_eq!(watch.dropped().await.buffer_size, 0);
    Ok(())
}

#[tokio::test]
async fn a_client_that_reads_slowly_holds_the_server_back() -> RedisResult<()> {
    const LENGTH: usize = 20_000;
    let (near, far) = narrow_tcp_pair().await?;
    let (near, gate) = Slow::new(near, 900);
    gate.open();
    let mut connected = Connected::new(near, far).await?;
    within(connected.client.set("key", &Pattern::at(0).take(LENGTH)[..])).await?;
    gate.close();

    let mut pipeline = redis::pipe();
    for _ in 0..50 {
        pipeline.get("key");
    }
    let mut client = connected.client.clone();
    let asking = async move { pipeline.query_async::<Vec<Bytes>>(&mut client).await };
    let mut asking = std::pin::pin!(asking);
    // One poll sends the question; the answers wait until the gate is open.
    assert!(asking.as_mut().now_or_never().is_none());
    gate.open();
    let answers = within(asking).await?;
    assert_eq!(answers.len(), 50);
    for answer in answers {
        assert_eq!(answer.len(), LENGTH);
        Pattern::at(0).check(&answer);
    }

    let outcome = connected.end().await;
    assert_eq!(outcome.buffer_size, 0);
    assert!(outcome.stats.pauses > 0, "{outcome:?}");
    assert!(outcome.stats.peak_buffer_size <= (64 << 10) + LENGTH + 100, "{outcome:?}");
    Ok(())
}
