//! Outages in which something in front of the API answers, with every status and in every shape: no error row, and the
//! old output stays.

use std::sync::atomic::{AtomicUsize, Ordering};

use crate::hostile::{Hostile, Step, json, raw};
use crate::support::{Folder, Ran, export_in};

/// Status line, content type and body, as Traefik, ingress-nginx, Kong, AWS, Envoy, Spring, S3, Yii, nginx and Apache send
/// them.
const KINDS: &[(&str, &str, &str)] = &[
    ("404 Not Found", "text/plain", "404 page not found\n"),
    ("404 Not Found", "text/plain", "default backend - 404"),
    ("404 Not Found", "application/json", r#"{"message":"no Route matched with those values"}"#),
    ("403 Forbidden", "application/json", r#"{"message":"Missing Authentication Token"}"#),
    ("404 Not Found", "text/plain", ""),
    ("404 Not Found", "application/json", r#"{"status":404,"error":"Not Found","path":"/aff/v1/offers/16"}"#),
    ("403 Forbidden", "application/xml", "<?xml version=\"1.0\"?><Error><Code>AccessDenied</Code></Error>"),
    ("404 Not Found", "application/json", r#"{"name":"Not Found","message":"Page not found.","code":0,"status":404}"#),
    ("404 Not Found", "application/json", r#"{"code":404,"message":"Not Found"}"#),
    ("400 Bad Request", "text/html", "<html><head><title>400 Bad Request</title></head></html>"),
    ("403 Forbidden", "text/html", "<html><head><title>403 Forbidden</title></head></html>"),
    ("405 Not Allowed", "text/html", "<html><head><title>405 Not Allowed</title></head></html>"),
    ("410 Gone", "text/plain", "gone"),
    ("418 I'm a teapot", "text/plain", ""),
    ("421 Misdirected Request", "text/html", "<html><body>misdirected"),
    ("431 Request Header Fields Too Large", "text/html", "<html><body>too large"),
    ("451 Unavailable For Legal Reasons", "text/html", "<html><body>no"),
    ("302 Found", "text/html", "<html><body>moved"),
    ("401 Unauthorized", "text/html", "<html><head><title>401</title></head></html>"),
    // A gRPC gateway, restify and Spring, whose codes and words are not the API's.
    ("404 Not Found", "application/json", r#"{"code":5,"message":"Not Found","details":[]}"#),
    ("500 Internal Server Error", "application/json", r#"{"code":13,"message":"internal","details":[]}"#),
    (
        "404 Not Found",
        "application/json",
        r#"{"code":"ResourceNotFound","message":"/aff/v1/offers/16 does not exist"}"#,
    ),
    (
        "404 Not Found",
        "application/json",
        r#"{"status":404,"message":"No static resource aff/v1/offers/16/tracking_links."}"#,
    ),
    ("200 OK", "application/json", r#"{"code":500,"message":"Internal Server Error"}"#),
    ("200 OK", "application/json", r#"{"status":"maintenance","data":null}"#),
    ("200 OK", "text/html", "<html><title>Maintenance</title>"),
    ("200 OK", "application/json", r#"{"message":"not found"}"#),
    ("500 Internal Server Error", "text/html", "<html><title>500</title>"),
];

/// Answers properly until `good` calls have come, and again after `bad` more.
fn gateway(
    (status, content_type, body): (&'static str, &'static str, &'static str),
    good: usize,
    bad: usize,
) -> Hostile {
    let calls = AtomicUsize::new(0);
    Hostile::start(move |seen| {
        let call = calls.fetch_add(1, Ordering::Relaxed);
        if (good..good + bad).contains(&call) {
            let length = format!("Content-Length: {}", body.len());
            let content_type = format!("Content-Type: {content_type}");
            return vec![Step::Send(raw(status, &[&content_type, &length, "Location: /maintenance.html"], body))];
        }
        let offer = seen.offer().unwrap_or_default();
        vec![Step::Send(json(
            "200 OK",
            format!(r#"{{"code":0,"data":{{"tracking_link":"https://t.example/{offer}"}}}}"#),
        ))]
    })
}

fn offers() -> Vec<String> {
    (1..=40).map(|offer: u32| offer.to_string()).collect()
}

/// Runs every kind at the same time.
fn each(good: usize, bad: usize, arguments: &[&str], check: impl Fn(&str, Ran)) {
    let running: Vec<_> = KINDS
        .iter()
        .map(|kind| {
            let host = gateway(*kind, good, bad);
            let folder = Folder::new();
            folder.write("links.csv", "the old output");
            let run =
                export_in(&folder).offers(&offers()).args(&["-j", "1", "--retries", "0"]).args(arguments).on(&host);
            (kind, host, run.start())
        })
        .collect();
    for (kind, host, running) in running {
        check(&format!("{kind:?}"), running.wait());
        drop(host);
    }
}

#[test]
fn an_outage_that_a_gateway_answers_for_writes_no_rows_and_keeps_the_old_output() {
    each(5, usize::MAX - 5, &["--max-outage", "1s"], |kind, ran| {
        assert_eq!((ran.code, ran.output.as_deref()), (5, Some("the old output")), "{kind}: {ran:#?}");
    });
}

#[test]
fn one_that_is_there_from_the_start_does_so_too() {
    each(0, usize::MAX, &["--max-outage", "1s"], |kind, ran| {
        let certain = kind.contains("302") || kind.contains("401");
        assert_eq!(ran.code, if certain { 4 } else { 5 }, "{kind}: {ran:#?}");
        assert_eq!(ran.output.as_deref(), Some("the old output"), "{kind}");
    });
}

#[test]
fn an_occasional_page_among_good_answers_is_retried() {
    each(5, 1, &[], |kind, ran| {
        let ran = ran.expect(0);
        assert_eq!(ran.output.as_ref().map(|rows| rows.lines().count()), Some(41), "{kind}");
    });
}
