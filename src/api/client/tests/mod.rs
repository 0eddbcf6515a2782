//! The client against a bare TCP server that answers with the bytes a test gives it.

mod faults;
mod secrets;
mod tls;

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use secrecy::SecretString;

use super::*;
use crate::api::{Form, Reply};
use crate::offer::{ErrorKind, OfferId};

pub(crate) const KEY: &str = "k3y-that-must-not-show";

/// Answers every connection once; gives back the base URL and the request heads as they come.
pub(crate) fn serve(answer: impl Fn(&mut TcpStream) + Send + 'static) -> (String, Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let (heads, received) = channel();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                let mut byte = [0];
                if !matches!(stream.read(&mut byte), Ok(1)) {
                    break;
                }
                head.push(byte[0]);
            }
            if heads.send(String::from_utf8_lossy(&head).into_owned()).is_err() {
                return;
            }
            answer(&mut stream);
        }
    });
    (base, received)
}

pub(crate) fn serve_bytes(bytes: impl Into<Vec<u8>>) -> (String, Receiver<String>) {
    let bytes = bytes.into();
    serve(move |stream| drop(stream.write_all(&bytes)))
}

pub(crate) fn with_body(status_and_headers: &str, body: &[u8]) -> Vec<u8> {
    let mut bytes = format!("HTTP/1.1 {status_and_headers}\r\ncontent-length: {}\r\n\r\n", body.len()).into_bytes();
    bytes.extend_from_slice(body);
    bytes
}

pub(crate) fn account(base: &str) -> Account {
    Account { base_url: base.parse().unwrap(), email: "me@a.example".into(), api_key: SecretString::from(KEY) }
}

pub(crate) fn quick() -> Http {
    Http { timeout: Duration::from_millis(300), max_body: 100_000, ..Http::default() }
}

pub(crate) async fn call(base: &str, http: &Http) -> Reply {
    let client = Client::new(&account(base), http).unwrap();
    let reply = client.tracking_links(OfferId::parse("16").unwrap()).await;
    let shown = format!("{client:?} {reply:?}");
    assert!(!shown.contains(KEY) && !shown.contains("bWVAYS5leGFtcGxl"), "{shown}");
    reply
}

pub(crate) fn error(reply: &Reply) -> (ErrorKind, Option<Fault>, &str) {
    let error = reply.outcome.as_ref().unwrap_err();
    (error.kind, reply.fault, &error.message)
}

pub(crate) const GOOD: &[u8] = br#"{"code":0,"data":{"tracking_link":{"url":"http://a/"}}}"#;

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

#[tokio::test]
async fn a_call_is_one_get_with_basic_authorization() {
    let (base, heads) = serve_bytes(with_body("200 OK", GOOD));
    for prefix in ["", "/", "/proxy/api", "/proxy/api/"] {
        let reply = call(&format!("{base}{prefix}"), &quick()).await;
        assert_eq!(reply.outcome.unwrap().url(), Some("http://a/"));
        assert_eq!((reply.http_status, reply.form, reply.fault), (Some(200), Some(Form::Json), None));
        let head = heads.recv().unwrap();
        let path = format!("{}/aff/v1/offers/16/tracking_links", prefix.trim_end_matches('/'));
        assert!(head.starts_with(&format!("GET {path} HTTP/1.1\r\n")), "{head}");
        // base64 of me@a.example:k3y-that-must-not-show
        assert!(head.contains("authorization: Basic bWVAYS5leGFtcGxlOmszeS10aGF0LW11c3Qtbm90LXNob3c=\r\n"), "{head}");
        for header in ["accept: application/json\r\n", "accept-encoding: gzip\r\n", "user-agent: offerlinks/"] {
            assert!(head.contains(header), "{header} {head}");
        }
        assert!(!head.contains("referer"), "{head}");
    }
}

#[tokio::test]
async fn other_calls_escape_what_they_are_given() {
    let (base, heads) = serve_bytes(with_body("200 OK", b"{}"));
    let client = Client::new(&account(&base), &quick()).unwrap();
    let raw = client.get(&["offers", "a/b?c"], &[("filters[status]", "a&b"), ("limit", "200")]).await.unwrap();
    assert_eq!((raw.status, &*raw.text()), (200, "{}"));
    let head = heads.recv().unwrap();
    assert!(head.starts_with("GET /aff/v1/offers/a%2Fb%3Fc?filters%5Bstatus%5D=a%26b&limit=200 HTTP/1.1"), "{head}");
}

#[tokio::test]
async fn a_compressed_answer_is_read() {
    let (base, _heads) = serve_bytes(with_body("200 OK\r\ncontent-encoding: gzip", &gzip(GOOD)));
    assert!(call(&base, &quick()).await.outcome.is_ok());
}

#[tokio::test]
async fn an_answer_in_many_pieces_is_put_together() {
    let (base, _heads) = serve(|stream| {
        let head = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
        stream.write_all(head).unwrap();
        for byte in GOOD {
            stream.write_all(&[b'1', b'\r', b'\n', *byte, b'\r', b'\n']).unwrap();
        }
        stream.write_all(b"0\r\n\r\n").unwrap();
    });
    assert!(call(&base, &quick()).await.outcome.is_ok());
}

#[tokio::test]
async fn a_body_over_the_limit_is_not_read_to_its_end() {
    let http = Http { timeout: Duration::from_secs(30), ..quick() };
    let bomb = gzip(&vec![b' '; 20_000_000]);
    assert!(bomb.len() < 50_000);
    for answer in
        [with_body("200 OK\r\ncontent-encoding: gzip", &bomb), with_body("200 OK", " ".repeat(100_001).as_bytes())]
    {
        let (base, _heads) = serve_bytes(answer);
        let reply = call(&base, &http).await;
        let (kind, fault, message) = error(&reply);
        assert_eq!((kind, fault), (ErrorKind::BodyTooLarge, Some(Fault::TooLarge)));
        assert!(message.contains("100000 bytes (--max-body)"), "{message}");
        assert_eq!(reply.http_status, Some(200));
    }
    let (base, _heads) = serve_bytes(with_body("200 OK", " ".repeat(100_000).as_bytes()));
    assert_eq!(error(&call(&base, &http).await).0, ErrorKind::InvalidResponse);
}

#[tokio::test]
async fn a_refusal_counts_even_if_its_body_is_cut() {
    let (base, _heads) =
        serve_bytes("HTTP/1.1 429 X\r\nretry-after: 2\r\nretry-after: 7\r\ncontent-length: 900\r\n\r\nToo");
    let reply = call(&base, &quick()).await;
    assert_eq!(error(&reply), (ErrorKind::RateLimited, None, "HTTP 429 with text that is not JSON: Too"));
    assert_eq!(reply.retry_after, Some(Duration::from_secs(7)));
}

#[tokio::test]
async fn retry_after_counts_only_for_a_throttle() {
    let throttled_in_200 = br#"{"code":40,"message":"Too many requests"}"#;
    for (status, body, wait) in [
        ("200 OK", throttled_in_200.as_slice(), Some(9)),
        ("503 X", b"", Some(9)),
        ("500 X", b"", None),
        ("200 OK", GOOD, None),
    ] {
        let (base, _heads) = serve_bytes(with_body(&format!("{status}\r\nretry-after: 9"), body));
        assert_eq!(call(&base, &quick()).await.retry_after, wait.map(Duration::from_secs), "{status}");
    }
}

#[tokio::test]
async fn a_redirect_is_not_followed_and_named_without_secrets() {
    for (location, target) in [
        ("https://u:pw@b.example/login?sid=1#f", "https://b.example/login"),
        ("//u:pw@b.example/x", "http://b.example/x"),
        ("/login?next=1", "BASE/login"),
    ] {
        let (base, heads) = serve_bytes(with_body(&format!("302 Found\r\nlocation: {location}"), b""));
        let reply = call(&base, &quick()).await;
        let target = target.replace("BASE", &base);
        let message = format!("the host redirects to {target} (HTTP 302); it is not the API");
        assert_eq!(error(&reply), (ErrorKind::Redirect, None, &*message));
        assert_eq!(heads.try_iter().count(), 1);
    }
}

#[tokio::test]
async fn a_page_is_told_from_an_answer_and_latin_1_is_read() {
    let (base, _heads) = serve_bytes(with_body("404 X", b"<html><title>Not here</title>"));
    let reply = call(&base, &quick()).await;
    assert_eq!((error(&reply).0, reply.form), (ErrorKind::InvalidResponse, Some(Form::Html)));
    let (base, _heads) = serve_bytes(with_body("200 X", b"{\"code\":7,\"message\":\"caf\xe9\"}"));
    assert_eq!(error(&call(&base, &quick()).await), (ErrorKind::ApiError, None, "café"));
}

#[tokio::test]
async fn a_proxy_gets_the_call_and_its_password_stays_secret() {
    let (proxy, heads) = serve_bytes(with_body("407 Proxy Authentication Required", b""));
    let proxy_url = proxy.replace("http://", "http://user:s3cret@");
    let http = Http { proxy: Some(proxy_url.parse().unwrap()), ..quick() };
    let reply = call("https://a.example", &http).await;
    let (kind, fault, message) = error(&reply);
    assert_eq!((kind, fault), (ErrorKind::Network, Some(Fault::ProxyLogin)), "{message}");
    assert!(message.contains("a.example") && !message.contains("s3cret"), "{message}");
    let head = heads.recv().unwrap();
    assert!(head.starts_with("CONNECT a.example:443") && !head.contains("bWVAYS5leGFtcGxl"), "{head}");
}

#[test]
fn the_key_does_not_travel_in_the_clear_by_accident() {
    for (base, allow_http, fine) in [
        ("https://a.example", false, true),
        ("http://a.example", true, true),
        ("http://localhost:1", false, true),
        ("http://x.localhost:1", false, true),
        ("http://127.0.0.2:1", false, true),
        ("http://[::1]:1", false, true),
        ("http://a.example", false, false),
        ("http://localhost.a.example", false, false),
        ("http://0.0.0.0:1", false, false),
        ("ftp://localhost", true, false),
    ] {
        let http = Http { allow_http, ..Http::default() };
        assert_eq!(Client::new(&account(base), &http).is_ok(), fine, "{base}");
    }
    let http = Http { host_named_by: "base_url in c.toml line 3".to_owned(), ..Http::default() };
    let refused = Client::new(&account("http://a.example:8080"), &http).unwrap_err().to_string();
    assert!(refused.contains("use https in base_url in c.toml line 3"), "{refused}");
    assert!(refused.starts_with("calls to a.example:8080 would use plain http") && refused.contains("--allow-http"));
}

#[test]
fn settings_that_cannot_work_are_refused_with_the_flag_to_mend() {
    let not_pem = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
    for (http, words) in [
        (Http { cacert: Some("no/such.pem".into()), ..Http::default() }, "no/such.pem (--cacert)"),
        (Http { cacert: Some(not_pem.into()), ..Http::default() }, "holds no PEM certificate"),
        (Http { proxy: Some("socks5://u:s3cret@p:1".parse().unwrap()), ..Http::default() }, "(--proxy)"),
        (Http { user_agent: "a\nb".into(), ..Http::default() }, "(--user-agent)"),
    ] {
        let error = Client::new(&account("https://a.example"), &http).unwrap_err();
        let shown = format!("{error} {error:?}");
        assert!(shown.contains(words) && !shown.contains("s3cret") && !shown.contains(KEY), "{shown}");
    }
}

#[test]
fn a_client_shows_its_host_only() {
    let client = Client::new(&account("https://a.example/x"), &Http::default()).unwrap();
    assert_eq!(format!("{client:?}"), "Client(a.example)");
    assert_eq!(format!("{:?}", client.shared.headers.get("authorization").unwrap()), "Sensitive");
}
