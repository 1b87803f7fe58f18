//! Connections, plain or encrypted.

use std::io;
use std::sync::Arc;

use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpSocket, TcpStream};
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore, ServerConfig};
use tokio_rustls::{TlsAcceptor, TlsConnector};

pub(crate) trait Duplex: AsyncRead + AsyncWrite + Unpin + Send {}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Duplex for S {}

pub(crate) type Stream = Box<dyn Duplex>;

/// Makes connections of the server's side.
#[derive(Clone)]
pub(crate) struct Acceptor(Option<TlsAcceptor>);

/// Makes connections of the clients' side.
#[derive(Clone)]
pub(crate) struct Connector(Option<TlsConnector>);

impl Acceptor {
    pub(crate) fn plain() -> Self {
        Self(None)
    }

    /// Makes a certificate, which the clients have to be told.
    pub(crate) fn with_tls() -> io::Result<(Self, Vec<u8>)> {
        let made =
            rcgen::generate_simple_self_signed([NAME.to_owned()]).map_err(io::Error::other)?;
        let key = PrivateKeyDer::try_from(made.signing_key.serialize_der());
        let certificate = made.cert.der().clone();
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(io::Error::other)?
            .with_no_client_auth()
            .with_single_cert(vec![certificate.clone()], key.map_err(io::Error::other)?)
            .map_err(io::Error::other)?;
        Ok((Self(Some(TlsAcceptor::from(Arc::new(config)))), certificate.to_vec()))
    }

    pub(crate) async fn accept(&self, stream: TcpStream) -> io::Result<Stream> {
        SockRef::from(&stream).set_send_buffer_size(SOCKET_BUFFER as usize)?;
        // A handshake would wait for delayed acknowledgements.
        stream.set_nodelay(true)?;
        Ok(match &self.0 {
            None => Box::new(stream),
            Some(tls) => Box::new(tls.accept(stream).await?),
        })
    }
}

impl Connector {
    /// Without a certificate the connections are plain.
    pub(crate) fn new(certificate: Vec<u8>) -> io::Result<Self> {
        if certificate.is_empty() {
            return Ok(Self(None));
        }
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from(certificate)).map_err(io::Error::other)?;
        let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(io::Error::other)?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self(Some(TlsConnector::from(Arc::new(config)))))
    }

    pub(crate) async fn connect(&self, port: u16) -> io::Result<Stream> {
        let socket = TcpSocket::new_v4()?;
        socket.set_recv_buffer_size(SOCKET_BUFFER)?;
        let stream = socket.connect(([127, 0, 0, 1], port).into()).await?;
        stream.set_nodelay(true)?;
        Ok(match &self.0 {
            None => Box::new(stream),
            Some(tls) => {
                let name = ServerName::try_from(NAME).map_err(io::Error::other)?;
                Box::new(tls.connect(name, stream).await?)
            }
        })
    }
}

/// What the system may hold of each connection, so that a peer that stops reading is soon felt.
const SOCKET_BUFFER: u32 = 16 * 1024;
const NAME: &str = "localhost";
