//! The network's limit, as the user states it: `50/10s`, `5/s`, `300/m`, `none`.

use std::fmt;
use std::num::NonZeroU32;
use std::str::FromStr;
use std::time::Duration;

/// At most `calls` calls in any `window`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    /// Calls per window.
    pub calls: NonZeroU32,
    /// The window; never zero.
    pub window: Duration,
}

impl Limit {
    /// What Offerslook publishes: 50 API calls every 10 seconds, shared by all affiliates of a network.
    pub const PUBLISHED: Self = Self { calls: NonZeroU32::new(50).unwrap(), window: Duration::from_secs(10) };

    /// How much longer than the window N periods take, as a part of it: 50/10 s becomes 202 ms, which keeps 50 arrivals in any
    /// 10 s for 100 ms of network jitter and uses 99 % of the limit.
    pub(crate) const MARGIN: f64 = 0.01;

    /// Calls per second, on average.
    pub fn per_second(self) -> f64 {
        f64::from(self.calls.get()) / self.window.as_secs_f64()
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let millis = self.window.as_millis();
        match (millis, millis.is_multiple_of(1000)) {
            (1000, _) => write!(f, "{}/s", self.calls),
            (60_000, _) => write!(f, "{}/m", self.calls),
            (_, true) => write!(f, "{}/{}s", self.calls, millis / 1000),
            _ => write!(f, "{}/{millis}ms", self.calls),
        }
    }
}

/// The value of `--rate`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rate {
    /// The network has this limit.
    Limited(Limit),
    /// `none`: no limit at all, for private hosts and tests.
    Unlimited,
}

impl Rate {
    /// The limit, if there is one.
    pub fn limit(self) -> Option<Limit> {
        match self {
            Self::Limited(limit) => Some(limit),
            Self::Unlimited => None,
        }
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Limited(limit) => limit.fmt(f),
            Self::Unlimited => f.write_str("none"),
        }
    }
}

/// A `--rate` that cannot be understood.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected CALLS/WINDOW such as 50/10s, 5/s or 300/m, or none")]
pub struct BadRate;

impl FromStr for Rate {
    type Err = BadRate;

    fn from_str(text: &str) -> Result<Self, BadRate> {
        let text = text.trim();
        if text.eq_ignore_ascii_case("none") {
            return Ok(Self::Unlimited);
        }
        let (calls, window) = text.split_once('/').ok_or(BadRate)?;
        let calls: NonZeroU32 = calls.trim().parse().map_err(|_| BadRate)?;
        let window = parse_window(window.trim()).ok_or(BadRate)?;
        Ok(Self::Limited(Limit { calls, window }))
    }
}

/// Reads `s`, `10s`, `m`, `1h`, `500ms`: a whole number, 1 if absent, and a unit. At most a day.
fn parse_window(text: &str) -> Option<Duration> {
    let (number, unit) = text.split_at(text.find(|c: char| !c.is_ascii_digit())?);
    let count: u64 = if number.is_empty() { 1 } else { number.parse().ok()? };
    let millis = match unit.trim() {
        "ms" => 1,
        "s" | "sec" => 1000,
        "m" | "min" => 60_000,
        "h" => 3_600_000,
        _ => return None,
    };
    let window = Duration::from_millis(count.checked_mul(millis)?);
    (!window.is_zero() && window <= Duration::from_secs(86_400)).then_some(window)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_of_a_rate_is_read_and_printed_in_its_shortest() {
        for (text, printed) in [
            ("50/10s", "50/10s"),
            ("5/s", "5/s"),
            ("5/1s", "5/s"),
            ("300/m", "300/m"),
            ("300/60s", "300/m"),
            (" 10 / 500ms ", "10/500ms"),
            ("3600/h", "3600/3600s"),
            ("NONE", "none"),
        ] {
            assert_eq!(text.parse::<Rate>().map(|rate| rate.to_string()), Ok(printed.to_owned()), "{text}");
        }
    }

    #[test]
    fn a_rate_that_means_nothing_is_refused() {
        for text in ["", "50", "0/10s", "50/0s", "-5/s", "5/", "5/10", "5/x", "5.5/s", "off", "5/99999999999h"] {
            assert_eq!(text.parse::<Rate>(), Err(BadRate), "{text}");
        }
    }

    #[test]
    fn the_published_limit_is_five_a_second() {
        assert!((Limit::PUBLISHED.per_second() - 5.0).abs() < f64::EPSILON);
        assert_eq!("50/10s".parse(), Ok(Rate::Limited(Limit::PUBLISHED)));
    }
}
