//! What a config file says, as plain values, each with its line.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use secrecy::SecretString;
use url::Url;

use crate::settings::origin::SettingSource;
use crate::settings::rate::Rate;

/// A value and its line.
#[derive(Clone, Debug)]
pub(crate) struct AtLine<T> {
    /// The value.
    pub value: T,
    /// Its text for messages: never a secret.
    pub shown: String,
    /// Its line, from 1.
    pub line: usize,
}

/// A config file; empty where there is none.
#[derive(Debug, Default)]
pub(crate) struct ConfigFile {
    /// The file.
    pub path: PathBuf,
    /// Defaults for every network.
    pub defaults: Defaults,
    /// The database of `--history`.
    pub history: Option<AtLine<PathBuf>>,
    /// The server of `--budget`; may hold a password.
    pub budget: Option<AtLine<SecretString>>,
    /// The networks, in the order of the file.
    pub networks: Vec<FileNetwork>,
}

/// A network of the file.
#[derive(Debug)]
pub(crate) struct FileNetwork {
    /// Its name.
    pub name: String,
    /// The line of its table.
    pub line: usize,
    /// Its address, if that is not `NAME.api.offerslook.com`.
    pub base_url: Option<AtLine<Url>>,
    /// Where its key is.
    pub key: Option<AtLine<KeyEntry>>,
    /// Its own settings.
    pub own: Defaults,
}

/// Settings that may be a default for all networks, and be set for each.
#[derive(Debug, Default)]
pub(crate) struct Defaults {
    /// The affiliate's e-mail.
    pub email: Option<AtLine<String>>,
    /// The network's limit.
    pub rate: Option<AtLine<Rate>>,
    /// Calls in flight.
    pub concurrency: Option<AtLine<NonZeroUsize>>,
    /// The longest time for a call.
    pub timeout: Option<AtLine<Duration>>,
    /// The longest time for a connection.
    pub connect_timeout: Option<AtLine<Duration>>,
    /// Calls again after a failure.
    pub retries: Option<AtLine<u32>>,
    /// The longest outage that is waited for.
    pub max_outage: Option<AtLine<Duration>>,
    /// The proxy.
    pub proxy: Option<AtLine<Url>>,
    /// Certificate authorities to trust.
    pub cacert: Option<AtLine<PathBuf>>,
    /// Whether the key may travel over plain http.
    pub allow_http: Option<AtLine<bool>>,
}

/// Where a network's key is.
#[derive(Clone, Debug)]
pub(crate) enum KeyEntry {
    /// In the file itself.
    Value(SecretString),
    /// In a file of its own.
    File(PathBuf),
    /// In an environment variable.
    Variable(String),
    /// A command prints it: the program and its arguments.
    Command(Vec<String>),
}

impl KeyEntry {
    /// The key of the file that says so.
    pub(crate) const fn name(&self) -> &'static str {
        match self {
            Self::Value(_) => "api_key",
            Self::File(_) => "api_key_file",
            Self::Variable(_) => "api_key_env",
            Self::Command(_) => "api_key_command",
        }
    }
}

impl ConfigFile {
    /// The network with this name, in any case, like host names.
    pub(crate) fn network(&self, name: &str) -> Option<&FileNetwork> {
        self.networks.iter().find(|network| network.name.eq_ignore_ascii_case(name.trim()))
    }

    /// The names of its networks, for messages.
    pub(crate) fn names(&self) -> String {
        self.networks.iter().map(|network| network.name.as_str()).collect::<Vec<_>>().join(", ")
    }

    /// A line of the file, as the origin of a setting.
    pub(crate) fn origin(&self, line: usize) -> SettingSource {
        SettingSource::ConfigFile { path: self.path.clone(), line }
    }

    /// Whether the file itself contains an API key or a password.
    pub(crate) fn has_secrets(&self) -> bool {
        let has_key = |network: &FileNetwork| matches!(&network.key, Some(AtLine { value: KeyEntry::Value(_), .. }));
        let has_password = |proxy: &AtLine<Url>| proxy.value.password().is_some();
        let proxies = self.networks.iter().map(|network| &network.own).chain([&self.defaults]);
        self.networks.iter().any(has_key)
            || self.budget.is_some()
            || proxies.filter_map(|settings| settings.proxy.as_ref()).any(has_password)
    }

    /// Whether it names commands that are run.
    pub(crate) fn has_commands(&self) -> bool {
        let is_command =
            |network: &FileNetwork| matches!(&network.key, Some(AtLine { value: KeyEntry::Command(_), .. }));
        self.networks.iter().any(is_command)
    }
}
