//! Every shape and status of an answer that the API is known or suspected to have, and what is made of it.

use std::fmt::Write as _;

use offerlinks::sandbox::Sandbox;

use crate::support::{Ran, called, export, fixture, reply, scripted};

/// Written `@` in bodies and rows.
const URL: &str = "https://t.example/c?o=1";

/// Its name, what the network answers (status and body), and the rows that must come of it.
type Case = (&'static str, u16, &'static str, &'static str);

/// A network that answers each offer, numbered from 1, with its case, and offer 0 with the documented example.
fn network(cases: &'static [Case]) -> Sandbox {
    scripted(move |asked| {
        let number: usize = asked.offer?.parse().ok()?;
        match number.checked_sub(1) {
            Some(index) => cases.get(index).map(|(_, status, body, _)| reply(*status, body.replace('@', URL))),
            None => Some(reply(200, fixture("offer-16.json"))),
        }
    })
}

/// Exports a good offer and then one for each case, one after the other. The rows of a case are compared by their cells
/// that are neither empty nor the same for all.
fn assert_each(cases: &'static [Case]) {
    let network = network(cases);
    let ids: Vec<String> = (0..=cases.len()).map(|n| n.to_string()).collect();
    let ran = export().offers(&ids).args(&["-j", "1", "--retries", "0"]).on(&network).run();
    let mut wrong = String::new();
    for (index, (name, _, _, expected)) in cases.iter().enumerate() {
        let found = rows_of(&ran, &(index + 1).to_string());
        if found != *expected {
            writeln!(wrong, "{name}:\n  expected {expected}\n  found    {found}").unwrap();
        }
    }
    assert!(wrong.is_empty(), "{wrong}\n{} calls, {}", called(&network).len(), ran.stderr);
}

fn rows_of(ran: &Ran, id: &str) -> String {
    let records = ran.records();
    let rows = records.iter().filter(|row| row[0] == id);
    let shown = rows.map(|row| {
        let cells = row[1..].iter().filter(|cell| !matches!(cell.as_str(), "" | "ok" | "error"));
        cells.map(|cell| if cell == URL { "@" } else { cell.as_str() }).collect::<Vec<_>>().join(" | ")
    });
    shown.collect::<Vec<_>>().join(" // ")
}

/// Links as PHP may write them.
const LINKS: &[Case] = &[
    ("link only", 200, r#"{"code":0,"message":"Success","data":{"tracking_link":{"url":"@"}}}"#, "@"),
    ("escaped slashes", 200, r#"{"code":0,"data":{"tracking_link":{"url":"https:\/\/t.example\/c?o=1"}}}"#, "@"),
    ("BOM and white space", 200, "\u{feff} \r\n{\"code\":0,\"data\":{\"tracking_link\":{\"url\":\"@\"}}} \n", "@"),
    ("code as a string", 200, r#"{"code":"0","data":{"tracking_link":{"url":"@"}}}"#, "@"),
    ("no code", 200, r#"{"data":{"tracking_link":{"url":"@"}}}"#, "@"),
    ("unknown fields", 200, r#"{"code":0,"x":{"y":[1]},"data":{"z":0,"tracking_link":{"url":"@","new":{}}}}"#, "@"),
    ("data as a list", 200, r#"{"code":0,"data":[{"tracking_link":{"url":"@"}}]}"#, "@"),
    ("tracking_link as a list", 200, r#"{"code":0,"data":{"tracking_link":[{"url":"@"}]}}"#, "@"),
    ("tracking_link as the link", 200, r#"{"code":0,"data":{"tracking_link":"@"}}"#, "@"),
    (
        "offer_url null, pixel false",
        200,
        r#"{"code":0,"data":{"tracking_link":{"url":"@","impression_pixel":false,"offer_url":null}}}"#,
        "@",
    ),
    ("offer_url empty object", 200, r#"{"code":0,"data":{"tracking_link":{"url":"@","offer_url":{}}}}"#, "@"),
    ("offer_url false", 200, r#"{"code":0,"data":{"tracking_link":{"url":"@","offer_url":false}}}"#, "@"),
    (
        "offer_url with numeric keys",
        200,
        r#"{"code":0,"data":{"tracking_link":{"url":"@","offer_url":{"0":{"type":"a"},"2":{"type":"b"}}}}}"#,
        "a | @ // b | @",
    ),
    (
        "offer_url as one entry",
        200,
        r#"{"code":0,"data":{"tracking_link":{"url":"@","offer_url":{"type":"Default","tracking_link":"@"}}}}"#,
        "Default | @ | @",
    ),
    (
        "name as a number, nulls",
        200,
        r#"{"code":0,"data":{"tracking_link":{"url":"@","offer_url":[{"type":"Offer URL","name":360,"tracking_link":null,"preview_url":false}]}}}"#,
        "Offer URL | 360 | @",
    ),
    (
        "long number",
        200,
        r#"{"code":0,"data":{"tracking_link":{"url":"@","offer_url":[{"name":12345678901234567890.10}]}}}"#,
        "12345678901234567890.10 | @",
    ),
    (
        "text as received",
        200,
        r#"{"code":0,"data":{"tracking_link":{"url":"@","offer_url":[{"name":" =1+1,\"q\"\n\ud83d\ude80 "}]}}}"#,
        " =1+1,\"q\"\n\u{1f680}  | @",
    ),
    ("code 0 with an odd status", 201, r#"{"code":0,"data":{"tracking_link":{"url":"@"}}}"#, "@"),
];

#[test]
fn a_link_is_found_in_every_shape_that_php_gives_it() {
    assert_each(LINKS);
}

/// Success without a link.
const NO_LINKS: &[Case] = &[
    (
        "sentence",
        200,
        r#"{"code":0,"data":{"tracking_link":"Need to apply"}}"#,
        r#"no_link | 200 | 0 | tracking_link is the text "Need to apply""#,
    ),
    (
        "sentence as url",
        200,
        r#"{"code":0,"data":{"tracking_link":{"url":"Need to apply"}}}"#,
        r#"no_link | 200 | 0 | url is the text "Need to apply", and there is no offer_url"#,
    ),
    ("null", 200, r#"{"code":0,"data":{"tracking_link":null}}"#, "no_link | 200 | 0 | tracking_link is null"),
    ("false", 200, r#"{"code":0,"data":{"tracking_link":false}}"#, "no_link | 200 | 0 | tracking_link is false"),
    (
        "empty list",
        200,
        r#"{"code":0,"data":{"tracking_link":[]}}"#,
        "no_link | 200 | 0 | tracking_link is an empty list",
    ),
    ("empty data list", 200, r#"{"code":0,"data":[]}"#, "no_link | 200 | 0 | data is an empty list"),
    ("data null", 200, r#"{"code":0,"message":"Success","data":null}"#, "no_link | 200 | 0 | data is null"),
    ("no data", 200, r#"{"code":0}"#, "no_link | 200 | 0 | the answer has no data"),
    (
        "no url",
        200,
        r#"{"code":0,"data":{"tracking_link":{"impression_pixel":"<img>"}}}"#,
        "no_link | 200 | 0 | tracking_link has no url, and there is no offer_url",
    ),
    (
        "other scheme",
        200,
        r#"{"code":0,"data":{"tracking_link":{"url":"javascript:alert(1)"}}}"#,
        r#"no_link | 200 | 0 | url is the text "javascript:alert(1)", and there is no offer_url"#,
    ),
    (
        "no host",
        200,
        r#"{"code":0,"data":{"tracking_link":{"url":"https://"}}}"#,
        r#"no_link | 200 | 0 | url is the text "https://", and there is no offer_url"#,
    ),
    (
        "number",
        200,
        r#"{"code":0,"data":{"tracking_link":{"url":16}}}"#,
        "no_link | 200 | 0 | url is the number 16, and there is no offer_url",
    ),
];

#[test]
fn a_success_without_a_link_says_what_came_instead() {
    assert_each(NO_LINKS);
}

/// Answers that say no to this one offer.
const REFUSALS: &[Case] = &[
    (
        "404 and 31",
        404,
        r#"{"code":31,"message":"Offer not found","data":[]}"#,
        "not_found | 404 | 31 | Offer not found",
    ),
    ("200 and 31", 200, r#"{"code":"31","message":"Resource not found"}"#, "not_found | 200 | 31 | Resource not found"),
    ("200 and 11", 200, r#"{"code":11,"message":"Not allowed"}"#, "not_approved | 200 | 11 | Not allowed"),
    ("200 and 5", 200, r#"{"code":5,"message":"No permission"}"#, "not_approved | 200 | 5 | No permission"),
    ("403 and 60", 403, r#"{"code":60,"message":"Illegal operation"}"#, "not_approved | 403 | 60 | Illegal operation"),
    (
        "400 and 20",
        400,
        r#"{"code":20,"message":"Parameter error: offer_id"}"#,
        "bad_request | 400 | 20 | Parameter error: offer_id",
    ),
    ("200 and 33", 200, r#"{"code":33,"message":"Duplicate request"}"#, "bad_request | 200 | 33 | Duplicate request"),
    ("405 and 32", 405, r#"{"code":32,"message":"Method not allowed"}"#, "bad_request | 405 | 32 | Method not allowed"),
    (
        "501 and 30",
        501,
        r#"{"code":30,"message":"Request URI not found"}"#,
        "bad_request | 501 | 30 | Request URI not found",
    ),
    (
        "unknown code",
        200,
        r#"{"code":777,"message":"Something \u0007 new"}"#,
        "api_error | 200 | 777 | Something   new",
    ),
    ("code as a word", 200, r#"{"code":"E_NOPE","message":"no"}"#, "api_error | 200 | E_NOPE | no"),
    (
        "words only",
        200,
        r#"{"code":999,"message":"You need to apply for this offer"}"#,
        "not_approved | 200 | 999 | You need to apply for this offer",
    ),
    ("message missing", 404, r#"{"code":31}"#, "not_found | 404 | 31 | HTTP 404 with code 31 and no message"),
    ("message not a string", 200, r#"{"code":31,"message":{"a":[1]}}"#, r#"not_found | 200 | 31 | {"a":[1]}"#),
    ("404 and nothing", 404, "", "invalid_response | 404 | HTTP 404 with an empty body"),
    ("403 and nothing", 403, "", "invalid_response | 403 | HTTP 403 with an empty body"),
    ("410 and text", 410, "gone", "invalid_response | 410 | HTTP 410 with text that is not JSON: gone"),
    (
        "418 and JSON",
        418,
        r#"{"teapot":true}"#,
        r#"invalid_response | 418 | HTTP 418 with JSON without an envelope: {"teapot":true}"#,
    ),
];

#[test]
fn an_error_of_the_network_becomes_its_kind_with_its_words() {
    assert_each(REFUSALS);
}

/// Answers that may be better next time.
const FAULTS: &[Case] = &[
    ("500", 500, r#"{"code":51,"message":"Internal error"}"#, "server_error | 500 | 51 | Internal error"),
    (
        "502 page",
        502,
        "<html><title>502 Bad Gateway</title></html>",
        "server_error | 502 | HTTP 502 with an HTML page (502 Bad Gateway), probably a gateway or a captive portal",
    ),
    ("200 and 50", 200, r#"{"code":50,"message":"System upgrade"}"#, "server_error | 200 | 50 | System upgrade"),
    (
        "200 page",
        200,
        "<!DOCTYPE html><title>Sign in</title>",
        "invalid_response | 200 | HTTP 200 with an HTML page (Sign in), probably a gateway or a captive portal",
    ),
    ("nothing", 200, "", "invalid_response | 200 | HTTP 200 with an empty body"),
    ("text", 200, "ok", "invalid_response | 200 | HTTP 200 with text that is not JSON: ok"),
    ("list", 200, "[]", "invalid_response | 200 | HTTP 200 with JSON without an envelope: []"),
    ("null", 200, "null", "invalid_response | 200 | HTTP 200 with JSON without an envelope: null"),
    (
        "cut JSON",
        200,
        r#"{"code":0,"data":{"tracking_link":{"url":"https://t.exa"#,
        r#"invalid_response | 200 | HTTP 200 with JSON that breaks (EOF while parsing a string at line 1 column 55): {"code":0,"data":{"tracking_link":{"url":"https://t.exa"#,
    ),
    (
        "not UTF-8 in disguise",
        200,
        "{\"code\":0,\"message\":\"\u{0}\"}",
        r#"invalid_response | 200 | HTTP 200 with JSON that breaks (control character (\u0000-\u001F) found while parsing a string at line 1 column 22): {"code":0,"message":" "}"#,
    ),
];

#[test]
fn a_failure_that_may_pass_becomes_its_kind_once_the_attempts_are_used_up() {
    assert_each(FAULTS);
}

#[test]
fn thousands_of_entries_are_all_there_in_their_order() {
    let network = scripted(|_| {
        let entries: Vec<String> = (0..5_000).map(|n| format!(r#"{{"type":"Offer URL","name":"{n}"}}"#)).collect();
        let body =
            format!(r#"{{"code":0,"data":{{"tracking_link":{{"url":"{URL}","offer_url":[{}]}}}}}}"#, entries.join(","));
        Some(reply(200, body))
    });
    let ran = export().offers(&["1"]).on(&network).run().expect(0);
    let names = ran.cells(["offer_url_name"]).into_iter().map(|[name]| name);
    assert!(names.eq((0..5_000).map(|n| n.to_string())));
}

#[test]
fn an_answer_that_would_be_gigabytes_of_rows_is_an_error_row() {
    let network = scripted(|asked| {
        let entries = if asked.offer == Some("16") { 1000 } else { 1 };
        let entries = vec![serde_json::json!({"tracking_link": "https://t.example/"}); entries];
        let link = serde_json::json!({"impression_pixel": "x".repeat(100_000), "offer_url": entries});
        Some(reply(200, serde_json::json!({"code": 0, "data": {"tracking_link": link}}).to_string()))
    });
    let ran = export().offers(&["16", "17"]).on(&network).run().expect(3);
    let rows = ran.output.unwrap();
    assert!(
        rows.contains("16,,,,,,,error,body_too_large,,,\"its 1000 links would be 95 MiB of rows"),
        "{}",
        rows.len()
    );
    assert_eq!(rows.lines().count(), 3);
}
