use std::io::{self, Read};
use std::net::{Ipv4Addr, SocketAddr};
use std::os::unix::net::UnixStream as StdUnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant};

use socket2::{Domain, SockRef, Socket, Type};
use tokio::net::{TcpStream, UnixStream};

/// Counts what the other end of a connection has read.
#[derive(Clone, Default)]
pub struct Reader {
    received: Arc<AtomicU64>,
}

impl Reader {
    /// Reads and drops all that comes, in a thread of its own that ends with the connection.
    fn spawn(mut stream: impl Read + Send + 'static) -> Self {
        let reader = Self::default();
        let received = Arc::clone(&reader.received);
        thread::spawn(move || {
            let mut buffer = vec![0; READ_BUFFER];
            while let Ok(count @ 1..) = stream.read(&mut buffer) {
                received.fetch_add(count as u64, Relaxed);
            }
        });
        reader
    }

    /// Waits until `sent` bytes in all have been read.
    pub fn wait_for(&self, sent: u64) {
        let start = Instant::now();
        while self.received.load(Relaxed) < sent {
            assert!(start.elapsed() < PATIENCE, "bytes were lost");
            thread::sleep(Duration::from_micros(20));
        }
    }
}

/// Connects over TCP on loopback to a thread that reads all. Needs the context of a runtime.
pub fn tcp() -> io::Result<(TcpStream, Reader)> {
    let (near, far) = tcp_pair()?;
    Ok((near, Reader::spawn(far)))
}

/// Connects over a Unix socket to a thread that reads all. Needs the context of a runtime.
pub fn unix() -> io::Result<(UnixStream, Reader)> {
    let (near, far) = StdUnixStream::pair()?;
    fix_buffers(&SockRef::from(&near))?;
    fix_buffers(&SockRef::from(&far))?;
    near.set_nonblocking(true)?;
    Ok((UnixStream::from_std(near)?, Reader::spawn(far)))
}

/// Connects over TCP on loopback. Needs the context of a runtime.
pub fn tcp_pair() -> io::Result<(TcpStream, Socket)> {
    let listener = Socket::new(Domain::IPV4, Type::STREAM, None)?;
    fix_buffers(&SockRef::from(&listener))?;
    listener.bind(&SocketAddr::from((Ipv4Addr::LOCALHOST, 0)).into())?;
    listener.listen(1)?;
    let near = Socket::new(Domain::IPV4, Type::STREAM, None)?;
    fix_buffers(&SockRef::from(&near))?;
    near.connect(&listener.local_addr()?)?;
    let (far, _) = listener.accept()?;
    for end in [&near, &far] {
        end.set_tcp_nodelay(true)?;
    }
    near.set_nonblocking(true)?;
    Ok((TcpStream::from_std(near.into())?, far))
}

/// Fixes both buffers: with the system's tuning the cost of one and the same run varies by a
/// factor of four. The buffer of a listener is that of the connections that it accepts.
fn fix_buffers(socket: &SockRef<'_>) -> io::Result<()> {
    socket.set_recv_buffer_size(RECEIVE_BUFFER)?;
    socket.set_send_buffer_size(SEND_BUFFER)
}

/// Far longer than any batch takes.
const PATIENCE: Duration = Duration::from_secs(60);
const RECEIVE_BUFFER: usize = 4 * 1024 * 1024;
const SEND_BUFFER: usize = 512 * 1024;
const READ_BUFFER: usize = 256 * 1024;
