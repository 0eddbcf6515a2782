//! Where each setting came from (command line, environment or default), and the commands to run next.
//!
//! All of this ends up in logs, so passwords in URLs are left out.

use std::ffi::OsString;
use std::path::Path;

use clap::parser::ValueSource;
use clap::{Arg, ArgMatches, CommandFactory};

use crate::budget::redis::address;
use crate::cli::Cli;
use crate::settings::console::LogFormat;
use crate::settings::origin::{Setting, SettingSource};
use crate::settings::pasted::may_be_a_key;

/// The settings of the command that was typed.
pub(crate) fn settings(matches: &ArgMatches) -> Vec<Setting> {
    let Some((name, matches)) = matches.subcommand() else { return Vec::new() };
    let command = Cli::command();
    let arguments = command.find_subcommand(name).into_iter().flat_map(clap::Command::get_arguments);
    arguments.filter_map(|argument| setting(argument, matches)).collect()
}

/// Whether an API key is among the arguments.
pub(crate) fn has_key(matches: &ArgMatches) -> bool {
    let typed = |(_, matches): (&str, &ArgMatches)| matches.try_contains_id("api_key").is_ok_and(|there| there);
    matches.subcommand().is_some_and(typed)
}

/// The format of messages that a command line asks for, even if the rest of it is invalid.
pub(crate) fn log_format(typed: &[OsString]) -> LogFormat {
    let pairs = typed.iter().zip(typed.iter().skip(1));
    let apart = pairs.into_iter().any(|(flag, value)| flag == "--log-format" && value == "json");
    if apart || typed.iter().any(|word| word == "--log-format=json") { LogFormat::Json } else { LogFormat::Text }
}

fn setting(argument: &Arg, matches: &ArgMatches) -> Option<Setting> {
    let id = argument.get_id();
    // clap panics when asked for an argument that the command does not have.
    matches.ids().find(|there| *there == id)?;
    let is_switch = !argument.get_action().takes_values();
    let origin = match matches.value_source(id.as_str())? {
        ValueSource::CommandLine => SettingSource::Flag,
        ValueSource::EnvVariable => SettingSource::Environment(argument.get_env()?.to_string_lossy().into_owned()),
        _ if is_switch => return None,
        _ => SettingSource::Default,
    };
    let name = match (argument.get_long(), argument.get_value_names()) {
        (Some(long), _) => format!("--{long}"),
        (None, names) => names.and_then(|names| names.first()).map_or_else(|| id.to_string(), ToString::to_string),
    };
    let words: Vec<_> = matches.get_raw(id.as_str()).into_iter().flatten().map(|word| word.to_string_lossy()).collect();
    let value = if is_switch { String::new() } else { redact(&words.join(" ")) };
    let value = if id == "api_key_file" && may_be_a_key(Path::new(&value)) { "not shown".to_owned() } else { value };
    Some(Setting { name, value, origin, beaten_by: None })
}

/// The command line that was typed, with `flag` added if it is missing: the command to run next. It never contains
/// `--restart`.
pub(crate) fn command_with(arguments: impl Iterator<Item = OsString>, flag: &str) -> String {
    let mut words: Vec<OsString> = arguments.filter(|word| word != "--restart").collect();
    if !words.iter().any(|word| word == flag) {
        words.push(flag.into());
    }
    command(&words)
}

/// Words as a line for a shell.
fn command(words: &[OsString]) -> String {
    let quote = if cfg!(windows) { quote_for_windows } else { quote_for_posix };
    let mut words: Vec<String> = words.iter().map(|word| quote(&redact(&word.to_string_lossy()))).collect();
    if let Some(program) = words.first_mut() {
        "offerlinks".clone_into(program);
    }
    words.join(" ")
}

/// The command that retries what failed in this run. It reads no list and resumes nothing.
pub(crate) fn retry_command(arguments: impl Iterator<Item = OsString>) -> String {
    let mut arguments = arguments.peekable();
    let mut words = Vec::new();
    let mut retries = false;
    while let Some(word) = arguments.next() {
        let text = word.to_string_lossy();
        match text.as_ref() {
            "--resume" | "--restart" | "--all-offers" | "--allow-short" => continue,
            "--type" | "--filter" => {
                arguments.next();
                continue;
            }
            text if text.starts_with("--type=") || text.starts_with("--filter=") => continue,
            text => retries |= text.starts_with("--retry-failed"),
        }
        words.push(word);
    }
    if !retries {
        words.push("--retry-failed".into());
    }
    command(&words)
}

fn redact(word: &str) -> String {
    let (flag, value) = match word.split_once('=') {
        Some((flag, value)) if flag.starts_with("--") => (&word[..=flag.len()], value),
        _ => ("", word),
    };
    if let Some(shown) = address::shown(value) {
        return format!("{flag}{shown}");
    }
    let Some((scheme, rest)) = word.split_once("://") else { return word.to_owned() };
    let authority = rest.split('/').next().unwrap_or(rest);
    match authority.rsplit_once('@') {
        Some((secret, _)) => format!("{scheme}://***{}", &rest[secret.len()..]),
        None => word.to_owned(),
    }
}

/// Quotes a word for cmd and PowerShell, if necessary. cmd knows only double quotes; PowerShell splits a word at its
/// commas. `%` (cmd) and `$` and the backquote (PowerShell) mean something even in quotes: no form is right for both.
fn quote_for_windows(word: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || r"-_./\:=+".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    // Programs read a backslash before a quote as an escape.
    let ends_in = word.len() - word.trim_end_matches('\\').len();
    format!("\"{}{}\"", word.replace('"', "\\\""), "\\".repeat(ends_in))
}

/// Quotes a word for a POSIX shell, if necessary.
fn quote_for_posix(word: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "-_./=:,@%+".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_setting_comes_with_its_origin_and_without_passwords() {
        let typed = ["offerlinks", "check", "--proxy", "http://me:s3cret@proxy:1", "--allow-http", "--rate", "5/s"];
        let settings = settings(&Cli::command().try_get_matches_from(typed).unwrap());
        let find = |name: &str| settings.iter().find(|setting| setting.name == name);
        let shown = |name| find(name).map(ToString::to_string);
        assert_eq!(shown("--rate").as_deref(), Some("--rate             5/s (command line)"));
        assert_eq!(shown("--timeout").as_deref(), Some("--timeout          60s (default)"));
        assert_eq!(shown("--allow-http").as_deref(), Some("--allow-http       (command line)"));
        assert_eq!(shown("--proxy").as_deref(), Some("--proxy            http://***@proxy:1 (command line)"));
        assert_eq!((shown("--sandbox"), shown("--cacert")), (None, None));
    }

    #[test]
    fn failed_offers_are_retried_without_a_list() {
        for (typed, expected) in [
            ("x export o.csv -o l.csv --resume", "offerlinks export o.csv -o l.csv --retry-failed"),
            ("x export -o l.csv --retry-failed=all", "offerlinks export -o l.csv --retry-failed=all"),
            (
                "x export --all-offers --filter status=active --type=all --allow-short -o l.csv -q --restart",
                "offerlinks export -o l.csv -q --retry-failed",
            ),
        ] {
            assert_eq!(retry_command(typed.split(' ').map(OsString::from)), expected);
        }
    }

    #[test]
    fn words_are_quoted_as_cmd_and_powershell_read_them() {
        for (word, quoted) in [
            (r"C:\jobs\offers.csv", r"C:\jobs\offers.csv"),
            (r"C:\my jobs\", r#""C:\my jobs\\""#),
            ("offer_id,name", r#""offer_id,name""#),
            ("aff_sub1={clickid}&x", r#""aff_sub1={clickid}&x""#),
            (r#"a"b"#, r#""a\"b""#),
            ("50/10s", "50/10s"),
            ("--rate=5/s", "--rate=5/s"),
            ("", r#""""#),
            ("größe.csv", "größe.csv"),
        ] {
            assert_eq!(quote_for_windows(word), quoted, "{word}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn the_way_to_go_on_is_the_command_that_was_typed() {
        let typed = |words: &[&str]| command_with(words.iter().map(OsString::from), "--resume");
        assert_eq!(typed(&["/x/offerlinks", "export", "my offers.csv"]), "offerlinks export 'my offers.csv' --resume");
        assert_eq!(typed(&["x", "export", "--resume"]), "offerlinks export --resume");
        assert_eq!(typed(&["x", "export", "--restart", "-q"]), "offerlinks export -q --resume");
        assert_eq!(
            typed(&["x", "export", "--proxy", "http://me:s3cret@proxy:1/"]),
            "offerlinks export --proxy 'http://***@proxy:1/' --resume"
        );
    }
}
