//! Faults of the wire: what HTTP servers, gateways and proxies do on a bad day.

use std::time::Duration;

use crate::hostile::{Hostile, Seen, Step, cut_body, endless_chunks, endless_head, gzip_bomb, json, promising, raw};
use crate::support::{export, fixture};

/// A good answer for any offer.
fn good(offer: &str) -> Vec<u8> {
    json("200 OK", format!(r#"{{"code":0,"data":{{"tracking_link":{{"url":"https://t.example/{offer}"}}}}}}"#))
}

/// Answers as `fault` says for the first call for an offer, and properly from the second call on.
fn first_call_fails(fault: impl Fn(&str) -> Option<Vec<Step>> + Send + Sync + 'static) -> Hostile {
    let calls = std::sync::Mutex::new(std::collections::HashMap::<String, u32>::new());
    Hostile::start(move |seen: &Seen| {
        let offer = seen.offer().unwrap_or_default();
        let nth = {
            let mut calls = calls.lock().unwrap();
            let nth = calls.entry(offer.to_owned()).or_default();
            *nth += 1;
            *nth
        };
        let fault = (nth == 1).then(|| fault(offer)).flatten();
        fault.unwrap_or_else(|| vec![Step::Send(good(offer))])
    })
}

#[test]
fn what_passes_is_asked_again_until_it_is_well() {
    let host = first_call_fails(|offer| {
        let html = "<html><body>Sign in to the Wi-Fi</body></html>";
        Some(match offer {
            "2" => vec![Step::Reset],
            "3" => vec![Step::Close],
            "4" => cut_body(good("4")),
            "5" => vec![Step::Send(json("200 OK", ""))],
            "6" => vec![Step::Send(json("200 OK", r#"{"code":0,"data":{"tracking"#))],
            "7" => vec![Step::Send(json("502 Bad Gateway", html))],
            "8" => vec![Step::Send(json("500 Internal Server Error", r#"{"code":51,"message":"internal error"}"#))],
            "9" => vec![Step::Send(b"SSH-2.0-OpenSSH_9.6\r\n".to_vec()), Step::Close],
            "10" => vec![Step::Hang],
            "11" => vec![Step::Send(promising("200 OK", 1 << 20, good("11"))), Step::Close],
            "12" => vec![Step::Send(raw("200 OK", &["Content-Encoding: gzip", "Content-Length: 9"], "not gzip!"))],
            "13" => vec![Step::Send(json("200 OK", r#"{"code":50,"message":"system upgrade"}"#))],
            _ => return None,
        })
    });
    let ids: Vec<String> = (1..=13).map(|id| id.to_string()).collect();
    let ran = export().offers(&ids).args(&["--timeout", "1s"]).on(&host).run().expect(0);
    let rows: Vec<_> = ran.cells(["offer_id", "url", "status"]);
    let expected = ids.iter().map(|id| [id.clone(), format!("https://t.example/{id}"), "ok".to_owned()]);
    assert_eq!(rows, expected.collect::<Vec<_>>());
    let asked = |id: &String| host.seen().iter().filter(|seen| seen.offer() == Some(id)).count();
    assert!(ids[1..].iter().all(|id| asked(id) == 2), "each of the faults is asked again once");
    assert!(host.seen().len() <= 13 + 12 + 4, "and a good offer now and then, to see whether it is they");
}

#[test]
fn what_does_not_pass_becomes_an_error_row_that_says_what_came() {
    let host = Hostile::start(|seen| match seen.offer() {
        Some("2") => vec![Step::Reset],
        Some("3") => cut_body(good("3")),
        Some("4") => vec![Step::Hang],
        Some("5") => gzip_bomb(64),
        Some("6") => endless_chunks(),
        Some("7") => endless_head(Duration::ZERO),
        Some("8") => vec![Step::Send(json("200 OK", format!(r#"{{"code":0,"x":"{}"}}"#, "x".repeat(2 << 20))))],
        Some("9") => vec![Step::Send(json("502 Bad Gateway", "<title>502 Bad\u{7} Gateway</title>"))],
        Some("10") => vec![Step::Send(json("200 OK", "{}{}"))],
        offer => vec![Step::Send(good(offer.unwrap_or_default()))],
    });
    let ids: Vec<String> = (1..=12).map(|id| id.to_string()).collect();
    let arguments = ["-j", "2", "--retries", "0", "--timeout", "2s", "--max-body", "1MiB"];
    let ran = export().offers(&ids).args(&arguments).on(&host).run().expect(3);
    let rows = ran.cells(["offer_id", "error_kind", "error_http_status", "error_message"]);
    let kinds: Vec<_> = rows.iter().map(|[id, kind, status, _]| format!("{id} {kind} {status}")).collect();
    assert_eq!(
        kinds,
        [
            "1  ",
            "2 network ",
            "3 network 200",
            "4 timeout ",
            "5 body_too_large 200",
            "6 body_too_large 200",
            "7 network ",
            "8 body_too_large 200",
            "9 server_error 502",
            "10 invalid_response 200",
            "11  ",
            "12  "
        ],
        "{rows:#?}"
    );
    let messages_are_clean =
        |message: &String| message.chars().all(|c| !c.is_control()) && message.chars().count() <= 500;
    assert!(
        rows.iter().all(|[_, kind, _, message]| kind.is_empty() == message.is_empty() && messages_are_clean(message))
    );
    let about_size = rows.iter().filter(|[_, kind, ..]| kind == "body_too_large");
    about_size.for_each(|row| assert!(row[3].contains("--max-body"), "{row:?}"));
}

#[test]
fn a_page_from_every_offer_is_the_wrong_host() {
    let host = Hostile::start(|_| {
        let page = "<!DOCTYPE html><title>Welcome to nginx!</title>";
        vec![Step::Send(raw("200 OK", &["Content-Type: text/html", &format!("Content-Length: {}", page.len())], page))]
    });
    let ran = export().offers(&["1", "2", "3", "4", "5"]).on(&host).run();
    assert!([4, 5].contains(&ran.code), "{ran:#?}");
    assert!(ran.stderr.contains("HTML") && ran.output.is_none(), "{ran:#?}");
}

#[test]
fn a_404_that_is_not_the_apis_for_every_first_offer_is_no_reason_to_write_rows() {
    for body in ["", "404 page not found", r#"{"message":"no Route matched"}"#] {
        let host = Hostile::start(move |_| {
            vec![Step::Send(raw("404 Not Found", &[&format!("Content-Length: {}", body.len())], body))]
        });
        let ran = export().offers(&["1", "2", "3", "4", "5"]).args(&["--retries", "0"]).on(&host).run().expect(5);
        let ran = ran.says(&["no call to", "succeeded", "--network or --base-url"]);
        assert!(ran.output.is_none() && host.seen().len() == 3, "{ran:#?}");
        let ran = export().offers(&["1", "2"]).args(&["--retries", "0"]).on(&host).run().expect(5);
        assert!(ran.output.is_none(), "{ran:#?}");
    }
}

#[test]
fn a_refusal_for_the_limit_is_waited_out_and_costs_no_row() {
    let host = first_call_fails(|offer| {
        (offer == "2")
            .then(|| vec![Step::Send(raw("429 Too Many Requests", &["Retry-After: 1", "Content-Length: 0"], ""))])
    });
    let ran = export().offers(&["1", "2", "3"]).args(&["-j", "1"]).on(&host).run().expect(0);
    let seen = host.seen();
    let after = seen.iter().filter(|seen| seen.offer() == Some("2")).map(|seen| seen.at).collect::<Vec<_>>();
    assert!(after[1].duration_since(after[0]) >= Duration::from_secs(1), "{ran:?}");
    ran.says(&["1 refused for the limit"]);
}

#[test]
fn the_request_is_the_documented_one() {
    let host = Hostile::start(|_| vec![Step::Send(json("200 OK", fixture("offer-16.json")))]);
    let run = export().offers(&["16"]).args(&["--user-agent", "me/1"]).on(&host);
    assert_eq!(run.run().expect(0).output.unwrap(), fixture("offer-16.csv"));
    let [seen] = &host.seen()[..] else { panic!("one call for one offer") };
    assert!(seen.head.starts_with("GET /aff/v1/offers/16/tracking_links HTTP/1.1\r\n"), "{}", seen.head);
    assert_eq!(seen.header("user-agent"), Some("me/1"));
    assert!(seen.header("authorization").unwrap().starts_with("Basic "));
    assert_eq!(seen.header("cookie"), None);
}

#[test]
fn calls_pass_through_the_proxy_that_is_named() {
    let through = |by: fn(crate::support::Run, &str) -> crate::support::Run| {
        let proxy = Hostile::start(|_| vec![Step::Send(good("17"))]);
        let run = export().offers(&["17"]).args(&["--allow-http"]).on(&"http://network.invalid/api");
        by(run, &proxy.base_url()).run().expect(0);
        let paths: Vec<_> = proxy.seen().iter().map(|seen| seen.path().to_owned()).collect();
        assert_eq!(paths, ["http://network.invalid/api/aff/v1/offers/17/tracking_links"]);
    };
    through(|run, proxy| run.args(&["--proxy", proxy]));
    through(|run, proxy| run.env("http_proxy", proxy));
}

#[test]
fn a_proxy_that_refuses_is_named_and_its_password_is_not() {
    let proxy =
        Hostile::start(|_| vec![Step::Send(raw("407 Proxy Authentication Required", &["Content-Length: 0"], ""))]);
    let address = proxy.base_url().replace("http://", "http://me:hunter2@");
    for (base, flags) in [("https://network.invalid", &[][..]), ("http://network.invalid", &["--allow-http"])] {
        for (by_flag, named) in [(true, "--proxy"), (false, "ALL_PROXY")] {
            let before = proxy.seen().len();
            let run = export().offers(&["1", "2", "3"]).args(flags).on(&base);
            let run = if by_flag { run.args(&["--proxy", &address]) } else { run.env("ALL_PROXY", &address) };
            let ran = run.run().expect(4).says(&["refuses the user name or password", &format!("check {named}: ")]);
            assert!(!ran.stderr.contains("hunter2") && !ran.stderr.contains("API key"), "{ran:#?}");
            assert!(proxy.seen().len() - before <= 2, "{:#?}", proxy.seen());
        }
    }
}

#[test]
fn a_proxy_that_opens_no_tunnel_is_reported_with_its_status_and_rules_end_the_run() {
    for (status, fails_for_good) in
        [("403 Forbidden", true), ("405 Method Not Allowed", true), ("502 Bad Gateway", false)]
    {
        let proxy = Hostile::start(move |_| vec![Step::Send(raw(status, &["Content-Length: 0"], "")), Step::Close]);
        let address = proxy.base_url().replace("http://", "http://me:hunter2@");
        let (word, _) = status.split_once(' ').unwrap();
        let shown = format!("does not let the call to network.invalid pass: HTTP {word}");
        let through = |run: crate::support::Run| run.on(&"https://network.invalid").env("HTTPS_PROXY", &address).run();
        let checked = through(crate::support::command(&["check"])).expect(if fails_for_good { 4 } else { 5 });
        assert!(checked.stdout.contains(&shown) && checked.stdout.contains("check HTTPS_PROXY"), "{checked:#?}");
        assert!(!checked.stdout.contains("hunter2"), "{checked:#?}");
        if fails_for_good {
            let before = proxy.seen().len();
            let ran = through(export().offers(&["1", "2", "3"])).expect(4).says(&[&shown, "check HTTPS_PROXY"]);
            assert!(!ran.stderr.contains("hunter2"), "{ran:#?}");
            // Two calls, and a question after each.
            assert!(proxy.seen().len() - before <= 4, "{:#?}", proxy.seen());
        }
        for seen in proxy.seen() {
            assert!(seen.head.starts_with("CONNECT network.invalid:443 HTTP/1.1"), "{seen:#?}");
            assert!(
                seen.header("proxy-authorization").is_some() && seen.header("authorization").is_none(),
                "{seen:#?}"
            );
        }
    }
}

#[test]
fn a_proxy_of_the_environment_that_cannot_be_used_ends_the_run_before_any_call() {
    for value in
        ["socks://127.0.0.1:1", "socks5h://u:hunter2@127.0.0.1:1", "socks5:h:p", "htp://u:hunter2@h:1", "http://"]
    {
        for command in ["export", "check", "list"] {
            let run = if command == "export" { export().offers(&["1"]) } else { crate::support::command(&[command]) };
            let ran = run.on(&"https://network.invalid").env("HTTPS_PROXY", value).run().expect(2);
            let shown = [ran.stderr, ran.stdout].concat();
            assert!(shown.contains("the proxy (HTTPS_PROXY) cannot be used") && !shown.contains("hunter2"), "{shown}");
        }
    }
}

#[test]
fn a_host_that_speaks_something_else_ends_the_run_after_two_calls() {
    let first = |bytes: &'static [u8]| Hostile::start(move |_| vec![Step::Send(bytes.to_vec()), Step::Close]);
    for bytes in [
        // SETTINGS of HTTP/2, a TLS alert, SSH.
        b"\0\0\x12\x04\0\0\0\0\0\0\x03\0\0\0\x64\0\x04\0\0\xff\xff\0\x05\0\0\x40\0".as_slice(),
        b"\x15\x03\x01\0\x02\x02\x0a",
        b"SSH-2.0-OpenSSH_9.6\r\n",
    ] {
        let host = first(bytes);
        let ran = export().offers(&["1", "2", "3"]).on(&host).run().expect(4);
        let ran = ran.says(&["is not sound HTTP", "check OFFERSLOOK_BASE_URL (http://127.0.0.1"]);
        assert!(host.seen().len() <= 2, "{:#?}", host.seen());
        assert!(ran.output.is_none());
        crate::support::command(&["check"]).on(&host).run().expect(4);
    }
    // Once it has answered, that is a hiccup.
    let hiccup = Hostile::start(|seen| match seen.number {
        1..=3 => vec![Step::Send(b"SSH-2.0-OpenSSH_9.6\r\n".to_vec()), Step::Close],
        _ => vec![Step::Send(good("17"))],
    });
    export().offers(&["1", "2", "3"]).on(&hiccup).run().expect(0);
}

#[test]
fn every_gzip_that_servers_send_is_read() {
    let gzip = |bytes: &[u8]| {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        std::io::Write::write_all(&mut encoder, bytes).unwrap();
        encoder.finish().unwrap()
    };
    let body = fixture("offer-16.json").into_bytes();
    let (start, end) = body.split_at(body.len() / 2);
    let members = [gzip(start), gzip(end)].concat();
    for (coding, packed) in
        [("gzip", members.clone()), ("GZIP", gzip(&body)), ("x-gzip", gzip(&body)), ("gzip, gzip", gzip(&members))]
    {
        let (head, packed) = (format!("Content-Encoding: {coding}"), packed.clone());
        let length = format!("Content-Length: {}", packed.len());
        let host = Hostile::start(move |_| vec![Step::Send(raw("200 OK", &[&head, &length], packed.clone()))]);
        let ran = export().offers(&["16"]).on(&host).run().expect(0);
        assert_eq!(ran.output.unwrap(), fixture("offer-16.csv"), "{coding}");
        assert_eq!(host.seen().len(), 1);
    }
}
