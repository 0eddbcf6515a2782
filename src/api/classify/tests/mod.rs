//! Every status, code and form of an answer that the documentation names, and then any at all.

mod laws;
mod words;

use super::*;

pub(crate) fn outcome(status: u16, body: &str) -> Outcome {
    classify(Received { status, location: None, body: &Body::read(body) })
}

pub(crate) fn kind(status: u16, body: &str) -> Option<ErrorKind> {
    outcome(status, body).err().map(|error| error.kind)
}

const GOOD: &str = r#"{"code":0,"message":"Success","data":{"tracking_link":{"url":"http://a/"}}}"#;

#[test]
fn the_documented_example_is_read_whole() {
    let answer = outcome(200, include_str!("../../../../tests/fixtures/offer-16.json")).unwrap();
    assert_eq!(answer.url(), Some("http://oltest1.offerstrack.net/index.php?offer_id=16&aff_id=5547"));
    assert_eq!(answer.impression_pixel().map(str::len), Some(118));
    let kinds: Vec<_> = answer.entries().map(|entry| (entry.kind, entry.name, entry.preview_url)).collect();
    assert_eq!(
        kinds,
        [
            (Some("Default"), None, Some("http://www.offerslook.com")),
            (Some("Random"), None, None),
            (Some("Offer URL"), Some("360"), Some("http://www.360.com")),
            (Some("Offer URL"), Some("qq"), Some("http://www.qq.com")),
        ]
    );
}

#[test]
fn every_status_has_its_kind() {
    let mut lines: Vec<String> = Vec::new();
    let mut last = (0, String::new());
    for status in 100..=600 {
        let kinds = [GOOD, r#"{"code":0}"#, "", "<html>"]
            .map(|body| kind(status, body).map_or("ok".to_owned(), |kind| kind.to_string()))
            .join(" ");
        if status == 600 || last.1 != kinds {
            if last.0 != 0 {
                lines.push(format!("{}..={}: {}", last.0, status - 1, last.1));
            }
            last = (status, kinds);
        }
    }
    // with links, with code 0 and nothing else, empty, an HTML page
    insta::assert_snapshot!(lines.join("\n"), @r#"
100..=199: invalid_response invalid_response invalid_response invalid_response
200..=299: ok no_link invalid_response invalid_response
300..=399: redirect redirect redirect redirect
400..=400: invalid_response invalid_response invalid_response invalid_response
401..=401: unauthorized unauthorized unauthorized unauthorized
402..=406: invalid_response invalid_response invalid_response invalid_response
407..=407: unauthorized unauthorized unauthorized unauthorized
408..=408: timeout timeout timeout timeout
409..=424: invalid_response invalid_response invalid_response invalid_response
425..=425: server_error server_error server_error server_error
426..=428: invalid_response invalid_response invalid_response invalid_response
429..=429: rate_limited rate_limited rate_limited rate_limited
430..=499: invalid_response invalid_response invalid_response invalid_response
500..=502: server_error server_error server_error server_error
503..=503: rate_limited rate_limited rate_limited rate_limited
504..=599: server_error server_error server_error server_error
"#);
}

#[test]
fn every_code_has_its_kind_as_number_and_as_text() {
    use ErrorKind::{
        AccountLocked, ApiError, BadRequest, IpNotAllowed, NotApproved, NotFound, RateLimited, ServerError,
        Unauthorized,
    };
    for (code, expected) in [
        (5, NotApproved),
        (11, NotApproved),
        (12, Unauthorized),
        (13, Unauthorized),
        (20, BadRequest),
        (30, BadRequest),
        (31, NotFound),
        (32, BadRequest),
        (33, BadRequest),
        (40, RateLimited),
        (41, IpNotAllowed),
        (42, AccountLocked),
        (50, ServerError),
        (51, ServerError),
        (60, NotApproved),
        (1, ApiError),
        (-31, ApiError),
    ] {
        for body in [format!(r#"{{"code":{code},"message":"x"}}"#), format!(r#"{{"code":"{code}","data":[]}}"#)] {
            assert_eq!(kind(200, &body), Some(expected), "{body}");
            assert_eq!(outcome(200, &body).unwrap_err().code.as_deref(), Some(code.to_string().as_str()));
        }
    }
}

#[test]
fn number_beats_words_and_words_beat_status() {
    use ErrorKind::{
        AccountLocked, ApiError, BadRequest, InvalidResponse, IpNotAllowed, NoLink, NotApproved, NotFound, RateLimited,
        Redirect, ServerError, Unauthorized,
    };
    for (status, body, expected) in [
        (200, r#"{"code":31,"message":"Offer limit locked"}"#, NotFound),
        (404, r#"{"code":5,"message":"not found"}"#, NotApproved),
        (500, r#"{"code":31}"#, NotFound),
        (400, r#"{"code":999,"message":"Too many calls"}"#, RateLimited),
        (403, r#"{"code":40}"#, RateLimited),
        (403, r#"{"code":12}"#, Unauthorized),
        (403, r#"{"message":"IP not in whitelist"}"#, IpNotAllowed),
        (403, r#"{"code":0,"message":"account is locked"}"#, AccountLocked),
        (403, r#"{"message":"forbidden"}"#, InvalidResponse),
        (403, r#"{"message":"Offer is not approved"}"#, NotApproved),
        (401, r#"{"code":41}"#, IpNotAllowed),
        (401, r#"{"message":"account locked"}"#, AccountLocked),
        (401, r#"{"code":5,"message":"no permission"}"#, Unauthorized),
        (401, r#"{"code":40}"#, RateLimited),
        (407, "", Unauthorized),
        (429, r#"{"code":31}"#, RateLimited),
        (503, r#"{"code":12}"#, RateLimited),
        (302, r#"{"code":31}"#, Redirect),
        (400, r#"{"code":0,"message":"limit"}"#, InvalidResponse),
        (400, r#"{"code":20,"message":"limit"}"#, BadRequest),
        (404, r#"{"code":999,"message":"x"}"#, NotFound),
        (500, r#"{"code":999,"message":"x"}"#, ServerError),
        (200, r#"{"code":999}"#, ApiError),
        (200, r#"{"code":"E1","data":{"tracking_link":"http://a/"}}"#, ApiError),
        (200, r#"{"message":"Too many requests"}"#, RateLimited),
        (200, r#"{"message":"hello"}"#, InvalidResponse),
        (200, r#"{"status":"ok"}"#, InvalidResponse),
        (200, r#"{"status":"maintenance","data":null}"#, InvalidResponse),
        (200, r#"{"code":500,"message":"Internal Server Error"}"#, ServerError),
        (200, r#"{"code":"503"}"#, RateLimited),
        (200, r#"{"code":429}"#, RateLimited),
        (200, r#"{"code":500,"message":"Offer not found"}"#, NotFound),
        (200, r#"{"code":404}"#, ApiError),
        (501, r#"{"code":12,"message":"Method Not Allowed","details":[]}"#, ServerError),
        (401, r#"{"code":16,"message":"JWT validation failed","details":[]}"#, Unauthorized),
        (200, "[]", InvalidResponse),
        (200, "null", InvalidResponse),
        (200, r#"{"code":0}"#, NoLink),
        (200, r#"{"data":[]}"#, NoLink),
        (200, r#"{"code":0,"message":"Success","data":{"tracking_link":"Need to apply"}}"#, NoLink),
    ] {
        assert_eq!(kind(status, body), Some(expected), "{status} {body}");
    }
}

#[test]
fn links_without_a_code_are_links() {
    for body in [
        r#"{"data":{"tracking_link":{"url":"http://a/"}}}"#,
        r#"{"code":null,"data":{"tracking_link":{"url":"http://a/"}}}"#,
        r#"{"code":"0","data":{"tracking_link":{"url":"http://a/"}}}"#,
    ] {
        assert_eq!(kind(200, body), None, "{body}");
    }
}

#[test]
fn the_message_is_the_networks_own_or_says_what_came() {
    let lines: Vec<String> = [
        (200, r#"{"code":"077","message":"Ungültig: <b>\u0007</b>"}"#),
        (200, r#"{"code":77,"message":{"en":"no"}}"#),
        (200, r#"{"code":31}"#),
        (200, r#"{"code":0,"message":"Success","data":[]}"#),
        (200, r#"{"code":0,"message":"Offer paused","data":null}"#),
        (200, r#"{"ok":true}"#),
        (200, ""),
        (200, "<!DOCTYPE html><html><title>Sign in</title>"),
        (200, r#"{"code":0,"#),
        (204, ""),
        (404, "<html><h1>nginx"),
        (404, r#"{"error":"no route"}"#),
        (502, "Bad\r\nGateway"),
        (304, ""),
        (101, ""),
    ]
    .iter()
    .map(|(status, body)| {
        let error = outcome(*status, body).unwrap_err();
        assert_eq!(error.http_status, Some(*status));
        format!("{} [{}] {:?}", error.kind, error.code.as_deref().unwrap_or("-"), error.message)
    })
    .collect();
    insta::assert_snapshot!(lines.join("\n"), @r#"
api_error [077] "Ungültig: <b>\u{7}</b>"
api_error [77] "{\"en\":\"no\"}"
not_found [31] "HTTP 200 with code 31 and no message"
no_link [0] "data is an empty list"
no_link [0] "Offer paused (data is null)"
invalid_response [-] "HTTP 200 with JSON without an envelope: {\"ok\":true}"
invalid_response [-] "HTTP 200 with an empty body"
invalid_response [-] "HTTP 200 with an HTML page (Sign in), probably a gateway or a captive portal"
invalid_response [-] "HTTP 200 with JSON that breaks (EOF while parsing a value at line 1 column 10): {\"code\":0,"
invalid_response [-] "HTTP 204 with an empty body"
invalid_response [-] "HTTP 404 with an HTML page, probably a gateway or a captive portal"
invalid_response [-] "HTTP 404 with JSON without an envelope: {\"error\":\"no route\"}"
server_error [-] "HTTP 502 with text that is not JSON: Bad  Gateway"
redirect [-] "the host redirects without saying where (HTTP 304); it is not the API"
invalid_response [-] "HTTP 101 with an empty body"
"#);
}

#[test]
fn a_redirect_names_its_target() {
    let received = Received { status: 301, location: Some("https://b.example/login"), body: &Body::Empty };
    let error = classify(received).unwrap_err();
    assert_eq!(&*error.message, "the host redirects to https://b.example/login (HTTP 301); it is not the API");
}

#[test]
fn other_calls_get_their_data_or_the_same_error() {
    let body = Body::read(r#"{"code":"0","data":{"rowset":[]}}"#);
    let data = accept(Received { status: 200, location: None, body: &body }).unwrap().unwrap();
    assert!(data.get("rowset").is_some());
    let body = Body::read(r#"{"code":41,"message":"IP"}"#);
    let error = accept(Received { status: 200, location: None, body: &body }).unwrap_err();
    assert_eq!((error.kind, &*error.message), (ErrorKind::IpNotAllowed, "IP"));
}

#[test]
fn a_huge_message_is_not_kept_whole() {
    let huge = "é".repeat(1_000_000);
    for body in [format!(r#"{{"code":31,"message":"{huge}"}}"#), format!(r#"{{"code":0,"message":"{huge}"}}"#)] {
        let message = outcome(200, &body).unwrap_err().message;
        assert!(message.starts_with("éé") && (4000..4200).contains(&message.len()), "{}", message.len());
    }
}

#[test]
fn an_error_that_calls_itself_a_success_is_explained_by_its_status() {
    for (status, body, message) in [
        (500, GOOD, "HTTP 500 with code 0, though the message is \"Success\""),
        (200, r#"{"code":31,"message":"success"}"#, "HTTP 200 with code 31, though the message is \"success\""),
        (200, r#"{"message":"Success"}"#, "HTTP 200 with JSON without an envelope: {\"message\":\"Success\"}"),
    ] {
        let body = Body::read(body);
        let error = classify(Received { status, location: None, body: &body }).unwrap_err();
        assert_eq!(&*error.message, message);
    }
}
