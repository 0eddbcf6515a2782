//! Real calls to a running sandbox.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::num::NonZeroU32;

use super::*;
use crate::sandbox::limit::Rules;
use crate::sandbox::{API_KEY, Account, Outage, RefusalForm, Reply, RetryAfter, Sandbox, Script, offers};
use crate::settings::rate::Limit;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

fn quick() -> Options {
    Options { limit: None, log: Log::On, ..Options::default() }
}

/// Everything that comes back for a call on a connection of its own.
fn ask(sandbox: &Sandbox, path: &str) -> io::Result<String> {
    let mut stream = TcpStream::connect(sandbox.base_url().trim_start_matches("http://"))?;
    stream.set_read_timeout(Some(Duration::from_millis(300)))?;
    let credentials = STANDARD.encode(format!("{EMAIL}:{API_KEY}"));
    let head = format!("Host: localhost\r\nAuthorization: Basic {credentials}\r\nConnection: close\r\n");
    stream.write_all(format!("GET {path} HTTP/1.1\r\n{head}\r\n").as_bytes())?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).map(|_| answer)
}

fn links_of(sandbox: &Sandbox, id: u128) -> (String, String) {
    let answer = ask(sandbox, &format!("/aff/v1/offers/{id}/tracking_links")).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.split(' ').nth(1).unwrap().to_owned(), body.to_owned())
}

#[test]
fn the_sample_is_answered_as_promised() {
    let sandbox = Sandbox::start(quick()).unwrap();
    assert_eq!(links_of(&sandbox, 16), ("200".to_owned(), offers::DOCUMENTED.to_owned()));
    let statuses = [20, 21, 22, 22, 22, 22, 23, 101].map(|id| links_of(&sandbox, id).0);
    assert_eq!(statuses, ["403", "404", "500", "500", "200", "200", "200", "200"]);
    let calls = sandbox.calls();
    assert!(calls.is_sorted_by_key(|call| call.at) && calls.iter().all(|call| call.authorized));
    assert_eq!(calls.first().map(|call| (call.offer.as_deref(), call.status)), Some((Some("16"), Some(200))));
    let batch = ask(&sandbox, "/aff/v1/batches/offers/tracking_links/16,20,21,17").unwrap();
    assert_eq!(batch.matches("impression_pixel").count(), 2, "{batch}");
}

#[test]
fn the_limit_the_account_and_outages_are_felt_by_real_calls() {
    let limit = Limit { calls: NonZeroU32::MIN, window: Duration::from_secs(3600) };
    let refusal = Refusal { form: RefusalForm::Status429, retry_after: RetryAfter::Remaining };
    let limit = Some(Rules { limit, refusal, ..Rules::PUBLISHED });
    let sandbox = Sandbox::start(Options { limit, ..quick() }).unwrap();
    assert_eq!([16, 16].map(|id| links_of(&sandbox, id).0), ["200", "429"]);
    assert!(ask(&sandbox, "/").unwrap().contains("retry-after: 3600"));

    let locked = Sandbox::start(Options { account: Account::Locked, ..quick() }).unwrap();
    assert!(links_of(&locked, 16).1.contains(r#""code":42"#));

    let outage = Outage { from: Duration::ZERO, to: Duration::MAX, kind: OutageKind::ServerError };
    let down = Sandbox::start(Options { outages: vec![outage], ..quick() }).unwrap();
    assert_eq!(links_of(&down, 16).0, "502");
}

#[test]
fn a_script_can_break_an_answer_in_every_way() {
    let script = Script::new(|asked| match asked.offer {
        Some("1") => Some(Reply::Reset),
        Some("2") => Some(Reply::Hang),
        Some("3") => Some(Reply::CutBody),
        Some("4") => Some(Reply::Late(Duration::from_millis(50))),
        Some("5") if asked.nth == 2 => {
            let headers = vec![("retry-after".to_owned(), "7".to_owned())];
            Some(Reply::Http { status: 429, headers, body: b"no".to_vec() })
        }
        _ => None,
    });
    let sandbox = Sandbox::start(Options { script: Some(script), ..quick() }).unwrap();
    let ask = |id: u128| ask(&sandbox, &format!("/aff/v1/offers/{id}/tracking_links"));
    assert_eq!(ask(1).unwrap_err().kind(), io::ErrorKind::ConnectionReset);
    assert!(matches!(ask(2).unwrap_err().kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut));
    let cut = ask(3).unwrap();
    let whole = offers::body(3).unwrap();
    let (head, body) = cut.split_once("\r\n\r\n").unwrap();
    assert!(head.contains(&format!("content-length: {}", whole.len())), "{head}");
    assert_eq!(body, &whole[..whole.len() / 2]);
    let begin = Instant::now();
    assert!(ask(4).is_ok() && begin.elapsed() >= Duration::from_millis(50));
    assert!(ask(5).unwrap().starts_with("HTTP/1.1 200"));
    let second = ask(5).unwrap();
    assert!(second.starts_with("HTTP/1.1 429") && second.contains("retry-after: 7") && second.ends_with("no"));
    let statuses: Vec<_> = sandbox.calls().iter().map(|call| call.status).collect();
    assert_eq!(statuses, [None, None, None, Some(200), Some(200), Some(429)]);
}

#[test]
fn a_call_takes_its_latency_and_arrives_after_half_of_it() {
    let latency = Duration::from_millis(60)..=Duration::from_millis(60);
    let sandbox = Sandbox::start(Options { latency, ..quick() }).unwrap();
    let begin = Instant::now();
    links_of(&sandbox, 16);
    assert!(begin.elapsed() >= Duration::from_millis(60));
    let arrived = sandbox.calls().first().unwrap().at - begin;
    assert!(arrived >= Duration::from_millis(30) && arrived + Duration::from_millis(30) <= begin.elapsed());
}

#[test]
fn a_dropped_sandbox_closes_its_connections_and_frees_its_port() {
    let sandbox = Sandbox::start(quick()).unwrap();
    let address = sandbox.base_url().trim_start_matches("http://").to_owned();
    let mut idle = TcpStream::connect(&address).unwrap();
    drop(sandbox);
    assert!(matches!(idle.read(&mut [0]), Ok(0) | Err(_)));
    assert!(TcpStream::connect(&address).is_err());
}
