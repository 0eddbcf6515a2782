//! Which settings a command was given, and where each came from: for `check`, and for `export -v`.
//!
//! Holds texts for messages; never the API key.

use std::fmt;
use std::path::PathBuf;

use crate::text;

/// Where a setting came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SettingSource {
    /// The command line.
    Flag,
    /// This environment variable.
    Environment(String),
    /// A file that holds the key.
    KeyFile(PathBuf),
    /// This line of the config file.
    ConfigFile {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
    },
    /// The default.
    Default,
}

impl fmt::Display for SettingSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag => f.write_str("command line"),
            Self::Environment(name) => f.write_str(name),
            Self::KeyFile(path) => write!(f, "key file {}", path.display()),
            Self::ConfigFile { path, line } => write!(f, "{} line {line}", path.display()),
            Self::Default => f.write_str("default"),
        }
    }
}

/// A setting, as text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    /// Its flag, or its other name.
    pub name: String,
    /// Its value, without any secret; empty for a switch.
    pub value: String,
    /// Where it came from.
    pub origin: SettingSource,
    /// The setting that overrides it, if any.
    pub beaten_by: Option<&'static str>,
}

impl Setting {
    /// Names of the settings that make up the account.
    const ACCOUNT: [&str; 5] = ["--network", "--base-url", "--email", "--api-key-file", Self::KEY];
    /// The name of the key, which has no flag.
    pub const KEY: &str = "API key";

    /// The key; only its length is shown.
    pub fn key(length: Option<usize>, origin: SettingSource) -> Self {
        let value = length.map_or_else(|| "not read".to_owned(), |n| format!("set, {n} characters"));
        Self { name: Self::KEY.to_owned(), value, origin, beaten_by: None }
    }

    /// Whether `--network` names the host although there is a base URL: a flag overrides the environment.
    pub fn network_wins(settings: &[Self]) -> bool {
        let typed =
            |name: &str| settings.iter().any(|setting| setting.name == name && setting.origin == SettingSource::Flag);
        typed("--network") && !typed("--base-url")
    }

    /// The setting that names the host, with its value: what to correct when the host does not exist.
    pub fn of_host(settings: &[Self]) -> Option<String> {
        let given = |name: &'static str| {
            settings.iter().find(|setting| setting.name == name && !setting.value.trim().is_empty())
        };
        let base_url = given("--base-url").filter(|_| !Self::network_wins(settings));
        let Self { name, value, origin, .. } = base_url.or_else(|| given("--network"))?;
        Some(match origin {
            SettingSource::Environment(variable) => format!("{variable} ({value})"),
            _ => format!("{name} {value}"),
        })
    }

    /// Hides the value of the network: it is the key.
    pub fn hide_hosts(settings: &mut [Self]) {
        for setting in settings.iter_mut().filter(|setting| ["--network", "--base-url"].contains(&&*setting.name)) {
            "[hidden]".clone_into(&mut setting.value);
        }
    }

    /// Marks the settings that another one overrides.
    pub fn mark_beaten(settings: &mut [Self]) {
        let given = |name: &str| {
            let used = |setting: &&Self| setting.name == name && !setting.value.trim().is_empty();
            settings.iter().any(|setting| used(&setting))
        };
        let (sandbox, base_url) = (settings.iter().any(|setting| setting.name == "--sandbox"), given("--base-url"));
        let network_wins = Self::network_wins(settings);
        for setting in settings {
            if sandbox && Self::ACCOUNT.contains(&setting.name.as_str()) {
                setting.beaten_by = Some("--sandbox");
            } else if base_url && !network_wins && setting.name == "--network" {
                setting.beaten_by = Some("--base-url");
            } else if network_wins && setting.name == "--base-url" {
                setting.beaten_by = Some("--network");
            }
        }
    }
}

impl fmt::Display for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, value, origin, beaten_by } = self;
        let value = &*text::shown(value);
        let value = if value.is_empty() && *origin != SettingSource::Flag { "empty, so not set" } else { value };
        write!(f, "{name:<18} {value}{}({origin}", if value.is_empty() { "" } else { " " })?;
        match beaten_by {
            Some(winner) => write!(f, ", not used: {winner} beats it)"),
            None => f.write_str(")"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_setting_says_where_it_is_from_and_what_beats_it() {
        let setting = |name: &str, value: &str, origin| Setting {
            name: name.to_owned(),
            value: value.to_owned(),
            origin,
            beaten_by: None,
        };
        let variable = |name: &str| SettingSource::Environment(name.to_owned());
        let mut settings = [
            setting("--network", "demo", variable("OFFERSLOOK_NETWORK")),
            setting("--base-url", "https://x.example", SettingSource::Flag),
            setting("--email", "", variable("OFFERSLOOK_EMAIL")),
            setting("--rate", "50/10s", SettingSource::Default),
            setting("--allow-http", "", SettingSource::Flag),
            Setting::key(Some(32), SettingSource::KeyFile("/run/key".into())),
        ];
        Setting::mark_beaten(&mut settings);
        insta::assert_snapshot!(settings.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"), @r"
        --network          demo (OFFERSLOOK_NETWORK, not used: --base-url beats it)
        --base-url         https://x.example (command line)
        --email            empty, so not set (OFFERSLOOK_EMAIL)
        --rate             50/10s (default)
        --allow-http       (command line)
        API key            set, 32 characters (key file /run/key)
        ");
        let mut typed_network = [
            setting("--network", "demo", SettingSource::Flag),
            setting("--base-url", "https://x.example", variable("OFFERSLOOK_BASE_URL")),
        ];
        Setting::mark_beaten(&mut typed_network);
        assert_eq!(typed_network.map(|setting| setting.beaten_by), [None, Some("--network")]);
        let mut with_sandbox =
            [setting("--email", "me@x", SettingSource::Flag), setting("--sandbox", "", SettingSource::Flag)];
        Setting::mark_beaten(&mut with_sandbox);
        assert_eq!(with_sandbox.map(|setting| setting.beaten_by), [Some("--sandbox"), None]);
    }
}
