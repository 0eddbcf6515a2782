//! How long the run keeps silent where every offer is refused without a reason, before it believes that the account is.
//!
//! A ban of seconds or minutes looks like a refused account, and ends only if nobody calls. Told the time; knows nothing
//! of offers.

use std::time::{Duration, Instant};

/// Counts refusals that followed a silence.
#[derive(Debug, Default)]
pub(crate) struct Patience {
    /// Until when the run was to be silent after the refusal before; a call from before is no news.
    until: Option<Instant>,
    refusals: u32,
    kept: usize,
}

/// What follows from one more refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// As after any throttle.
    Wait,
    /// Patience for so long, then one more call.
    KeepSilent(Duration),
    /// Minutes of silence have changed nothing.
    Refused,
}

impl Patience {
    /// How long the run is silent, one time after the other.
    pub(crate) const STEPS: [Duration; 3] = [Duration::from_secs(18), Duration::from_secs(30), Duration::from_secs(60)];

    /// All of it.
    pub(crate) const WHOLE: Duration = Duration::from_secs(108);

    /// A call sent at `sent_at` was refused without a reason. `patience` is how many such refusals in a row are taken
    /// for an ordinary throttle first.
    pub(crate) fn refused(&mut self, sent_at: Instant, patience: u32) -> Verdict {
        if self.until.is_some_and(|until| sent_at < until) {
            return Verdict::Wait;
        }
        self.refusals += 1;
        if self.refusals < patience {
            return Verdict::Wait;
        }
        let step = Self::STEPS.get(self.kept).copied();
        self.kept += 1;
        step.map_or(Verdict::Refused, Verdict::KeepSilent)
    }

    /// Whether it is more than an ordinary throttle.
    pub(crate) fn keeps_silent(&self) -> bool {
        self.kept > 0
    }

    /// No call that left before `until` is news.
    pub(crate) fn set_until(&mut self, until: Instant) {
        self.until = Some(until);
    }

    /// A call sent at `sent_at` passed.
    pub(crate) fn passed(&mut self, sent_at: Instant) {
        if self.until.is_none_or(|until| sent_at >= until) {
            *self = Self::default();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_is_refused_after_three_silences_and_a_pass_begins_anew() {
        let mut now = Instant::now();
        let mut before = now;
        let mut patience = Patience::default();
        for _ in 0..2 {
            let verdicts: Vec<Verdict> = (0..6)
                .map(|_| {
                    let verdict = patience.refused(now, 3);
                    before = now + Duration::from_secs(3);
                    now += Duration::from_secs(4);
                    patience.set_until(now);
                    assert_eq!(patience.refused(before, 3), Verdict::Wait);
                    verdict
                })
                .collect();
            let [first, second, third] = Patience::STEPS.map(Verdict::KeepSilent);
            assert_eq!(verdicts, [Verdict::Wait, Verdict::Wait, first, second, third, Verdict::Refused]);
            patience.passed(before);
            assert_eq!(patience.refused(now, 3), Verdict::Refused, "a call from before proves nothing");
            patience.passed(now);
        }
        assert_eq!(Patience::STEPS.iter().sum::<Duration>(), Patience::WHOLE);
    }
}
