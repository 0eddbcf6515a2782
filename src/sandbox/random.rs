//! Numbers that look random and are the same on every run: the sandbox must be repeatable.
//!
//! Not for anything that has to be unpredictable.

use std::time::Duration;

/// A splitmix64 generator.
#[derive(Clone, Debug)]
pub(crate) struct Random(u64);

impl Random {
    /// Starts the sequence that belongs to `seed`.
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next 64 bits.
    pub(crate) fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Evenly spread over `[0, 1)`.
    pub(crate) fn unit(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// The time to the next event of a Poisson process with `per_second` events a second.
    pub(crate) fn gap(&mut self, per_second: f64) -> Duration {
        let seconds = -(1.0 - self.unit()).ln() / per_second;
        Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_numbers() {
        let draw = |seed| {
            std::iter::repeat_with({
                let mut r = Random::new(seed);
                move || r.bits()
            })
            .take(5)
            .collect::<Vec<_>>()
        };
        assert_eq!(draw(1), draw(1));
        assert_ne!(draw(1), draw(2));
    }

    #[test]
    fn gaps_have_the_requested_mean() {
        let mut random = Random::new(7);
        let total: Duration = (0..10_000).map(|_| random.gap(5.0)).sum();
        assert!((1900.0..2100.0).contains(&total.as_secs_f64()), "{total:?}");
    }
}
