//! Connections on loopback, with who reads at their other end.
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, SocketAddr};
use std::os::unix::net::UnixStream as StdUnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::resource::{Resource, getrlimit, setrlimit};
use socket2::{Domain, SockRef, Socket, Type};
use tokio::io::AsyncReadExt;
use tokio::net::{TcpStream, UnixStream};
use tokio::runtime::Builder;
use tokio::task::JoinSet;

use super::cpu::OfReader;

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
            let mut cpu = OfReader::default();
            while let Ok(count @ 1..) = stream.read(&mut buffer) {
                cpu.tell();
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
    let (near, far) = unix_pair()?;
    near.set_nonblocking(true)?;
    Ok((UnixStream::from_std(near)?, Reader::spawn(far)))
}

fn unix_pair() -> io::Result<(StdUnixStream, StdUnixStream)> {
    let (near, far) = StdUnixStream::pair()?;
    fix_buffers(&SockRef::from(&near))?;
    fix_buffers(&SockRef::from(&far))?;
    Ok((near, far))
}

/// Connects many Unix sockets to one thread that reads all. Needs the context of a runtime.
pub fn many_unix(count: usize) -> io::Result<(Vec<UnixStream>, Reader)> {
    let (_, most) = getrlimit(Resource::RLIMIT_NOFILE)?;
    setrlimit(Resource::RLIMIT_NOFILE, most, most)?;
    let (mut near_ends, mut far_ends) = (Vec::new(), Vec::new());
    for _ in 0..count {
        let (near, far) = unix_pair()?;
        near.set_nonblocking(true)?;
        far.set_nonblocking(true)?;
        near_ends.push(UnixStream::from_std(near)?);
        far_ends.push(far);
    }
    let reader = Reader::default();
    let received = Arc::clone(&reader.received);
    thread::spawn(move || {
        let runtime = Builder::new_current_thread().enable_io().build();
        runtime.expect("a runtime can be built").block_on(async {
            let mut tasks = JoinSet::new();
            for far in far_ends {
                let far = UnixStream::from_std(far).expect("it can be registered");
                tasks.spawn(count_all(far, Arc::clone(&received)));
            }
            tasks.join_all().await;
        });
    });
    Ok((near_ends, reader))
}

async fn count_all(mut stream: UnixStream, received: Arc<AtomicU64>) {
    let mut buffer = vec![0; MESSAGE_BUFFER];
    while let Ok(count @ 1..) = stream.read(&mut buffer).await {
        received.fetch_add(count as u64, Relaxed);
    }
}

/// Connects over TCP on loopback to a thread that answers `length` bytes with one, again and again.
/// Needs the context of a runtime.
pub fn answering(length: usize) -> io::Result<TcpStream> {
    let (near, mut far) = tcp_pair()?;
    thread::spawn(move || {
        let mut buffer = vec![0; length];
        let mut cpu = OfReader::default();
        while far.read_exact(&mut buffer).is_ok() {
            cpu.tell();
            if far.write_all(&[0]).is_err() {
                break;
            }
        }
    });
    Ok(near)
}

/// Connects over TCP on loopback. Needs the context of a runtime.
fn tcp_pair() -> io::Result<(TcpStream, Socket)> {
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
const MESSAGE_BUFFER: usize = 64 * 1024;
