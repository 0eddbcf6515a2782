//! The calls of a run that may still count at the server, as a value and as a line of text.
//!
//! A run that is killed leaves them to the next one: what waits in the socket of a server that reads nothing just then
//! arrives when the server goes on. Pure: what is done with them is the business of `pace`, where they lie that of `ledger`.

use std::time::Duration;

use crate::settings::rate::Limit;

/// Calls that may count at the server.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct StillCounting {
    /// Calls without an answer. They may arrive at any time.
    pub(crate) travelling: u32,
    /// Calls that have arrived, in the order of their times.
    pub(crate) arrived: Vec<Arrived>,
}

/// Calls that arrived at about the same time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Arrived {
    /// How long ago that was at least.
    pub(crate) ago: Duration,
    pub(crate) calls: u32,
}

/// At most this many groups, so that a line has a bounded length.
pub(crate) const MOST_GROUPS: usize = 64;

/// How many calls are noted at once, before the first of them leaves: where there are few, as many as leave in a second, and
/// no more than a tenth of the limit. Those that have not left by the end of a killed run take places of the next one until
/// its first answer, and a window from then on.
pub(crate) fn noted_at_once(limit: Limit) -> u32 {
    const MOST_OF_FEW: u32 = 5;
    let calls = limit.calls.get();
    let seconds = u32::try_from(limit.window.as_secs()).unwrap_or(u32::MAX).max(1);
    let of_few = (calls / seconds).min(calls / 10).min(MOST_OF_FEW);
    calls.div_ceil(u32::try_from(MOST_GROUPS).unwrap_or(1)).max(of_few)
}

/// The first word of a line; another format would have another one.
const FORMAT: &str = "offerlinks-calls-1";

impl StillCounting {
    /// Whether nothing counts.
    pub(crate) fn is_empty(&self) -> bool {
        self.travelling == 0 && self.arrived.is_empty()
    }

    /// How many calls count.
    pub(crate) fn calls(&self) -> u32 {
        self.arrived.iter().fold(self.travelling, |calls, arrived| calls.saturating_add(arrived.calls))
    }

    /// Whether calls have arrived one by one, and as far apart as they have to leave: a run that starts now and leaves a period
    /// between its calls keeps the limit without knowing of them. A period is a little longer than the limit asks for, so that
    /// N of them are longer than a window by [`Limit::MARGIN`] of it; so much sooner may any of them have come.
    pub(crate) fn is_even(&self, limit: Limit) -> bool {
        let period = limit.window.mul_f64(1.0 + Limit::MARGIN) / limit.calls.get();
        let sooner = limit.window.mul_f64(Limit::MARGIN);
        let mut calls = 0_u32;
        let mut recent = self.arrived.iter().rev();
        self.travelling == 0
            && recent.all(|arrived| {
                let before = calls;
                calls = calls.saturating_add(arrived.calls);
                arrived.calls == 1 && arrived.ago + sooner >= period * before
            })
    }

    /// What is left of it after some time.
    pub(crate) fn later(mut self, by: Duration) -> Self {
        self.arrived.iter_mut().for_each(|arrived| arrived.ago = arrived.ago.saturating_add(by));
        self
    }

    /// One line of text: `written_at` is the time since 1970.
    pub(crate) fn to_line(&self, written_at: Duration) -> String {
        let mut line = String::with_capacity(FORMAT.len() + 64 + self.arrived.len() * 10);
        // A line has a hundred numbers, and `write!` takes ten times as long.
        let mut digits = itoa::Buffer::new();
        line.push_str(FORMAT);
        for number in [millis(written_at), u64::from(self.travelling)] {
            line.push(' ');
            line.push_str(digits.format(number));
        }
        for Arrived { ago, calls } in &self.arrived {
            line.push(' ');
            line.push_str(digits.format(millis(*ago)));
            line.push('x');
            line.push_str(digits.format(*calls));
        }
        let checksum = crc32fast::hash(line.as_bytes());
        line.push_str(&format!(" {checksum:08x}\n"));
        line
    }

    /// Reads a line back: when it was written, and what it says. `None` for what is no such line, or not a whole one.
    pub(crate) fn from_line(text: &str) -> Option<(Duration, Self)> {
        let (line, checksum) = text.lines().next()?.rsplit_once(' ')?;
        if u32::from_str_radix(checksum, 16).ok()? != crc32fast::hash(line.as_bytes()) {
            return None;
        }
        let mut words = line.split(' ');
        if words.next()? != FORMAT {
            return None;
        }
        let written_at = Duration::from_millis(words.next()?.parse().ok()?);
        let travelling = words.next()?.parse().ok()?;
        let group = |word: &str| {
            let (ago, calls) = word.split_once('x')?;
            Some(Arrived { ago: Duration::from_millis(ago.parse().ok()?), calls: calls.parse().ok()? })
        };
        let arrived = words.take(MOST_GROUPS).map(group).collect::<Option<Vec<_>>>()?;
        Some((written_at, Self { travelling, arrived }))
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::rate::Rate;

    fn counting(travelling: u32, arrived: &[(u64, u32)]) -> StillCounting {
        let arrived =
            arrived.iter().map(|(ago, calls)| Arrived { ago: Duration::from_millis(*ago), calls: *calls }).collect();
        StillCounting { travelling, arrived }
    }

    #[test]
    fn a_line_says_what_was_written_and_a_damaged_one_nothing() {
        for calls in [counting(0, &[]), counting(3, &[]), counting(0, &[(9000, 1), (0, 50)])] {
            let line = calls.to_line(Duration::from_millis(17));
            assert_eq!(StillCounting::from_line(&line), Some((Duration::from_millis(17), calls)));
            for end in 0..line.len() - 1 {
                assert_eq!(StillCounting::from_line(&line[..end]), None, "{}", &line[..end]);
            }
        }
        for text in ["", "\n", "x", "offerlinks-calls-1 1 2 3x4 00000000", " 00000000"] {
            assert_eq!(StillCounting::from_line(text), None, "{text}");
        }
    }

    #[test]
    fn a_line_is_never_longer_than_a_page() {
        let most = counting(u32::MAX, &[(u64::from(u32::MAX), u32::MAX); MOST_GROUPS]);
        assert!(most.to_line(Duration::from_millis(u64::MAX)).len() < 4096);
    }

    #[test]
    fn calls_of_an_ordinary_run_are_even_and_those_after_a_stall_are_not() {
        for (calls, even) in [
            (counting(0, &[]), true),
            (counting(0, &[(2020, 1), (404, 1), (202, 1), (0, 1)]), true),
            (counting(0, &[(404, 1), (180, 1), (0, 1)]), true),
            (counting(1, &[(404, 1)]), false),
            (counting(0, &[(9000, 2)]), false),
            (counting(0, &[(300, 1), (20, 1), (10, 1), (0, 1)]), false),
        ] {
            assert_eq!(calls.is_even(Limit::PUBLISHED), even, "{calls:?}");
        }
    }

    #[test]
    fn a_second_of_calls_is_noted_at_once_and_never_a_large_part_of_the_limit() {
        for (rate, at_once) in [
            ("50/10s", 5),
            ("5/s", 1),
            ("300/m", 5),
            ("10/m", 1),
            ("20/s", 2),
            ("7/3s", 1),
            ("1/10s", 1),
            ("5000/10s", 79),
        ] {
            assert_eq!(noted_at_once(rate.parse::<Rate>().unwrap().limit().unwrap()), at_once, "{rate}");
        }
    }

    #[test]
    fn what_has_arrived_is_longer_ago_later() {
        assert_eq!(counting(2, &[(5, 1)]).later(Duration::from_secs(1)), counting(2, &[(1005, 1)]));
    }
}
