//! The text of a config file to plain values; every mistake in it with its line.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::str::FromStr as _;
use std::time::Duration;

use secrecy::SecretString;
use toml::Spanned;
use toml::de::{DeTable, DeValue};
use url::Url;

use super::keys::{self, Scope};
use super::mistakes::Mistakes;
use super::settings::{AtLine, ConfigFile, Defaults, FileNetwork, KeyEntry};
use super::text::{self, Lines};
use crate::config::host::{base_url, is_network_name};
use crate::config::pasted::{flaw_of_email, flaw_of_key, is_name_of_variable, may_be_a_key};
use crate::settings::rate::Rate;
use crate::settings::units::{parse_duration, parse_timeout};

/// Reads the text of the file at `path`.
///
/// # Errors
/// All its mistakes.
pub(super) fn parse(text: &str, path: &Path) -> Result<ConfigFile, Mistakes> {
    let (table, lines, mistakes) = text::tables(text, path);
    let folder = std::path::absolute(path).ok().and_then(|path| path.parent().map(Path::to_owned)).unwrap_or_default();
    let mut parser = Parser { lines, mistakes, folder };
    let file = parser.file(table.get_ref(), path);
    parser.mistakes.or(file)
}

struct Parser {
    lines: Lines,
    mistakes: Mistakes,
    /// The file's own, which paths in it are relative to.
    folder: PathBuf,
}

/// A key with its value.
#[derive(Clone, Copy)]
struct Entry<'a> {
    key: &'a str,
    line: usize,
    value: &'a DeValue<'a>,
}

type Parsed<T> = Result<(T, String), String>;

impl Parser {
    /// The entries of a table, in the order of the file.
    fn entries<'a>(&self, table: &'a DeTable<'a>) -> Vec<Entry<'a>> {
        let place = |key: &Spanned<std::borrow::Cow<'_, str>>| key.span().start;
        let mut entries: Vec<_> = table.iter().collect();
        entries.sort_by_key(|(key, _)| place(key));
        let entry = |(key, value): (&'a Spanned<_>, &'a Spanned<DeValue<'a>>)| {
            let (at, key): (usize, &'a std::borrow::Cow<'a, str>) = (place(key), key.get_ref());
            Entry { key, line: self.lines.at(at), value: value.get_ref() }
        };
        entries.into_iter().map(entry).collect()
    }

    fn file(&mut self, table: &DeTable<'_>, path: &Path) -> ConfigFile {
        let mut file = ConfigFile { path: path.to_owned(), ..ConfigFile::default() };
        for entry in self.entries(table) {
            match entry.key {
                "history" => file.history = self.set(entry, |value, folder| path_in(folder, value)),
                "budget" => file.budget = self.set(entry, |value, _| Ok((text_of(value)?.into(), "set".to_owned()))),
                "networks" => file.networks = self.networks(entry),
                key if keys::SHARED.contains(&key) => self.shared(entry, &mut file.defaults),
                key if entry.value.is_table() && keys::meant(key) != Some("networks") => {
                    self.mistakes.add(entry.line, "unknown table; a network is [networks.NAME]");
                }
                key => self.mistakes.add(entry.line, keys::unknown(key, Scope::Top)),
            }
        }
        file
    }

    fn networks(&mut self, entry: Entry<'_>) -> Vec<FileNetwork> {
        let Some(tables) = entry.value.as_table() else {
            self.mistakes.add(entry.line, "each network is a table of its own: [networks.NAME]");
            return Vec::new();
        };
        let mut networks: Vec<FileNetwork> = Vec::new();
        for Entry { key: name, line, value } in self.entries(tables) {
            let Some(table) = value.as_table() else {
                // `[networks]` and then `rate = ...`, or `networks.rate = ...`.
                self.mistakes
                    .add(line, "each network is a table of its own: [networks.NAME], and its settings below that");
                continue;
            };
            if let Some(twin) = networks.iter().find(|other| other.name.eq_ignore_ascii_case(name)) {
                let (message, first) =
                    ("the network is there already, but for upper and lower case, in line", twin.line);
                self.mistakes.add(line, format!("{message} {first}"));
            }
            networks.push(self.network(name, line, table));
        }
        networks
    }

    fn network(&mut self, name: &str, line: usize, table: &DeTable<'_>) -> FileNetwork {
        let (name, own) = (name.to_owned(), Defaults::default());
        let mut network = FileNetwork { name, line, base_url: None, key: None, own };
        for entry in self.entries(table) {
            match entry.key {
                "base_url" => network.base_url = self.set(entry, |value, _| url_of_api(value)),
                "api_key" | "api_key_file" | "api_key_env" | "api_key_command" => self.key(entry, &mut network.key),
                key if keys::SHARED.contains(&key) => self.shared(entry, &mut network.own),
                key => self.mistakes.add(entry.line, keys::unknown(key, Scope::Network)),
            }
        }
        if !is_network_name(&network.name, network.base_url.is_some()) {
            let message = "this is no network's name: [networks.NAME] has the NAME of https://NAME.api.offerslook.com; \
                           with a base_url it may be any word of letters, digits, -, _ and .";
            self.mistakes.add(line, message);
        }
        network
    }

    /// The key of a network, to which there is one way.
    fn key(&mut self, entry: Entry<'_>, key: &mut Option<AtLine<KeyEntry>>) {
        if let Some(AtLine { value, line, .. }) = key {
            let message = format!(
                "\"{}\" is a second way to the key, beside \"{}\" in line {line}; keep one",
                entry.key,
                value.name()
            );
            return self.mistakes.add(entry.line, message);
        }
        *key = self.set(entry, |value, folder| key_entry(entry.key, value, folder));
    }

    fn shared(&mut self, entry: Entry<'_>, into: &mut Defaults) {
        match entry.key {
            "email" => into.email = self.set(entry, |value, _| email(value)),
            "rate" => into.rate = self.set(entry, |value, _| rate(value)),
            "concurrency" => into.concurrency = self.set(entry, |value, _| count(value)),
            "timeout" => into.timeout = self.set(entry, |value, _| duration(value, parse_timeout)),
            "connect_timeout" => into.connect_timeout = self.set(entry, |value, _| duration(value, parse_timeout)),
            "retries" => into.retries = self.set(entry, |value, _| retries(value)),
            "max_outage" => into.max_outage = self.set(entry, |value, _| duration(value, parse_duration)),
            "proxy" => into.proxy = self.set(entry, |value, _| proxy(value)),
            "cacert" => into.cacert = self.set(entry, |value, folder| path_in(folder, value)),
            _ => into.allow_http = self.set(entry, |value, _| switch(value)),
        }
    }

    /// The value of an entry; a mistake where it is none.
    fn set<'a, T>(
        &mut self,
        entry: Entry<'a>,
        read: impl FnOnce(&'a DeValue<'a>, &Path) -> Parsed<T>,
    ) -> Option<AtLine<T>> {
        // What a syntax error leaves of a value says nothing.
        if self.mistakes.has(entry.line) {
            return None;
        }
        match read(entry.value, &self.folder) {
            Ok((value, shown)) => Some(AtLine { value, shown, line: entry.line }),
            Err(why) => {
                self.mistakes.add(entry.line, format!("\"{}\": {why}", entry.key));
                None
            }
        }
    }
}

fn text_of(value: &DeValue<'_>) -> Result<String, String> {
    match value.as_str().map(str::trim) {
        None => Err(format!("expected a text in quotes, found {}", kind(value))),
        Some("") => Err("it is empty; leave the line out".to_owned()),
        Some(text) => Ok(text.to_owned()),
    }
}

/// What a value is, in plain words.
fn kind(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a text in quotes",
        DeValue::Integer(_) | DeValue::Float(_) => "a number",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date or time",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}

fn whole_number(value: &DeValue<'_>) -> Option<u64> {
    let number = value.as_integer()?;
    u64::from_str_radix(number.as_str(), number.radix()).ok()
}

fn email(value: &DeValue<'_>) -> Parsed<String> {
    let email = text_of(value)?;
    flaw_of_email(&email).map_or_else(|| Ok((email.clone(), email.clone())), |flaw| Err(flaw.into_owned()))
}

fn rate(value: &DeValue<'_>) -> Parsed<Rate> {
    let expected =
        |_| "expected CALLS/WINDOW in quotes, such as \"50/10s\", \"5/s\" or \"300/m\", or \"none\"".to_owned();
    let rate = text_of(value).and_then(|text| Rate::from_str(&text).map_err(|error| error.to_string()));
    rate.map(|rate| (rate, rate.to_string())).map_err(expected)
}

fn count(value: &DeValue<'_>) -> Parsed<NonZeroUsize> {
    let count = whole_number(value).and_then(|count| usize::try_from(count).ok()).and_then(NonZeroUsize::new);
    count
        .map(|count| (count, count.to_string()))
        .ok_or_else(|| "expected a whole number from 1, without quotes".to_owned())
}

fn retries(value: &DeValue<'_>) -> Parsed<u32> {
    let retries = whole_number(value).and_then(|count| u32::try_from(count).ok());
    retries
        .map(|count| (count, count.to_string()))
        .ok_or_else(|| "expected a whole number from 0, without quotes".to_owned())
}

/// `"60s"`, or a number of seconds, as on the command line.
fn duration(value: &DeValue<'_>, parse: fn(&str) -> Result<Duration, String>) -> Parsed<Duration> {
    let text = whole_number(value).map_or_else(|| text_of(value), |seconds| Ok(format!("{seconds}s")));
    let text = text.map_err(|_| "expected a duration in quotes, such as \"60s\", \"15m\" or \"2h30m\"".to_owned())?;
    Ok((parse(&text)?, text))
}

fn proxy(value: &DeValue<'_>) -> Parsed<Url> {
    let url = Url::parse(&text_of(value)?).map_err(|error| format!("it is no URL ({error})"))?;
    let mut shown = url.clone();
    if url.password().is_some() || !url.username().is_empty() {
        // Refused only for URLs that have no host, which have no user either.
        let _ = shown.set_username("***").and_then(|()| shown.set_password(None));
    }
    Ok((url, shown.to_string()))
}

fn switch(value: &DeValue<'_>) -> Parsed<bool> {
    value.as_bool().map(|on| (on, on.to_string())).ok_or_else(|| "expected true or false, without quotes".to_owned())
}

fn url_of_api(value: &DeValue<'_>) -> Parsed<Url> {
    let url = base_url(&text_of(value)?)?;
    Ok((url.clone(), url.to_string()))
}

/// A path, which may begin with `~/` and is relative to the config file otherwise.
fn path_in(folder: &Path, value: &DeValue<'_>) -> Parsed<PathBuf> {
    let text = text_of(value)?;
    let home = text.strip_prefix("~/").zip(std::env::home_dir());
    let path = home.map_or_else(|| folder.join(&text), |(rest, home)| home.join(rest));
    let shown = path.display().to_string();
    Ok((path, shown))
}

fn key_entry(key: &str, value: &DeValue<'_>, folder: &Path) -> Parsed<KeyEntry> {
    let entry = match key {
        "api_key" => {
            let text = text_of(value)?;
            if let Some(flaw) = flaw_of_key(&text) {
                return Err(flaw.into_owned());
            }
            KeyEntry::Value(SecretString::from(text))
        }
        "api_key_file" => {
            let (path, shown) = path_in(folder, value)?;
            if !path.exists() && text_of(value).is_ok_and(|text| may_be_a_key(Path::new(&text))) {
                return Err("expected the name of a file; what is there is the name of none, and may be the API key \
                            itself, so it is not shown"
                    .to_owned());
            }
            return Ok((KeyEntry::File(path), shown));
        }
        "api_key_env" => match text_of(value)? {
            name if is_name_of_variable(&name) || std::env::var_os(&name).is_some() => {
                return Ok((KeyEntry::Variable(name.clone()), name));
            }
            _ => {
                return Err(
                    "expected the name of an environment variable, such as \"DEMO_KEY\"; what is there may be the \
                            API key itself, so it is not shown"
                        .to_owned(),
                );
            }
        },
        _ => KeyEntry::Command(command(value)?),
    };
    Ok((entry, "not shown".to_owned()))
}

fn command(value: &DeValue<'_>) -> Result<Vec<String>, String> {
    let expected = || {
        "expected the program and its arguments as a list, such as [\"pass\", \"show\", \"demo\"]; it is run without a shell".to_owned()
    };
    let words = value.as_array().ok_or_else(expected)?;
    let words: Option<Vec<String>> = words.iter().map(|word| word.get_ref().as_str().map(str::to_owned)).collect();
    words.filter(|words| words.first().is_some_and(|program| !program.trim().is_empty())).ok_or_else(expected)
}

#[cfg(test)]
#[path = "parse_tests.rs"]
mod tests;
