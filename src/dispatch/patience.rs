//! How long the run keeps silent where every offer is refused without a reason, before it believes that the account is.
//!
//! A ban of seconds or minutes looks like a refused account, and ends only if nobody calls. Told the time; knows nothing
//! of offers.

use std::time::{Duration, Instant};

/// How many refusals in a row are taken for what, in seconds where they are times.
#[derive(Debug)]
pub(crate) struct Plan {
    /// So many are ordinary throttles: each is followed by a freeze that is longer than the one before.
    ordinary: u32,
    /// Then the run is silent for so long, one time after the other.
    silences: [u64; 3],
    /// And so many more calls follow the first one after each, each after a moment: one alone may meet another client's call.
    again: u32,
}

impl Plan {
    /// While nothing has passed. The first silence is longer than most windows.
    pub(crate) const AT_START: Self = Self { ordinary: 3, silences: [12, 30, 66], again: 2 };
    /// From then on.
    pub(crate) const RUNNING: Self = Self { ordinary: 5, silences: [18, 30, 60], again: 0 };
}

/// Counts refusals that followed a silence.
#[derive(Debug, Default)]
pub(crate) struct Patience {
    /// Until when the run was to be silent after the refusal before; a call from before is no news.
    until: Option<Instant>,
    refusals: u32,
    kept: usize,
    /// Refusals since the last silence.
    again: u32,
}

/// What follows from one more refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// As after any throttle.
    Wait,
    /// Another call after a moment.
    Again,
    /// Patience for so long, then one more call.
    KeepSilent(Duration),
    /// Minutes of silence have changed nothing.
    Refused,
}

impl Patience {
    /// All of the silences.
    pub(crate) const WHOLE: Duration = Duration::from_secs(108);

    /// A call sent at `sent_at` was refused without a reason.
    pub(crate) fn refused(&mut self, sent_at: Instant, plan: &Plan) -> Verdict {
        if self.until.is_some_and(|until| sent_at < until) {
            return Verdict::Wait;
        }
        self.refusals += 1;
        if self.refusals < plan.ordinary {
            return Verdict::Wait;
        }
        if self.kept > 0 && self.again < plan.again {
            self.again += 1;
            return Verdict::Again;
        }
        self.again = 0;
        let silence = plan.silences.get(self.kept).copied().map(Duration::from_secs);
        self.kept += 1;
        silence.map_or(Verdict::Refused, Verdict::KeepSilent)
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
            let verdicts: Vec<Verdict> = (0..12)
                .map(|_| {
                    let verdict = patience.refused(now, &Plan::AT_START);
                    before = now + Duration::from_secs(3);
                    now += Duration::from_secs(4);
                    patience.set_until(now);
                    assert_eq!(patience.refused(before, &Plan::AT_START), Verdict::Wait);
                    verdict
                })
                .collect();
            let silence = |seconds| Verdict::KeepSilent(Duration::from_secs(seconds));
            let [first, second, third] = Plan::AT_START.silences.map(silence);
            let (wait, again) = ([Verdict::Wait; 2], [Verdict::Again; 2]);
            let rest = [&[first], &again[..], &[second], &again, &[third], &again, &[Verdict::Refused]].concat();
            assert_eq!(verdicts, [&wait[..], &rest].concat());
            patience.passed(before);
            assert_eq!(patience.refused(now, &Plan::RUNNING), Verdict::Refused, "a call from before proves nothing");
            patience.passed(now);
        }
        for plan in [Plan::AT_START, Plan::RUNNING] {
            assert_eq!(Duration::from_secs(plan.silences.iter().sum()), Patience::WHOLE);
        }
    }
}
