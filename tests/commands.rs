//! The commands that look: the real `check` and `list` against the embedded network and its faults.
//!
//! Every run is a process of its own with an empty environment, so that no setting of the developer's gets in.
#![expect(clippy::unwrap_used, reason = "a fixture that cannot be set up has to fail its test")]
#![expect(clippy::unnecessary_wraps, reason = "scripts answer with an Option")]

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use offerlinks::sandbox::{API_KEY, Account, Asked, EMAIL, Log, Options, Reply, Sandbox, Script};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, Stream};

const TLS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/tls/");

/// What a command printed, and how it ended.
struct Done {
    code: Option<i32>,
    out: String,
    err: String,
}

impl From<Output> for Done {
    fn from(output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).unwrap();
        let done = Self { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) };
        assert!(!done.out.contains(API_KEY) && !done.err.contains(API_KEY), "the key shows: {}{}", done.out, done.err);
        done
    }
}

impl Done {
    /// The line of a gate: its state and its words.
    fn gate(&self, name: &str) -> &str {
        let line = self.out.lines().find(|line| line.starts_with(name));
        line.and_then(|line| line.get(13..)).unwrap_or_else(|| panic!("no {name} in {}", self.out))
    }
}

fn command(arguments: &[&str], base_url: &str, folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_offerlinks"));
    command.args(arguments).current_dir(folder).env_clear().env("TMPDIR", folder).stdin(Stdio::null());
    // Without it Windows has no sockets.
    command.envs(std::env::var_os("SystemRoot").map(|root| ("SystemRoot", root)));
    command.env("OFFERSLOOK_EMAIL", EMAIL).env("OFFERSLOOK_API_KEY", API_KEY).env("OFFERSLOOK_BASE_URL", base_url);
    command
}

fn run(arguments: &[&str], base_url: &str) -> Done {
    let folder = tempfile::tempdir().unwrap();
    command(arguments, base_url, folder.path()).output().unwrap().into()
}

fn sandbox(options: Options) -> Sandbox {
    Sandbox::start(Options { limit: None, log: Log::On, ..options }).unwrap()
}

fn scripted(answer: impl Fn(&Asked<'_>) -> Option<Reply> + Send + Sync + 'static) -> Sandbox {
    sandbox(Options { script: Some(Script::new(answer)), ..Options::default() })
}

fn http(status: u16, headers: &[(&str, &str)], body: &str) -> Option<Reply> {
    let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Some(Reply::Http { status, headers, body: body.as_bytes().to_vec() })
}

/// A TLS server with a certificate of `tests/fixtures/tls` and a good answer; gives back its port.
fn serve_tls(certificate: &str) -> u16 {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let chain = vec![CertificateDer::from_pem_file(format!("{TLS}{certificate}")).unwrap()];
    let key = PrivateKeyDer::from_pem_file(format!("{TLS}localhost.key")).unwrap();
    let config = Arc::new(ServerConfig::builder().with_no_client_auth().with_single_cert(chain, key).unwrap());
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let (mut stream, mut tls) = (stream.unwrap(), ServerConnection::new(Arc::clone(&config)).unwrap());
            answer(&mut Stream::new(&mut tls, &mut stream));
        }
    });
    port
}

fn answer(wire: &mut Stream<'_, ServerConnection, TcpStream>) {
    let body = r#"{"code":0,"data":{"totalRows":1,"rowset":[{"id":16}]}}"#;
    if wire.read(&mut [0; 4096]).is_ok() {
        let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", body.len());
        let _ = wire.write_all((head + body).as_bytes());
    }
}

#[test]
fn check_finds_every_gate_open_and_sends_one_call() {
    let network = sandbox(Options::default());
    let done = run(&["check", "--rate", "none"], &network.base_url());
    assert_eq!((done.code, done.err.as_str()), (Some(0), ""), "{}", done.out);
    for gate in ["settings", "DNS", "connection", "TLS", "API", "key", "account", "white list", "limit", "offers"] {
        assert!(done.gate(gate).starts_with("ok "), "{}", done.out);
    }
    let settings = [
        format!("--base-url         {} (OFFERSLOOK_BASE_URL)", network.base_url()),
        "--rate             none (command line)".to_owned(),
        "--timeout          60s (default)".to_owned(),
        "API key            set, 11 characters (OFFERSLOOK_API_KEY)".to_owned(),
    ];
    assert!(settings.iter().all(|setting| done.out.contains(setting.as_str())), "{}", done.out);
    assert_eq!(network.calls().len(), 1);
}

#[test]
fn check_gives_each_refusal_its_own_line() {
    let wrong_key = sandbox(Options { api_key: "another".into(), ..Options::default() });
    let ip = sandbox(Options { account: Account::IpNotAllowed, ..Options::default() });
    let locked = sandbox(Options { account: Account::Locked, ..Options::default() });
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
        let done = run(&["check"], &network.base_url());
        let line = done.gate(gate);
        assert!(line.starts_with("FAILED") && line.contains(words), "{}", done.out);
        assert_eq!((done.code, done.gate("offers")), (Some(code), "not reached"), "{gate}: {}", done.out);
        assert!(network.calls().len() <= 2);
    }
}

#[test]
fn check_tells_a_host_that_is_not_there() {
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    for (base_url, gate, words, code) in [
        ("https://no-such-host.invalid", "DNS", "unknown host no-such-host.invalid", 4),
        (&format!("http://{closed}"), "connection", "connection refused by 127.0.0.1", 5),
    ] {
        let done = run(&["check", "--connect-timeout", "5s"], base_url);
        let line = done.gate(gate);
        assert!(line.starts_with("FAILED") && line.contains(words), "{}", done.out);
        // A machine whose resolver is away cannot know that there is no such host.
        let code = if line.contains("Temporary failure") { 5 } else { code };
        assert_eq!((done.code, done.gate("key")), (Some(code), "not reached"));
    }
}

#[test]
fn check_looks_at_the_certificate() {
    let cacert = format!("{TLS}ca.pem");
    let trusting = ["check", "--cacert", &cacert];
    let good = run(&trusting, &format!("https://localhost:{}", serve_tls("localhost.pem")));
    let words = "certificate of CN=localhost, by CN=offerlinks test CA, valid from 2000-01-01 to 2099-12-31";
    assert!(good.code == Some(0) && good.gate("TLS").contains(words), "{}", good.out);
    for (arguments, host, certificate, words) in [
        (&trusting[..], "localhost", "expired.pem", "or this machine's clock is wrong: it ended on 2000-01-02"),
        (&trusting[..1], "localhost", "localhost.pem", "is by an unknown issuer; if you trust it"),
        (&trusting[..], "127.0.0.1", "localhost.pem", "is for another name"),
    ] {
        let done = run(arguments, &format!("https://{host}:{}", serve_tls(certificate)));
        let line = done.gate("TLS");
        assert!(line.starts_with("FAILED") && line.contains(words) && done.code == Some(4), "{}", done.out);
    }
}

#[test]
fn check_compares_the_clocks() {
    let fast = scripted(|_| {
        let date = httpdate::fmt_http_date(SystemTime::now() + Duration::from_secs(7200));
        http(200, &[("date", &date)], r#"{"code":0,"data":[]}"#)
    });
    let done = run(&["check"], &fast.base_url());
    let clock = done.gate("clock");
    assert!(clock.starts_with("warning") && clock.contains("s behind the network; set it"), "{}", done.out);
    assert_eq!(done.code, Some(0));
}

#[test]
fn check_shows_the_reply_but_not_the_key_that_is_in_it() {
    let telltale = scripted(|_| {
        let body = format!(r#"{{"code":13,"message":"no such key: {API_KEY}"}}"#);
        http(401, &[("set-cookie", "session=s3cret")], &body)
    });
    let done = run(&["check", "--show-reply"], &telltale.base_url());
    assert!(done.out.contains("reply: HTTP 401") && done.out.contains("set-cookie: [hidden]"), "{}", done.out);
    assert!(done.out.contains(r#"{"code":13,"message":"no such key: [hidden]"}"#) && !done.out.contains("s3cret"));
}

#[test]
fn check_without_settings_says_which_and_calls_nobody() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = command(&["check"], "", folder.path());
    let done: Done = command.env_remove("OFFERSLOOK_EMAIL").output().unwrap().into();
    assert_eq!(done.code, Some(2));
    assert!(done.out.contains("your e-mail: --email ADDRESS or OFFERSLOOK_EMAIL"), "{}", done.out);
    assert!(done.out.contains("--base-url         empty, so not set (OFFERSLOOK_BASE_URL)"), "{}", done.out);
    assert_eq!((done.gate("DNS"), done.gate("clock")), ("not reached", "not reached"));
}

#[test]
fn list_turns_the_pages_and_writes_what_export_reads() {
    let network = sandbox(Options { listed: 250, ..Options::default() });
    let folder = tempfile::tempdir().unwrap();
    let list = |arguments: &[&str]| -> Done {
        command(&[&["list", "--rate", "none"], arguments].concat(), &network.base_url(), folder.path())
            .output()
            .unwrap()
            .into()
    };
    let all = list(&["--type", "all", "-o", "offers.csv"]);
    assert_eq!((all.code, all.out.as_str()), (Some(0), ""), "{}", all.err);
    assert!(all.err.contains("listed 257 offers to") && all.err.contains("with 3 calls"), "{}", all.err);
    let rows = std::fs::read_to_string(folder.path().join("offers.csv")).unwrap();
    assert!(rows.starts_with("offer_id,name,status,offer_approval,preview_url,payout,currency\n16,Offer 16,active,2,"));
    assert_eq!(rows.lines().count(), 258);

    let paused = list(&["--filter", "status=paused", "-q"]);
    assert_eq!((paused.code, paused.err.as_str(), paused.out.lines().count()), (Some(0), "", 26));
    let asked = network.calls().last().unwrap().path.clone();
    assert_eq!(asked, "/aff/v1/batches/offers?type=personal&filters%5Bstatus%5D=paused&limit=100&offset=1&sort=id");
}

#[test]
fn list_and_export_work_in_a_pipe() {
    let network = sandbox(Options { listed: 2, ..Options::default() });
    let folder = tempfile::tempdir().unwrap();
    let mut list = command(&["list", "--rate", "none", "-q"], &network.base_url(), folder.path());
    let mut list = list.stdout(Stdio::piped()).spawn().unwrap();
    let mut export = command(&["export", "-", "-o", "links.csv", "--rate", "none"], &network.base_url(), folder.path());
    let export: Done = export.stdin(list.stdout.take().unwrap()).output().unwrap().into();
    assert!(list.wait().unwrap().success());
    assert_eq!(export.code, Some(0), "{}", export.err);
    let links = std::fs::read_to_string(folder.path().join("links.csv")).unwrap();
    assert!(links.starts_with("offer_id,name,input_status,") && links.contains("\n102,Offer 102,"), "{links}");
}

#[test]
fn a_list_that_breaks_off_gives_a_pipe_nothing_at_all() {
    let refusing = scripted(|asked| asked.path.contains("&offset=2&").then(|| http(401, &[], "")).flatten());
    let short = scripted(|asked| {
        asked.path.contains("&offset=2&").then(|| http(200, &[], r#"{"code":0,"data":null}"#)).flatten()
    });
    for (network, code) in [(refusing, 4), (short, 5)] {
        let done = run(&["list", "--rate", "none"], &network.base_url());
        assert_eq!((done.code, done.out.as_str()), (Some(code), ""), "{}", done.err);
        assert!(done.err.contains("nothing was written"), "{}", done.err);
    }
}

#[test]
fn list_asks_again_after_a_failure_and_waits_when_it_is_throttled() {
    let network = scripted(|asked| match asked.overall {
        2 => http(502, &[], "<html>Bad Gateway"),
        3 => http(200, &[], r#"{"code":40,"message":"Too many requests"}"#),
        _ => None,
    });
    let begin = Instant::now();
    let done = run(&["list", "--rate", "none", "--type", "all"], &network.base_url());
    assert_eq!(done.code, Some(0), "{}", done.err);
    assert_eq!(done.out.lines().count(), 108);
    assert!(begin.elapsed() >= Duration::from_secs(2), "a throttle is sat out");
    // Page 1, page 2 twice, page 1 again to learn that it was the pace and not the page, page 2; now and then once more,
    // where chance could still explain what was seen.
    assert!((5..=9).contains(&network.calls().len()), "{:?}", network.calls());
}

#[test]
fn list_asks_for_a_page_that_passed_to_learn_whether_another_fails_alone() {
    let (page_1, page_2) = ("&offset=1&", "&offset=2&");
    let pages = |network: &Sandbox| -> String {
        let calls = network.calls().into_iter();
        calls.map(|call| if call.path.contains(page_1) { '1' } else { '2' }).collect()
    };
    let once =
        scripted(move |asked| if asked.path.contains(page_2) && asked.nth == 1 { http(502, &[], "") } else { None });
    let done = run(&["list", "--rate", "none", "--retries", "0"], &once.base_url());
    let asked = pages(&once);
    assert_eq!((done.code, done.out.lines().count(), &asked[..3]), (Some(0), 106, "121"), "{}", done.err);
    assert!(asked.ends_with('2') && asked.len() <= 12, "{asked}");

    let always = scripted(move |asked| if asked.path.contains(page_2) { http(502, &[], "") } else { None });
    let done = run(&["list", "--rate", "none", "--retries", "0"], &always.base_url());
    // A page that fails alone is proven by chance: what passes and what does not, in turn, a few times over.
    let asked = pages(&always);
    assert_eq!((done.code, &asked[..3]), (Some(5), "121"), "{}", done.err);
    assert!((5..=20).contains(&asked.len()), "{asked}");
    assert!(done.err.contains("does not give the offer list: HTTP 502"), "{}", done.err);
}

#[test]
fn list_stops_where_the_account_or_the_host_is_wrong_and_leaves_the_old_file() {
    let wrong_key = sandbox(Options { api_key: "another".into(), ..Options::default() });
    let ip = sandbox(Options { account: Account::IpNotAllowed, ..Options::default() });
    let page = scripted(|_| http(200, &[], "<html><title>Sign in</title>"));
    let redirect = scripted(|_| http(302, &[("location", "https://login.example/")], ""));
    let parameter = scripted(|_| http(400, &[], r#"{"code":20,"message":"Parameter error: filters"}"#));
    let same = scripted(|_| http(200, &[], r#"{"code":0,"data":{"rowset":[{"id":1},{"id":2}]}}"#));
    for (network, words, calls, code) in [
        (&wrong_key, "Invalid API key (unauthorized, HTTP 401, code 13)", 2, 4),
        (&ip, "Your IP is not in the white list", 1, 4),
        (&page, "an HTML page (Sign in)", 5, 5),
        (&redirect, "redirects to https://login.example/", 1, 4),
        (&parameter, "Parameter error: filters", 1, 4),
        (&same, "page 2 of the offer list is the same as the page before", 2, 5),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().join("offers.csv");
        std::fs::write(&out, "old").unwrap();
        let mut list = command(&["list", "--rate", "none", "-o", "offers.csv"], &network.base_url(), folder.path());
        let done: Done = list.output().unwrap().into();
        assert!(done.err.contains(words), "{words}: {}", done.err);
        assert_eq!((done.code, network.calls().len()), (Some(code), calls), "{}", done.err);
        assert_eq!(std::fs::read(&out).unwrap(), b"old");
    }
}

#[test]
fn bad_arguments_are_refused_before_any_call() {
    let network = sandbox(Options::default());
    for arguments in [
        &["list", "--filter", "status"][..],
        &["list", "--type", "mine"],
        &["list", "--dry-run"],
        &["list", "--report", "r.json"],
        &["list", "-o", "offers.xlsx"],
        &["list", "-o", "offers.JSONL"],
        &["check", "--rate", "0/s"],
    ] {
        assert_eq!(run(arguments, &network.base_url()).code, Some(2), "{arguments:?}");
    }
    let plain = run(&["check"], "http://api.example");
    assert!(plain.code == Some(2) && plain.out.contains("--allow-http"), "{}", plain.out);
    assert!(network.calls().is_empty());
}
