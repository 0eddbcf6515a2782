//! Every answer, and what it says about every gate.

use std::net::Ipv4Addr;

use reqwest::header::{DATE, HeaderMap, HeaderName, HeaderValue};

use super::*;
use crate::api::Fault;
use crate::offer::OfferError;
use crate::settings::rate::Limit;

const DATED: &str = "Sun, 06 Nov 1994 08:49:37 GMT";

fn reply(status: u16, headers: &[(&'static str, &str)], body: &str) -> RawReply {
    let mut map = HeaderMap::from_iter([(DATE, HeaderValue::from_static(DATED))]);
    for (name, value) in headers {
        map.insert(HeaderName::from_static(name), HeaderValue::from_str(value).unwrap());
    }
    let location = (status == 302)
        .then(|| crate::api::Location { shown: "https://login.example/".to_owned(), is_elsewhere: true });
    RawReply { status, headers: map, body: body.to_owned().into(), location, certificate: None }
}

fn failure(fault: Fault) -> Result<RawReply, TransportError> {
    let error = OfferError::local(fault.kind(), format!("{fault:?} in words"));
    Err(TransportError { error, fault })
}

fn findings(call: &Result<RawReply, TransportError>, seconds: i64) -> Findings {
    let date = httpdate::parse_http_date(DATED).unwrap();
    let apart = Duration::from_secs(seconds.unsigned_abs());
    let lookup = Lookup::Address(Ipv4Addr::LOCALHOST.into());
    let now = if seconds < 0 { date - apart } else { date + apart };
    Evidence {
        host: "x.example",
        proxy: None,
        way_out: "check it",
        is_tls: true,
        rate: Rate::Limited(Limit::PUBLISHED),
        lookup,
        call,
        budget: None,
        now,
    }
    .findings()
}

/// The gate that is closed, how many were not reached, and the exit code.
fn closed(call: &Result<RawReply, TransportError>) -> (Option<Check>, usize, u8) {
    let findings = findings(call, 0);
    let count = |wanted| findings.lines.iter().filter(|(_, state, _)| *state == wanted).count();
    assert!(count(CheckStatus::Fail) <= 1 && findings.lines.len() == Check::ALL.len() - 1, "no budget");
    let gate = findings.lines.iter().find(|(_, state, _)| *state == CheckStatus::Fail).map(|(gate, ..)| *gate);
    (gate, count(CheckStatus::Skipped), findings.exit_code().code())
}

#[test]
fn each_failure_on_the_way_closes_its_gate() {
    for (fault, gate, not_reached, code) in [
        (Fault::Dns, Check::Dns, 9, 5),
        (Fault::Connect, Check::Connection, 8, 5),
        (Fault::ConnectTimeout, Check::Connection, 8, 5),
        (Fault::Proxy, Check::Connection, 8, 5),
        (Fault::UnknownHost, Check::Dns, 9, 4),
        (Fault::ProxyLogin, Check::Connection, 8, 4),
        (Fault::TlsMismatch, Check::Tls, 7, 4),
        (Fault::NotHttp, Check::Api, 6, 4),
        (Fault::Certificate, Check::Tls, 7, 4),
        (Fault::Tls, Check::Tls, 7, 5),
        (Fault::AnswerTimeout, Check::Api, 6, 5),
        (Fault::Closed, Check::Api, 6, 5),
        (Fault::Cut, Check::Api, 6, 5),
        (Fault::Garbled, Check::Api, 6, 5),
        (Fault::TooLarge, Check::Api, 6, 5),
    ] {
        assert_eq!(closed(&failure(fault)), (Some(gate), not_reached, code), "{fault:?}");
    }
}

#[test]
fn each_answer_closes_its_gate_or_none() {
    let page = "<!doctype html><title>Sign in</title>";
    for (status, body, expected) in [
        (200, r#"{"code":0,"data":{"totalRows":3,"rowset":[{"id":1}]}}"#, (None, 0, 0)),
        (200, r#"{"code":0,"data":[]}"#, (None, 0, 0)),
        (401, r#"{"code":13,"message":"Invalid API key"}"#, (Some(Check::Key), 4, 4)),
        (200, r#"{"code":"13","message":"Invalid API key"}"#, (Some(Check::Key), 4, 4)),
        (401, "", (Some(Check::Key), 4, 4)),
        (403, r#"{"code":42,"message":"locked"}"#, (Some(Check::Account), 3, 4)),
        (403, r#"{"code":41,"message":"white list"}"#, (Some(Check::WhiteList), 2, 4)),
        (403, r#"{"message":"Forbidden"}"#, (Some(Check::WhiteList), 2, 4)),
        (403, page, (Some(Check::Api), 5, 4)),
        // The API asked for the key and the white list before it refused; a gateway did not.
        (429, r#"{"code":40,"message":"Too many"}"#, (Some(Check::Limit), 1, 5)),
        (200, r#"{"code":40,"message":"Too many"}"#, (Some(Check::Limit), 1, 5)),
        (503, page, (Some(Check::Limit), 5, 5)),
        (429, "", (Some(Check::Limit), 5, 5)),
        (302, "", (Some(Check::Api), 5, 4)),
        (200, page, (Some(Check::Api), 5, 4)),
        (404, page, (Some(Check::Api), 5, 4)),
        (404, "", (Some(Check::Api), 5, 4)),
        (407, "", (Some(Check::Connection), 7, 4)),
        (502, page, (Some(Check::Api), 5, 5)),
        (500, r#"{"code":51,"message":"Internal error"}"#, (Some(Check::Api), 5, 5)),
        // The gates are open, even if this very call is not for everyone.
        (403, r#"{"code":60,"message":"no permission"}"#, (None, 0, 0)),
        (501, r#"{"code":30,"message":"Request URI not found"}"#, (None, 0, 0)),
    ] {
        assert_eq!(closed(&Ok(reply(status, &[], body))), expected, "{status} {body}");
    }
}

fn words(gate: Check, call: &Result<RawReply, TransportError>, seconds: i64) -> String {
    let findings = findings(call, seconds);
    let line = findings.lines.into_iter().find(|(found, ..)| *found == gate);
    line.map(|(_, state, words)| format!("{}: {words}", state.word())).unwrap_or_default()
}

#[test]
fn a_wrong_clock_is_reported_even_with_a_wrong_key() {
    let refused = Ok(reply(401, &[], r#"{"code":13,"message":"Invalid API key"}"#));
    insta::assert_snapshot!([0, 60, 61, -3600].map(|apart| words(Check::Clock, &refused, apart)).join("\n"), @"
    ok: this machine is 0 s ahead of the network
    ok: this machine is 60 s ahead of the network
    warning: this machine is 61 s ahead of the network; set it (NTP): certificates and waits that the network asks for depend on it
    warning: this machine is 3600 s behind the network; set it (NTP): certificates and waits that the network asks for depend on it
    ");
}

#[test]
fn closed_gates_say_what_to_do_and_quote_the_network() {
    let good = r#"{"code":0,"data":{"totalRows":"3","rowset":[]}}"#;
    insta::assert_snapshot!([
        words(Check::Key, &Ok(reply(401, &[], r#"{"code":13,"message":"Invalid\u001b API key"}"#)), 0),
        words(Check::WhiteList, &Ok(reply(403, &[], r#"{"code":41,"message":"1.2.3.4 is not in the white list"}"#)), 0),
        words(Check::Limit, &Ok(reply(429, &[("retry-after", "7")], r#"{"code":40,"message":"Too many"}"#)), 0),
        words(Check::Limit, &Ok(reply(200, &[("x-ratelimit-remaining", "49")], good)), 0),
        words(Check::Api, &Ok(reply(302, &[], "")), 0),
        words(Check::Offers, &Ok(reply(200, &[], good)), 0),
        words(Check::Offers, &Ok(reply(403, &[], r#"{"code":60,"message":"no permission"}"#)), 0),
        words(Check::Dns, &failure(Fault::Dns), 0),
    ].join("\n"), @r"
    FAILED: Invalid\u{1b} API key (unauthorized, HTTP 401, code 13); check the e-mail and the API key, and that both belong to this network
    FAILED: 1.2.3.4 is not in the white list (ip_not_allowed, HTTP 403, code 41); put this machine's public IP on the white list of your account
    FAILED: used up: Too many (rate_limited, HTTP 429, code 40); the limit is shared by all affiliates of the network: try again in 7 s, as the network asks
    ok: not used up; --rate is 50/10s, x-ratelimit-remaining: 49
    FAILED: the host redirects to https://login.example/ (HTTP 302); it is not the API; check --network or --base-url
    ok: 3 in your personal list
    warning: the offer list is refused: no permission (not_approved, HTTP 403, code 60); an export may work all the same
    FAILED: Dns in words; check this machine's DNS and its network; it may pass
    ");
}

proptest::proptest! {
    #[test]
    fn no_answer_makes_it_panic(status in 0_u16..1000, body: String, seconds in -100_000_i64..100_000) {
        let call = Ok(reply(status, &[], &body));
        findings(&call, seconds).text();
    }
}
