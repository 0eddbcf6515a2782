//! Single values of a config file: what each key accepts, and the message for anything else.
//!
//! No message repeats a value.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::str::FromStr as _;
use std::time::Duration;

use secrecy::SecretString;
use toml::de::DeValue;
use url::Url;

use super::settings::KeyEntry;
use crate::config::host::base_url;
use crate::settings::pasted::{flaw_of_email, flaw_of_key, is_name_of_variable, may_be_a_key};
use crate::settings::rate::Rate;

/// A value and its text for messages, or why it is invalid.
pub(super) type Parsed<T> = Result<(T, String), String>;

pub(super) fn text_of(value: &DeValue<'_>) -> Result<String, String> {
    match value.as_str().map(str::trim) {
        None => Err(format!("expected a text in quotes, found {}", kind(value))),
        Some("") => Err("it is empty; leave the line out".to_owned()),
        Some(text) => Ok(text.to_owned()),
    }
}

/// What a value is, in plain words.
pub(super) fn kind(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a text in quotes",
        DeValue::Integer(_) | DeValue::Float(_) => "a number",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date or time",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}

pub(super) fn whole_number(value: &DeValue<'_>) -> Option<u64> {
    let number = value.as_integer()?;
    u64::from_str_radix(number.as_str(), number.radix()).ok()
}

pub(super) fn email(value: &DeValue<'_>) -> Parsed<String> {
    let email = text_of(value)?;
    flaw_of_email(&email).map_or_else(|| Ok((email.clone(), email.clone())), |flaw| Err(flaw.into_owned()))
}

pub(super) fn rate(value: &DeValue<'_>) -> Parsed<Rate> {
    let expected =
        |_| "expected CALLS/WINDOW in quotes, such as \"50/10s\", \"5/s\" or \"300/m\", or \"none\"".to_owned();
    let rate = text_of(value).and_then(|text| Rate::from_str(&text).map_err(|error| error.to_string()));
    rate.map(|rate| (rate, rate.to_string())).map_err(expected)
}

pub(super) fn count(value: &DeValue<'_>) -> Parsed<NonZeroUsize> {
    let count = whole_number(value).and_then(|count| usize::try_from(count).ok()).and_then(NonZeroUsize::new);
    count
        .map(|count| (count, count.to_string()))
        .ok_or_else(|| "expected a whole number from 1, without quotes".to_owned())
}

pub(super) fn retries(value: &DeValue<'_>) -> Parsed<u32> {
    let retries = whole_number(value).and_then(|count| u32::try_from(count).ok());
    retries
        .map(|count| (count, count.to_string()))
        .ok_or_else(|| "expected a whole number from 0, without quotes".to_owned())
}

/// `"60s"`, or a number of seconds, as on the command line.
pub(super) fn duration(value: &DeValue<'_>, parse: fn(&str) -> Result<Duration, String>) -> Parsed<Duration> {
    let text = whole_number(value).map_or_else(|| text_of(value), |seconds| Ok(format!("{seconds}s")));
    let text = text.map_err(|_| "expected a duration in quotes, such as \"60s\", \"15m\" or \"2h30m\"".to_owned())?;
    Ok((parse(&text)?, text))
}

pub(super) fn proxy(value: &DeValue<'_>) -> Parsed<Url> {
    let url = Url::parse(&text_of(value)?).map_err(|error| format!("it is no URL ({error})"))?;
    let mut shown = url.clone();
    if url.password().is_some() || !url.username().is_empty() {
        // Fails only for URLs without a host, and those have no user either.
        let _ = shown.set_username("***").and_then(|()| shown.set_password(None));
    }
    Ok((url, shown.to_string()))
}

pub(super) fn switch(value: &DeValue<'_>) -> Parsed<bool> {
    value.as_bool().map(|on| (on, on.to_string())).ok_or_else(|| "expected true or false, without quotes".to_owned())
}

pub(super) fn url_of_api(value: &DeValue<'_>) -> Parsed<Url> {
    let url = base_url(&text_of(value)?)?;
    Ok((url.clone(), url.to_string()))
}

/// A path, which may begin with `~/` and is relative to the config file otherwise.
pub(super) fn path_in(folder: &Path, value: &DeValue<'_>) -> Parsed<PathBuf> {
    let text = text_of(value)?;
    let home = text.strip_prefix("~/").zip(std::env::home_dir());
    let path = home.map_or_else(|| folder.join(&text), |(rest, home)| home.join(rest));
    let shown = path.display().to_string();
    Ok((path, shown))
}

pub(super) fn key_entry(key: &str, value: &DeValue<'_>, folder: &Path) -> Parsed<KeyEntry> {
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

pub(super) fn command(value: &DeValue<'_>) -> Result<Vec<String>, String> {
    let expected = || {
        "expected the program and its arguments as a list, such as [\"pass\", \"show\", \"demo\"]; it is run without a shell".to_owned()
    };
    let words = value.as_array().ok_or_else(expected)?;
    let words: Option<Vec<String>> = words.iter().map(|word| word.get_ref().as_str().map(str::to_owned)).collect();
    words.filter(|words| words.first().is_some_and(|program| !program.trim().is_empty())).ok_or_else(expected)
}
