//! The keys that a config file may have, and which of them a misspelled one may mean.

/// Keys that may be at the top, as a default, and in each network.
pub(super) const SHARED: [&str; 10] = [
    "email",
    "rate",
    "concurrency",
    "timeout",
    "connect_timeout",
    "retries",
    "max_outage",
    "proxy",
    "cacert",
    "allow_http",
];
/// Keys of the whole file.
pub(super) const TOP: [&str; 3] = ["history", "budget", "networks"];
/// Keys of one network.
pub(super) const NETWORK: [&str; 5] = ["base_url", "api_key_file", "api_key_env", "api_key_command", "api_key"];

/// Other names that people use for a key.
const ALIASES: [(&str, &str); 27] = [
    ("key", "api_key_file"),
    ("keyfile", "api_key_file"),
    ("token", "api_key_file"),
    ("password", "api_key_file"),
    ("secret", "api_key_file"),
    ("keyenv", "api_key_env"),
    ("keycommand", "api_key_command"),
    ("keycmd", "api_key_command"),
    ("apikeycmd", "api_key_command"),
    ("passwordcommand", "api_key_command"),
    ("url", "base_url"),
    ("host", "base_url"),
    ("apiurl", "base_url"),
    ("apidomain", "base_url"),
    ("domain", "base_url"),
    ("mail", "email"),
    ("user", "email"),
    ("username", "email"),
    ("login", "email"),
    ("limit", "rate"),
    ("ratelimit", "rate"),
    ("jobs", "concurrency"),
    ("parallel", "concurrency"),
    ("database", "history"),
    ("redis", "budget"),
    ("network", "networks"),
    ("accounts", "networks"),
];

/// Where a key stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scope {
    Top,
    Network,
}

/// The key that a misspelled one most likely means, if any.
pub(super) fn meant(wrong: &str) -> Option<&'static str> {
    let bare = bare(wrong);
    let all = || SHARED.into_iter().chain(TOP).chain(NETWORK);
    let same = all().find(|key| self::bare(key) == bare);
    let alias = || ALIASES.iter().find(|(alias, _)| *alias == bare).map(|(_, key)| *key);
    let near = || {
        let distances = all().map(|key| (strsim::damerau_levenshtein(&self::bare(key), &bare), key));
        // A third of the letters may be wrong: `rat` is near, `mode` is not.
        distances
            .filter(|(distance, key)| distance * 3 <= key.len())
            .min_by_key(|(distance, _)| *distance)
            .map(|(_, key)| key)
    };
    same.or_else(alias).or_else(near)
}

/// Without what people write differently: case, `-` and `_`.
fn bare(key: &str) -> String {
    key.chars().filter(|c| !matches!(c, '-' | '_' | ' ' | '.')).map(|c| c.to_ascii_lowercase()).collect()
}

/// The message for a key that is not known in this place. A name that may be a secret is not repeated.
pub(super) fn unknown(wrong: &str, scope: Scope) -> String {
    let meant = meant(wrong);
    let name = if meant == Some(wrong) {
        String::new()
    } else if is_word(wrong) || meant.is_some_and(|key| bare(key) == bare(wrong)) {
        format!("unknown key {wrong:?}; ")
    } else {
        "unknown key (not shown: it may be a secret); ".to_owned()
    };
    match (meant, scope) {
        (Some("networks"), _) => format!("{name}each network is a table of its own: [networks.NAME]"),
        (Some(key), Scope::Top) if NETWORK.contains(&key) => {
            format!("{name}\"{key}\" belongs to one network, below its [networks.NAME]")
        }
        (Some(key), Scope::Network) if TOP.contains(&key) => {
            format!("{name}\"{key}\" is for the whole file and belongs above the first [networks.NAME]")
        }
        (Some(key), _) => format!("{name}did you mean \"{key}\"?"),
        (None, Scope::Top) => format!("{name}the keys here are {}", list(SHARED.into_iter().chain(TOP))),
        (None, Scope::Network) => format!(
            "{name}the keys of a [networks.NAME] table are {} (keys for the whole file go above the first table)",
            list(SHARED.into_iter().chain(NETWORK))
        ),
    }
}

fn list(keys: impl Iterator<Item = &'static str>) -> String {
    keys.collect::<Vec<_>>().join(", ")
}

/// Whether a text is a word that may be repeated: short, and of letters. API keys are long, or have digits in them.
pub(super) fn is_word(text: &str) -> bool {
    const LONGEST: usize = 24;
    let is_plain = |c: char| c.is_ascii_alphabetic() || c == '_' || c == '-';
    let parts = text.split(['_', '-']);
    text.len() <= LONGEST && text.chars().all(is_plain) && parts.into_iter().all(is_of_one_case)
}

/// `timeout`, `TIMEOUT`, `Timeout` or `baseUrl`, but not the mixture that a key is.
fn is_of_one_case(word: &str) -> bool {
    let humps = word.as_bytes().windows(2).filter(|pair| pair[0].is_ascii_lowercase() && pair[1].is_ascii_uppercase());
    word.len() <= 16 && humps.count() <= 2
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_misspelled_key_gets_the_right_one_suggested() {
        for (wrong, key) in [
            ("rates", Some("rate")),
            ("Rate", Some("rate")),
            ("tiemout", Some("timeout")),
            ("time-out", Some("timeout")),
            ("e-mail", Some("email")),
            ("baseUrl", Some("base_url")),
            ("base-url", Some("base_url")),
            ("api_key_comand", Some("api_key_command")),
            ("apikey", Some("api_key")),
            ("key", Some("api_key_file")),
            ("network", Some("networks")),
            ("colour", None),
            ("default", None),
        ] {
            assert_eq!(meant(wrong), key, "{wrong}");
        }
    }

    #[test]
    fn a_name_that_may_be_a_secret_is_not_repeated() {
        for secret in ["9f86d081884c7d65", "sJ3kd92kdjf8s7dfkj3", "QhGtYuIoPlKjHgFdSa", "AbCdEfGhIjKl", "a1b2"] {
            for scope in [Scope::Top, Scope::Network] {
                assert!(!unknown(secret, scope).contains(secret), "{secret}");
            }
        }
        for word in ["colour", "baseUrl", "MAX_CALLS", "default", "retry-after"] {
            assert!(unknown(word, Scope::Top).contains(word), "{word}");
        }
    }
}
