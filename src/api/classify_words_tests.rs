//! What words say where no number does.

use super::tests::kind;
use super::*;

#[test]
fn words_decide_where_the_number_is_unknown() {
    let lines: Vec<String> = [
        "Too many requests",
        "TooManyRequests",
        "Request too frequently",
        "API call frequency exceeded",
        "rate_limit exceeded",
        "RateLimit",
        "You have reached the limit",
        "Unlimited offer is broken",
        "Your IP is not in the whitelist",
        "IP not in White List",
        "The IP white-list has a limit",
        "Invalid API key",
        "api_key not found",
        "Account locked",
        "Request blocked",
        "Offer not found",
        "Offer is not approved",
        "Need approval",
        "No permission",
        "You must apply first",
        "Something else",
    ]
    .iter()
    .map(|message| {
        let kind = kind(200, &format!(r#"{{"code":999,"message":"{message}"}}"#)).unwrap();
        format!("{message}: {kind}")
    })
    .collect();
    insta::assert_snapshot!(lines.join("\n"), @r#"
Too many requests: rate_limited
TooManyRequests: rate_limited
Request too frequently: rate_limited
API call frequency exceeded: rate_limited
rate_limit exceeded: rate_limited
RateLimit: rate_limited
You have reached the limit: rate_limited
Unlimited offer is broken: api_error
Your IP is not in the whitelist: ip_not_allowed
IP not in White List: ip_not_allowed
The IP white-list has a limit: ip_not_allowed
Invalid API key: unauthorized
api_key not found: unauthorized
Account locked: account_locked
Request blocked: api_error
Offer not found: not_found
Offer is not approved: not_approved
Need approval: not_approved
No permission: not_approved
You must apply first: not_approved
Something else: api_error
"#);
}

#[test]
fn a_refusal_in_plain_words_counts_whatever_calls_itself_a_success() {
    use ErrorKind::{AccountLocked, IpNotAllowed, NoLink, NotApproved, RateLimited, Unauthorized};
    for (message, expected) in [
        ("Too many requests", RateLimited),
        ("API rate limit exceeded", RateLimited),
        ("Your IP is not in the white list", IpNotAllowed),
        ("Wrong API key", Unauthorized),
        ("The account is locked", AccountLocked),
        ("You need to apply for this offer", NotApproved),
        ("Offer paused", NoLink),
        ("Success", NoLink),
        ("OK", NoLink),
        ("", NoLink),
    ] {
        for code in ["\"code\":0,", "\"code\":null,", ""] {
            for data in ["[]", "null", "{}", "\"\"", r#"{"tracking_link":{"url":null,"offer_url":[]}}"#] {
                let body = format!("{{{code}\"message\":\"{message}\",\"data\":{data}}}");
                assert_eq!(kind(200, &body), Some(expected), "{body}");
            }
            let body = format!("{{{code}\"message\":\"{message}\",\"data\":{{\"tracking_link\":\"http://a/\"}}}}");
            assert_eq!(kind(200, &body), None, "{body}");
        }
    }
}

#[test]
fn a_throttle_in_front_of_the_api_is_known_by_its_words() {
    use ErrorKind::{BadRequest, InvalidResponse, NotApproved, NotFound, RateLimited, ServerError, Unauthorized};
    for (status, body, expected) in [
        (403, "Too many requests, slow down", RateLimited),
        (403, "<html><title>429 Too Many Requests</title>", RateLimited),
        (403, "<html><title>Forbidden</title><p>no limit", NotApproved),
        (403, "Forbidden", NotApproved),
        (401, "Rate limit exceeded", RateLimited),
        (401, "Offer not found", Unauthorized),
        (400, "Rate limit exceeded", RateLimited),
        (418, "Rate limit exceeded", RateLimited),
        (400, "Your IP is not in the whitelist", BadRequest),
        (404, "Too many requests", NotFound),
        (500, "Too many requests", ServerError),
        (200, "Too many requests", InvalidResponse),
    ] {
        assert_eq!(kind(status, body), Some(expected), "{status} {body}");
    }
}

#[test]
fn an_empty_list_may_say_in_words_that_nothing_was_found() {
    let accepted = |text: &str| {
        let body = Body::read(text);
        accept(Received { status: 200, location: None, body: &body }).map(drop).map_err(|error| error.kind)
    };
    assert_eq!(accepted(r#"{"code":0,"message":"Offer not found","data":{"rowset":[]}}"#), Ok(()));
    assert_eq!(accepted(r#"{"code":0,"message":"Too many requests","data":[]}"#), Err(ErrorKind::RateLimited));
    assert_eq!(accepted(r#"{"code":999,"message":"Offer not found","data":[]}"#), Err(ErrorKind::NotFound));
}

#[test]
fn a_success_without_a_link_is_what_its_words_say() {
    for (data, message, expected) in [
        (r#"{"offer_id":1}"#, "Too many requests", ErrorKind::RateLimited),
        (r#"{"tracking_link":{"url":"","id":5}}"#, "Need approval", ErrorKind::NotApproved),
        ("0", "Offer not found", ErrorKind::NotFound),
        (r#"{"offer_id":1}"#, "Success", ErrorKind::NoLink),
        (r#"{"offer_id":1}"#, "Unlimited", ErrorKind::NoLink),
    ] {
        let text = format!(r#"{{"code":0,"message":"{message}","data":{data}}}"#);
        assert_eq!(kind(200, &text), Some(expected), "{text}");
    }
}

#[test]
fn a_throttle_in_json_of_another_kind_is_one_too() {
    for (status, text) in [
        (403, r#"{"error":"too many requests"}"#),
        (403, r#""Too many requests""#),
        (400, r#"{"error":{"message":"rate limit exceeded"}}"#),
    ] {
        assert_eq!(kind(status, text), Some(ErrorKind::RateLimited), "{text}");
    }
    assert_eq!(kind(400, r#"{"error":"bad offer"}"#), Some(ErrorKind::BadRequest));
}
