//! Numbers and times as people read them.

use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;

/// Breaks long lines between words, and indents what follows. A command to be copied stays in one piece.
pub(crate) fn wrap(text: &str, width: usize) -> String {
    let lines = text.split('\n').map(|line| {
        if line.trim_start().starts_with("to continue: ") { line.to_owned() } else { wrap_line(line, width) }
    });
    lines.collect::<Vec<_>>().join("\n")
}

fn wrap_line(line: &str, width: usize) -> String {
    let indent = line.len() - line.trim_start_matches(' ').len();
    let mut text = " ".repeat(indent);
    let mut column = indent;
    for (n, word) in line.trim_start_matches(' ').split(' ').enumerate() {
        let length = word.chars().count();
        if n > 0 && column + 1 + length > width && column > indent + 2 {
            text.push('\n');
            text += &" ".repeat(indent + 2);
            column = indent + 2;
        } else if n > 0 {
            text.push(' ');
            column += 1;
        }
        text += word;
        column += length;
    }
    text
}

/// An error with those of its causes that it does not name itself.
pub(crate) fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let words = error.to_string();
        if !text.contains(&words) {
            text += &format!(": {words}");
        }
        cause = error.source();
    }
    text
}

/// `1,234,567`
pub(crate) fn count(n: u64) -> String {
    let digits = n.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `1 offer`, `2 offers`
pub(crate) fn counted(n: u64, noun: &str) -> String {
    format!("{} {noun}{}", count(n), if n == 1 { "" } else { "s" })
}

/// `3d 4h`, `2h 05m`, `1m 07s`, `8.2s`, `202 ms`: two units at most.
pub(crate) fn duration(d: Duration) -> String {
    let s = d.as_secs();
    match s {
        0 => format!("{} ms", d.as_millis()),
        1..=9 => format!("{:.1}s", d.as_secs_f64()),
        10..=59 => format!("{s}s"),
        60..=3599 => format!("{}m {:02}s", s / 60, s % 60),
        3600..=86_399 => format!("{}h {:02}m", s / 3600, s % 3600 / 60),
        _ => format!("{}d {}h", s / 86_400, s % 86_400 / 3600),
    }
}

/// A short time, with as many digits as mean something: `0.41 ms`, `8.2 ms`, `143 ms`, `1.2s`.
pub(crate) fn latency(d: Duration) -> String {
    let millis = d.as_secs_f64() * 1000.0;
    match millis {
        ..1.0 => format!("{millis:.2} ms"),
        ..10.0 => format!("{millis:.1} ms"),
        _ => duration(d),
    }
}

/// Calls or offers per second: `4.95`, `120`, `20,000`.
pub(crate) fn per_second(rate: f64) -> String {
    if rate.is_infinite() {
        "any".to_owned()
    } else if rate < 10.0 {
        format!("{rate:.1}")
    } else {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a rate is positive and small")]
        count(rate.round() as u64)
    }
}

/// The time of day here, `wait` from now: `03:12:40`, with the date if that is not today.
pub(crate) fn time_in(wait: Duration) -> String {
    let now = Timestamp::now().to_zoned(TimeZone::system());
    let then = now.saturating_add(jiff::SignedDuration::try_from(wait).unwrap_or(jiff::SignedDuration::MAX));
    let form = if then.date() == now.date() { "%H:%M:%S" } else { "%Y-%m-%d %H:%M:%S" };
    then.strftime(form).to_string()
}

/// The time now in UTC, to the second, as logs want it: `2026-11-22T03:12:40Z`.
pub(crate) fn timestamp() -> String {
    Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_have_separators() {
        for (n, text) in [(0, "0"), (999, "999"), (1000, "1,000"), (1_234_567, "1,234,567")] {
            assert_eq!(count(n), text);
        }
        assert_eq!((counted(1, "offer"), counted(2, "offer")), ("1 offer".into(), "2 offers".into()));
    }

    #[test]
    fn long_lines_break_between_words_and_commands_not_at_all() {
        let text = "  limit 50/10s: one call every 202 ms\n  to continue: offerlinks export offers.csv -o links.csv";
        assert_eq!(
            wrap(text, 24),
            "  limit 50/10s: one call\n    every 202 ms\n  to continue: offerlinks export offers.csv -o links.csv"
        );
        for text in ["", "  ", "a  b", "one two\n\nthree", "/a/path/that/is/longer/than/the/terminal is"] {
            assert_eq!(wrap(text, 80), text);
            assert_eq!(
                wrap(text, 9).split_whitespace().collect::<Vec<_>>(),
                text.split_whitespace().collect::<Vec<_>>()
            );
        }
        assert!(wrap(&"word ".repeat(50), 80).lines().all(|line| line.chars().count() <= 80));
    }

    #[test]
    fn durations_have_at_most_two_units() {
        for (millis, text) in
            [(202, "202 ms"), (8_200, "8.2s"), (67_000, "1m 07s"), (7_500_000, "2h 05m"), (273_600_000, "3d 4h")]
        {
            assert_eq!(duration(Duration::from_millis(millis)), text);
        }
    }

    #[test]
    fn a_time_far_away_is_no_panic() {
        assert!(!time_in(Duration::MAX).is_empty());
    }
}
