use std::io;
use std::time::Duration;

use tokio::net::{TcpListener, TcpSocket, TcpStream};

/// Returns the two ends of a connection on the loopback interface.
pub(crate) async fn tcp_pair() -> io::Result<(TcpStream, TcpStream)> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let connected = TcpStream::connect(listener.local_addr()?).await?;
    Ok((connected, listener.accept().await?.0))
}

/// Returns the two ends of a connection in which the system holds only some kilobytes on their
/// way, so that a peer that does not read is soon felt.
pub(crate) async fn narrow_tcp_pair() -> io::Result<(TcpStream, TcpStream)> {
    let listening = narrow_socket()?;
    listening.bind(([127, 0, 0, 1], 0).into())?;
    let listener = listening.listen(1)?;
    let connected = narrow_socket()?.connect(listener.local_addr()?).await?;
    Ok((connected, listener.accept().await?.0))
}

fn narrow_socket() -> io::Result<TcpSocket> {
    let socket = TcpSocket::new_v4()?;
    socket.set_send_buffer_size(NARROW)?;
    socket.set_recv_buffer_size(NARROW)?;
    Ok(socket)
}

/// Waits for `future`, but not for ever: a test that hangs fails.
#[track_caller]
pub(crate) fn within<F: Future>(future: F) -> impl Future<Output = F::Output> {
    let caller = std::panic::Location::caller();
    async move {
        let Ok(output) = tokio::time::timeout(TOO_LONG, future).await else {
            panic!("still not done after {TOO_LONG:?}: {caller}");
        };
        output
    }
}

/// What a narrow socket asks for; the system makes about 4.5 KiB of it.
const NARROW: u32 = 4 * 1024;
/// Far more than any of these tests takes, also on a busy machine.
const TOO_LONG: Duration = Duration::from_secs(60);
