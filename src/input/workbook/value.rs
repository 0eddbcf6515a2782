//! A cell's value to its text and its kind.
//!
//! Owns the meaning of calamine's values. Must not know where the cell is.

use std::borrow::Cow;

use calamine::{Data, DataRef, ExcelDateTime};
use jiff::SignedDuration;
use jiff::civil::DateTime;

use crate::cell::{self, CellKind};

/// The text of a cell, as close as possible to what people see, and its kind.
pub(super) fn of<'v>(value: &'v DataRef<'_>) -> (Cow<'v, str>, CellKind) {
    match value {
        DataRef::Empty => (Cow::Borrowed(""), CellKind::Text),
        DataRef::Int(number) => (number.to_string().into(), CellKind::Number),
        DataRef::Float(number) => (cell::number(*number).into(), CellKind::Number),
        DataRef::String(text) => (text.into(), CellKind::Text),
        DataRef::SharedString(text) => ((*text).into(), CellKind::Text),
        DataRef::Bool(value) => (cell::truth(*value).into(), CellKind::Truth),
        DataRef::DateTime(moment) => (of_moment(moment).into(), CellKind::Moment),
        DataRef::DateTimeIso(text) => (cell::iso_moment(text).into(), CellKind::Moment),
        DataRef::DurationIso(text) => (cell::iso_time(text).into(), CellKind::Moment),
        DataRef::Error(error) => (error.to_string().into(), CellKind::Text),
    }
}

fn of_moment(moment: &ExcelDateTime) -> String {
    const MILLIS_OF_DAY: f64 = 86_400_000.0;
    let days = moment.as_f64();
    if moment.is_duration() || (0.0..1.0).contains(&days) {
        #[expect(clippy::cast_possible_truncation, reason = "what does not fit is cut at the greatest number")]
        return cell::time(SignedDuration::from_millis((days * MILLIS_OF_DAY).round() as i64));
    }
    let (year, month, day, hour, minute, second, milli) = moment.to_ymd_hms_milli();
    let small = |number: u8| i8::try_from(number).unwrap_or(i8::MAX);
    let nanos = i32::from(milli) * 1_000_000;
    let found = i16::try_from(year).ok().and_then(|year| {
        DateTime::new(year, small(month), small(day), small(hour), small(minute), small(second), nanos).ok()
    });
    // Spreadsheets count a 29th of February 1900, and go beyond the calendar.
    found.map_or_else(|| cell::number(days), cell::moment)
}

/// The same value, borrowed.
pub(super) fn as_ref(value: &Data) -> DataRef<'_> {
    match value {
        Data::Int(number) => DataRef::Int(*number),
        Data::Float(number) => DataRef::Float(*number),
        Data::String(text) => DataRef::SharedString(text),
        Data::DateTimeIso(text) => DataRef::DateTimeIso(text.clone()),
        Data::DurationIso(text) => DataRef::DurationIso(text.clone()),
        Data::Bool(value) => DataRef::Bool(*value),
        Data::DateTime(moment) => DataRef::DateTime(*moment),
        Data::Error(error) => DataRef::Error(error.clone()),
        Data::Empty => DataRef::Empty,
    }
}
