//! Where the settings of a network came from, for `check` and `-v`.

use std::path::PathBuf;

use secrecy::{ExposeSecret as _, SecretString};

use crate::config::accounts::overlay::Patch;
use crate::config::environment::KEY_VARIABLE;
use crate::config::file::ConfigFile;
use crate::settings::origin::{Setting, SettingSource};

/// The settings, with the config file's values in place of defaults. A setting without a flag in this command is left
/// out: `list` and `check` have fewer flags than `export`.
pub(super) fn patched(settings: &[Setting], patches: &[Patch], file: &ConfigFile) -> Vec<Setting> {
    let mut settings = settings.to_vec();
    for Patch { flag, shown, line } in patches {
        settings.retain(|setting| setting.name != *flag);
        settings.push(Setting {
            name: (*flag).to_owned(),
            value: shown.clone(),
            origin: file.origin(*line),
            beaten_by: None,
        });
    }
    settings
}

/// Adds a setting that was not typed, unless it is in the list already.
pub(super) fn set_default(settings: &mut Vec<Setting>, name: &str, value: &str) {
    if !settings.iter().any(|setting| setting.name == name && !setting.value.is_empty()) {
        settings.retain(|setting| setting.name != name);
        let (name, value) = (name.to_owned(), value.to_owned());
        settings.push(Setting { name, value, origin: SettingSource::Default, beaten_by: None });
    }
}

/// The key from flags or environment, as a setting: that it is set and where, but not its value.
pub(super) fn typed_key(key: Option<&SecretString>, file: Option<PathBuf>) -> Setting {
    let length = key.map(|key| key.expose_secret().chars().count());
    let origin = file.map_or_else(|| SettingSource::Environment(KEY_VARIABLE.to_owned()), SettingSource::KeyFile);
    Setting::key(length, origin)
}

/// A network's own settings, under its name.
pub(super) fn own_settings(name: &str, own: Vec<Setting>, shared: &[Setting]) -> Vec<Setting> {
    let is_own = |setting: &Setting| !shared.contains(setting);
    let named = |setting: Setting| Setting { name: format!("{name}: {}", setting.name), ..setting };
    own.into_iter().filter(is_own).map(named).collect()
}
