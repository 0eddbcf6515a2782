//! Reads `Retry-After`: how long the network wants to be left alone.
//!
//! Only reads; how long a wait is accepted is the scheduler's decision.

use std::time::{Duration, SystemTime};

/// The wait that the header asks for; the longest where it came several times, `None` where none can be understood.
///
/// Seconds, whole or with a fraction (RFC 9110 has whole ones, real servers send `0.5`), or an HTTP date. A date counts
/// against the answer's own `Date`, since the two clocks may differ; `now` stands in where the answer has none.
pub fn longest<'a>(
    values: impl IntoIterator<Item = &'a [u8]>,
    date: Option<SystemTime>,
    now: SystemTime,
) -> Option<Duration> {
    values.into_iter().filter_map(|value| parse(std::str::from_utf8(value).ok()?, date.unwrap_or(now))).max()
}

fn parse(value: &str, now: SystemTime) -> Option<Duration> {
    let value = value.trim();
    if !value.is_empty() && value.bytes().all(|b| b.is_ascii_digit()) {
        // More digits than fit mean "never", not nonsense.
        return Some(Duration::from_secs(value.parse().unwrap_or(u64::MAX)));
    }
    if let Ok(seconds) = value.parse::<f64>() {
        return if seconds.is_nan() || seconds.is_sign_negative() && seconds != 0.0 {
            None
        } else {
            Some(Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX))
        };
    }
    let until = httpdate::parse_http_date(value).ok()?;
    Some(until.duration_since(now).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    const DATE: &str = "Sun, 06 Nov 1994 08:49:37 GMT";

    fn read(values: &[&str]) -> Option<Duration> {
        let date = httpdate::parse_http_date(DATE).unwrap();
        longest(values.iter().map(|v| v.as_bytes()), Some(date), SystemTime::now())
    }

    #[test]
    fn every_form_of_the_header_is_read() {
        for (value, wait) in [
            ("0", Some(Duration::ZERO)),
            ("5", Some(Duration::from_secs(5))),
            (" 120 ", Some(Duration::from_secs(120))),
            ("0.5", Some(Duration::from_millis(500))),
            ("1e1", Some(Duration::from_secs(10))),
            ("-0", Some(Duration::ZERO)),
            ("99999999999999999999999999", Some(Duration::from_secs(u64::MAX))),
            ("1e300", Some(Duration::MAX)),
            ("inf", Some(Duration::MAX)),
            ("Sun, 06 Nov 1994 08:50:37 GMT", Some(Duration::from_secs(60))),
            ("Sunday, 06-Nov-94 08:49:47 GMT", Some(Duration::from_secs(10))),
            ("Sun, 06 Nov 1994 08:00:00 GMT", Some(Duration::ZERO)),
            ("-1", None),
            ("-0.5", None),
            ("NaN", None),
            ("-inf", None),
            ("", None),
            ("soon", None),
            ("5 s", None),
            ("Sun, 99 Nov 1994 08:50:37 GMT", None),
        ] {
            assert_eq!(read(&[value]), wait, "{value:?}");
        }
    }

    #[test]
    fn of_several_headers_the_longest_that_can_be_read_counts() {
        assert_eq!(read(&["1", "soon", "7", "-9"]), Some(Duration::from_secs(7)));
        assert_eq!(read(&[]), None);
    }

    #[test]
    fn bytes_that_are_no_text_are_ignored() {
        assert_eq!(longest([b"\xff5".as_slice()], None, SystemTime::UNIX_EPOCH), None);
    }

    #[test]
    fn without_a_date_header_the_own_clock_counts() {
        let now = httpdate::parse_http_date(DATE).unwrap();
        let value = b"Sun, 06 Nov 1994 08:49:38 GMT".as_slice();
        assert_eq!(longest([value], None, now), Some(Duration::from_secs(1)));
    }

    proptest::proptest! {
        #[test]
        fn no_header_makes_it_panic(value: Vec<u8>, seconds: f64) {
            longest([value.as_slice(), seconds.to_string().as_bytes()], None, SystemTime::UNIX_EPOCH);
        }
    }
}
