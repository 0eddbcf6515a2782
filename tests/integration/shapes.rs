//! Every shape and status of an answer that API.md names, and what is made of it.

use std::fmt::Write as _;

use offerlinks::sandbox::Sandbox;

use crate::support::{Ran, called, export, fixture, reply, scripted};

const URL: &str = "https://t.example/c?o=1";

/// A network that answers each offer, numbered from 1, with its case, and offer 0 with the documented example.
fn network(cases: &'static [(&str, u16, &str, &str)]) -> Sandbox {
    scripted(move |asked| {
        let number: usize = asked.offer?.parse().ok()?;
        match number.checked_sub(1) {
            Some(index) => cases.get(index).and_then(|(_, status, body, _)| reply(*status, *body)),
            None => reply(200, fixture("offer-16.json")),
        }
    })
}

/// Exports one offer for each case, one after the other, each between two good ones. What must come of a case is a
/// line for each row: its cells that are not empty, without those that a success always has.
fn assert_each(cases: &'static [(&str, u16, &str, &str)]) {
    let network = network(cases);
    let ids: Vec<String> =
        (1..=cases.len()).flat_map(|n| ["0".to_owned(), n.to_string()]).chain(["0".to_owned()]).collect();
    // The good offer is asked for once, so it is the cases that follow each other.
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
        let cells = row[1..].iter().filter(|cell| !cell.is_empty() && *cell != "ok");
        cells.map(|cell| if cell == URL { "URL" } else { cell.as_str() }).collect::<Vec<_>>().join(" | ")
    });
    shown.collect::<Vec<_>>().join(" // ")
}

#[test]
fn a_link_is_found_in_every_shape_that_php_gives_it() {
    assert_each(&[
        (
            "link only",
            200,
            r#"{"code":0,"message":"Success","data":{"tracking_link":{"url":"https://t.example/c?o=1"}}}"#,
            "URL",
        ),
        ("escaped slashes", 200, r#"{"code":0,"data":{"tracking_link":{"url":"https:\/\/t.example\/c?o=1"}}}"#, "URL"),
        (
            "BOM and white space",
            200,
            "\u{feff} \r\n{\"code\":0,\"data\":{\"tracking_link\":{\"url\":\"https://t.example/c?o=1\"}}} \n",
            "URL",
        ),
        ("code as a string", 200, r#"{"code":"0","data":{"tracking_link":{"url":"https://t.example/c?o=1"}}}"#, "URL"),
        ("no code", 200, r#"{"data":{"tracking_link":{"url":"https://t.example/c?o=1"}}}"#, "URL"),
        (
            "unknown fields",
            200,
            r#"{"code":0,"x":{"y":[1]},"data":{"z":0,"tracking_link":{"url":"https://t.example/c?o=1","new":{}}}}"#,
            "URL",
        ),
        ("data as a list", 200, r#"{"code":0,"data":[{"tracking_link":{"url":"https://t.example/c?o=1"}}]}"#, "URL"),
        (
            "tracking_link as a list",
            200,
            r#"{"code":0,"data":{"tracking_link":[{"url":"https://t.example/c?o=1"}]}}"#,
            "URL",
        ),
        ("tracking_link as the link", 200, r#"{"code":0,"data":{"tracking_link":"https://t.example/c?o=1"}}"#, "URL"),
        (
            "offer_url null, pixel false",
            200,
            r#"{"code":0,"data":{"tracking_link":{"url":"https://t.example/c?o=1","impression_pixel":false,"offer_url":null}}}"#,
            "URL",
        ),
        (
            "offer_url empty object",
            200,
            r#"{"code":0,"data":{"tracking_link":{"url":"https://t.example/c?o=1","offer_url":{}}}}"#,
            "URL",
        ),
        (
            "offer_url false",
            200,
            r#"{"code":0,"data":{"tracking_link":{"url":"https://t.example/c?o=1","offer_url":false}}}"#,
            "URL",
        ),
        (
            "offer_url with numeric keys",
            200,
            r#"{"code":0,"data":{"tracking_link":{"url":"https://t.example/c?o=1","offer_url":{"0":{"type":"a"},"2":{"type":"b"}}}}}"#,
            "a | URL // b | URL",
        ),
        (
            "offer_url as one entry",
            200,
            r#"{"code":0,"data":{"tracking_link":{"url":"https://t.example/c?o=1","offer_url":{"type":"Default","tracking_link":"https://t.example/c?o=1"}}}}"#,
            "Default | URL | URL",
        ),
        (
            "name as a number, nulls",
            200,
            r#"{"code":0,"data":{"tracking_link":{"url":"https://t.example/c?o=1","offer_url":[{"type":"Offer URL","name":360,"tracking_link":null,"preview_url":false}]}}}"#,
            "Offer URL | 360 | URL",
        ),
        (
            "long number",
            200,
            r#"{"code":0,"data":{"tracking_link":{"url":"https://t.example/c?o=1","offer_url":[{"name":12345678901234567890.10}]}}}"#,
            "12345678901234567890.10 | URL",
        ),
        (
            "text as received",
            200,
            r#"{"code":0,"data":{"tracking_link":{"url":"https://t.example/c?o=1","offer_url":[{"name":" =1+1,\"q\"\n\ud83d\ude80 "}]}}}"#,
            " =1+1,\"q\"\n\u{1f680}  | URL",
        ),
        (
            "code 0 with an odd status",
            201,
            r#"{"code":0,"data":{"tracking_link":{"url":"https://t.example/c?o=1"}}}"#,
            "URL",
        ),
    ]);
}

#[test]
fn a_success_without_a_link_says_what_came_instead() {
    assert_each(&[
        ("sentence", 200, r#"{"code":0,"data":{"tracking_link":"Need to apply"}}"#, "?"),
        ("sentence as url", 200, r#"{"code":0,"data":{"tracking_link":{"url":"Need to apply"}}}"#, "?"),
        ("null", 200, r#"{"code":0,"data":{"tracking_link":null}}"#, "?"),
        ("false", 200, r#"{"code":0,"data":{"tracking_link":false}}"#, "?"),
        ("empty list", 200, r#"{"code":0,"data":{"tracking_link":[]}}"#, "?"),
        ("empty data list", 200, r#"{"code":0,"data":[]}"#, "?"),
        ("data null", 200, r#"{"code":0,"message":"Success","data":null}"#, "?"),
        ("no data", 200, r#"{"code":0}"#, "?"),
        ("no url", 200, r#"{"code":0,"data":{"tracking_link":{"impression_pixel":"<img>"}}}"#, "?"),
        ("other scheme", 200, r#"{"code":0,"data":{"tracking_link":{"url":"javascript:alert(1)"}}}"#, "?"),
        ("no host", 200, r#"{"code":0,"data":{"tracking_link":{"url":"https://"}}}"#, "?"),
        ("number", 200, r#"{"code":0,"data":{"tracking_link":{"url":16}}}"#, "?"),
    ]);
}

#[test]
fn an_error_of_the_network_becomes_its_kind_with_its_words() {
    assert_each(&[
        ("404 and 31", 404, r#"{"code":31,"message":"Offer not found","data":[]}"#, "?"),
        ("200 and 31", 200, r#"{"code":"31","message":"Resource not found"}"#, "?"),
        ("200 and 11", 200, r#"{"code":11,"message":"Not allowed"}"#, "?"),
        ("200 and 5", 200, r#"{"code":5,"message":"No permission"}"#, "?"),
        ("403 and 60", 403, r#"{"code":60,"message":"Illegal operation"}"#, "?"),
        ("400 and 20", 400, r#"{"code":20,"message":"Parameter error: offer_id"}"#, "?"),
        ("200 and 33", 200, r#"{"code":33,"message":"Duplicate request"}"#, "?"),
        ("405 and 32", 405, r#"{"code":32,"message":"Method not allowed"}"#, "?"),
        ("501 and 30", 501, r#"{"code":30,"message":"Request URI not found"}"#, "?"),
        ("unknown code", 200, r#"{"code":777,"message":"Something \u0007 new"}"#, "?"),
        ("code as a word", 200, r#"{"code":"E_NOPE","message":"no"}"#, "?"),
        ("words only", 200, r#"{"code":999,"message":"You need to apply for this offer"}"#, "?"),
        ("message missing", 404, r#"{"code":31}"#, "?"),
        ("message not a string", 200, r#"{"code":31,"message":{"a":[1]}}"#, "?"),
        ("404 and nothing", 404, "", "?"),
        ("403 and nothing", 403, "", "?"),
        ("410 and text", 410, "gone", "?"),
        ("418 and JSON", 418, r#"{"teapot":true}"#, "?"),
    ]);
}

#[test]
fn a_failure_that_may_pass_becomes_its_kind_once_the_attempts_are_used_up() {
    assert_each(&[
        ("500", 500, r#"{"code":51,"message":"Internal error"}"#, "?"),
        ("502 page", 502, "<html><title>502 Bad Gateway</title></html>", "?"),
        ("200 and 50", 200, r#"{"code":50,"message":"System upgrade"}"#, "?"),
        ("200 page", 200, "<!DOCTYPE html><title>Sign in</title>", "?"),
        ("nothing", 200, "", "?"),
        ("text", 200, "ok", "?"),
        ("list", 200, "[]", "?"),
        ("null", 200, "null", "?"),
        ("cut JSON", 200, r#"{"code":0,"data":{"tracking_link":{"url":"https://t.exa"#, "?"),
        ("not UTF-8 in disguise", 200, "{\"code\":0,\"message\":\"\u{0}\"}", "?"),
        (
            "deep",
            200,
            "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[",
            "?",
        ),
    ]);
}

#[test]
fn thousands_of_entries_are_all_there_in_their_order() {
    let network = scripted(|_| {
        let entries: Vec<String> = (0..5_000).map(|n| format!(r#"{{"type":"Offer URL","name":"{n}"}}"#)).collect();
        let body =
            format!(r#"{{"code":0,"data":{{"tracking_link":{{"url":"{URL}","offer_url":[{}]}}}}}}"#, entries.join(","));
        reply(200, body)
    });
    let ran = export().offers(&["1"]).on(&network).run().expect(0);
    let names = ran.cells(["offer_url_name"]).into_iter().map(|[name]| name);
    assert!(names.eq((0..5_000).map(|n| n.to_string())));
}
