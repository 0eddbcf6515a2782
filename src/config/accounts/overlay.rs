//! Which value of a setting wins: the command line, then the network's table in the config file, then the top of the file.

use std::path::PathBuf;

use crate::config::accounts::CallSettings;
use crate::config::file::{AtLine, ConfigFile, Defaults};
use crate::dispatch::Policy;
use crate::settings::known_keys::KnownKeys;
use crate::settings::network::Http;
use crate::settings::origin::{Setting, SettingSource};

/// A value of the config file that is in use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Patch {
    /// The flag of the same meaning.
    pub(super) flag: &'static str,
    /// Its text for messages.
    pub(super) shown: String,
    /// Its line.
    pub(super) line: usize,
}

/// Chooses values, and remembers which came from the file.
#[derive(Debug)]
pub(super) struct Overlay<'a> {
    settings: &'a [Setting],
    own: &'a Defaults,
    top: &'a Defaults,
    patches: Vec<Patch>,
}

impl<'a> Overlay<'a> {
    pub(super) fn new(settings: &'a [Setting], own: &'a Defaults, file: &'a ConfigFile) -> Self {
        Self { settings, own, top: &file.defaults, patches: Vec::new() }
    }

    /// The file's value of a setting that nobody typed. An empty variable is an unset one.
    fn value<T: Clone>(&mut self, flag: &'static str, of: fn(&Defaults) -> &Option<AtLine<T>>) -> Option<T> {
        let is_typed = |setting: &Setting| {
            setting.name == flag
                && match setting.origin {
                    SettingSource::Default => false,
                    SettingSource::Environment(_) => !setting.value.trim().is_empty(),
                    _ => true,
                }
        };
        if self.settings.iter().any(is_typed) {
            return None;
        }
        let AtLine { value, shown, line } = of(self.own).as_ref().or(of(self.top).as_ref())?;
        self.patches.push(Patch { flag, shown: shown.clone(), line: *line });
        Some(value.clone())
    }

    /// The e-mail of the file.
    pub(super) fn email(&mut self) -> Option<String> {
        self.value("--email", |of| &of.email)
    }

    /// How calls are made.
    pub(super) fn http(&mut self, typed: &CallSettings, host_named_by: String) -> Http {
        let CallSettings { call, net, .. } = typed;
        Http {
            host_named_by,
            timeout: self.value("--timeout", |of| &of.timeout).unwrap_or(call.timeout),
            connect_timeout: self.value("--connect-timeout", |of| &of.connect_timeout).unwrap_or(call.connect_timeout),
            proxy: self.value("--proxy", |of| &of.proxy).or_else(|| net.proxy.clone()),
            cacert: self.value("--cacert", |of| &of.cacert).or_else(|| net.cacert.clone()),
            allow_http: self.value("--allow-http", |of| &of.allow_http).unwrap_or(net.allow_http),
            user_agent: net.user_agent.clone(),
            max_body: net.max_body,
            concurrency: self.concurrency(typed),
            known_keys: KnownKeys::default(),
        }
    }

    /// How they are paced and repeated.
    pub(super) fn policy(&mut self, typed: &CallSettings, concurrency: usize) -> Policy {
        let CallSettings { call, attempts, .. } = typed;
        Policy {
            rate: self.value("--rate", |of| &of.rate).unwrap_or(call.rate),
            concurrency,
            retries: self.value("--retries", |of| &of.retries).unwrap_or(attempts.retries),
            max_outage: self.value("--max-outage", |of| &of.max_outage).unwrap_or(attempts.max_outage),
            max_duration: attempts.max_duration,
        }
    }

    fn concurrency(&mut self, typed: &CallSettings) -> usize {
        let Some(concurrency) = typed.concurrency else { return 1 };
        self.value("--concurrency", |of| &of.concurrency).unwrap_or(concurrency).get()
    }

    /// Remembers another value that came from the file.
    pub(super) fn add(&mut self, patch: Patch) {
        self.patches.push(patch);
    }

    /// The settings as typed, and what came from the file.
    pub(super) fn into_parts(self) -> (&'a [Setting], Vec<Patch>) {
        (self.settings, self.patches)
    }
}

/// How calls are made and paced where there is no config file.
pub(super) fn without_file(typed: &CallSettings, settings: &[Setting]) -> (Http, Policy) {
    let (own, file) = (Defaults::default(), ConfigFile { path: PathBuf::new(), ..ConfigFile::default() });
    let mut overlay = Overlay::new(settings, &own, &file);
    let http = overlay.http(typed, Http::default().host_named_by);
    let policy = overlay.policy(typed, http.concurrency);
    (http, policy)
}
