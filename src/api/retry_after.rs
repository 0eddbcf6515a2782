//! Reads one value that says when to come back, in every form that servers are known to send.
//!
//! Only reads: which header is asked is the business of `wait_hint`, how long a wait is accepted the scheduler's.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use jiff::civil::DateTime;
use jiff::fmt::rfc2822;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

/// A number so near to the server's own clock is a time and no duration.
const NEAR: f64 = 31.0 * 86_400.0;

/// The wait that a value asks for, zero for a time that is over; `None` where it cannot be understood.
///
/// | value | who sends it |
/// |---|---|
/// | `5`, `0.5`, `1e1` | RFC 9110; with a fraction Zulip, rate-limiter-flexible |
/// | `Fri, 27 Nov 2026 12:00:05 GMT` | RFC 9110; also the two older forms, and with a wrong weekday |
/// | `... +0000`, `-0000`, `UTC` | PHP's `DATE_RFC1123`, `DATE_RFC2822`, `DATE_COOKIE` |
/// | `2026-11-27T12:00:05Z`, `2026-11-27 12:00:05` | ISO 8601, without a zone in UTC |
/// | `1795780805`, with a fraction, in milliseconds or finer | seconds since 1970: GitHub, slowapi, hapi |
/// | `6m0s`, `120ms` | Go's durations: `OpenAI` |
///
/// A time counts against the answer's own `Date`, since the two clocks may differ.
pub fn parse(value: &str, server_now: SystemTime) -> Option<Duration> {
    let value = value.trim();
    if !value.is_empty() && value.bytes().all(|b| b.is_ascii_digit()) {
        // More digits than fit mean "never", not nonsense.
        let seconds = value.parse().unwrap_or(u64::MAX);
        return Some(since_1970(seconds as f64, server_now).unwrap_or(Duration::from_secs(seconds)));
    }
    if let Ok(seconds) = value.parse::<f64>() {
        return if seconds.is_nan() || seconds.is_sign_negative() && seconds != 0.0 {
            None
        } else {
            let wait = || Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX);
            Some(since_1970(seconds, server_now).unwrap_or_else(wait))
        };
    }
    if let Some(until) = time(value) {
        return Some(until.duration_since(server_now).unwrap_or_default());
    }
    let duration: SignedDuration = value.parse().ok()?;
    Duration::try_from(duration).ok()
}

/// The wait until a time given in seconds since 1970, or in thousandths, millionths or billionths of them.
fn since_1970(number: f64, server_now: SystemTime) -> Option<Duration> {
    let now = server_now.duration_since(UNIX_EPOCH).ok()?.as_secs_f64();
    // In the first month of 1970 the units could not be distinguished.
    let wait = [1.0, 1e3, 1e6, 1e9].map(|parts| number / parts - now).into_iter().find(|wait| wait.abs() <= NEAR);
    wait.filter(|_| now > 2.0 * NEAR).map(|wait| Duration::try_from_secs_f64(wait).unwrap_or_default())
}

fn time(value: &str) -> Option<SystemTime> {
    if let Ok(time) = httpdate::parse_http_date(value) {
        return Some(time);
    }
    if let Ok(time) = value.parse::<Timestamp>() {
        return Some(time.into());
    }
    if let Ok(time) = value.parse::<DateTime>() {
        return time.to_zoned(TimeZone::UTC).ok().map(|time| time.timestamp().into());
    }
    // What is left is the family of mail dates. The weekday is decoration, and often the only thing that is wrong.
    let value = value.split_once(',').map_or(value, |(_, rest)| rest).trim();
    let date = value.split(' ').next().unwrap_or_default();
    let value = value.replacen(date, &date.replace('-', " "), 1);
    let value =
        value.strip_suffix(" UTC").or(value.strip_suffix(" Z")).map_or(value.clone(), |time| format!("{time} GMT"));
    rfc2822::DateTimeParser::new().parse_timestamp(&value).ok().map(SystemTime::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sunday, 784,111,777 seconds after 1970 began.
    const DATE: &str = "Sun, 06 Nov 1994 08:49:37 GMT";

    fn read(value: &str) -> Option<Duration> {
        parse(value, httpdate::parse_http_date(DATE).unwrap())
    }

    #[test]
    fn every_form_that_servers_send_is_read() {
        for (value, millis) in [
            ("0", 0),
            ("5", 5000),
            (" 120 ", 120_000),
            ("0.5", 500),
            ("1e1", 10_000),
            ("-0", 0),
            ("Sun, 06 Nov 1994 08:50:37 GMT", 60_000),
            ("Sunday, 06-Nov-94 08:49:47 GMT", 10_000),
            ("Sun Nov  6 08:49:47 1994", 10_000),
            ("Sun, 06 Nov 1994 08:00:00 GMT", 0),
            // PHP: DATE_RFC1123 and DATE_RFC2822, DATE_COOKIE, DATE_RFC850, DATE_RFC822, DATE_ATOM.
            ("Sun, 06 Nov 1994 08:50:37 +0000", 60_000),
            ("Sun, 06 Nov 1994 08:50:37 -0000", 60_000),
            ("Sun, 06 Nov 1994 09:50:37 +0100", 60_000),
            ("Sun, 06 Nov 1994 08:50:37 UTC", 60_000),
            ("Sun, 06 Nov 1994 08:50:37 Z", 60_000),
            ("Sunday, 06-Nov-1994 08:50:37 UTC", 60_000),
            ("Sunday, 06-Nov-94 08:50:37 UTC", 60_000),
            ("Sun, 06 Nov 94 08:50:37 +0000", 60_000),
            ("1994-11-06T08:50:37+00:00", 60_000),
            ("06 Nov 1994 08:50:37 GMT", 60_000),
            ("Mon, 06 Nov 1994 08:50:37 GMT", 60_000),
            ("Wednesday, 06-Nov-94 08:50:37 GMT", 60_000),
            ("1994-11-06T08:50:37Z", 60_000),
            ("1994-11-06T08:50:37.250Z", 60_250),
            ("1994-11-06T09:50:37+01:00", 60_000),
            ("1994-11-06 08:50:37", 60_000),
            ("1994-11-06T08:50:37", 60_000),
            ("784111782", 5000),
            ("784111782.25", 5250),
            ("784111782000", 5000),
            ("784111782250", 5250),
            ("784111782000000", 5000),
            ("784111700", 0),
            ("6m0s", 360_000),
            ("120ms", 120),
            ("1s", 1000),
        ] {
            let read = read(value).map(|wait| wait.as_secs_f64() * 1000.0);
            assert!(read.is_some_and(|read| (read - f64::from(millis)).abs() < 1.0), "{value:?}: {read:?}");
        }
    }

    #[test]
    fn what_means_never_is_far_away_and_nonsense_is_nothing() {
        for (value, wait) in [
            ("99999999999999999999999999", Some(Duration::from_secs(u64::MAX))),
            ("171798691840", Some(Duration::from_secs(171_798_691_840))),
            ("1e300", Some(Duration::MAX)),
            ("inf", Some(Duration::MAX)),
            ("1000000000", Some(Duration::from_secs(1_000_000_000))),
            ("-1", None),
            ("-0.5", None),
            ("NaN", None),
            ("-inf", None),
            ("", None),
            ("soon", None),
            ("-5s", None),
            ("Sun, 99 Nov 1994 08:50:37 GMT", None),
            ("Sun, 06 Nov 1994", None),
            (",,,", None),
        ] {
            assert_eq!(read(value), wait, "{value:?}");
        }
        assert!(read("9999-12-30T22:00:00Z").is_some_and(|wait| wait.as_secs() > 1_000_000_000));
    }

    #[test]
    fn without_a_sensible_clock_a_number_is_a_duration() {
        assert_eq!(parse("5", SystemTime::UNIX_EPOCH), Some(Duration::from_secs(5)));
    }

    proptest::proptest! {
        #[test]
        fn no_value_makes_it_panic(value: String, seconds: f64, since_1970: u32) {
            let now = UNIX_EPOCH + Duration::from_secs(since_1970.into());
            for value in [value, seconds.to_string(), format!("Sun, {seconds}"), format!("{since_1970} Nov 1994 é")] {
                parse(&value, now);
            }
        }
    }
}
