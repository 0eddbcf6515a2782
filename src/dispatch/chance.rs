//! Whether an offer is refused for itself or for the pace of the run: judged by chance.
//!
//! An offer that is refused again and again while others pass may be bad, or just unlucky where many calls are refused.
//! It is bad when luck that bad is not to be believed. Knows nothing of time, queues or what a refusal looks like.

/// How likely it may be at most that an offer taken for bad was only unlucky. One in a thousand would be ten wrong rows in
/// ten thousand offers where half of the calls are refused; this costs two calls more for each bad offer.
const LUCK: f64 = 1e-5;

/// Where more than this part of the calls is refused, the refusals of one offer are no matter of chance alone: a limiter that
/// refuses every second or third call may meet the same offer again and again, by the order in which offers are asked. Then
/// each refusal proves no more than if this part of the calls were refused.
const OFTEN: f64 = 0.25;
const IN_STEP: f64 = 0.65;

/// No offer is judged before it was refused so often.
const FEWEST: u32 = 3;

/// How the calls of the whole run ended, up to a moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Traffic {
    /// Calls that passed.
    pub(crate) passes: u64,
    /// Calls that were refused although their offer passes at other times: those were refused for the pace.
    pub(crate) excused: u64,
}

impl Traffic {
    /// The share of calls that were refused for the pace. Of the other offers that are refused now, nobody knows whether
    /// they are bad too, so each counts for one such call; and where few calls were made, one more might have been.
    fn share_since(self, before: Self, others: usize) -> f64 {
        let passes = self.passes.saturating_sub(before.passes) as f64;
        let refused = self.excused.saturating_sub(before.excused) as f64 + others as f64;
        (refused + 1.0) / (passes + refused + 2.0)
    }
}

/// How calls leave at present.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Gaps {
    /// As the pace has it.
    Free,
    /// A gap after the last success, for a limiter that keeps calls apart. A call that leaves after twice that time, as the
    /// one does that decides, is refused more often than others, where other clients call meanwhile.
    Kept,
}

/// The refusals of one offer.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Refusals {
    /// Those between which others passed; the rest says nothing about the offer.
    counted: u32,
    at_first: Traffic,
    passes_at_last: u64,
    own: bool,
}

/// What one more refusal says about its offer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Finding {
    /// Nothing: it is the first one, or nothing has passed since the one before.
    Nothing,
    /// Others passed meanwhile, but this one may be unlucky.
    Suspect,
    /// The offer is refused for itself.
    Own,
}

impl Refusals {
    /// After this many refusals an offer may be bad.
    const SUSPICIOUS: u32 = 2;

    /// Takes in that the offer was refused again. `others` is how many other offers are refused and have not passed
    /// yet; `apart` says whether the call left after twice the usual gap, so that no limiter that keeps calls apart is
    /// to blame, and which gap that was; `None` if it did not.
    pub(crate) fn add(&mut self, traffic: Traffic, others: usize, apart: Option<Gaps>) -> Finding {
        let others_passed = traffic.passes > self.passes_at_last;
        self.passes_at_last = traffic.passes;
        if self.own {
            self.counted += 1;
            return Finding::Own;
        }
        if self.counted == 0 {
            self.counted = 1;
            self.at_first = traffic;
            return Finding::Nothing;
        }
        if !others_passed {
            return Finding::Nothing;
        }
        self.own = apart.is_some_and(|gaps| self.next_decides(traffic, others, gaps));
        self.counted += 1;
        if self.own { Finding::Own } else { Finding::Suspect }
    }

    /// Whether one more refusal would be more than bad luck, so that the call is to leave under the best conditions: after
    /// twice the usual gap.
    pub(crate) fn next_decides(&self, traffic: Traffic, others: usize, gaps: Gaps) -> bool {
        let luck = |gaps| match gaps {
            Gaps::Free => self.luck(self.counted + 1, traffic, others),
            Gaps::Kept => self.luck(self.counted, traffic, others) * IN_STEP,
        };
        self.is_open() && self.counted + 1 >= FEWEST && luck(gaps) < LUCK
    }

    /// The chance that a good offer is refused `times` times, going by the share of refused calls since its first refusal
    /// and in the whole run, whichever is greater: few calls may have been lucky.
    fn luck(&self, times: u32, traffic: Traffic, others: usize) -> f64 {
        let share = |others| {
            let since = traffic.share_since(self.at_first, others);
            since.max(traffic.share_since(Traffic::default(), others))
        };
        let share = if share(0) > OFTEN { share(others).max(IN_STEP) } else { share(others) };
        share.powi(i32::try_from(times).unwrap_or(i32::MAX))
    }

    /// Whether one more refusal would say anything of the offer: something has passed since the last one.
    pub(crate) fn would_tell(&self, traffic: Traffic) -> bool {
        traffic.passes > self.passes_at_last
    }

    /// How many refusals say something about the offer.
    pub(crate) fn counted(&self) -> u32 {
        self.counted
    }

    /// Whether the offer was refused and it is not known why.
    pub(crate) fn is_open(&self) -> bool {
        self.counted > 0 && !self.own
    }

    /// Whether it may well be bad.
    pub(crate) fn is_suspicious(&self) -> bool {
        self.is_open() && self.counted >= Self::SUSPICIOUS
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Refuses an offer while `passes` others pass and `excused` good ones are refused before each refusal; how often
    /// until it is taken for bad.
    fn until_own(passes: u64, excused: u64, others: usize, apart: Option<Gaps>) -> Option<u32> {
        let mut refusals = Refusals::default();
        (1..200).find(|n| {
            let n = u64::from(*n);
            let traffic = Traffic { passes: 100 + n * passes, excused: n * excused };
            refusals.add(traffic, others, apart) == Finding::Own
        })
    }

    #[test]
    fn an_offer_is_bad_when_luck_cannot_explain_its_refusals() {
        for (passes, excused, others, expected) in [
            (50, 0, 0, Some(3)),
            (50, 1, 0, Some(4)),
            (10, 1, 0, Some(6)),
            (10, 3, 0, Some(8)),
            (10, 10, 0, Some(27)),
            (1, 1, 0, Some(27)),
            (10, 90, 0, Some(110)),
            (20, 0, 6, Some(5)),
            (1, 0, 0, Some(6)),
            (0, 1, 0, None),
        ] {
            let free = Some(Gaps::Free);
            assert_eq!(until_own(passes, excused, others, free), expected, "{passes} {excused} {others}");
        }
    }

    #[test]
    fn while_calls_are_kept_apart_the_last_one_proves_less() {
        for (passes, excused, expected) in [(50, 0, 4), (50, 1, 5), (10, 1, 6), (10, 3, 9), (10, 10, 27)] {
            assert_eq!(until_own(passes, excused, 0, Some(Gaps::Kept)), Some(expected), "{passes} {excused}");
        }
    }

    #[test]
    fn nothing_is_proven_by_calls_that_left_close_behind_others() {
        assert_eq!(until_own(50, 0, 0, None), None);
    }

    #[test]
    fn refused_while_nothing_passes_says_nothing() {
        let mut refusals = Refusals::default();
        for _ in 0..50 {
            assert_eq!(refusals.add(Traffic { passes: 3, excused: 0 }, 0, Some(Gaps::Free)), Finding::Nothing);
        }
        assert!(refusals.is_open() && !refusals.is_suspicious());
    }
}
