//! The lines of a check about its settings.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::commands::check::gate::{Check, CheckStatus};
use crate::settings::origin::Setting;
use crate::text;

/// A line for every setting.
pub(crate) fn indented(settings: &[Setting]) -> String {
    let mut text = String::new();
    for setting in settings {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{:13}{setting}", "");
    }
    text
}

/// The lines for settings that are wrong or missing.
pub(crate) fn without_settings(settings: &str, why: &str) -> String {
    let mut text = line("settings", CheckStatus::Fail, &why.replace('\n', "\n             ")) + settings;
    for gate in Check::ALL.into_iter().filter(|gate| *gate != Check::Budget) {
        text += &line(gate.name(), CheckStatus::Skipped, "");
    }
    text
}

/// The settings, for programs: whether they are good, and each of them.
pub(crate) fn json_of_settings(settings: &[Setting], state: CheckStatus, words: &str) -> Value {
    let each = settings.iter().map(|setting| {
        let Setting { name, value, origin, beaten_by } = setting;
        json!({"name": name, "value": value, "origin": origin.to_string(), "beaten_by": beaten_by})
    });
    json!({"state": state.json(), "message": words, "settings": each.collect::<Vec<_>>()})
}

/// The lines for good settings.
pub(crate) fn with_settings(settings: &str, warnings: &[String]) -> String {
    let (state, words) = match warnings {
        [] => (CheckStatus::Pass, "all there".to_owned()),
        warnings => (CheckStatus::Warn, warnings.join("; ")),
    };
    line("settings", state, &words) + settings
}

pub(super) fn line(name: &str, state: CheckStatus, words: &str) -> String {
    let words = text::shown_message(words);
    let mut text = format!("{name:<12} {:<12} {words}", state.word());
    text.truncate(text.trim_end().len());
    text.push('\n');
    text
}
