//! Replies for a hostile server to send: right ones, wrong ones, and some that never end.

use std::fmt::Write as _;
use std::time::Duration;

use flate2::{Compress, Compression, FlushCompress};

use super::Step;

/// Status line, headers and body; every header is up to the caller, `Content-Length` too.
pub(crate) fn raw(status: &str, headers: &[&str], body: impl AsRef<[u8]>) -> Vec<u8> {
    let mut bytes = format!("HTTP/1.1 {status}\r\n").into_bytes();
    for header in headers {
        bytes.extend_from_slice(header.as_bytes());
        bytes.extend_from_slice(b"\r\n");
    }
    bytes.extend_from_slice(b"\r\n");
    bytes.extend_from_slice(body.as_ref());
    bytes
}

/// A proper answer: JSON with its true length.
pub(crate) fn json(status: &str, body: impl AsRef<[u8]>) -> Vec<u8> {
    promising(status, body.as_ref().len(), body)
}

/// An answer with any `Content-Length`.
pub(crate) fn promising(status: &str, length: usize, body: impl AsRef<[u8]>) -> Vec<u8> {
    raw(status, &["Content-Type: application/json", &format!("Content-Length: {length}")], body)
}

/// The whole length is promised, half of it comes, then the connection closes.
pub(crate) fn cut_body(body: impl AsRef<[u8]>) -> Vec<Step> {
    let body = body.as_ref();
    vec![Step::Send(promising("200 OK", body.len(), &body[..body.len() / 2])), Step::Close]
}

/// A head that never ends: one header after the other.
pub(crate) fn endless_head(pause: Duration) -> Vec<Step> {
    let mut headers = String::new();
    for number in 0..100_000 {
        write!(headers, "X-Drip-{number}: drip\r\n").unwrap();
    }
    vec![Step::Send(b"HTTP/1.1 200 OK\r\n".to_vec()), Step::Drip(headers.into_bytes(), 16, pause)]
}

/// A chunked body of white space that never ends, so that it never stops being JSON-to-be.
pub(crate) fn endless_chunks() -> Vec<Step> {
    let head = raw("200 OK", &["Content-Type: application/json", "Transfer-Encoding: chunked"], "");
    let mut chunk = b"4000\r\n".to_vec();
    chunk.extend_from_slice(&[b' '; 0x4000]);
    chunk.extend_from_slice(b"\r\n");
    vec![Step::Send(head), Step::Repeat(chunk, u64::MAX)]
}

/// So many MiB of white space behind about a thousandth of that in gzip.
pub(crate) fn gzip_bomb(mebibytes: u64) -> Vec<Step> {
    let headers = ["Content-Type: application/json", "Content-Encoding: gzip", "Connection: close"];
    let mut deflate = Compress::new(Compression::best(), false);
    let mut block = Vec::with_capacity(64 << 10);
    // After a full flush a block refers to nothing before it, so that the same bytes can be sent over and over.
    deflate.compress_vec(&vec![b' '; 1 << 20], &mut block, FlushCompress::Full).unwrap();
    let gzip_head = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];
    vec![Step::Send(raw("200 OK", &headers, gzip_head)), Step::Repeat(block, mebibytes), Step::Close]
}
