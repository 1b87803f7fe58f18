use std::io;

use bytes::Bytes;
use futures::{FutureExt, Sink, SinkExt, Stream, StreamExt};

use super::codec::{Answer, Request};
use crate::support::Pattern;

/// What both `Framed`s are to a server.
pub(super) trait Requests:
    Stream<Item = io::Result<Request>> + Sink<Answer, Error = io::Error> + Unpin
{
}

impl<S> Requests for S where
    S: Stream<Item = io::Result<Request>> + Sink<Answer, Error = io::Error> + Unpin
{
}

/// Answers queries until the client leaves. Flushes where it would wait for the next one, so that what
/// was pipelined leaves together.
pub(super) async fn serve(connection: &mut impl Requests) -> io::Result<()> {
    loop {
        let next = match connection.next().now_or_never() {
            Some(next) => next,
            None => {
                connection.flush().await?;
                connection.next().await
            }
        };
        match next.transpose()? {
            None => return connection.close().await,
            Some(Request::Query(query)) => answer(connection, &query).await?,
            Some(other) => return Err(io::Error::other(format!("unasked: {other:?}"))),
        }
    }
}

async fn answer(connection: &mut impl Requests, query: &str) -> io::Result<()> {
    if let Some(count) = query.strip_prefix("copy out ").and_then(|count| count.parse().ok()) {
        connection.feed(Answer::CopyOut).await?;
        let mut pattern = Pattern::at(0);
        for _ in 0..count {
            connection.feed(Answer::Data(pattern.take(ITEM))).await?;
        }
        connection.feed(Answer::CopyDone).await?;
    } else if query == "copy in" {
        connection.send(Answer::CopyIn).await?;
        let mut pattern = Pattern::at(0);
        while let Some(request) = connection.next().await.transpose()? {
            match request {
                Request::Data(data) => pattern.check(&data),
                _ => break,
            }
        }
        connection.feed(Answer::Row(pattern.position().to_string().into())).await?;
    } else {
        connection.feed(Answer::Row(Bytes::copy_from_slice(query.as_bytes()))).await?;
    }
    connection.feed(Answer::Complete).await
}

/// The length of an item of a copy in bytes.
pub(super) const ITEM: usize = 100_000;
