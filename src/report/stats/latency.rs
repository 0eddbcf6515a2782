//! How long calls take: percentiles in a few kilobytes, whatever the number of calls.
//!
//! Counts durations in buckets whose width grows with them. Knows nothing of calls, and no clock.

use std::time::Duration;

/// Each power of two is cut into this many buckets, so that a percentile is at most 1/32 (3.1 %) off.
const PARTS: u64 = 16;
/// Buckets for every `u64`: the first 16 hold one microsecond each, and 16 more are there for each higher power.
const BUCKETS: usize = 976;

/// Durations, counted.
#[derive(Clone, Debug)]
pub(crate) struct Latencies {
    buckets: Box<[u64]>,
    count: u64,
    max: u64,
}

/// What is reported of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Percentiles {
    pub(crate) p50: Duration,
    pub(crate) p95: Duration,
    pub(crate) p99: Duration,
    /// Exact.
    pub(crate) max: Duration,
}

impl Latencies {
    pub(crate) fn new() -> Self {
        Self { buckets: vec![0; BUCKETS].into(), count: 0, max: 0 }
    }

    pub(crate) fn add(&mut self, took: Duration) {
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        if let Some(bucket) = self.buckets.get_mut(index(micros)) {
            *bucket += 1;
        }
        self.count += 1;
        self.max = self.max.max(micros);
    }

    /// Takes in the durations of another network.
    pub(crate) fn merge(&mut self, other: &Self) {
        self.buckets.iter_mut().zip(&other.buckets).for_each(|(sum, n)| *sum += n);
        self.count += other.count;
        self.max = self.max.max(other.max);
    }

    /// `None` before there was one.
    pub(crate) fn percentiles(&self) -> Option<Percentiles> {
        (self.count > 0).then(|| Percentiles {
            p50: self.percentile(50),
            p95: self.percentile(95),
            p99: self.percentile(99),
            max: Duration::from_micros(self.max),
        })
    }

    /// The middle of the bucket in which `percent` percent of the durations are reached.
    fn percentile(&self, percent: u64) -> Duration {
        let rank = (u128::from(self.count) * u128::from(percent)).div_ceil(100).max(1);
        let mut seen = 0;
        let reached = |n: &u64| {
            seen += u128::from(*n);
            seen >= rank
        };
        let bucket = self.buckets.iter().position(reached).unwrap_or(BUCKETS);
        Duration::from_micros(middle(bucket).min(self.max))
    }
}

fn index(micros: u64) -> usize {
    let shift = (micros | 1).ilog2().saturating_sub(PARTS.ilog2());
    usize::try_from(u64::from(shift) * PARTS + (micros >> shift)).unwrap_or(BUCKETS)
}

fn middle(index: usize) -> u64 {
    let index = index as u64;
    let shift = (index / PARTS).saturating_sub(1);
    let width = 1_u64 << shift.min(u64::from(u64::BITS - 1 - PARTS.ilog2()));
    (index - shift * PARTS).saturating_mul(width).saturating_add(width / 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentile_of_known_durations_is_right_within_its_bucket() {
        let mut latencies = Latencies::new();
        assert_eq!(latencies.percentiles(), None);
        for millis in 1..=1000 {
            latencies.add(Duration::from_millis(millis));
        }
        let Percentiles { p50, p95, p99, max } = latencies.percentiles().unwrap();
        for (is, should) in [(p50, 500.0), (p95, 950.0), (p99, 990.0)] {
            let is = is.as_secs_f64() * 1000.0;
            assert!((is / should - 1.0).abs() < 0.032, "{is} {should}");
        }
        assert_eq!(max, Duration::from_secs(1));
    }

    #[test]
    fn one_slow_call_in_a_hundred_shows_only_as_the_longest() {
        let mut latencies = Latencies::new();
        (0..99).for_each(|_| latencies.add(Duration::from_micros(7)));
        latencies.add(Duration::MAX);
        let Percentiles { p99, max, .. } = latencies.percentiles().unwrap();
        assert_eq!((p99, max), (Duration::from_micros(7), Duration::from_micros(u64::MAX)));
    }

    proptest::proptest! {
        #[test]
        fn every_duration_is_within_a_thirtieth_of_its_buckets_middle(bits in 0_u32..64, low: u64) {
            let micros = (1_u64 << bits) | (low & ((1 << bits) - 1));
            let index = index(micros);
            proptest::prop_assert!(index < BUCKETS);
            let error = middle(index).abs_diff(micros) as f64 / micros as f64;
            proptest::prop_assert!(error <= 1.0 / 30.0, "{micros} {index} {error}");
        }
    }
}
