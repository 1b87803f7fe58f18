//! Marks, thresholds, timeouts, the kernel's buffers, allocators. The defaults are right for most.
//!
//! # Watermarks
//!
//! Above the high mark, 64 KiB by default, a writer pauses; at the low one, 16 KiB, it resumes. What lies
//! between them is sent in one go while the producers do not run: the wider apart, the fewer switches and
//! system calls, and the more memory for each slow peer. Against that, what waits behind the queue waits
//! longer: a slow peer sees a message when all before it was sent. With [`Watermarks::with_high`] the low
//! mark is a quarter.
//!
//! `high = 0` means one item in flight. `high = usize::MAX` means never to pause; set a
//! [`hard_limit`](crate::Builder::hard_limit) then for what comes in past a pause, or a [`MemoryBudget`].
//!
//! # The threshold below which chunks are copied
//!
//! | what you send | [`coalesce_threshold`](crate::Builder::coalesce_threshold) |
//! |---|---|
//! | messages that are made for one connection | 1024 bytes, the default: to copy costs less than to gather them |
//! | the same `Bytes` to many connections | 64: those that stall share what waits for them |
//! | payloads whose memory must not be copied | 0 |
//!
//! A chunk below the threshold is copied next to its neighbours: it takes as many bytes as it has, goes
//! out with them in one piece, and does not hold what it was cut from. One that is kept takes 40 bytes for
//! its entry, however long it is, and its memory is shared with all others that hold it. The drain merges
//! neighbours that are small into one write, so kept chunks cost no system call each.
//!
//! # Budget
//!
//! A [`MemoryBudget`] bounds what all writers hold together. While it is exceeded each of them pauses as
//! soon as it holds anything, and nobody waits for another one's memory. Give a tenant a
//! [`child`](crate::MemoryBudget::child); change the limit at any time by [`set_limit`](crate::MemoryBudget::set_limit).
//!
//! # Timeouts
//!
//! [`stall_timeout`] fails a writer whose peer takes nothing at all while anything waits for it. It must
//! suffice for a flush: a TLS layer shows no progress while it sends what it holds, some 64 KiB.
//! [`pause_timeout`] fails one that takes too little: it is paused for so long without a resume.
//! [`Stats::paused_time`] tells how much of its time a writer was paused.
//!
//! Nothing is noticed while nobody polls the writer, and a deadline that has passed meanwhile is held
//! against nobody before the peer was asked once more. The driver of a channel polls by itself.
//!
//! # The kernel's buffers
//!
//! `buffer_size()` is what the kernel has not accepted. What it has accepted may be megabytes for each
//! socket, and hides for as long that the peer has stopped reading. Two options of a socket make that
//! less: `SO_SNDBUF` bounds the buffer, `TCP_NOTSENT_LOWAT` the part of it that was not sent yet, which
//! leaves what is on its way to the kernel.
//!
//! ```
//! use flow_controlled_writer::{FlowControlledWriter, Watermarks};
//! use socket2::SockRef;
//! use tokio::net::{TcpListener, TcpStream};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> std::io::Result<()> {
//! # let listener = TcpListener::bind("127.0.0.1:0").await?;
//! # let connecting = TcpStream::connect(listener.local_addr()?);
//! # let (accepted, peer_that_never_reads) = tokio::try_join!(listener.accept(), connecting)?;
//! # let stream = accepted.0;
//! # SockRef::from(&peer_that_never_reads).set_recv_buffer_size(64 * 1024)?;
//! SockRef::from(&stream).set_send_buffer_size(64 * 1024)?;
//! #[cfg(any(target_os = "linux", target_os = "android"))]
//! SockRef::from(&stream).set_tcp_notsent_lowat(16 * 1024)?;
//!
//! let marks = Watermarks::with_high(64 * 1024);
//! let mut writer = FlowControlledWriter::with_watermarks(stream, marks);
//! # let flood = async {
//! #     loop {
//! #         writer.feed(vec![0; 4096]).await?;
//! #     }
//! # };
//! # let wait = std::time::Duration::from_millis(100);
//! # let stuck: Result<std::io::Result<()>, _> = tokio::time::timeout(wait, flood).await;
//! # assert!(stuck.is_err() && writer.is_paused());
//! # assert!(writer.stats().written_bytes < 1 << 20);
//! # Ok(())
//! # }
//! ```
//!
//! # Allocators
//!
//! A writer gives its memory back whenever it has run empty, but for less than 1.5 KiB, and each thread
//! keeps one block of up to 4 MiB for the writers that it polls, while it is needed. So neither messages one
//! by one nor steady streams allocate, and an idle connection costs next to nothing.
//!
//! Your own payloads are another matter. glibc returns what is free at the top of its heap to the system
//! when that is more than `M_TRIM_THRESHOLD`, 128 KiB by default ([mallopt(3)]), and takes it back page by
//! page, with a fault for each. A loop that allocates 64 payloads of 64 KiB, copies each of them once and
//! releases them took 1009 page faults and 2.4 ms a round that way (glibc 2.36); with
//! `MALLOC_TRIM_THRESHOLD_=1073741824` in the environment 1 fault and 0.15 ms. If `perf stat -e
//! minor-faults` shows many in a steady state, set that, or use an allocator that keeps what it has for
//! longer, as jemalloc and mimalloc do.
//!
//! [mallopt(3)]: https://man7.org/linux/man-pages/man3/mallopt.3.html
//! [`MemoryBudget`]: crate::MemoryBudget
//! [`Watermarks::with_high`]: crate::Watermarks::with_high
#![cfg_attr(all(feature = "codec", feature = "time"), doc = include_str!("links.md"))]
#![cfg_attr(not(all(feature = "codec", feature = "time")), doc = include_str!("links_docs_rs.md"))]
