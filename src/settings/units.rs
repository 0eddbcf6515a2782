//! Durations, sizes and shares, as people write them on a command line.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

/// Longer times mean "never" and are cut to this: long enough for every run, and no clock overflows.
const FOREVER: Duration = Duration::from_secs(100 * 365 * 86_400);

/// Reads `60s`, `15m`, `2h 30m`, or a bare number of seconds. At most a hundred years; what is longer becomes that.
///
/// # Errors
/// Says what is expected instead.
pub fn parse_duration(text: &str) -> Result<Duration, String> {
    let expected = || "expected a duration such as 60s, 15m or 2h30m".to_owned();
    if let Ok(seconds) = text.trim().parse::<u32>() {
        return Ok(Duration::from_secs(seconds.into()).min(FOREVER));
    }
    let duration: SignedDuration = text.trim().parse().map_err(|_| expected())?;
    Duration::try_from(duration).map(|duration| duration.min(FOREVER)).map_err(|_| expected())
}

/// Reads an age: a duration with its unit, or whole days or weeks such as `3d` or `2w`. A bare number may be meant as days,
/// and would forget or ask for what it should not.
///
/// # Errors
/// Says what is expected instead.
pub fn parse_age(text: &str) -> Result<Duration, String> {
    let text = text.trim();
    let expected = || "expected an age with its unit, such as 12h, 3d or 2w".to_owned();
    let (number, seconds) = match text.strip_suffix(['d', 'w']) {
        Some(number) => (number.trim(), if text.ends_with('w') { 7 * 86_400 } else { 86_400 }),
        None if text.parse().is_ok_and(|number: u64| number > 0) => return Err(expected()),
        None => return parse_duration(text).map_err(|_| expected()),
    };
    let number: u32 = number.parse().map_err(|_| expected())?;
    Ok(Duration::from_secs(u64::from(number) * seconds))
}

/// Reads a time: a date or a time on this machine's clock, RFC 3339, or an age.
///
/// # Errors
/// Says what is expected instead.
pub fn parse_since(text: &str) -> Result<Timestamp, String> {
    let text = text.trim();
    if let Ok(time) = text.parse() {
        return Ok(time);
    }
    let zoned = |time: DateTime| time.to_zoned(TimeZone::system()).ok().map(|zoned| zoned.timestamp());
    if let Some(time) = text.parse::<DateTime>().ok().and_then(zoned) {
        return Ok(time);
    }
    let expected = || "expected a date (2026-11-20), a time (2026-11-20T02:15) or an age (7d)".to_owned();
    let age = parse_age(text).map_err(|_| expected())?;
    Timestamp::now().checked_sub(age).map_err(|_| expected())
}

/// Reads a duration that is not zero.
///
/// # Errors
/// Says what is expected instead.
pub fn parse_timeout(text: &str) -> Result<Duration, String> {
    let duration = parse_duration(text)?;
    if duration.is_zero() { Err("it must be longer than zero".to_owned()) } else { Ok(duration) }
}

/// The least that `--max-body` may be, in bytes: the documented answer has 1 KiB, one with many landing pages ten times that.
/// Below it every offer would fail as too large.
const LEAST_BODY: usize = 16 << 10;

/// Reads `8MiB`, `500k`, `1G` or a bare number of bytes; units are powers of 1024. From 16 KiB to 1 GiB.
///
/// # Errors
/// Says what is expected instead.
pub fn parse_size(text: &str) -> Result<usize, String> {
    let text = text.trim();
    let split = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(split);
    let shift = match unit.trim().to_ascii_lowercase().as_str() {
        "" | "b" => 0,
        "k" | "kb" | "kib" => 10,
        "m" | "mb" | "mib" => 20,
        "g" | "gb" | "gib" => 30,
        _ => return Err("expected a size such as 8MiB or 500k".to_owned()),
    };
    let bytes = number.parse::<usize>().ok().and_then(|n| n.checked_mul(1 << shift));
    match bytes {
        Some(bytes) if (LEAST_BODY..=1 << 30).contains(&bytes) => Ok(bytes),
        Some(_) => Err("it must be between 16KiB and 1GiB".to_owned()),
        None => Err("expected a size such as 8MiB or 500k".to_owned()),
    }
}

/// Whether a count is final.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Counted {
    /// Some are still to come.
    SoFar,
    /// All are done.
    InAll,
}

/// The value of `--max-errors`: how many error rows are too many.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum MaxErrors {
    /// Fail after more than this many errors.
    Count(u64),
    /// More than this share of the offers, in percent.
    Percent(f64),
}

impl MaxErrors {
    /// A percentage is checked only from this many offers on.
    const ENOUGH: u64 = 100;

    /// Whether `failed` of `done` offers are too many.
    pub fn exceeded(self, failed: u64, done: u64, counted: Counted) -> bool {
        let is_enough = counted == Counted::InAll || done >= Self::ENOUGH;
        match self {
            Self::Count(most) => failed > most,
            Self::Percent(most) => is_enough && failed as f64 * 100.0 > most * done as f64,
        }
    }
}

impl FromStr for MaxErrors {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let expected = || "expected a number such as 100, or a share of at most 100%, such as 5%".to_owned();
        match text.trim().strip_suffix('%') {
            None => text.trim().parse().map(Self::Count).map_err(|_| expected()),
            Some(percent) => match percent.trim().parse::<f64>() {
                Ok(percent) if (0.0..=100.0).contains(&percent) => Ok(Self::Percent(percent)),
                _ => Err(expected()),
            },
        }
    }
}

impl fmt::Display for MaxErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Count(most) => write!(f, "{most}"),
            Self::Percent(most) => write!(f, "{most}%"),
        }
    }
}

/// The value of `--min-ok`: fewer exported offers never replace an older output.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum MinOk {
    /// At least this many.
    Count(u64),
    /// At least this share of the offers, in percent.
    Percent(f64),
}

impl MinOk {
    /// Whether `exported` of `offers` offers are enough. With no offers at all this is true: the run would not have
    /// begun unless an empty input was allowed.
    pub fn is_met(self, exported: u64, offers: u64) -> bool {
        offers == 0
            || match self {
                Self::Count(least) => exported >= least,
                Self::Percent(least) => exported as f64 * 100.0 >= least * offers as f64,
            }
    }
}

impl FromStr for MinOk {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Ok(match text.parse::<MaxErrors>()? {
            MaxErrors::Count(least) => Self::Count(least),
            MaxErrors::Percent(least) => Self::Percent(least),
        })
    }
}

impl fmt::Display for MinOk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Count(least) => write!(f, "{least}"),
            Self::Percent(least) => write!(f, "{least}%"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_in_the_usual_forms() {
        for (text, seconds) in [("60s", 60), ("15m", 900), ("2h30m", 9000), ("2h 30m", 9000), ("90", 90), ("0", 0)] {
            assert_eq!(parse_duration(text), Ok(Duration::from_secs(seconds)), "{text}");
        }
        for text in ["", "-5s", "x", "5 parsecs", "99999999999999999999"] {
            assert!(parse_duration(text).is_err(), "{text}");
        }
        assert!(parse_timeout("0s").is_err());
        let forever = parse_duration("9223372036854775807s").unwrap();
        assert!(std::time::Instant::now().checked_add(forever).is_some());
    }

    #[test]
    fn an_age_has_a_unit() {
        for (text, seconds) in
            [("3d", 259_200), ("2w", 1_209_600), ("12h", 43_200), (" 90 s ", 90), ("0", 0), ("0d", 0)]
        {
            assert_eq!(parse_age(text), Ok(Duration::from_secs(seconds)), "{text}");
        }
        for text in ["3", "365", "0365", " 7 ", "-3d", "1.5d", "x", "d", "99999999999d", "1764000000"] {
            assert!(parse_age(text).unwrap_err().contains("with its unit"), "{text}");
            assert!(parse_since(text).is_err(), "{text}");
        }
    }

    #[test]
    fn sizes_are_read_in_the_usual_forms() {
        for (text, bytes) in
            [("8MiB", 8 << 20), ("8m", 8 << 20), ("500k", 500 << 10), ("1G", 1 << 30), ("16384", 16 << 10)]
        {
            assert_eq!(parse_size(text), Ok(bytes), "{text}");
        }
        for text in ["", "0", "10", "15KiB", "2G", "8X", "-1", "99999999999999999999", "99999999999999999G"] {
            assert!(parse_size(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_share_of_errors_counts_only_when_it_means_something() {
        let percent: MaxErrors = "10%".parse().unwrap();
        assert!(!percent.exceeded(5, 10, Counted::SoFar));
        assert!(percent.exceeded(5, 10, Counted::InAll));
        assert!(percent.exceeded(11, 100, Counted::SoFar));
        assert!(!percent.exceeded(10, 100, Counted::InAll));
        assert!("3".parse::<MaxErrors>().unwrap().exceeded(4, 4, Counted::SoFar));
        assert!("0".parse::<MaxErrors>().unwrap().exceeded(1, 1, Counted::SoFar));
        for text in ["", "x", "-1", "101%", "NaN%"] {
            assert!(text.parse::<MaxErrors>().is_err(), "{text}");
        }
    }

    #[test]
    fn what_is_enough_is_a_number_or_a_share_of_all() {
        for (text, exported, offers, enough) in [
            ("1", 0, 10, false),
            ("1", 1, 10, true),
            ("0", 0, 10, true),
            ("11", 10, 10, false),
            ("90%", 89, 100, false),
            ("90%", 90, 100, true),
            ("90%", 2, 2, true),
            ("0%", 0, 3, true),
            ("100%", 2, 3, false),
            ("5", 0, 0, true),
            ("100%", 0, 0, true),
        ] {
            assert_eq!(text.parse::<MinOk>().unwrap().is_met(exported, offers), enough, "{text} {exported}/{offers}");
        }
        assert!("-1".parse::<MinOk>().is_err() && "x".parse::<MinOk>().is_err());
    }
}
