//! The client's errors where there was no complete answer.

use std::io::Write;
use std::net::TcpListener;
use std::thread;
use std::time::Duration;

use super::super::*;
use crate::api::client::tests::{GOOD, call, error, quick, serve, serve_bytes, with_body};
use crate::offer::ErrorKind;

#[tokio::test]
async fn a_broken_answer_is_told_from_none() {
    let cut = [b"HTTP/1.1 200 OK\r\ncontent-length: 900\r\n\r\n", GOOD].concat();
    for (bytes, kind, fault, status) in [
        (cut, ErrorKind::Network, Fault::Cut, Some(200)),
        (
            b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nab".to_vec(),
            ErrorKind::Network,
            Fault::Cut,
            Some(200),
        ),
        (b"HTTP/1.1 200 OK\r\ncontent-le".to_vec(), ErrorKind::Network, Fault::Closed, None),
        (Vec::new(), ErrorKind::Network, Fault::Closed, None),
        (with_body("200 OK\r\ncontent-encoding: gzip", GOOD), ErrorKind::InvalidResponse, Fault::Garbled, Some(200)),
    ] {
        let shown = String::from_utf8_lossy(&bytes).into_owned();
        let (base, _heads) = serve_bytes(bytes);
        let reply = call(&base, &quick()).await;
        let (got, got_fault, message) = error(&reply);
        assert_eq!((got, got_fault, reply.http_status), (kind, Some(fault), status), "{shown} {message}");
        assert!(message.contains(base.trim_start_matches("http://")), "{message}");
    }
}

#[tokio::test]
async fn an_answer_that_is_not_sound_http_is_no_closed_connection() {
    let many = "x: 1\r\n".repeat(150);
    for (bytes, status, why) in [
        ("SSH-2.0-OpenSSH_9.6\r\n\r\n".to_owned(), None, "invalid HTTP version parsed"),
        ("HTTP/1.1 2x0 OK\r\n\r\n".to_owned(), None, "invalid HTTP status-code parsed"),
        ("HTTP/1.1 200 OK\r\nbad header\r\n\r\n".to_owned(), None, "invalid HTTP header parsed"),
        ("HTTP/1.1 200 OK\r\ncontent-length: x\r\n\r\n".to_owned(), None, "invalid content-length parsed"),
        (format!("HTTP/1.1 200 OK\r\n{many}\r\n"), None, "message head is too large"),
        (
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n".to_owned(),
            Some(200),
            "Invalid chunk size line: missing size digit",
        ),
    ] {
        let (base, _heads) = serve_bytes(bytes);
        let reply = call(&base, &quick()).await;
        let message = format!("the answer of {} is not sound HTTP: {why}", base.trim_start_matches("http://"));
        let fault = match status {
            Some(_) => Fault::Garbled,
            None if why.contains("version") => Fault::NotHttp,
            None => Fault::Closed,
        };
        assert_eq!((error(&reply), reply.http_status), ((fault.kind(), Some(fault), &*message), status));
    }
}

#[tokio::test]
async fn silence_ends_in_a_timeout_that_says_what_was_waited_for() {
    let (base, _heads) = serve(|_| thread::sleep(Duration::from_millis(900)));
    let reply = call(&base, &quick()).await;
    let (kind, fault, message) = error(&reply);
    assert_eq!((kind, fault), (ErrorKind::Timeout, Some(Fault::AnswerTimeout)));
    assert!(message.starts_with("no answer from 127.0.0.1:") && message.ends_with("within 300ms"), "{message}");

    let (base, _heads) = serve(|stream| {
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 900\r\n\r\n{").unwrap();
        thread::sleep(Duration::from_millis(900));
    });
    let reply = call(&base, &quick()).await;
    let (kind, fault, message) = error(&reply);
    assert_eq!((kind, fault, reply.http_status), (ErrorKind::Timeout, Some(Fault::AnswerTimeout), Some(200)));
    assert!(message.ends_with("was not complete within 300ms"), "{message}");
}

#[tokio::test]
async fn a_host_that_is_not_there_is_named() {
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    // Windows tries for two seconds before it believes a refusal.
    let reply = call(&format!("http://{nobody}"), &Http::default()).await;
    let message = format!("connection refused by {nobody}");
    assert_eq!(error(&reply), (ErrorKind::Network, Some(Fault::Connect), &*message));

    // A label of 64 letters cannot exist, so that no name server is asked.
    let host = format!("{}.example", "a".repeat(64));
    let http = Http { allow_http: true, timeout: Duration::from_secs(5), ..Http::default() };
    let reply = call(&format!("http://{host}"), &http).await;
    let (kind, fault, message) = error(&reply);
    assert_eq!((kind, fault), (ErrorKind::Network, Some(Fault::UnknownHost)), "{message}");
    assert!(message.starts_with(&format!("unknown host {host}: ")), "{message}");
}
