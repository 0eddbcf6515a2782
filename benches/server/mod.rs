//! A server that costs its caller as little as possible: the documented answer to everything, from one thread.
//!
//! Looks for the end of a request and at nothing in it. Must stay several times cheaper than any client.

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};
use std::time::Instant;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

const BODY: &str = include_str!("../../tests/fixtures/offer-16.json");

/// A server that runs until the process ends.
#[derive(Debug)]
pub(super) struct Server {
    address: SocketAddr,
    first_call: Arc<OnceLock<Instant>>,
}

impl Server {
    /// Serves from a thread of its own.
    ///
    /// # Errors
    /// The system gives no port or no thread.
    pub(super) fn start() -> io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0"))?;
        let server = Self { address: listener.local_addr()?, first_call: Arc::default() };
        let first_call = Arc::clone(&server.first_call);
        std::thread::Builder::new().name("server".to_owned()).spawn(move || {
            runtime.block_on(async {
                while let Ok((connection, _)) = listener.accept().await {
                    tokio::spawn(answer_all(connection, Arc::clone(&first_call)));
                }
            });
        })?;
        Ok(server)
    }

    pub(super) fn base_url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// When the first call came.
    #[allow(dead_code, reason = "not everyone who starts a server wants to know")]
    pub(super) fn first_call(&self) -> Option<Instant> {
        self.first_call.get().copied()
    }
}

async fn answer_all(mut connection: TcpStream, first_call: Arc<OnceLock<Instant>>) -> io::Result<()> {
    connection.set_nodelay(true)?;
    let answer = format!(
        "HTTP/1.1 200 OK\r\nServer: nginx\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n\
         Content-Type: application/json; charset=UTF-8\r\nContent-Length: {}\r\nConnection: keep-alive\r\n\r\n{BODY}",
        BODY.len()
    );
    let mut request = Vec::with_capacity(4096);
    while connection.read_buf(&mut request).await? > 0 {
        if request.ends_with(b"\r\n\r\n") {
            first_call.get_or_init(Instant::now);
            request.clear();
            connection.write_all(answer.as_bytes()).await?;
        }
    }
    Ok(())
}
