//! A server that costs its caller as little as possible: the documented answer to everything, from one thread.
//!
//! Looks for the end of a request and at nothing in it. Must stay several times cheaper than any client.

use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

const BODY: &str = include_str!("../../tests/fixtures/offer-16.json");

/// A server that runs until the process ends.
#[derive(Debug)]
pub(super) struct Server {
    address: SocketAddr,
    calls: Arc<Calls>,
}

/// What came since it was last asked for.
#[derive(Debug, Default)]
struct Calls {
    count: AtomicU64,
    first: Mutex<Option<Instant>>,
}

impl Server {
    /// Serves from a thread of its own.
    ///
    /// # Errors
    /// The system gives no port or no thread.
    pub(super) fn start() -> io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0"))?;
        let server = Self { address: listener.local_addr()?, calls: Arc::default() };
        let calls = Arc::clone(&server.calls);
        std::thread::Builder::new().name("server".to_owned()).spawn(move || {
            runtime.block_on(async {
                while let Ok((connection, _)) = listener.accept().await {
                    tokio::spawn(answer_all(connection, Arc::clone(&calls)));
                }
            });
        })?;
        Ok(server)
    }

    pub(super) fn base_url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// When the first call came since this was last asked for, and how many came.
    #[allow(dead_code, reason = "not everyone who starts a server wants to know")]
    pub(super) fn take_calls(&self) -> (Option<Instant>, u64) {
        let first = self.calls.first.lock().ok().and_then(|mut first| first.take());
        (first, self.calls.count.swap(0, Relaxed))
    }
}

async fn answer_all(mut connection: TcpStream, calls: Arc<Calls>) -> io::Result<()> {
    connection.set_nodelay(true)?;
    let answer = format!(
        "HTTP/1.1 200 OK\r\nServer: nginx\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n\
         Content-Type: application/json; charset=UTF-8\r\nContent-Length: {}\r\nConnection: keep-alive\r\n\r\n{BODY}",
        BODY.len()
    );
    let mut request = Vec::with_capacity(4096);
    while connection.read_buf(&mut request).await? > 0 {
        if request.ends_with(b"\r\n\r\n") {
            if calls.count.fetch_add(1, Relaxed) == 0
                && let Ok(mut first) = calls.first.lock()
            {
                first.get_or_insert_with(Instant::now);
            }
            request.clear();
            connection.write_all(answer.as_bytes()).await?;
        }
    }
    Ok(())
}
