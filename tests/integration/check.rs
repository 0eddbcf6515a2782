//! `check`: which gate answers, and what to do about it.

use std::net::TcpListener;
use std::time::{Duration, SystemTime};

use offerlinks::sandbox::Account;

use crate::support::{KEY, Ran, TLS, command, http, network, network_with, scripted, serve_tls};

/// Runs a command against a network.
fn offerlinks(arguments: &[&str], base_url: &str) -> Ran {
    command(arguments).on(&base_url).run()
}

/// The line of a check: its status and its words.
fn line_of<'a>(done: &'a Ran, name: &str) -> &'a str {
    let line = done.stdout.lines().find(|line| line.starts_with(name));
    line.and_then(|line| line.get(13..)).unwrap_or_else(|| panic!("no {name} in {}", done.stdout))
}

#[test]
fn check_finds_every_gate_open_and_sends_one_call() {
    let network = network();
    let done = offerlinks(&["check", "--rate", "none"], &network.base_url());
    assert_eq!((done.code, done.stderr.as_str()), (0, ""), "{}", done.stdout);
    for gate in ["settings", "DNS", "connection", "TLS", "API", "key", "account", "white list", "limit", "offers"] {
        assert!(line_of(&done, gate).starts_with("ok "), "{}", done.stdout);
    }
    let settings = [
        format!("--base-url         {} (OFFERSLOOK_BASE_URL)", network.base_url()),
        "--rate             none (command line)".to_owned(),
        "--timeout          60s (default)".to_owned(),
        "API key            set, 23 characters (OFFERSLOOK_API_KEY)".to_owned(),
    ];
    assert!(settings.iter().all(|setting| done.stdout.contains(setting.as_str())), "{}", done.stdout);
    assert_eq!(network.calls().len(), 1);
}

#[test]
fn check_gives_each_refusal_its_own_line() {
    let wrong_key = network_with(|options| options.api_key = "another".into());
    let ip = network_with(|options| options.account = Account::IpNotAllowed);
    let locked = network_with(|options| options.account = Account::Locked);
    let page = scripted(|_| http(200, &[], "<html><title>Sign in</title>"));
    let redirect = scripted(|_| http(302, &[("location", "https://login.example/?key=1")], ""));
    let throttle = scripted(|_| http(429, &[("retry-after", "9")], r#"{"code":40,"message":"Too many requests"}"#));
    for (network, gate, words, code) in [
        (&wrong_key, "key", "Invalid API key (unauthorized, HTTP 401, code 13); check the e-mail and the API key", 4),
        (&ip, "white list", "put this machine's public IP on the white list of your account", 4),
        (&locked, "account", "ask your account manager to unlock the account", 4),
        (&page, "API", "an HTML page (Sign in)", 4),
        (&redirect, "API", "the host redirects to https://login.example/ (HTTP 302)", 4),
        (&throttle, "limit", "try again in 9 s, as the network asks", 5),
    ] {
        let done = offerlinks(&["check"], &network.base_url());
        let line = line_of(&done, gate);
        assert!(line.starts_with("FAILED") && line.contains(words), "{}", done.stdout);
        assert_eq!((done.code, line_of(&done, "offers")), (code, "not reached"), "{gate}: {}", done.stdout);
        assert!(network.calls().len() <= 2);
    }
}

#[test]
fn check_reports_a_host_that_does_not_exist() {
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    for (base_url, gate, words, code) in [
        ("https://no-such-host.invalid", "DNS", "unknown host no-such-host.invalid", 4),
        (&format!("http://{closed}"), "connection", "connection refused by 127.0.0.1", 5),
    ] {
        let done = offerlinks(&["check", "--connect-timeout", "5s"], base_url);
        let line = line_of(&done, gate);
        assert!(line.starts_with("FAILED") && line.contains(words), "{}", done.stdout);
        // A machine whose resolver is away cannot know that there is no such host.
        let code = if line.contains("Temporary failure") { 5 } else { code };
        assert_eq!((done.code, line_of(&done, "key")), (code, "not reached"));
    }
}

#[test]
fn check_looks_at_the_certificate() {
    let cacert = format!("{TLS}ca.pem");
    let trusting = ["check", "--cacert", &cacert];
    let good = offerlinks(&trusting, &format!("https://localhost:{}", serve_tls("localhost.pem")));
    let words = "certificate of CN=localhost, by CN=offerlinks test CA, valid from 2000-01-01 to 2099-12-31";
    assert!(good.code == 0 && line_of(&good, "TLS").contains(words), "{}", good.stdout);
    for (arguments, host, certificate, words) in [
        (&trusting[..], "localhost", "expired.pem", "or this machine's clock is wrong: it ended on 2000-01-02"),
        (&trusting[..1], "localhost", "localhost.pem", "is by an unknown issuer; if you trust it"),
        (&trusting[..], "127.0.0.1", "localhost.pem", "is for another name"),
    ] {
        let done = offerlinks(arguments, &format!("https://{host}:{}", serve_tls(certificate)));
        let line = line_of(&done, "TLS");
        assert!(line.starts_with("FAILED") && line.contains(words) && done.code == 4, "{}", done.stdout);
    }
}

#[test]
fn check_compares_the_clocks() {
    let fast = scripted(|_| {
        let date = httpdate::fmt_http_date(SystemTime::now() + Duration::from_secs(7200));
        http(200, &[("date", &date)], r#"{"code":0,"data":[]}"#)
    });
    let done = offerlinks(&["check"], &fast.base_url());
    let clock = line_of(&done, "clock");
    assert!(clock.starts_with("warning") && clock.contains("s behind the network; set it"), "{}", done.stdout);
    assert_eq!(done.code, 0);
}

#[test]
fn check_shows_the_reply_but_not_the_key_that_is_in_it() {
    let telltale = scripted(|_| {
        let body = format!(r#"{{"code":13,"message":"no such key: {KEY}"}}"#);
        http(401, &[("set-cookie", "session=s3cret")], &body)
    });
    let done = offerlinks(&["check", "--show-reply"], &telltale.base_url());
    assert!(done.stdout.contains("reply: HTTP 401") && done.stdout.contains("set-cookie: [hidden]"), "{}", done.stdout);
    assert!(
        done.stdout.contains(r#"{"code":13,"message":"no such key: [hidden]"}"#) && !done.stdout.contains("s3cret")
    );
}

#[test]
fn check_without_settings_names_them_and_makes_no_call() {
    let done = command(&["check"]).env("OFFERSLOOK_BASE_URL", "").env("OFFERSLOOK_API_KEY", KEY).run();
    assert_eq!(done.code, 2);
    assert!(done.stdout.contains("your e-mail: --email ADDRESS or OFFERSLOOK_EMAIL"), "{}", done.stdout);
    assert!(done.stdout.contains("--base-url         empty, so not set (OFFERSLOOK_BASE_URL)"), "{}", done.stdout);
    assert_eq!((line_of(&done, "DNS"), line_of(&done, "clock")), ("not reached", "not reached"));
}
