//! A server that costs its caller as little as possible: the documented answer to everything, from one thread.
//!
//! Looks for the end of a request and at nothing in it. Must stay several times cheaper than any client.

use std::io;
use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

const BODY: &str = include_str!("../../tests/fixtures/offer-16.json");

/// Serves from a thread of its own until the process ends.
///
/// # Errors
/// The system gives no port or no thread.
pub(super) fn start() -> io::Result<SocketAddr> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0"))?;
    let address = listener.local_addr()?;
    std::thread::Builder::new().name("server".to_owned()).spawn(move || {
        runtime.block_on(async {
            while let Ok((connection, _)) = listener.accept().await {
                tokio::spawn(answer_all(connection));
            }
        });
    })?;
    Ok(address)
}

async fn answer_all(mut connection: TcpStream) -> io::Result<()> {
    connection.set_nodelay(true)?;
    let answer = format!(
        "HTTP/1.1 200 OK\r\nServer: nginx\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n\
         Content-Type: application/json; charset=UTF-8\r\nContent-Length: {}\r\nConnection: keep-alive\r\n\r\n{BODY}",
        BODY.len()
    );
    let mut request = Vec::with_capacity(4096);
    while connection.read_buf(&mut request).await? > 0 {
        if request.ends_with(b"\r\n\r\n") {
            request.clear();
            connection.write_all(answer.as_bytes()).await?;
        }
    }
    Ok(())
}
