//! Shares the limit with unknown others: faster with every call that passes, slower when one is refused (AIMD), and with
//! a memory for the pace that was refused last and for what that cost (as CUBIC has it).
//!
//! Never above the ceiling, which stays the hard limit. Knows nothing of freezes.

use std::time::{Duration, Instant};

use crate::pace::ceiling::Ceiling;
use crate::pace::window;
use crate::settings::rate::Limit;

/// Part of the limit by which the pace grows per window: +0.034 calls/s per second for 50/10 s.
const GROWTH: f64 = 0.068;

/// What is left of the pace after a refusal.
const CUT: f64 = 0.85;

/// What is left of it after a ban of three windows or more. Whoever bans makes each refusal cost as much as many calls.
/// A little less than half, for one other client that takes half is as common as a limit that is just kept.
const CUT_BY_BAN: f64 = 0.48;

/// After a silence of more than two windows, which crowds seldom bring about and bans do, the pace stays as it is: for so
/// many times as long as the silence lasted beyond those. To try a faster pace may cost another ban.
const HOLD: u32 = 10;
const LONGEST_HOLD: Duration = Duration::from_secs(120);

/// Within this part of the pace that was refused last, growth is slower: [`NEAR_GROWTH`] of what it is elsewhere.
const NEAR: f64 = 0.05;
const NEAR_GROWTH: f64 = 0.7;

/// A refusal after so many windows without any is a single one, and no reason to slow down: somebody's burst, or another
/// client's call that happened to be just before ours.
const CALM: u32 = 6;

/// So many passes or fewer between refusals, twice in a row and with a single silence enough each time, are no crowd but a
/// pace that no call can keep, such as at a limiter that keeps calls apart: then the next cut does not wait for the window
/// to pass. Three, as the refusal of an offer that was refused before and may be bad is none of the pace.
const HARDLY_ANY: u32 = 3;

/// But not below this part of the limit, where somebody else may well be to blame.
const CUT_AT_ONCE: f64 = 0.2;

/// The slowest pace, as a part of the limit: 0.1 calls/s for 50/10 s.
const SLOWEST: f64 = 0.02;

/// Growth is per window and cuts are once per window, but nobody can wait for windows of an hour.
const LONGEST_WINDOW: Duration = Duration::from_secs(60);

/// The pace aimed at.
#[derive(Debug)]
pub(crate) struct Aimd {
    /// Calls per second, from `slowest` to `fastest`.
    pace: f64,
    slowest: f64,
    fastest: f64,
    /// Calls per second, per second.
    growth: f64,
    window: Duration,
    slack: Duration,
    /// The next call leaves no earlier; `None` before the first, which is the ceiling's business.
    next: Option<Instant>,
    /// When the pace was last cut, or would have been but for the calm before.
    last_cut: Option<Instant>,
    refusal: Option<Refusal>,
    /// Calls that passed since the last refusal, and between the last two rows of refusals.
    passes: u32,
    passes_before: u32,
    /// Whether any call has ever passed. Who is refused before that has not been too fast: somebody used up the limit.
    has_passed: bool,
    /// Another call was refused after the silence.
    in_vain: bool,
    /// The pace that was refused last.
    refused_at: Option<f64>,
    /// No growth until then, and the pace that is held.
    hold: Option<(Instant, f64)>,
    /// A pace that was held and never refused meanwhile.
    good: Option<f64>,
}

/// The refusals since something passed last.
#[derive(Clone, Copy, Debug)]
struct Refusal {
    since: Instant,
    pace: f64,
}

impl Aimd {
    /// Starts at the ceiling's pace: most often nobody else is there.
    pub(crate) fn new(limit: Limit, ceiling: &Ceiling) -> Self {
        let window = window(limit).min(LONGEST_WINDOW);
        let fastest = ceiling.period().as_secs_f64().recip();
        Self {
            pace: fastest,
            slowest: limit.per_second() * SLOWEST,
            fastest,
            growth: limit.per_second() * GROWTH / window.as_secs_f64(),
            window,
            slack: ceiling.slack(),
            next: None,
            last_cut: None,
            refusal: None,
            passes: u32::MAX,
            passes_before: u32::MAX,
            has_passed: false,
            in_vain: false,
            refused_at: None,
            hold: None,
            good: None,
        }
    }

    /// Keeps the relation of pace and limit.
    pub(crate) fn set_limit(&mut self, limit: Limit, ceiling: &Ceiling) {
        let relation = self.pace / self.fastest;
        let (next, last_cut) = (self.next, self.last_cut);
        *self = Self::new(limit, ceiling);
        (self.next, self.last_cut) = (next, last_cut);
        self.pace = (self.fastest * relation).max(self.slowest);
    }

    /// When the next call may leave.
    pub(crate) fn earliest(&self) -> Option<Instant> {
        self.next
    }

    pub(crate) fn send(&mut self, now: Instant) {
        if self.pace >= self.fastest {
            self.next = None;
            return;
        }
        let from = now.checked_sub(self.slack).unwrap_or(now);
        let from = self.next.map_or(from, |next| next.max(from));
        self.next = Some(from + Duration::from_secs_f64(self.pace.recip()));
    }

    /// A call that left at `left` was not refused. Growth per call is such that a second of calls makes `growth`.
    pub(crate) fn passed(&mut self, left: Instant, now: Instant) {
        let forgiven = self.refusal.take_if(|refusal| left >= refusal.since).filter(|_| self.has_passed);
        if let Some(refusal) = forgiven {
            self.forgiven(refusal, now);
        }
        self.has_passed = true;
        self.passes = self.passes.saturating_add(1);
        if let Some((until, pace)) = self.hold {
            if now < until {
                return;
            }
            (self.hold, self.good) = (None, Some(pace));
        }
        let near = self.refused_at.is_some_and(|refused| (self.pace / refused - 1.0).abs() < NEAR);
        let growth = if near { NEAR_GROWTH * self.growth } else { self.growth };
        self.pace = (self.pace + growth / self.pace).min(self.fastest);
    }

    /// Something passes again.
    fn forgiven(&mut self, refusal: Refusal, now: Instant) {
        let lasted = now.saturating_duration_since(refusal.since);
        if lasted < self.window {
            return;
        }
        // From one window to three, the cut goes from one to the other.
        let part = (lasted.as_secs_f64() / self.window.as_secs_f64() - 1.0) / 2.0;
        let cut = CUT - (CUT - CUT_BY_BAN) * part.min(1.0);
        // Only a little too fast, as is known from before the ban.
        let known = self.good.filter(|good| refusal.pace < good * 1.25 && *good < refusal.pace);
        let pace = known.map_or(self.pace.min(refusal.pace * cut), |good| good * 0.95);
        self.pace = pace.max(self.slowest);
        self.next = Some(now + Duration::from_secs_f64(self.pace.recip()));
        let hold = (HOLD * lasted.saturating_sub(2 * self.window)).min(LONGEST_HOLD);
        self.hold = Some((now + hold, self.pace));
    }

    /// A call that left at `left` was refused. Refusals of one window, or with nothing that passes between them, have one
    /// cause and cut once; and the first after a long calm does not yet.
    pub(crate) fn throttled(&mut self, left: Instant, now: Instant) {
        if let Some(refusal) = self.refusal {
            self.in_vain |= left > refusal.since;
            return;
        }
        self.refusal = Some(Refusal { since: now, pace: self.pace });
        let few = self.passes.max(self.passes_before) <= HARDLY_ANY;
        let in_vain = std::mem::take(&mut self.in_vain);
        let hardly_any = few && !in_vain && self.pace > CUT_AT_ONCE * self.fastest;
        self.passes_before = std::mem::take(&mut self.passes);
        let may_cut = |cut| left >= cut && (hardly_any || now.saturating_duration_since(cut) >= self.window);
        if self.last_cut.is_none_or(may_cut) {
            let calm = self.last_cut.is_none_or(|cut| now.saturating_duration_since(cut) >= CALM * self.window);
            self.last_cut = Some(now);
            if hardly_any {
                self.passes_before = u32::MAX;
            }
            if !calm {
                self.refused_at = Some(self.pace);
                self.pace = (self.pace * CUT).max(self.slowest);
            }
        }
    }

    pub(crate) fn pace(&self) -> f64 {
        self.pace
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn controller(rate: &str, t0: Instant) -> Aimd {
        let limit = rate.parse::<crate::settings::rate::Rate>().unwrap().limit().unwrap();
        Aimd::new(limit, &Ceiling::new(limit, t0))
    }

    /// Refused from `from` on until a call passes at `to`.
    fn silent(controller: &mut Aimd, from: Instant, to: Instant) {
        controller.has_passed = true;
        controller.throttled(from, from);
        controller.passed(to, to);
    }

    /// Calls pass at the pace for so long.
    fn calm(controller: &mut Aimd, mut now: Instant, lasts: Duration) -> Instant {
        let end = now + lasts;
        while now < end {
            now += Duration::from_secs_f64(controller.pace().recip());
            controller.passed(now, now);
        }
        now
    }

    #[test]
    fn recovery_goes_by_the_limit_and_never_by_how_it_is_written() {
        let t0 = Instant::now();
        for (one, other) in [("5/s", "50/10s"), ("10/s", "100/10s"), ("1/100ms", "100/10s"), ("20/2s", "100/10s")] {
            let after = |rate: &str| {
                let mut controller = controller(rate, t0);
                silent(&mut controller, t0, t0 + 2 * SECOND);
                silent(&mut controller, t0 + 15 * SECOND, t0 + 17 * SECOND);
                calm(&mut controller, t0 + 17 * SECOND, 5 * SECOND);
                assert!(controller.pace() < 0.95 * controller.fastest);
                controller.pace()
            };
            let relation = after(one) / after(other);
            assert!((0.97..1.03).contains(&relation), "{one} and {other}: {relation}");
        }
    }

    #[test]
    fn a_refusal_costs_more_the_longer_the_silence_after_it() {
        let t0 = Instant::now();
        let mut before = 1.0;
        for (seconds, at_most, at_least) in
            [(2, 0.86, 0.85), (9, 0.86, 0.85), (15, 0.77, 0.74), (30, 0.49, 0.47), (300, 0.49, 0.47)]
        {
            let mut controller = controller("50/10s", t0);
            let fastest = controller.pace();
            silent(&mut controller, t0, t0 + 2 * SECOND);
            assert!((controller.pace() - fastest).abs() < 0.01, "a single one costs nothing");
            let later = t0 + 20 * SECOND;
            silent(&mut controller, later, later + seconds * SECOND);
            let left = controller.pace() / fastest;
            assert!(left <= at_most && left >= at_least && left <= before + 0.01, "{seconds} s: {left}");
            before = left;
        }
    }

    #[test]
    fn a_pace_that_no_call_can_keep_is_left_soon() {
        let t0 = Instant::now();
        for (passes, at_most, at_least) in [(1, 5.1, 3.9), (3, 5.5, 3.9), (5, 9.9, 7.0)] {
            let (mut controller, mut now) = (controller("10/s", t0), t0);
            for _ in 0..12 {
                now += SECOND;
                controller.throttled(now, now);
                (0..passes).for_each(|_| controller.passed(now, now));
            }
            let pace = controller.pace();
            assert!(pace < at_most && pace > at_least, "{passes} passes: {pace}");
        }
    }

    #[test]
    fn a_ban_from_before_the_start_says_nothing_of_the_pace() {
        let t0 = Instant::now();
        let mut controller = controller("50/10s", t0);
        controller.throttled(t0, t0);
        controller.passed(t0 + 31 * SECOND, t0 + 31 * SECOND);
        assert!(controller.pace() >= controller.fastest, "{}", controller.pace());
    }

    #[test]
    fn after_a_long_ban_the_pace_is_held_and_comes_back_all_the_same() {
        let t0 = Instant::now();
        let mut controller = controller("50/10s", t0);
        silent(&mut controller, t0, t0 + 31 * SECOND);
        let held = controller.pace();
        let now = calm(&mut controller, t0 + 31 * SECOND, 100 * SECOND);
        assert!((controller.pace() - held).abs() < 0.01, "{held}");
        calm(&mut controller, now, 120 * SECOND);
        assert!(controller.pace() > 4.9, "{}", controller.pace());
    }

    #[test]
    fn a_pace_that_was_good_is_gone_back_to_when_a_little_more_was_too_much() {
        let t0 = Instant::now();
        let mut controller = controller("50/10s", t0);
        silent(&mut controller, t0, t0 + 31 * SECOND);
        let good = controller.pace();
        let now = calm(&mut controller, t0 + 31 * SECOND, 115 * SECOND);
        assert!(controller.pace() > good);
        silent(&mut controller, now, now + 31 * SECOND);
        assert!((controller.pace() / good - 0.95).abs() < 0.01, "{} of {good}", controller.pace());
    }

    #[test]
    fn growth_is_slower_near_the_pace_that_was_refused() {
        let t0 = Instant::now();
        let mut controller = controller("50/10s", t0);
        (controller.pace, controller.refused_at) = (4.0, Some(4.1));
        calm(&mut controller, t0, 2 * SECOND);
        let near = controller.pace() - 4.0;
        (controller.pace, controller.refused_at) = (4.0, Some(4.9));
        calm(&mut controller, t0, 2 * SECOND);
        let far = controller.pace() - 4.0;
        assert!(near < 0.75 * far && near > 0.6 * far, "{near} {far}");
    }
}
