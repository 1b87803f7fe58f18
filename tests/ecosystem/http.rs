//! `hyper`: servers and clients whose connections write through our writer.
//!
//! The service is the same for both versions of the protocol.
mod one;
mod two;

use std::convert::Infallible;

use bytes::Bytes;
use futures::{StreamExt, stream};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Empty, Full, StreamBody};
use hyper::body::{Body, Frame, Incoming};
use hyper::{Request, Response, StatusCode};

use crate::support::Pattern;

type Answer = UnsyncBoxBody<Bytes, hyper::Error>;

/// Answers `/echo` with the body of the request, `/bytes/N` with N bytes of the pattern, in frames
/// of mixed sizes, and `/name/X` with X.
async fn answer(request: Request<Incoming>) -> Result<Response<Answer>, Infallible> {
    let (head, body) = request.into_parts();
    let path = head.uri.path();
    Ok(if path == "/echo" {
        Response::new(body.boxed_unsync())
    } else if let Some(count) = path.strip_prefix("/bytes/").and_then(|n| n.parse().ok()) {
        Response::new(pattern_body(count))
    } else if let Some(name) = path.strip_prefix("/name/") {
        Response::new(fixed(Full::from(name.to_owned())))
    } else {
        let mut response = Response::new(fixed(Empty::new()));
        *response.status_mut() = StatusCode::NOT_FOUND;
        response
    })
}

/// A body of `count` bytes of the pattern, produced frame by frame as it is asked for.
fn pattern_body(count: usize) -> Answer {
    let random = fastrand::Rng::with_seed(count as u64);
    let state = (Pattern::at(0), random, count);
    let frames = stream::unfold(state, |(mut pattern, mut random, left)| async move {
        let most = if random.bool() { 100_000 } else { 300 };
        let frame = pattern.take(random.usize(1..=most).min(left));
        let left = left - frame.len();
        (!frame.is_empty()).then(|| (Ok(Frame::data(frame)), (pattern, random, left)))
    });
    StreamBody::new(frames.boxed()).map_err(|never: Infallible| match never {}).boxed_unsync()
}

fn fixed(body: impl Body<Data = Bytes, Error = Infallible> + Send + 'static) -> Answer {
    body.map_err(|never| match never {}).boxed_unsync()
}

fn get(path: impl AsRef<str>) -> Request<Answer> {
    post(path, fixed(Empty::new()))
}

fn post(path: impl AsRef<str>, body: Answer) -> Request<Answer> {
    let uri = format!("http://localhost{}", path.as_ref());
    Request::post(uri).body(body).expect("a valid request")
}

/// Reads a body to its end and returns how many bytes of the pattern have come.
async fn receive(response: Response<Incoming>) -> hyper::Result<u64> {
    assert_eq!(response.status(), StatusCode::OK);
    let mut body = response.into_body();
    let mut pattern = Pattern::at(0);
    while let Some(frame) = body.frame().await {
        pattern.check(&frame?.into_data().expect("a frame of data"));
    }
    Ok(pattern.position())
}

/// Returns the whole body as text.
async fn text(response: Response<Incoming>) -> hyper::Result<String> {
    let bytes = response.into_body().collect().await?.to_bytes();
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
