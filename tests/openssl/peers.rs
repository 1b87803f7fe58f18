//! The two ends of a connection, one of which writes and one of which reads late.

use std::fmt;
use std::io;
use std::pin::Pin;
use std::sync::LazyLock;

use openssl::pkey::PKey;
use openssl::ssl::{Ssl, SslAcceptor, SslConnector, SslMethod};
use openssl::x509::X509;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;

use crate::support::{Gate, Slow, narrow_tcp_pair, within};

/// What both ends of an encrypted connection can do.
pub(crate) trait Stream: AsyncRead + AsyncWrite + Unpin + Send + fmt::Debug {}

impl<S: AsyncRead + AsyncWrite + Unpin + Send + fmt::Debug> Stream for S {}

/// The crate by which OpenSSL is used.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Crate {
    TokioOpenssl,
    TokioNativeTls,
}

/// An encrypted connection on the loopback interface.
pub(crate) struct Connected {
    pub(crate) near: Box<dyn Stream>,
    pub(crate) far: Box<dyn Stream>,
    /// Opened for the handshake and closed behind it: then the far end reads nothing.
    pub(crate) gate: Gate,
}

impl Connected {
    pub(crate) async fn by(library: Crate) -> io::Result<Self> {
        let (near, far) = narrow_tcp_pair().await?;
        let (far, gate) = Slow::new(far, 900);
        gate.open();
        let (near, far) = within(async {
            match library {
                Crate::TokioOpenssl => by_openssl(near, far).await,
                Crate::TokioNativeTls => by_native_tls(near, far).await,
            }
        })
        .await?;
        gate.close();
        Ok(Self { near, far, gate })
    }
}

type Ends = (Box<dyn Stream>, Box<dyn Stream>);

async fn by_openssl(near: TcpStream, far: Slow<TcpStream>) -> io::Result<Ends> {
    let certificate = X509::from_pem(&IDENTITY.certificate)?;
    let mut acceptor = SslAcceptor::mozilla_intermediate_v5(SslMethod::tls())?;
    acceptor.set_certificate(&certificate)?;
    acceptor.set_private_key(&*PKey::private_key_from_pem(&IDENTITY.key)?)?;
    let acceptor = acceptor.build();
    let mut connector = SslConnector::builder(SslMethod::tls())?;
    connector.cert_store_mut().add_cert(certificate)?;
    let connecting = connector.build().configure()?.into_ssl(NAME)?;

    let mut near = tokio_openssl::SslStream::new(connecting, near)?;
    let mut far = tokio_openssl::SslStream::new(Ssl::new(acceptor.context())?, far)?;
    let (connected, accepted) =
        tokio::join!(Pin::new(&mut near).connect(), Pin::new(&mut far).accept());
    connected.map_err(io::Error::other)?;
    accepted.map_err(io::Error::other)?;
    Ok((Box::new(near), Box::new(far)))
}

async fn by_native_tls(near: TcpStream, far: Slow<TcpStream>) -> io::Result<Ends> {
    let ends = async {
        let identity = native_tls::Identity::from_pkcs8(&IDENTITY.certificate, &IDENTITY.key)?;
        let acceptor = native_tls::TlsAcceptor::new(identity)?;
        let connector = native_tls::TlsConnector::builder()
            .add_root_certificate(native_tls::Certificate::from_pem(&IDENTITY.certificate)?)
            .build()?;
        let connector = tokio_native_tls::TlsConnector::from(connector);
        let acceptor = tokio_native_tls::TlsAcceptor::from(acceptor);
        tokio::try_join!(connector.connect(NAME, near), acceptor.accept(far))
    };
    let (near, far) = ends.await.map_err(io::Error::other)?;
    Ok((Box::new(near), Box::new(far)))
}

struct Identity {
    certificate: Vec<u8>,
    key: Vec<u8>,
}

/// A certificate signed by itself, and its key, as PEM.
static IDENTITY: LazyLock<Identity> = LazyLock::new(|| {
    let made = rcgen::generate_simple_self_signed([NAME.to_owned()]).expect("a certificate");
    Identity {
        certificate: made.cert.pem().into_bytes(),
        key: made.signing_key.serialize_pem().into_bytes(),
    }
});

const NAME: &str = "localhost";
