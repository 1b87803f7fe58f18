//! `tokio-rustls`: our writer below TLS, where it gathers records, and above it, where it gathers
//! what becomes one record.

#[cfg(feature = "time")]
mod stuck;

use std::io;
use std::sync::Arc;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, split};
use tokio::net::TcpStream;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::{PrivateKeyDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore, ServerConfig};
use tokio_rustls::{TlsAcceptor, TlsConnector, client, server};

use crate::support::{
    Gate, Pattern, Report, Slow, Watch, Watched, narrow_tcp_pair, tcp_pair, within,
};

/// Shakes hands over the two ends of a connection.
async fn secure<N, F>(near: N, far: F) -> io::Result<(client::TlsStream<N>, server::TlsStream<F>)>
where
    N: AsyncRead + AsyncWrite + Unpin,
    F: AsyncRead + AsyncWrite + Unpin,
{
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate");
    let certificate = made.cert.der().clone();
    let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).expect("a PKCS #8 key");
    let mut roots = RootCertStore::empty();
    roots.add(certificate.clone()).expect("a certificate to trust");

    let provider = Arc::new(ring::default_provider());
    let server = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .expect("TLS 1.3")
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .expect("the key of the certificate");
    let client = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("TLS 1.3")
        .with_root_certificates(roots)
        .with_no_client_auth();

    let name = ServerName::try_from("localhost").expect("a valid name");
    let connector = TlsConnector::from(Arc::new(client));
    let acceptor = TlsAcceptor::from(Arc::new(server));
    tokio::try_join!(connector.connect(name, near), acceptor.accept(far))
}

/// Sends `count` bytes in writes of mixed sizes, some of them flushed, and shuts down.
async fn send(stream: impl AsyncWrite + Unpin, start: u64, count: usize) -> io::Result<()> {
    let mut stream = std::pin::pin!(stream);
    let mut random = fastrand::Rng::with_seed(start);
    let mut pattern = Pattern::at(start);
    let mut left = count;
    while left > 0 {
        let most = if random.u8(..10) == 0 { 200_000 } else { 2_000 };
        let length = random.usize(1..=most).min(left);
        stream.write_all(&pattern.take(length)).await?;
        left -= length;
        if random.u8(..20) == 0 {
            stream.flush().await?;
        }
    }
    stream.shutdown().await
}

/// Reads to a clean end, which under TLS is one that the peer has announced.
async fn receive(stream: impl AsyncRead + Unpin, start: u64) -> io::Result<u64> {
    Pattern::at(start).receive(stream).await
}

/// Sends in both directions at once.
async fn exchange<N, F>(near: N, far: F, count: usize) -> io::Result<()>
where
    N: AsyncRead + AsyncWrite + Unpin,
    F: AsyncRead + AsyncWrite + Unpin,
{
    let ((near_read, near_write), (far_read, far_write)) = (split(near), split(far));
    let all = async {
        tokio::try_join!(
            send(near_write, 0, count),
            receive(far_read, 0),
            send(far_write, 777, count),
            receive(near_read, 777),
        )
    };
    let ((), at_far, (), at_near) = within(all).await?;
    assert_eq!((at_far, at_near), (count as u64, count as u64));
    Ok(())
}

/// Sends a byte there and back many times: each has to leave by the flush alone.
async fn converse<N, F>(near: &mut N, far: &mut F) -> io::Result<()>
where
    N: AsyncRead + AsyncWrite + Unpin,
    F: AsyncRead + AsyncWrite + Unpin,
{
    for turn in 0..200_u8 {
        near.write_u8(turn).await?;
        near.flush().await?;
        let arrived = far.read_u8().await?;
        far.write_u8(arrived).await?;
        far.flush().await?;
        assert_eq!(near.read_u8().await?, turn);
    }
    Ok(())
}

#[tokio::test]
async fn a_writer_below_tls_carries_both_directions() -> io::Result<()> {
    let (near, far) = tcp_pair().await?;
    let ((near, mut near_watch), (far, mut far_watch)) = (Watched::new(near), Watched::new(far));
    let (mut near, mut far) = within(secure(near, far)).await?;
    within(converse(&mut near, &mut far)).await?;
    exchange(near, far, 4 << 20).await?;
    assert!(near_watch.finished().await.written_bytes > 4 << 20);
    assert!(far_watch.finished().await.written_bytes > 4 << 20);
    Ok(())
}

#[tokio::test]
async fn a_writer_above_tls_carries_both_directions() -> io::Result<()> {
    let (near, far) = tcp_pair().await?;
    let (near, far) = within(secure(near, far)).await?;
    let ((mut near, mut near_watch), (mut far, mut far_watch)) =
        (Watched::new(near), Watched::new(far));
    within(converse(&mut near, &mut far)).await?;
    exchange(near, far, 4 << 20).await?;
    for watch in [&mut near_watch, &mut far_watch] {
        assert_eq!(watch.finished().await.written_bytes, 200 + (4 << 20));
    }
    Ok(())
}

#[tokio::test]
async fn writers_above_and_below_tls_carry_both_directions() -> io::Result<()> {
    let (near, far) = tcp_pair().await?;
    let ((near, mut records), (far, _)) = (Watched::new(near), Watched::new(far));
    let (near, far) = within(secure(near, far)).await?;
    let ((mut near, mut plain), (mut far, _)) = (Watched::new(near), Watched::new(far));
    within(converse(&mut near, &mut far)).await?;
    exchange(near, far, 1 << 20).await?;
    assert_eq!(plain.finished().await.written_bytes, 200 + (1 << 20));
    assert!(records.finished().await.written_bytes > 1 << 20);
    Ok(())
}

/// Sends a megabyte through `near`, in small pieces, to a peer that begins to read once `watch`
/// shows that the writer waits with much in its buffer.
async fn send_to_slow_peer<N>(
    mut near: N,
    mut far: server::TlsStream<Slow<TcpStream>>,
    gate: Gate,
    mut watch: Watch,
) -> io::Result<()>
where
    N: AsyncRead + AsyncWrite + Unpin,
{
    // Each end reads to the end: a socket that is closed with bytes unread resets the connection.
    let sender = async move {
        let mut pattern = Pattern::at(0);
        for _ in 0..1 << 10 {
            near.write_all(&pattern.take(1 << 10)).await?;
        }
        near.shutdown().await?;
        receive(near, 0).await
    };
    let receiver = async move {
        let received = receive(&mut far, 0).await?;
        far.shutdown().await?;
        Ok(received)
    };
    let open_gate_late = async {
        let is_held_back = |report: &Report| report.is_waiting && report.buffer_size > MUCH;
        let report = watch.until(is_held_back).await;
        assert!(report.stats.written_bytes < 1 << 20);
        gate.open();
        Ok(())
    };
    let all = async { tokio::try_join!(sender, receiver, open_gate_late) };
    let (_, received, ()) = within(all).await?;
    assert_eq!(received, 1 << 20);
    assert!(watch.finished().await.written_bytes >= 1 << 20);
    Ok(())
}

#[tokio::test]
async fn a_writer_below_tls_waits_for_a_slow_peer() -> io::Result<()> {
    let (near, far) = narrow_tcp_pair().await?;
    let ((near, watch), (far, gate)) = (Watched::new(near), Slow::new(far, 700));
    gate.open();
    let (near, far) = within(secure(near, far)).await?;
    gate.close();
    send_to_slow_peer(near, far, gate, watch).await
}

#[tokio::test]
async fn a_writer_above_tls_waits_for_a_slow_peer() -> io::Result<()> {
    let (near, far) = narrow_tcp_pair().await?;
    let (far, gate) = Slow::new(far, 700);
    gate.open();
    let (near, far) = within(secure(near, far)).await?;
    gate.close();
    let (near, watch) = Watched::new(near);
    send_to_slow_peer(near, far, gate, watch).await
}

/// The low mark: only a writer that has been held back, and waits still, holds more.
const MUCH: usize = 16 * 1024;
