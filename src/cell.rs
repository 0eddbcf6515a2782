//! What a typed cell of a workbook is in text, and back: numbers, truth values, days and times.
//!
//! Rows pass through text whatever their source. Both directions are in this file, so that a cell read as a number is
//! written as the same number. Must not know of files or columns.

use std::fmt::Write as _;

use jiff::SignedDuration;
use jiff::civil::{Date, DateTime, Time, date};

/// What a cell of a workbook holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum CellKind {
    /// Text, or what has no type.
    #[default]
    Text,
    /// A number.
    Number,
    /// TRUE or FALSE.
    Truth,
    /// A day, a time, or both.
    Moment,
}

/// The formats of a column's numbers and moments, where all of its cells have the same one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CellFormat {
    /// The number format of its numbers.
    pub number: Option<String>,
    /// The number format of its days and times.
    pub moment: Option<String>,
}

/// The value of a typed cell.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum TypedCell {
    /// A number.
    Number(f64),
    /// TRUE or FALSE.
    Truth(bool),
    /// A day, in days since 1899-12-30 as spreadsheets count them.
    Day(f64),
    /// A day with a time, likewise.
    DayAndTime(f64),
    /// A time of day or a duration, in days.
    Time(f64),
}

/// The day that spreadsheets count from, if they did not take 1900 for a leap year.
const EPOCH: Date = date(1899, 12, 30);
/// The first day from which spreadsheets count correctly.
const MARCH_1900: Date = date(1900, 3, 1);
const SECONDS_OF_DAY: f64 = 86_400.0;

impl TypedCell {
    /// Reads a text that [`number`], [`truth`] or one of the others has written; `None` for any other text.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let first = text.bytes().next()?;
        if !matches!(first, b'0'..=b'9' | b'-' | b'T' | b'F') {
            return None;
        }
        match text {
            "TRUE" => return Some(Self::Truth(true)),
            "FALSE" => return Some(Self::Truth(false)),
            _ => {}
        }
        if let Some(value) = text.parse::<f64>().ok().filter(|value| number(*value) == text) {
            return Some(Self::Number(value));
        }
        parse_moment(text).or_else(|| parse_time(text))
    }
}

/// The text of a number, as close as possible to what people see, without formats that only decorate.
pub(crate) fn number(number: f64) -> String {
    // Above 2^53 a float has lost digits; it stays in a form that is not taken for an ID.
    if number.abs() >= 9_007_199_254_740_992.0 {
        return format!("{number:e}");
    }
    // Spreadsheets show 15 digits: 0.1 + 0.2 is 0.3 there.
    let shown = if number.fract() == 0.0 { number } else { format!("{number:.14e}").parse().unwrap_or(number) };
    // Display writes no ".0" after whole numbers, and the `+` turns -0 into 0.
    format!("{}", shown + 0.0)
}

/// The text of a truth value.
pub(crate) const fn truth(value: bool) -> &'static str {
    if value { "TRUE" } else { "FALSE" }
}

/// The text of a day with its time, if it has one.
pub(crate) fn moment(moment: DateTime) -> String {
    let day = moment.date();
    if moment.time() == Time::midnight() { day.to_string() } else { format!("{day}T{}", clock(moment.time())) }
}

/// The text of a time of day, or of a duration, whose hours may exceed 23: 30:00:00.
pub(crate) fn time(time: SignedDuration) -> String {
    let millis = time.as_millis().unsigned_abs();
    let (seconds, millis) = (millis / 1000, millis % 1000);
    let mut text = String::new();
    let sign = if time.is_negative() { "-" } else { "" };
    let _ = write!(text, "{sign}{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
    if millis > 0 {
        let _ = write!(text, ".{millis:03}");
    }
    text
}

fn clock(of_day: Time) -> String {
    time(of_day.duration_since(Time::midnight()))
}

/// The text of a moment in XML (`2026-03-01T00:00:00Z`); anything else is returned unchanged. A time of day may be
/// written as a moment on the day that spreadsheets count from.
pub(crate) fn iso_moment(text: &str) -> String {
    let plain = text.trim().trim_end_matches('Z');
    match plain.parse::<DateTime>() {
        Ok(found) => {
            let found = to_millis(found);
            if found.date() == EPOCH { clock(found.time()) } else { moment(found) }
        }
        Err(_) => text.to_owned(),
    }
}

/// The text of a duration in XML (`PT10H30M00S`); anything else is returned unchanged.
pub(crate) fn iso_time(text: &str) -> String {
    text.trim().parse::<SignedDuration>().map_or_else(|_| text.to_owned(), time)
}

fn to_millis(moment: DateTime) -> DateTime {
    moment.round(jiff::Unit::Millisecond).unwrap_or(moment)
}

fn parse_moment(text: &str) -> Option<TypedCell> {
    // Year, month and day with leading zeros, as `moment` writes them.
    let found = text.parse::<DateTime>().ok().filter(|found| moment(*found) == text)?;
    let day = found.date();
    if day < date(1900, 1, 1) {
        return None;
    }
    let days = day.since(EPOCH).ok()?.get_days();
    let days = f64::from(if day < MARCH_1900 { days - 1 } else { days });
    let time = found.time();
    if time == Time::midnight() {
        return Some(TypedCell::Day(days));
    }
    Some(TypedCell::DayAndTime(days + time.duration_since(Time::midnight()).as_secs_f64() / SECONDS_OF_DAY))
}

fn parse_time(text: &str) -> Option<TypedCell> {
    let (hours, rest) = text.split_once(':')?;
    let (minutes, seconds) = rest.split_once(':')?;
    let hours: u32 = hours.parse().ok()?;
    let minutes: u32 = minutes.parse().ok()?;
    let seconds: f64 = seconds.parse().ok()?;
    let total =
        SignedDuration::try_from_secs_f64(f64::from(hours) * 3600.0 + f64::from(minutes) * 60.0 + seconds).ok()?;
    (time(total) == text).then(|| TypedCell::Time(total.as_secs_f64() / SECONDS_OF_DAY))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_back() {
        for (text, typed) in [
            ("16", Some(TypedCell::Number(16.0))),
            ("-1.5", Some(TypedCell::Number(-1.5))),
            ("0.3", Some(TypedCell::Number(0.3))),
            ("1e21", Some(TypedCell::Number(1e21))),
            ("TRUE", Some(TypedCell::Truth(true))),
            ("2026-03-01", Some(TypedCell::Day(46_082.0))),
            ("1900-01-01", Some(TypedCell::Day(1.0))),
            ("1900-03-01", Some(TypedCell::Day(61.0))),
            ("2026-03-01T12:00:00", Some(TypedCell::DayAndTime(46_082.5))),
            ("12:00:00", Some(TypedCell::Time(0.5))),
            ("36:00:00", Some(TypedCell::Time(1.5))),
            ("00:00:00.250", Some(TypedCell::Time(0.25 / SECONDS_OF_DAY))),
            // No such text is written for a typed cell, so it was a text.
            ("007", None),
            ("1.0", None),
            ("1,5", None),
            ("1E5", None),
            ("+1", None),
            ("true", None),
            ("2026-3-1", None),
            ("2026-03-01T00:00:00", None),
            ("1899-01-01", None),
            ("9:30:00", None),
            ("10:99:00", None),
            ("inf", None),
            ("", None),
            ("T", None),
        ] {
            assert_eq!(TypedCell::parse(text), typed, "{text:?}");
        }
    }

    #[test]
    fn moments_and_times_of_xml_become_those_of_a_sheet() {
        for (iso, text) in [
            ("2026-03-01", "2026-03-01"),
            ("2026-03-01T00:00:00.000Z", "2026-03-01"),
            ("2026-03-01T13:05:09", "2026-03-01T13:05:09"),
            ("2026-03-01T13:05:08.999999999", "2026-03-01T13:05:09"),
            ("1899-12-30T10:30:00", "10:30:00"),
            ("no date", "no date"),
        ] {
            assert_eq!(iso_moment(iso), text, "{iso:?}");
        }
        for (iso, text) in [
            ("PT10H30M00S", "10:30:00"),
            ("PT30H00M00S", "30:00:00"),
            ("PT0H5M0.5S", "00:05:00.500"),
            ("PT00H05M00.000000000S", "00:05:00"),
            ("10:30", "10:30"),
        ] {
            assert_eq!(iso_time(iso), text, "{iso:?}");
        }
    }
}
