//! What words say where no number does.

use super::super::*;
use crate::api::classify::tests::kind;

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
    use ErrorKind::{InvalidResponse, RateLimited, ServerError, Unauthorized};
    for (status, body, expected) in [
        (403, "Too many requests, slow down", RateLimited),
        (403, "<html><title>429 Too Many Requests</title>", RateLimited),
        (403, "<html><title>Forbidden</title><p>no limit", InvalidResponse),
        (403, "Forbidden", InvalidResponse),
        (401, "Rate limit exceeded", RateLimited),
        (401, "Offer not found", Unauthorized),
        (400, "Rate limit exceeded", RateLimited),
        (418, "Rate limit exceeded", RateLimited),
        (400, "Your IP is not in the whitelist", InvalidResponse),
        (404, "Too many requests", InvalidResponse),
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
    assert_eq!(kind(400, r#"{"error":"bad offer"}"#), Some(ErrorKind::InvalidResponse));
}

#[test]
fn a_refusal_is_an_offers_own_only_in_the_apis_voice() {
    use ErrorKind::{ApiError, BadRequest, InvalidResponse, NotApproved, NotFound};
    for status in [400, 402, 403, 404, 405, 406, 409, 410, 413, 414, 415, 418, 421, 422, 428, 431, 451, 499] {
        for gateway in [
            String::new(),
            format!("<html>\r\n<head><title>{status} Not Found</title></head>"),
            "404 page not found\n".to_owned(),
            "default backend - 404".to_owned(),
            "Offer not found".to_owned(),
            r#"{"message":"no Route matched with those values"}"#.to_owned(),
            r#"{"message":"Missing Authentication Token"}"#.to_owned(),
            r#"{"message":"You do not have permission to perform this action."}"#.to_owned(),
            r#"{"timestamp":"2026-11-27T10:00:00Z","status":404,"error":"Not Found","path":"/aff/v1/offers/16"}"#.to_owned(),
            r#"{"name":"Not Found","message":"Page not found.","code":0,"status":404,"type":"yii\\web\\NotFoundHttpException"}"#.to_owned(),
            format!(r#"{{"code":{status},"message":"Resource not found"}}"#),
            "<?xml version=\"1.0\"?><Error><Code>NoSuchKey</Code></Error>".to_owned(),
            r#"{"code":0,"message":"Success","data":[]}"#.to_owned(),
            r#"{"data":[]}"#.to_owned(),
            "[]".to_owned(),
            // Names where the API has numbers: restify, PostgREST, Django REST framework, Jersey.
            r#"{"code":"ResourceNotFound","message":"/aff/v1/offers/16/tracking_links does not exist"}"#.to_owned(),
            r#"{"code":"PGRST125","details":null,"hint":null,"message":"Invalid path specified in request URL"}"#.to_owned(),
            r#"{"detail":"Not found.","code":"not_found"}"#.to_owned(),
            r#"{"code":"404 NOT_FOUND","message":"HTTP 404 Not Found"}"#.to_owned(),
            // gRPC gateways have numbers of their own: 5 is "not found" there, 12 and 13 are no refused key.
            r#"{"code":5,"message":"Not Found","details":[]}"#.to_owned(),
            r#"{"code":13,"message":"internal","details":[]}"#.to_owned(),
            r#"{"code":7,"message":"denied","details":[{"@type":"type.googleapis.com/google.rpc.DebugInfo"}]}"#.to_owned(),
            r#"{"error":"Not Found","message":"Not Found","code":5}"#.to_owned(),
            // Another status as the code, and paths that have offers in them.
            r#"{"code":404,"message":"Resource not found"}"#.to_owned(),
            r#"{"message":"The requested URL /aff/v1/offers/16 was not found on this server"}"#.to_owned(),
            r#"{"message":"Cannot GET \"/offers/16\"","statusCode":404}"#.to_owned(),
            r#"{"status":404,"message":"No static resource aff/v1/offers/16/tracking_links.","path":"/aff"}"#.to_owned(),
        ] {
            assert_eq!(kind(status, &gateway), Some(InvalidResponse), "{status} {gateway}");
        }
    }
    for (status, own, expected) in [
        (404, r#"{"code":31}"#, NotFound),
        (404, r#"{"message":"Offer does not exist"}"#, NotFound),
        (404, r#"{"code":404,"message":"Offer not found"}"#, NotFound),
        (404, r#"{"code":0,"status":404,"message":"This offer is gone"}"#, NotFound),
        (410, r#"{"code":"31","message":"gone"}"#, NotFound),
        (403, r#"{"message":"Need approval"}"#, NotApproved),
        (403, r#"{"code":60,"message":"Illegal operation"}"#, NotApproved),
        (400, r#"{"code":20}"#, BadRequest),
        (404, r#"{"code":5,"message":"No permission","data":null,"details":[]}"#, NotApproved),
        (404, r#"{"code":"E1","message":"Offer /16/ is gone"}"#, NotFound),
        (200, r#"{"code":"E1"}"#, ApiError),
        (200, r#"{"code":777}"#, ApiError),
        (200, r#"{"code":0,"message":"not found","data":[]}"#, NotFound),
        (200, r#"{"message":"Offer not found"}"#, NotFound),
        (200, r#"{"message":"not found"}"#, InvalidResponse),
    ] {
        assert_eq!(kind(status, own), Some(expected), "{status} {own}");
    }
}
