//! How fast the run has been lately, and how long the rest will take. Time is passed in.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// Remembers how much was done at a few moments of the last minute.
#[derive(Debug)]
pub(crate) struct Meter {
    samples: VecDeque<Sample>,
}

#[derive(Clone, Copy, Debug)]
struct Sample {
    at: Instant,
    done: u64,
    calls: u64,
}

impl Meter {
    const SPACING: Duration = Duration::from_secs(1);
    const MEMORY: Duration = Duration::from_secs(60);
    /// Calls per second cover less time than the estimate of the rest does: one is the present, the other a forecast.
    const NEWS: Duration = Duration::from_secs(10);

    /// Starts counting from what was done, and called, before.
    pub(crate) fn new(done: u64, calls: u64, now: Instant) -> Self {
        Self { samples: VecDeque::from([Sample { at: now, done, calls }]) }
    }

    /// Takes in what is done by now.
    pub(crate) fn update(&mut self, done: u64, calls: u64, now: Instant) {
        if self.samples.back().is_none_or(|last| now.saturating_duration_since(last.at) >= Self::SPACING) {
            self.samples.push_back(Sample { at: now, done, calls });
        }
        while self.samples.len() > 2
            && self.samples.get(1).is_some_and(|s| now.saturating_duration_since(s.at) > Self::MEMORY)
        {
            self.samples.pop_front();
        }
    }

    /// Calls per second of the last seconds.
    pub(crate) fn calls_per_second(&self, calls: u64, now: Instant) -> f64 {
        // The sample of this instant says nothing; where samples are rare, the one before it is used.
        let mut earlier = self.samples.iter().filter(|sample| sample.at < now);
        let recent = earlier.clone().find(|sample| now.saturating_duration_since(sample.at) <= Self::NEWS);
        recent.or(earlier.next_back()).map_or(0.0, |s| per_second(calls.saturating_sub(s.calls), now, s.at))
    }

    /// How long `rest` more offers will take at the pace of the last minute.
    pub(crate) fn time_for(&self, rest: u64, done: u64, now: Instant) -> Option<Duration> {
        let first = self.samples.front()?;
        let rate = per_second(done.saturating_sub(first.done), now, first.at);
        Duration::try_from_secs_f64(rest as f64 / rate).ok()
    }
}

fn per_second(n: u64, now: Instant, since: Instant) -> f64 {
    let elapsed = now.saturating_duration_since(since).as_secs_f64();
    if elapsed > 0.0 { n as f64 / elapsed } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn follows_the_pace_of_the_last_minute() {
        let start = Instant::now();
        let mut meter = Meter::new(1000, 0, start);
        for second in 1..=300 {
            let calls = if second <= 200 { 5 * second } else { 1000 + (second - 200) };
            meter.update(1000 + calls, calls, start + Duration::from_secs(second));
        }
        let now = start + Duration::from_secs(300);
        assert!((meter.calls_per_second(1100, now) - 1.0).abs() < 0.05);
        let rest = meter.time_for(600, 2100, now).unwrap().as_secs_f64();
        assert!((rest - 600.0).abs() < 15.0, "{rest}");
        assert!(meter.samples.len() < 70);
    }

    #[test]
    fn rare_updates_tell_the_pace_too() {
        let start = Instant::now();
        let mut meter = Meter::new(0, 0, start);
        for step in 1..=4 {
            let now = start + Duration::from_secs(30 * step);
            meter.update(150 * step, 150 * step, now);
            assert!((meter.calls_per_second(150 * step, now) - 5.0).abs() < 0.01);
        }
    }

    #[test]
    fn says_nothing_before_anything_is_done() {
        let now = Instant::now();
        let meter = Meter::new(0, 0, now);
        assert_eq!(meter.time_for(10, 0, now), None);
        assert!(meter.calls_per_second(0, now) < f64::EPSILON);
    }
}
