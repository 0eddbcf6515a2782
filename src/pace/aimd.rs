//! Shares the limit with unknown others: faster with every call that passes, slower when one is refused (AIMD), and with
//! a memory for the pace that was refused last (as CUBIC has it) and for bans.
//!
//! Never above the ceiling, which stays the hard limit. Knows nothing of cooldowns.

use std::time::{Duration, Instant};

use crate::pace::ban::BanMemory;
use crate::pace::ceiling::Ceiling;
use crate::pace::pass_rate::PassRate;
use crate::pace::signal::Trial;
use crate::pace::window;
use crate::settings::rate::Limit;

/// Part of the limit by which the pace grows per window: +0.034 calls/s per second for 50/10 s.
const GROWTH: f64 = 0.068;

/// What is left of the pace after a refusal.
const CUT: f64 = 0.85;

/// Where the limit is far below the pace, the pace is cut to this multiple of what has passed, and grows in proportion to
/// itself.
const A_LITTLE_MORE: f64 = 1.05;

/// Within this part of the pace that was refused last, growth is slower: [`NEAR_GROWTH`] of what it is elsewhere.
const NEAR: f64 = 0.05;
const NEAR_GROWTH: f64 = 0.7;

/// A refusal after this many windows without any is a single one, and no reason to slow down: somebody's burst, or another
/// client's call that happened to be just before ours.
const CALM: u32 = 6;

/// The slowest pace, as a part of the limit: 0.1 calls/s for 50/10 s.
const SLOWEST: f64 = 0.02;

/// Growth is per window and cuts are once per window, but nobody can wait for windows of an hour.
const LONGEST_WINDOW: Duration = Duration::from_secs(60);

/// The pace aimed at.
#[derive(Debug)]
pub(crate) struct Aimd {
    /// Calls per second, within the bounds.
    pace: f64,
    bounds: Bounds,
    /// The next call leaves no earlier; `None` before the first, which is the ceiling's business.
    next: Option<Instant>,
    /// When the pace was last cut, or would have been but for the calm before.
    last_cut: Option<Instant>,
    refusal: Option<Refusal>,
    /// Whether any call has ever passed. Who is refused before that has not been too fast: somebody used up the limit.
    has_passed: bool,
    /// The pace that was refused last.
    refused_at: Option<f64>,
    passes: PassRate,
    bans: BanMemory,
}

/// What follows from the limit.
#[derive(Clone, Copy, Debug)]
struct Bounds {
    /// Calls per second.
    slowest: f64,
    fastest: f64,
    /// Calls per second, per second.
    growth: f64,
    window: Duration,
    slack: Duration,
}

/// The refusals since something passed last.
#[derive(Clone, Copy, Debug)]
struct Refusal {
    /// When the first of them was sent, and when that was known.
    sent_at: Instant,
    known_at: Instant,
    pace: f64,
}

impl Bounds {
    fn new(limit: Limit, ceiling: &Ceiling) -> Self {
        let window = window(limit).min(LONGEST_WINDOW);
        Self {
            slowest: limit.per_second() * SLOWEST,
            fastest: ceiling.period().as_secs_f64().recip(),
            growth: limit.per_second() * GROWTH / window.as_secs_f64(),
            window,
            slack: ceiling.slack(),
        }
    }
}

impl Aimd {
    /// Starts at the ceiling's pace: most often nobody else is there.
    pub(crate) fn new(limit: Limit, ceiling: &Ceiling) -> Self {
        let bounds = Bounds::new(limit, ceiling);
        Self {
            pace: bounds.fastest,
            bounds,
            next: None,
            last_cut: None,
            refusal: None,
            has_passed: false,
            refused_at: None,
            passes: PassRate::new(bounds.window),
            bans: BanMemory::new(bounds.window, bounds.fastest),
        }
    }

    /// Keeps the relation of pace and limit.
    pub(crate) fn set_limit(&mut self, limit: Limit, ceiling: &Ceiling) {
        let relation = self.pace / self.bounds.fastest;
        let (next, last_cut) = (self.next, self.last_cut);
        *self = Self::new(limit, ceiling);
        (self.next, self.last_cut) = (next, last_cut);
        self.pace = (self.bounds.fastest * relation).max(self.bounds.slowest);
    }

    /// When the next call may leave.
    pub(crate) fn earliest(&self) -> Option<Instant> {
        self.next
    }

    pub(crate) fn send(&mut self, now: Instant) {
        if self.pace >= self.bounds.fastest {
            self.next = None;
            return;
        }
        let from = now.checked_sub(self.bounds.slack).unwrap_or(now);
        let from = self.next.map_or(from, |next| next.max(from));
        self.next = Some(from + Duration::from_secs_f64(self.pace.recip()));
    }

    /// A call sent at `sent_at` was not refused. Growth per call is such that a second of calls makes `growth`.
    pub(crate) fn passed(&mut self, sent_at: Instant, now: Instant) {
        let forgiven = self.refusal.take_if(|refusal| sent_at >= refusal.known_at).filter(|_| self.has_passed);
        if let Some(refusal) = forgiven {
            self.forgiven(refusal, now);
        }
        self.has_passed = true;
        self.passes.passed(now);
        self.bans.passed();
        if self.bans.holds(now) {
            return;
        }
        let near = self.refused_at.is_some_and(|refused| (self.pace / refused - 1.0).abs() < NEAR);
        let slower = if self.passes.is_low() { self.pace / self.bounds.fastest } else { 1.0 };
        let growth = self.bounds.growth * slower * if near { NEAR_GROWTH } else { 1.0 };
        self.pace = (self.pace + growth / self.pace).min(self.bounds.fastest);
    }

    /// Something passes again.
    fn forgiven(&mut self, refusal: Refusal, now: Instant) {
        let lasted = now.saturating_duration_since(refusal.sent_at);
        if let Some(pace) = self.bans.over(refusal.pace, lasted, now) {
            self.pace = pace.max(self.bounds.slowest);
            self.next = Some(now + Duration::from_secs_f64(self.pace.recip()));
        }
    }

    /// A call sent at `sent_at` was refused. Refusals within one window, or with nothing that passes between them, have one
    /// cause and cut once; and the first after a long calm does not yet.
    pub(crate) fn throttled(&mut self, sent_at: Instant, now: Instant, trial: Trial) {
        if self.refusal.is_some() {
            return;
        }
        self.passes.refused(trial);
        if let Some(pace) = self.bans.was_none(now) {
            self.pace = self.pace.max(pace * CUT);
        }
        self.refusal = Some(Refusal { sent_at, known_at: now, pace: self.pace });
        let window = self.bounds.window;
        let may_cut = |cut| sent_at >= cut && now.saturating_duration_since(cut) >= window;
        if self.last_cut.is_none_or(may_cut) {
            let calm = self.last_cut.is_none_or(|cut| now.saturating_duration_since(cut) >= CALM * window);
            self.last_cut = Some(now);
            if !calm {
                self.refused_at = Some(self.pace);
                let passes = self.passes.per_second(now).filter(|_| self.passes.is_low());
                let cut = self.pace * CUT;
                self.pace = passes.map_or(cut, |passes| cut.min(passes * A_LITTLE_MORE)).max(self.bounds.slowest);
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

    fn aimd(rate: &str, t0: Instant) -> Aimd {
        let limit = rate.parse::<crate::settings::rate::Rate>().unwrap().limit().unwrap();
        Aimd::new(limit, &Ceiling::new(limit, t0))
    }

    /// Refused from `from` on until a call passes at `to`.
    fn silent(aimd: &mut Aimd, from: Instant, to: Instant) {
        aimd.has_passed = true;
        aimd.throttled(from, from, Trial::AtOnce);
        aimd.passed(to, to);
    }

    /// Calls pass at the pace for so long.
    fn calm(aimd: &mut Aimd, mut now: Instant, lasts: Duration) -> Instant {
        let end = now + lasts;
        while now < end {
            now += Duration::from_secs_f64(aimd.pace().recip());
            aimd.passed(now, now);
        }
        now
    }

    #[test]
    fn recovery_goes_by_the_limit_and_never_by_how_it_is_written() {
        let t0 = Instant::now();
        for (one, other) in [("5/s", "50/10s"), ("10/s", "100/10s"), ("1/100ms", "100/10s"), ("20/2s", "100/10s")] {
            let after = |rate: &str| {
                let mut aimd = aimd(rate, t0);
                silent(&mut aimd, t0, t0 + 2 * SECOND);
                silent(&mut aimd, t0 + 15 * SECOND, t0 + 17 * SECOND);
                calm(&mut aimd, t0 + 17 * SECOND, 5 * SECOND);
                assert!(aimd.pace() < 0.95 * aimd.bounds.fastest);
                aimd.pace()
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
            [(2, 0.86, 0.85), (9, 0.86, 0.85), (11, 0.49, 0.47), (30, 0.49, 0.47), (300, 0.49, 0.47)]
        {
            let mut aimd = aimd("50/10s", t0);
            let fastest = aimd.pace();
            silent(&mut aimd, t0, t0 + 2 * SECOND);
            assert!((aimd.pace() - fastest).abs() < 0.01, "a single one costs nothing");
            let later = t0 + 20 * SECOND;
            silent(&mut aimd, later, later + seconds * SECOND);
            let left = aimd.pace() / fastest;
            assert!(left <= at_most && left >= at_least && left <= before + 0.01, "{seconds} s: {left}");
            before = left;
        }
    }

    #[test]
    fn a_ban_from_before_the_start_says_nothing_of_the_pace() {
        let t0 = Instant::now();
        let mut aimd = aimd("50/10s", t0);
        aimd.throttled(t0, t0, Trial::AtOnce);
        aimd.passed(t0 + 31 * SECOND, t0 + 31 * SECOND);
        assert!(aimd.pace() >= aimd.bounds.fastest, "{}", aimd.pace());
    }

    #[test]
    fn after_a_long_ban_the_pace_is_held_and_comes_back_all_the_same() {
        let t0 = Instant::now();
        let mut aimd = aimd("50/10s", t0);
        silent(&mut aimd, t0, t0 + 31 * SECOND);
        let held = aimd.pace();
        let now = calm(&mut aimd, t0 + 31 * SECOND, 100 * SECOND);
        assert!((aimd.pace() - held).abs() < 0.01, "{held}");
        calm(&mut aimd, now, 120 * SECOND);
        assert!(aimd.pace() > 4.9, "{}", aimd.pace());
    }

    #[test]
    fn refused_again_soon_after_a_long_silence_it_was_others_and_no_ban() {
        let t0 = Instant::now();
        let mut aimd = aimd("50/10s", t0);
        let fastest = aimd.pace();
        silent(&mut aimd, t0, t0 + 12 * SECOND);
        assert!(aimd.pace() < 0.5 * fastest);
        silent(&mut aimd, t0 + 15 * SECOND, t0 + 17 * SECOND);
        assert!((aimd.pace() / fastest - CUT * CUT).abs() < 0.01, "{}", aimd.pace());
    }

    #[test]
    fn growth_is_slower_near_the_pace_that_was_refused() {
        let t0 = Instant::now();
        let mut aimd = aimd("50/10s", t0);
        (aimd.pace, aimd.refused_at) = (4.0, Some(4.1));
        calm(&mut aimd, t0, 2 * SECOND);
        let near = aimd.pace() - 4.0;
        (aimd.pace, aimd.refused_at) = (4.0, Some(4.9));
        calm(&mut aimd, t0, 2 * SECOND);
        let far = aimd.pace() - 4.0;
        assert!(near < 0.75 * far && near > 0.6 * far, "{near} {far}");
    }
}
