//! The text of a config file to plain values; every mistake in it with its line.

use std::path::{Path, PathBuf};

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::keys::{self, Scope};
use super::mistakes::Mistakes;
use super::settings::{AtLine, ConfigFile, Defaults, FileNetwork, KeyEntry};
use super::text::{self, Lines};
use super::values::{
    Parsed, count, duration, email, key_entry, path_in, proxy, rate, retries, switch, text_of, url_of_api,
};
use crate::config::host::is_network_name;
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

    /// The key of a network, which must be given in exactly one way.
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

    /// The value of an entry; an invalid one is recorded as a mistake.
    fn set<'a, T>(
        &mut self,
        entry: Entry<'a>,
        read: impl FnOnce(&'a DeValue<'a>, &Path) -> Parsed<T>,
    ) -> Option<AtLine<T>> {
        // A value with a syntax error is reported only once.
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

#[cfg(test)]
#[path = "parse_tests.rs"]
mod tests;
