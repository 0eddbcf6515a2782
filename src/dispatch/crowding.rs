//! Whether refusals come in crowds, as from a limiter that is full, or one among many successes, as from a service that
//! fails now and then.
//!
//! Counts calls and their order. Must know neither times nor reasons.

use std::collections::VecDeque;

use crate::dispatch::task::TaskId;

/// The outcomes of the latest first calls. Later calls of a refused request say more about that request.
#[derive(Debug, Default)]
pub(crate) struct Crowding {
    /// Different requests refused since the last success, and those of them that are not suspected themselves.
    in_a_row: usize,
    blameless_in_a_row: usize,
    last_refused: Option<TaskId>,
    /// Whether each of the last first calls was refused.
    recent: VecDeque<bool>,
    /// First calls for which one refusal is still enough: the pace was cut, and may still be too fast.
    alert: usize,
    /// First calls since then, and how often in a row it took more than [`Self::ALERT`] of them until it was cut again.
    since_cut: usize,
    steady: usize,
    /// Whether each of the last refused requests turned out to be bad; the others succeeded later.
    settled: VecDeque<bool>,
    suspects_first: bool,
}

/// Which request was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Whose {
    /// One that had not been refused before.
    First,
    /// One that was refused, and nothing has succeeded since.
    Again,
    /// One that was refused while others succeeded.
    Suspect,
}

impl Crowding {
    /// Calls looked back at, and refusals among them that are no accident: where one call in twenty fails by itself, five
    /// of twenty come once in 400 times, as do two in a row.
    const RECENT: usize = 20;
    const REFUSED: usize = 5;
    const IN_A_ROW: usize = 2;
    /// Refusals that are no accident where each may well be a limiter's.
    const LIKELY: usize = 3;
    /// After a cut one refusal is enough for so many first calls; and for twice as many more, up to so often, each time that
    /// they all passed: a limiter refuses again when the pace has come back, a service that fails now and then at any time.
    const ALERT: usize = 15;
    const STEADIEST: usize = 4;
    /// This many bad requests among the last that were settled, and no good one, mean that the requests are to blame.
    const SETTLED: usize = 8;
    const BAD: usize = 3;

    /// A call succeeded; `first` if its request had not been refused before.
    pub(crate) fn passed(&mut self, first: bool) {
        self.in_a_row = 0;
        self.blameless_in_a_row = 0;
        self.last_refused = None;
        if first {
            self.remember(false);
        }
    }

    /// A call was refused, or answered by a gateway.
    pub(crate) fn refused(&mut self, id: TaskId, whose: Whose) {
        if self.last_refused != Some(id) {
            self.in_a_row += 1;
            self.blameless_in_a_row += usize::from(whose != Whose::Suspect);
        }
        self.last_refused = Some(id);
        if whose == Whose::First {
            self.remember(true);
        }
    }

    /// How many different requests were refused since the last success.
    pub(crate) fn in_a_row(&self) -> usize {
        self.in_a_row
    }

    /// Whether the last refusal was one of several in a row.
    pub(crate) fn is_one_of_several(&self) -> bool {
        self.blameless_in_a_row >= Self::IN_A_ROW
    }

    /// Whether more were refused lately than a sound service refuses now and then.
    pub(crate) fn is_crowded(&self) -> bool {
        self.is_one_of_several() || self.alert > 0 || self.refused_lately() >= Self::REFUSED
    }

    /// The same where each refusal may well be a limiter's.
    pub(crate) fn is_likely_crowded(&self) -> bool {
        self.is_crowded() || self.refused_lately() >= Self::LIKELY
    }

    /// The pace was cut for what was seen: the same is not counted twice. Returns how many first calls were refused lately.
    pub(crate) fn acted(&mut self) -> usize {
        let refused = self.refused_lately();
        self.recent.clear();
        self.steady = if self.since_cut > Self::ALERT { (self.steady + 1).min(Self::STEADIEST) } else { 0 };
        self.since_cut = 0;
        self.alert = Self::ALERT * (1 + 2 * self.steady);
        refused
    }

    /// A refused request is known to be bad, or has succeeded.
    pub(crate) fn settled(&mut self, bad: bool) {
        push(&mut self.settled, bad, Self::SETTLED);
    }

    /// Whether the latest refusals were the requests' own, so that a single one is no reason to slow down.
    pub(crate) fn is_about_offers(&self) -> bool {
        let bad = self.settled.iter().filter(|bad| **bad).count();
        bad >= Self::BAD && bad == self.settled.len() && !self.is_one_of_several()
    }

    /// Drawn at each freeze: whether a request that was refused again and again may be the first call after it.
    pub(crate) fn set_suspects_first(&mut self, first: bool) {
        self.suspects_first = first;
    }

    /// As it was drawn.
    pub(crate) fn suspects_first(&self) -> bool {
        self.suspects_first
    }

    fn refused_lately(&self) -> usize {
        self.recent.iter().filter(|refused| **refused).count()
    }

    fn remember(&mut self, refused: bool) {
        self.alert = self.alert.saturating_sub(1);
        self.since_cut = self.since_cut.saturating_add(1);
        push(&mut self.recent, refused, Self::RECENT);
    }
}

fn push(last: &mut VecDeque<bool>, item: bool, most: usize) {
    if last.len() == most {
        last.pop_front();
    }
    last.push_back(item);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn crowded_after(calls: &[bool]) -> bool {
        let mut crowding = Crowding::default();
        for (number, refused) in (1..).zip(calls) {
            if *refused { crowding.refused(TaskId(number), Whose::First) } else { crowding.passed(true) }
        }
        crowding.is_crowded()
    }

    #[test]
    fn two_in_a_row_or_five_of_twenty_are_no_accident() {
        assert!(!crowded_after(&[false, true]));
        assert!(crowded_after(&[false, true, true]));
        assert!(!crowded_after(&[true, false].repeat(4)));
        assert!(crowded_after(&[true, false].repeat(5)));
        assert!(!crowded_after(&[true, false, false, false, false, false].repeat(20)));
    }

    #[test]
    fn one_offer_that_is_refused_again_and_again_is_no_row() {
        let mut crowding = Crowding::default();
        for _ in 0..9 {
            crowding.refused(TaskId(7), Whose::Again);
        }
        assert!(crowding.in_a_row() == 1 && !crowding.is_crowded());
    }

    #[test]
    fn after_a_cut_one_refusal_is_enough_for_a_while() {
        let mut crowding = Crowding::default();
        let _ = crowding.acted();
        for _ in 0..14 {
            crowding.passed(true);
        }
        assert!(crowding.is_crowded());
        crowding.passed(true);
        assert!(!crowding.is_crowded());
    }

    #[test]
    fn where_cuts_help_for_a_while_again_and_again_one_refusal_is_enough_for_longer() {
        let mut crowding = Crowding::default();
        for (passes, alert) in [(0, 15), (16, 45), (40, 75), (70, 105), (100, 135), (130, 135), (5, 15), (20, 45)] {
            (0..passes).for_each(|_| crowding.passed(true));
            let _ = crowding.acted();
            let lasts = (0..200).take_while(|_| {
                let is_crowded = crowding.is_crowded();
                crowding.passed(true);
                is_crowded
            });
            let lasts = lasts.count();
            assert_eq!(lasts, alert, "after {passes}");
            crowding.since_cut = 0;
        }
    }

    #[test]
    fn refusals_are_the_offers_own_as_long_as_no_good_one_is_among_them() {
        let mut crowding = Crowding::default();
        for expected in [false, false, true] {
            crowding.settled(true);
            assert_eq!(crowding.is_about_offers(), expected);
        }
        crowding.settled(false);
        assert!(!crowding.is_about_offers());
        for _ in 0..8 {
            crowding.settled(true);
        }
        assert!(crowding.is_about_offers());
    }
}
