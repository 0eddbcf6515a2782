//! The client's errors for answers that repeat what it sent.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use reqwest::header::HeaderMap;

use super::super::*;
use crate::api::body::Body;
use crate::api::classify::classify;
use crate::api::client::tests::{KEY, account};
use crate::offer::Outcome;

fn links(raw: &RawReply) -> Outcome {
    classify(raw.received(&Body::read(&raw.text())))
}

#[test]
fn a_key_is_hidden_before_an_error_cuts_what_it_quotes() {
    let client = Client::new(&account("https://a.example"), &Http::default()).unwrap();
    let basic = STANDARD.encode(format!("me@a.example:{KEY}"));
    for secret in [KEY, &basic] {
        // Somewhere among these, whatever stands before it, the cut at 200 characters goes through the secret.
        for filler in (120..200).map(|length| "x".repeat(length)) {
            for body in [
                format!("{filler}{secret}"),
                format!(r#"{{"error":"{filler}{secret}"}}"#),
                format!(r#"{{"error":"{filler}{secret}"#),
                format!("<html><title>{filler}{secret}</title>"),
                format!(r#"{{"code":0,"data":{{"x":"{filler}{secret}"}}}}"#),
            ] {
                let headers = HeaderMap::new();
                let raw = RawReply { status: 200, headers, body: body.into(), location: None, certificate: None };
                let error = links(&raw).unwrap_err();
                assert!(error.message.contains('x'), "{}", error.message);
                let error = client.without_secrets(error, &raw, |raw| links(raw).err());
                assert!(!error.message.contains(&secret[..5]), "{}", error.message);
            }
        }
    }
}

#[test]
fn a_key_that_says_what_is_wrong_does_not_change_what_is_wrong() {
    let account = Account { api_key: "api key".into(), ..account("https://a.example") };
    let client = Client::new(&account, &Http::default()).unwrap();
    let body = r#"{"code":999,"message":"Invalid api key"}"#.into();
    let raw = RawReply { status: 200, headers: HeaderMap::new(), body, location: None, certificate: None };
    let error = links(&raw).unwrap_err();
    let error = client.without_secrets(error, &raw, |raw| links(raw).err());
    assert_eq!((error.kind, &*error.message), (crate::offer::ErrorKind::Unauthorized, "Invalid [hidden]"));
}
