//! One network with everything it is called by.

use std::fmt;
use std::path::PathBuf;

use secrecy::{ExposeSecret as _, SecretString};

use super::CallSettings;
use super::overlay::{Overlay, Patch};
use super::provenance::{patched, typed_key};
use crate::api::redact::spellings;
use crate::config::account_error::AccountError;
use crate::config::credentials::AccountSource;
use crate::config::environment::KEY_VARIABLE;
use crate::config::file::{AtLine, ConfigFile, Defaults, FileNetwork, KeyEntry};
use crate::config::host::{HostSource, holds_key};
use crate::config::key_source::KeySource;
use crate::config::networks::Network;
use crate::dispatch::Policy;
use crate::settings::known_keys::KnownKeys;
use crate::settings::network::{Account, Http};
use crate::settings::origin::Setting;

/// A network that is meant, and what is known of it.
#[derive(Debug)]
pub(crate) struct Target {
    /// What the user calls it.
    pub name: String,
    /// Its line in the config file, if it is in the file: that of its table, or of its key where the key is unusable.
    pub line: Option<usize>,
    /// Whose account, or what is wrong with its settings.
    pub network: Result<Network, AccountError>,
    /// How its calls are made.
    pub http: Http,
    /// How they are paced and repeated.
    pub policy: Policy,
    /// Its settings, and where each came from.
    pub settings: Vec<Setting>,
    /// Warnings.
    pub warnings: Vec<String>,
}

/// Everything that settings come from.
#[derive(Debug)]
pub(super) struct Given<'a> {
    pub(super) typed: &'a CallSettings,
    pub(super) api_key: Option<SecretString>,
    pub(super) settings: &'a [Setting],
    pub(super) file: &'a ConfigFile,
}

impl Given<'_> {
    /// The embedded network.
    pub(super) fn sandbox(&self) -> Target {
        let own = Defaults::default();
        let overlay = Overlay::new(self.settings, &own, self.file);
        let named_by = self.host_named_by();
        self.target("sandbox".to_owned(), (Ok(Network::Sandbox), Vec::new()), overlay, (named_by, None))
    }

    /// The network that flags and environment name.
    pub(super) fn typed(&self) -> Target {
        let own = Defaults::default();
        let mut overlay = Overlay::new(self.settings, &own, self.file);
        let source = AccountSource {
            host: self.base_url().or_else(|| given(self.typed.account.network.as_ref()).map(HostSource::Network)),
            email: overlay.email().or_else(|| self.email()),
            key: self.key(),
        };
        let (network, warnings) = resolved(source);
        let name = network.as_ref().map(Network::host).unwrap_or_default();
        let key = self.key_setting(&network);
        self.target(name, (network, warnings), overlay, (self.host_named_by(), key))
    }

    /// A network of the config file. Flags and environment give its account only where it is the only network.
    pub(super) fn of_file(&self, network: &FileNetwork, is_only: bool) -> Target {
        let settings = if is_only { self.settings.to_vec() } else { self.shared_settings() };
        let mut overlay = Overlay::new(&settings, &network.own, self.file);
        let of_account = |value: Option<HostSource>| value.filter(|_| is_only);
        let (host, named_by) = match (of_account(self.base_url()), &network.base_url) {
            (Some(host), _) => (host, self.host_named_by()),
            (None, Some(url)) => {
                overlay.add(Patch { flag: "base_url", shown: url.shown.clone(), line: url.line });
                let named_by = format!("base_url in {} line {}", self.file.path.display(), url.line);
                (HostSource::BaseUrl(url.value.to_string()), named_by)
            }
            (None, None) => {
                let named_by = format!("[networks.{}] in {}", network.name, self.file.path.display());
                (HostSource::Network(network.name.clone()), named_by)
            }
        };
        if !is_only || given(self.typed.account.network.as_ref()).is_none() {
            overlay.add(Patch { flag: "--network", shown: network.name.clone(), line: network.line });
        }
        let email = overlay.email().or_else(|| self.email().filter(|_| is_only));
        let typed_key = self.key().filter(|_| is_only);
        let beaten = typed_key.as_ref().and(network.key.as_ref());
        let beaten = beaten.filter(|_| self.key_file().is_none()).map(|key| self.warn_of_variable(network, key.line));
        let is_key_typed = typed_key.is_some();
        let key = typed_key.or_else(|| network.key.as_ref().map(|key| self.key_of_file(key)));
        let source = AccountSource { host: Some(host), email, key };
        let (network_found, mut warnings) = match missing(&source) {
            Some(missing) => (Err(missing), Vec::new()),
            None => resolved(source),
        };
        warnings.extend(beaten);
        let key = if is_key_typed {
            self.key_setting(&network_found)
        } else {
            network.key.as_ref().map(|key| self.file_key_setting(key, &network_found))
        };
        let mut target = self.target(network.name.clone(), (network_found, warnings), overlay, (named_by, key));
        let of_key = |error: &AccountError| error.is_about_key() && !is_key_typed;
        let key_line = network.key.as_ref().filter(|_| target.network.as_ref().is_err_and(of_key)).map(|key| key.line);
        target.line = Some(key_line.unwrap_or(network.line));
        if let Err(error @ AccountError::KeyForHost(_)) = &mut target.network {
            *error = AccountError::KeyForHost("the name of the table, or in its base_url");
            "[hidden]".clone_into(&mut target.name);
        }
        target
    }

    /// The settings that concern all of several networks.
    pub(super) fn shared_settings(&self) -> Vec<Setting> {
        const OF_ONE: [&str; 4] = ["--network", "--base-url", "--email", "--api-key-file"];
        let settings = self.settings.iter().filter(|setting| !OF_ONE.contains(&setting.name.as_str()));
        settings.cloned().collect()
    }

    fn target(
        &self,
        name: String,
        (network, warnings): (Result<Network, AccountError>, Vec<String>),
        mut overlay: Overlay<'_>,
        (named_by, key): (String, Option<Setting>),
    ) -> Target {
        let http = overlay.http(self.typed, named_by);
        let policy = overlay.policy(self.typed, http.concurrency);
        let (settings, patches) = overlay.into_parts();
        let mut settings = patched(settings, &patches, self.file);
        settings.extend(key);
        Setting::mark_beaten(&mut settings);
        if network.as_ref().is_err_and(AccountError::is_key_for_host) {
            Setting::hide_hosts(&mut settings);
        }
        Target { name, line: None, network, http, policy, settings, warnings }
    }

    fn base_url(&self) -> Option<HostSource> {
        let url = given(self.typed.account.base_url.as_ref());
        url.filter(|_| !Setting::network_wins(self.settings)).map(HostSource::BaseUrl)
    }

    fn host_named_by(&self) -> String {
        Setting::of_host(self.settings).unwrap_or_else(|| Http::default().host_named_by)
    }

    fn email(&self) -> Option<String> {
        given(self.typed.account.email.as_ref())
    }

    fn key_file(&self) -> Option<PathBuf> {
        self.typed.account.api_key_file.clone().filter(|path| !path.as_os_str().is_empty())
    }

    fn key(&self) -> Option<KeySource> {
        let value = || Some(KeySource::Value { key: self.api_key.clone()?, from: KEY_VARIABLE.to_owned() });
        self.key_file().map(KeySource::File).or_else(value)
    }

    /// The key that flags or environment give, as a setting.
    fn key_setting(&self, network: &Result<Network, AccountError>) -> Option<Setting> {
        let key = key_of(network);
        let is_readable = key.is_some() || self.api_key.is_some() && self.key_file().is_none();
        is_readable.then(|| typed_key(key, self.key_file()))
    }

    fn key_of_file(&self, key: &AtLine<KeyEntry>) -> KeySource {
        match key.value.clone() {
            KeyEntry::Value(value) => {
                let from = format!("{} line {}", self.file.path.display(), key.line);
                KeySource::Value { key: value, from }
            }
            KeyEntry::File(path) => KeySource::File(path),
            KeyEntry::Variable(name) => KeySource::Variable(name),
            KeyEntry::Command(words) => KeySource::Command(words),
        }
    }

    fn file_key_setting(&self, key: &AtLine<KeyEntry>, network: &Result<Network, AccountError>) -> Setting {
        let length = key_of(network).map(|key| key.expose_secret().chars().count());
        let mut setting = Setting::key(length, self.file.origin(key.line));
        setting.value += &match &key.value {
            KeyEntry::File(_) | KeyEntry::Variable(_) => format!(", by {} {}", key.value.name(), key.shown),
            KeyEntry::Value(_) | KeyEntry::Command(_) => format!(", by {}", key.value.name()),
        };
        setting
    }

    fn warn_of_variable(&self, network: &FileNetwork, line: usize) -> String {
        format!(
            "[networks.{}] is called with the API key in {KEY_VARIABLE}, not with that of {} line {line}; unset the \
             variable to use the file's",
            network.name,
            self.file.path.display()
        )
    }
}

/// The value, if given; an empty variable counts as unset.
fn given(text: Option<&String>) -> Option<String> {
    text.filter(|text| !text.trim().is_empty()).cloned()
}

fn key_of(network: &Result<Network, AccountError>) -> Option<&SecretString> {
    if let Ok(Network::Real(account)) = network { Some(&account.api_key) } else { None }
}

fn resolved(source: AccountSource) -> (Result<Network, AccountError>, Vec<String>) {
    match source.resolve() {
        Ok((account, warnings)) => (Ok(Network::Real(account)), warnings),
        Err(error) => (Err(error), Vec::new()),
    }
}

/// What a network of the config file lacks.
fn missing(source: &AccountSource) -> Option<AccountError> {
    let email = source.email.is_none().then_some("no email (it may stand above the first table, for all)");
    let key = source.key.is_none().then_some("no API key: api_key_file, api_key_env or api_key_command");
    let missing: Vec<_> = email.into_iter().chain(key).collect();
    (!missing.is_empty()).then_some(AccountError::MissingInFile(missing))
}

/// Refuses networks whose name, address or e-mail has the key of any of them in it.
pub(super) fn refuse_keys_in_plain(targets: &mut [Target]) {
    let keys: Vec<SecretString> = targets.iter().filter_map(|target| key_of(&target.network).cloned()).collect();
    for target in targets.iter_mut() {
        let Ok(Network::Real(Account { base_url, email, .. })) = &target.network else { continue };
        let has_key = |text: &str| keys.iter().any(|key| holds_key(text, key.expose_secret()));
        if has_key(base_url.as_str()) || has_key(&target.name) || has_key(email) {
            target.network = Err(AccountError::KeyForHost("a name, an address or an e-mail"));
            "[hidden]".clone_into(&mut target.name);
            Setting::hide_hosts(&mut target.settings);
        }
    }
}

/// Makes each of several networks hide the keys of all of them.
pub(super) fn share_keys(targets: &mut [Target]) {
    if targets.len() > 1 {
        let accounts = targets.iter().filter_map(|target| target.network.as_ref().ok()?.account());
        let known = KnownKeys::of(accounts.flat_map(spellings));
        for target in targets.iter_mut() {
            target.http.known_keys.clone_from(&known);
        }
    }
}

/// Networks of the config file that cannot be called.
#[derive(Debug, thiserror::Error)]
pub(crate) struct BadNetworks {
    path: PathBuf,
    /// The line of each, its name, and why.
    networks: Vec<(usize, String, String)>,
    /// Whether others are meant that can be called.
    are_others: bool,
}

impl BadNetworks {
    /// Those among the targets.
    ///
    /// # Errors
    /// There are some.
    pub(super) fn check(targets: &[Target], file: &ConfigFile) -> Result<(), Self> {
        let bad = targets
            .iter()
            .filter_map(|target| Some((target.line?, target.name.clone(), target.network.as_ref().err()?.to_string())));
        let networks: Vec<_> = bad.collect();
        let are_others = targets.iter().any(|target| target.network.is_ok());
        if networks.is_empty() { Ok(()) } else { Err(Self { path: file.path.clone(), networks, are_others }) }
    }
}

impl fmt::Display for BadNetworks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.path.display();
        let way_out = if self.are_others { "to call only the others, name them: --network NAME,NAME" } else { "" };
        let before = |separator| if self.are_others { separator } else { "" };
        if let [(line, name, why)] = self.networks.as_slice() {
            return write!(f, "config file {path}, line {line}: [networks.{name}]: {why}{}{way_out}", before("; "));
        }
        write!(f, "{} networks of the config file {path} cannot be called:", self.networks.len())?;
        self.networks
            .iter()
            .try_for_each(|(line, name, why)| write!(f, "\n  line {line}: [networks.{name}]: {why}"))?;
        write!(f, "{}{way_out}", before("\n  "))
    }
}
