use std::time::Duration;

use super::*;
use secrecy::ExposeSecret as _;

const SECRET: &str = "9f86d081884c7d659a2feaa0c55ad015";

fn mistakes(text: &str) -> String {
    parse(text, Path::new("/etc/offerlinks/config.toml")).err().map(|mistakes| mistakes.to_string()).unwrap_or_default()
}

const GOOD: &str = r#"
rate = "50/10s"
email = "me@example.com"
timeout = 30
concurrency = 8
history = "history.db"
budget = "redis://:s3cret@cache.example/"

[networks.demo]
api_key_file = "demo.key"

[networks.acme]
base_url = "https://api.acme.example/aff/v1/"
email = "you@example.com"
api_key_env = "ACME_KEY"
rate = "20/s"
max_outage = "1h"

[networks."acme.eu"]
base_url = "https://eu.acme.example"
api_key_command = ["pass", "show", "acme eu"]
proxy = "http://me:s3cret@proxy.example:3128"
allow_http = false

[networks.keyed]
api_key = 'k3y-k3y-k3y'
retries = 0
"#;

#[test]
fn what_a_file_says_is_read_with_its_lines() {
    let file = parse(GOOD, Path::new("/etc/offerlinks/config.toml")).unwrap();
    let network = |name| file.network(name).unwrap();
    assert_eq!(file.names(), "demo, acme, acme.eu, keyed");
    assert_eq!((network("Demo").line, network("acme").line, network("acme.eu").line), (9, 12, 19));
    let rate = file.defaults.rate.as_ref().map(|rate| (rate.shown.as_str(), rate.line));
    assert_eq!(rate, Some(("50/10s", 2)));
    assert_eq!(file.defaults.timeout.as_ref().map(|timeout| timeout.value), Some(Duration::from_secs(30)));
    assert_eq!(file.history.as_ref().map(|history| history.shown.as_str()), Some("/etc/offerlinks/history.db"));
    assert_eq!(file.budget.as_ref().map(|budget| budget.value.expose_secret()), Some("redis://:s3cret@cache.example/"));
    assert_eq!(network("acme").base_url.as_ref().map(|url| url.shown.as_str()), Some("https://api.acme.example/"));
    assert_eq!(network("acme").own.rate.as_ref().map(|rate| rate.shown.as_str()), Some("20/s"));
    let key = |name| network(name).key.as_ref().map(|key| (key.value.clone(), key.shown.clone(), key.line)).unwrap();
    assert!(matches!(key("demo"), (KeyEntry::File(path), _, 10) if path == Path::new("/etc/offerlinks/demo.key")));
    assert!(matches!(key("acme"), (KeyEntry::Variable(name), shown, 15) if name == "ACME_KEY" && shown == "ACME_KEY"));
    assert!(matches!(key("acme.eu"), (KeyEntry::Command(words), ..) if words == ["pass", "show", "acme eu"]));
    assert!(matches!(key("keyed"), (KeyEntry::Value(_), shown, 26) if shown == "not shown"));
    let proxy = network("acme.eu").own.proxy.as_ref().map(|proxy| proxy.shown.as_str());
    assert_eq!(proxy, Some("http://***@proxy.example:3128/"));
    assert!(!format!("{file:?}").contains("k3y"), "a key in a debug text");
}

/// A line of a config file, where it stands, and a part of what is said of it.
type Case = (&'static str, Place, &'static str);

#[derive(Clone, Copy, Debug, PartialEq)]
enum Place {
    Top,
    Network,
}
use Place::{Network, Top};

/// `SECRET` stands for an API key wherever one may be by mistake.
const CASES: &[Case] = &[
    // Names.
    ("rat = \"5/s\"", Top, "did you mean \"rate\"?"),
    ("Rate = \"5/s\"", Top, "did you mean \"rate\"?"),
    ("time-out = 5", Network, "did you mean \"timeout\"?"),
    ("e-mail = \"me@a.example\"", Network, "did you mean \"email\"?"),
    ("apikey = \"SECRET\"", Network, "did you mean \"api_key\"?"),
    ("api_key_fle = \"a.key\"", Network, "did you mean \"api_key_file\"?"),
    ("token = \"SECRET\"", Network, "did you mean \"api_key_file\"?"),
    ("url = \"https://a.example\"", Network, "did you mean \"base_url\"?"),
    ("colour = \"SECRET\"", Top, "unknown key \"colour\"; the keys here are email, rate, "),
    ("colour = \"SECRET\"", Network, "unknown key \"colour\"; the keys of a [networks.NAME] table are"),
    ("SECRET = \"x\"", Top, "not shown"),
    ("SECRET = \"x\"", Network, "not shown"),
    ("network = \"demo\"", Top, "[networks.NAME]"),
    ("api_key = \"SECRET\"", Top, "belongs to one network"),
    ("api_key_env = \"A_KEY\"", Top, "belongs to one network"),
    ("base_url = \"https://a.example\"", Top, "belongs to one network"),
    ("history = \"h.db\"", Network, "belongs above the first [networks.NAME]"),
    ("budget = \"redis://:SECRET@h\"", Network, "belongs above the first [networks.NAME]"),
    ("[demo]", Top, "a network is [networks.NAME]"),
    ("[network.demo]", Top, "[networks.NAME]"),
    ("[[networks]]", Top, "[networks.NAME]"),
    ("networks = [\"demo\"]", Top, "[networks.NAME]"),
    ("networks.rate = \"5/s\"", Top, "[networks.NAME]"),
    ("[networks.\"my network\"]", Top, "no network's name"),
    ("[networks.\"a,b\"]", Top, "no network's name"),
    ("[networks.\"\"]", Top, "no network's name"),
    // Values of another type.
    ("rate = 50", Top, "\"rate\": expected CALLS/WINDOW in quotes"),
    ("rate = true", Network, "\"rate\": expected CALLS/WINDOW in quotes"),
    ("email = 5", Top, "\"email\": expected a text in quotes, found a number"),
    ("email = [\"me@a.example\"]", Network, "\"email\": expected a text in quotes, found a list"),
    ("concurrency = \"16\"", Top, "\"concurrency\": expected a whole number from 1"),
    ("concurrency = 1.5", Top, "\"concurrency\": expected a whole number from 1"),
    ("timeout = true", Top, "\"timeout\": expected a duration in quotes"),
    ("timeout = 10:00:00", Top, "\"timeout\": expected a duration in quotes"),
    ("allow_http = \"yes\"", Network, "\"allow_http\": expected true or false"),
    ("api_key_command = \"pass show demo\"", Network, "as a list, such as [\"pass\", \"show\", \"demo\"]"),
    ("api_key_command = []", Network, "as a list"),
    ("api_key_command = [\"pass\", 5]", Network, "as a list"),
    ("api_key_file = 5", Network, "\"api_key_file\": expected a text in quotes"),
    ("api_key = 12345678", Network, "\"api_key\": expected a text in quotes, found a number"),
    ("history = { file = \"h.db\" }", Top, "\"history\": expected a text in quotes, found a table"),
    // Values that are none.
    ("rate = \"fast\"", Top, "\"rate\": expected CALLS/WINDOW"),
    ("rate = \"SECRET\"", Top, "\"rate\": expected CALLS/WINDOW"),
    ("rate = \"0/10s\"", Network, "\"rate\": expected CALLS/WINDOW"),
    ("timeout = \"soon\"", Top, "\"timeout\": expected a duration"),
    ("timeout = 0", Top, "\"timeout\": it must be longer than zero"),
    ("timeout = -5", Top, "\"timeout\": expected a duration"),
    ("concurrency = 0", Network, "\"concurrency\": expected a whole number from 1"),
    ("retries = -1", Network, "\"retries\": expected a whole number from 0"),
    ("email = \"SECRET\"", Network, "\"email\": it has no @"),
    ("email = \"\"", Top, "\"email\": it is empty"),
    ("base_url = \"SECRET\"", Network, "\"base_url\": it is no URL"),
    ("base_url = \"https://me:SECRET@a.example\"", Network, "\"base_url\": it must not hold"),
    ("base_url = \"ftp://a.example\"", Network, "\"base_url\": it must start with https://"),
    ("proxy = \"SECRET\"", Top, "\"proxy\": it is no URL"),
    ("api_key_file = \"SECRET\"", Network, "\"api_key_file\": expected the name of a file"),
    ("api_key_env = \"SECRET\"", Network, "\"api_key_env\": expected the name of an environment variable"),
    ("api_key_env = \"$A_KEY\"", Network, "\"api_key_env\": expected the name of an environment variable"),
    ("api_key = \"KEY=SECRET\"", Network, "\"api_key\": it begins with a name"),
    ("api_key = \"...\"", Network, "\"api_key\": it is a placeholder"),
    // What is not TOML.
    ("api_key = SECRET", Network, "needs quotes"),
    ("api_key = \"SECRET", Network, "not TOML"),
    ("rate = 50/10s", Top, "needs quotes"),
    ("SECRET", Network, "not TOML"),
    ("api_key: \"SECRET\"", Network, "not TOML"),
    ("email = ", Top, "not TOML"),
    ("api_key_file = \"C:\\Users\\me\\a.key\"", Network, "single quotes"),
    ("api_key = 'SECRET' 'x'", Network, "not TOML"),
    ("my key = \"SECRET\"", Network, "not TOML"),
    ("[networks.a b]", Top, "not TOML"),
    ("[networks.demo", Top, "not TOML"),
];

fn line(case: &Case) -> String {
    case.0.replace("SECRET", SECRET)
}

#[test]
fn each_mistake_names_its_line_and_shows_no_secret() {
    for case in CASES {
        let (before, at) = match case.1 {
            Top => ("# comment\n\nretries = 3\n", 4),
            Network => ("rate = \"5/s\"\n[networks.demo]\n", 3),
        };
        let text = format!("{before}{}\n", line(case));
        let message = mistakes(&text);
        let expected = format!("config file /etc/offerlinks/config.toml, line {at}: ");
        assert!(message.starts_with(&expected) && message.contains(case.2), "{}\n{message}", case.0);
        assert!(!message.contains(SECRET), "{}\n{message}", case.0);
    }
}

#[test]
fn a_file_with_a_mistake_on_each_line_names_each_line() {
    // Tables would make the lines below them another network's, and what is no TOML may swallow the next line.
    let of = |place| {
        CASES.iter().filter(move |case| case.1 == place && !case.0.starts_with('[') && !case.0.contains("networks"))
    };
    let mut seen = std::collections::HashSet::new();
    let mut text = String::new();
    let mut expected = Vec::new();
    for place in [Top, Network] {
        if place == Network {
            text += "[networks.demo]\n";
        }
        for case in of(place) {
            let key = case.0.split([' ', '=', ':']).next().unwrap_or_default();
            if seen.insert((format!("{place:?}"), key.to_owned())) {
                text += &line(case);
                text.push('\n');
                expected.push((text.lines().count(), case.2));
            }
        }
    }
    let message = mistakes(&text);
    assert!(expected.len() >= 20, "{}", expected.len());
    assert!(!message.contains(SECRET), "{message}");
    for (line, part) in expected.iter().take(20) {
        let said = message.lines().find(|said| said.starts_with(&format!("  line {line}: ")));
        assert!(said.is_some(), "line {line} ({part})\n{text}\n{message}");
    }
    assert!(message.contains(&format!("has {} mistakes", expected.len())), "{message}\n{text}");
}

#[test]
fn two_of_what_there_may_be_one_of_name_both_lines() {
    for (text, line, part) in [
        ("rate = \"5/s\"\nemail = \"me@a.example\"\nrate = \"6/s\"\n", 3, "there already"),
        ("[networks.demo]\nrate = \"5/s\"\n[networks.demo]\n", 3, "there already"),
        ("[networks.demo]\nrate = \"5/s\"\n[networks.Demo]\n", 3, "but for upper and lower case, in line 1"),
        ("[networks.demo]\napi_key_env = \"A_KEY\"\napi_key_file = \"a.key\"\n", 3, "beside \"api_key_env\" in line 2"),
    ] {
        let message = mistakes(text);
        assert!(message.contains(&format!("line {line}: ")) && message.contains(part), "{text}\n{message}");
    }
}

#[test]
fn an_empty_file_and_one_with_windows_lines_are_files() {
    for text in ["", "\n", "# nothing\n", "rate = \"5/s\"\r\n[networks.demo]\r\nemail = \"me@a.example\"\r\n"] {
        assert_eq!(mistakes(text), "", "{text:?}");
    }
    let message = mistakes("rate = \"5/s\"\r\nrat = 1\r\n");
    assert!(message.contains(", line 2: "), "{message}");
}

proptest::proptest! {
    /// Whatever is cut out of a file, doubled or put in, no message repeats a secret.
    #[test]
    fn no_message_ever_shows_a_secret(at in 0_usize..400, cut in 0_usize..12, put in "[\\[\\]\"'=.#\\\\{},\n \tax:]{0,4}") {
        let text = format!(
            "rate = \"50/10s\"\nemail = \"me@a.example\"\nproxy = \"http://me:{SECRET}@p.example\"\n[networks.demo]\n\
             api_key = \"{SECRET}\"\n[networks.b]\napi_key_command = [\"echo\", \"{SECRET}\"]\n[networks.c]\n\
             base_url = \"https://c.example\"\napi_key_file = \"{SECRET}\"\n"
        );
        let at = at.min(text.len());
        let end = (at + cut).min(text.len());
        let broken = format!("{}{put}{}", &text[..at], &text[end..]);
        let message = mistakes(&broken);
        // Less than that is no secret any more.
        for piece in SECRET.as_bytes().chunks(8) {
            proptest::prop_assert!(!message.contains(std::str::from_utf8(piece).unwrap()), "{broken}\n{message}");
        }
    }
}
