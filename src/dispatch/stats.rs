//! The counts of a run's calls.
//!
//! Must not decide anything.

use std::time::{Duration, Instant};

/// Counts of the calls of a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Calls sent.
    pub calls: u64,
    /// Calls that repeated an attempt that had failed.
    pub retries: u64,
    /// Calls refused for the limit: all that said so, and those without a reason that slowed the run down, alone or several
    /// together.
    pub throttled: u64,
    /// How long the run stood still because it was throttled.
    pub frozen: Duration,
    /// How long the run stood still because the service was gone.
    pub outage: Duration,
    /// How many calls the network takes at a time, where the run has learned that.
    pub at_a_time: Option<usize>,
}

/// The counts, and the calls in flight.
#[derive(Debug, Default)]
pub(crate) struct Stats {
    pub(crate) counts: Counts,
    pub(crate) in_flight: usize,
    pub(crate) last_sent_at: Option<Instant>,
}

impl Stats {
    /// A call is sent.
    pub(crate) fn sent(&mut self, now: Instant) {
        self.counts.calls += 1;
        self.in_flight += 1;
        self.last_sent_at = Some(now);
    }

    /// A call is back.
    pub(crate) fn completed(&mut self) {
        self.in_flight = self.in_flight.saturating_sub(1);
    }

    /// A call was refused for the limit, whether or not the run slows down for it.
    pub(crate) fn throttled(&mut self) {
        self.counts.throttled += 1;
    }

    /// So many calls before were refused for the limit too, as is known by now.
    pub(crate) fn throttled_before(&mut self, calls: usize) {
        self.counts.throttled += calls as u64;
    }

    /// All calls so far but one were refused for the limit, as is known by now: what repeated them was no retry.
    pub(crate) fn were_refused(&mut self, calls: usize) {
        self.throttled_before(calls);
        self.counts.retries = self.counts.retries.saturating_sub(calls as u64);
    }

    /// The run stands still for this much longer.
    pub(crate) fn frozen(&mut self, longer: Duration) {
        self.counts.frozen += longer;
    }

    /// The counts so far: of a freeze that ends at `frozen_until` only what is over of it, and of an outage that lasts,
    /// what is over too.
    pub(crate) fn counts(&self, frozen_until: Instant, outage: Duration, now: Instant) -> Counts {
        let to_come = frozen_until.saturating_duration_since(now);
        let frozen = self.counts.frozen.saturating_sub(to_come);
        Counts { frozen, outage: self.counts.outage + outage, ..self.counts }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_freeze_is_counted_as_it_passes() {
        let (now, second) = (Instant::now(), Duration::from_secs(1));
        let mut stats = Stats::default();
        stats.sent(now);
        stats.completed();
        stats.throttled();
        stats.throttled_before(2);
        stats.counts.retries = 2;
        stats.were_refused(3);
        stats.frozen(4 * second);
        let counts = |later| stats.counts(now + 4 * second, 2 * second, now + later);
        assert_eq!(counts(second).frozen, second);
        let expected = Counts { calls: 1, throttled: 6, frozen: 4 * second, outage: 2 * second, ..Counts::default() };
        assert_eq!(counts(9 * second), expected);
        assert_eq!((stats.in_flight, stats.last_sent_at), (0, Some(now)));
    }
}
