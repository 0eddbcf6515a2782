//! The other affiliates who share the limit: when they call, and how they fare.
//!
//! Their moments depend only on their seed, never on this program's calls. The limit decides whether a call passes.

use std::time::Duration;

use crate::sandbox::random::Random;
use crate::settings::rate::Limit;

/// The other affiliates of the network; they ignore refusals and do not retry.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Others {
    /// Their calls as a share of the limit; 0.6 = 60 %.
    pub share: f64,
    /// How their calls are spread.
    pub traffic: Traffic,
    /// Another seed, other moments.
    pub seed: u64,
}

/// How the calls of others are spread over time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Traffic {
    /// One by one, independent of each other.
    Poisson,
    /// This many at the same moment, the moments independent of each other.
    Bursts(u32),
}

/// How the calls of others fared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Calls made.
    pub sent: u64,
    /// Those of them that were refused.
    pub refused: u64,
}

/// The calls of others, one moment after the other.
#[derive(Clone, Debug)]
pub(crate) struct Crowd {
    random: Random,
    moments_per_second: f64,
    calls_per_moment: u32,
    next: Duration,
}

impl Crowd {
    /// `None` where the share is zero.
    pub(crate) fn new(others: Others, limit: Limit) -> Option<Self> {
        let calls_per_moment = match others.traffic {
            Traffic::Poisson => 1,
            Traffic::Bursts(calls) => calls.max(1),
        };
        let moments_per_second = others.share * limit.per_second() / f64::from(calls_per_moment);
        if !(moments_per_second.is_finite() && moments_per_second > 0.0) {
            return None;
        }
        let mut random = Random::new(others.seed);
        let next = random.gap(moments_per_second);
        Some(Self { random, moments_per_second, calls_per_moment, next })
    }

    /// The next moment not later than `now`, and the calls made then.
    pub(crate) fn next_until(&mut self, now: Duration) -> Option<(Duration, u32)> {
        let at = self.next;
        (at <= now).then(|| {
            // At least a nanosecond, so that time advances at any rate.
            let gap = self.random.gap(self.moments_per_second).max(Duration::from_nanos(1));
            self.next = at.saturating_add(gap);
            (at, self.calls_per_moment)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sandbox::limit::{Limiter, Rules, Verdict};

    #[test]
    fn others_use_their_share_at_moments_that_are_theirs_alone() {
        for traffic in [Traffic::Poisson, Traffic::Bursts(25)] {
            let crowded = Rules { others: Some(Others { share: 0.6, traffic, seed: 1 }), ..Rules::PUBLISHED };
            // Not whole seconds: calls 10 s apart to the nanosecond hand their place to each other and never meet others.
            let run = |pause: usize| {
                let mut limiter = Limiter::new(crowded);
                let times = (0..=20_000).step_by(pause).map(|step| Duration::from_millis(1_007) * step);
                let verdicts: Vec<_> = times.map(|at| limiter.arrive(at)).collect();
                (limiter.others(), verdicts)
            };
            let (tally, verdicts) = run(1);
            assert!((57_000..63_000).contains(&tally.sent), "{traffic:?}: {tally:?}");
            let refused = verdicts.iter().filter(|&&verdict| verdict != Verdict::Pass).count();
            assert!(tally.refused > 0 && refused > 0, "{traffic:?}: {tally:?}, {refused} of ours");
            assert_eq!((tally, verdicts), run(1));
            assert_eq!(tally.sent, run(20_000).0.sent, "{traffic:?}");
        }
    }

    #[test]
    fn a_share_that_means_nothing_is_nobody() {
        for share in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            let others = Others { share, traffic: Traffic::Poisson, seed: 1 };
            let mut limiter = Limiter::new(Rules { others: Some(others), ..Rules::PUBLISHED });
            assert_eq!(limiter.arrive(Duration::from_secs(100)), Verdict::Pass);
            assert_eq!(limiter.others(), Tally::default());
        }
    }
}
