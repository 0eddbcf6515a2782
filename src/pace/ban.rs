//! What bans teach the pace: how much slower to be after one, for how long, and which pace was good.
//!
//! A limiter that bans makes each refusal cost as much as many calls, so the pace comes back slowly. Decides about the pace
//! after a ban only; ordinary refusals are the business of `aimd`.

use std::time::{Duration, Instant};

/// What is left of the pace after a ban. A little less than half, for one other client that takes half of the limit is as
/// common as a limit that is just exceeded.
const CUT: f64 = 0.48;

/// If nothing passes for this many windows after a refusal, it is a ban. Without one, a window is free again by then.
const SHORTEST: f64 = 1.02;

/// At a pace that is as slow as this part of the fastest, somebody else keeps the limit used up: it is not halved again.
const SLOW: f64 = 0.45;

/// After a ban the pace is held for this multiple of the ban's length: a faster pace may cost another ban.
const HOLD: u32 = 4;
const LONGEST_HOLD: Duration = Duration::from_secs(120);

/// Where a little more than a held pace was too much, that pace is held for this long.
const PROVEN_HOLD: Duration = Duration::from_secs(360);

/// Where the same number of calls, give or take this many, passes before each ban, though the pace is below this part of
/// what it was: the limiter counts calls, whatever their pace, and a slower pace is of no use. Seen this often, it is
/// believed. Small numbers are the same by chance.
const TOLERANCE: u32 = 1;
const SLOWER: f64 = 0.7;
const BELIEVED: u32 = 2;
const SMALL: u32 = 8;

/// Where a held pace was good and at most this multiple of it was too much, the pace returns to a little below it.
const A_LITTLE_MORE: f64 = 1.25;
const A_LITTLE_BELOW: f64 = 0.95;

/// Where the full pace, or this part of it, is banned after [`WHOLE`] of the calls of a window have passed, and before those of
/// [`SOON`] windows have, the limit is a little lower, or others use hardly any of it: then the pace is [`BELOW_BANNED`] of what
/// it was, for a long time. Once: where that is banned too, it was somebody else.
const FULL: f64 = 0.97;
const WHOLE: f64 = 0.96;
const SOON: f64 = 3.0;
const BELOW_BANNED: f64 = 0.96;
const BANNED_HOLD: Duration = Duration::from_secs(900);

/// What is remembered of bans. Paces are in calls per second.
#[derive(Debug)]
pub(crate) struct BanMemory {
    window: Duration,
    fastest: f64,
    /// No growth until then, and the pace that is held.
    hold: Option<(Instant, f64)>,
    /// A pace that was held and never refused meanwhile.
    good: Option<f64>,
    /// When the last ban was over, and the pace before it.
    last: Option<(Instant, f64)>,
    quota: Quota,
}

/// Whether bans come after a number of calls, however slowly they are made.
#[derive(Debug, Default)]
struct Quota {
    /// Calls that passed since the last ban.
    passed: u32,
    /// Calls that passed before it, and the fastest pace at which that was the number.
    before: Option<(u32, f64)>,
    /// How often in a row it was the same number at a slower pace.
    repeated: u32,
}

impl Quota {
    /// A ban is over that a call at `pace` brought about. Returns the pace to go on with, where a slower one is of no use.
    fn over(&mut self, pace: f64) -> Option<f64> {
        let passed = std::mem::take(&mut self.passed);
        let same = self.before.filter(|(calls, _)| passed >= SMALL && passed.abs_diff(*calls) <= TOLERANCE);
        let Some((calls, fastest)) = same else {
            (self.before, self.repeated) = (Some((passed, pace)), 0);
            return None;
        };
        self.before = Some((calls, fastest.max(pace)));
        // At the same pace any limiter lets the same number pass.
        if self.repeated < BELIEVED && pace > fastest * SLOWER {
            return None;
        }
        self.repeated = self.repeated.saturating_add(1);
        Some(if self.repeated < BELIEVED { pace } else { fastest })
    }
}

impl BanMemory {
    /// For a limit with this window.
    pub(crate) fn new(window: Duration, fastest: f64) -> Self {
        Self { window, fastest, hold: None, good: None, last: None, quota: Quota::default() }
    }

    /// Whether the pace has to stay as it is.
    pub(crate) fn holds(&mut self, now: Instant) -> bool {
        if let Some((_, pace)) = self.hold.take_if(|(until, _)| *until <= now) {
            self.good = Some(pace);
        }
        self.hold.is_some()
    }

    /// A call passed.
    pub(crate) fn passed(&mut self) {
        self.quota.passed = self.quota.passed.saturating_add(1);
    }

    /// Something passes again `lasted` after a refusal at `refused_pace`. Returns the pace to go on with if that was a ban.
    pub(crate) fn over(&mut self, refused_pace: f64, lasted: Duration, now: Instant) -> Option<f64> {
        if lasted < self.window.mul_f64(SHORTEST) {
            return None;
        }
        let passed = self.quota.passed;
        if let Some(pace) = self.quota.over(refused_pace) {
            self.hold = None;
            return Some(pace);
        }
        let windows = f64::from(passed) / (self.fastest * self.window.as_secs_f64());
        if refused_pace >= self.fastest * FULL && (WHOLE..SOON).contains(&windows) {
            let pace = refused_pace * BELOW_BANNED;
            self.hold = Some((now + BANNED_HOLD, pace));
            self.last = Some((now, refused_pace));
            return Some(pace);
        }
        let good = self.good.filter(|good| *good < refused_pace && refused_pace < good * A_LITTLE_MORE);
        if good.is_none() && refused_pace < self.fastest * SLOW {
            return None;
        }
        let pace = good.map_or(refused_pace * CUT, |good| good * A_LITTLE_BELOW);
        let hold = if good.is_some() { PROVEN_HOLD } else { (HOLD * lasted).min(LONGEST_HOLD) };
        self.hold = Some((now + hold, pace));
        self.last = Some((now, refused_pace));
        Some(pace)
    }

    /// A call is refused. Returns the pace before the last ban if that was none: a limiter starts counting anew after a ban,
    /// so who is refused within a window of its end, at half the pace, was kept out by others who use the limit up.
    pub(crate) fn was_none(&mut self, now: Instant) -> Option<f64> {
        let (_, pace) = self.last.take().filter(|(over_at, _)| now < *over_at + self.window)?;
        self.hold = None;
        Some(pace)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn memory() -> BanMemory {
        BanMemory::new(10 * SECOND, 5.0)
    }

    #[test]
    fn a_silence_of_more_than_a_window_is_a_ban_and_halves_the_pace() {
        let t0 = Instant::now();
        for (seconds, pace) in [(2, None), (10, None), (11, Some(2.4)), (30, Some(2.4)), (3600, Some(2.4))] {
            assert_eq!(memory().over(5.0, SECOND * seconds, t0), pace, "{seconds} s");
        }
    }

    #[test]
    fn the_full_pace_is_a_little_too_much_where_a_window_of_calls_passed_before_the_ban() {
        let t0 = Instant::now();
        for (passed, refused, expected) in
            [(49, 5.0, 4.8), (98, 4.9, 4.704), (33, 5.0, 2.4), (49, 4.8, 2.304), (600, 5.0, 2.4)]
        {
            let mut memory = memory();
            (0..passed).for_each(|_| memory.passed());
            let pace = memory.over(refused, 20 * SECOND, t0).unwrap();
            assert!((pace - expected).abs() < 1e-9, "{passed} {refused}: {pace}");
            assert_eq!(memory.holds(t0 + 890 * SECOND), expected > 4.0);
        }
    }

    #[test]
    fn the_pace_is_held_for_four_times_as_long_as_the_ban_and_two_minutes_at_most() {
        let t0 = Instant::now();
        for (lasted, hold) in [(11, 44), (20, 80), (600, 120)] {
            let mut memory = memory();
            memory.over(5.0, SECOND * lasted, t0);
            assert!(memory.holds(t0 + SECOND * (hold - 1)) && !memory.holds(t0 + SECOND * hold), "{lasted} s");
        }
    }

    #[test]
    fn a_pace_that_was_good_is_gone_back_to_when_a_little_more_was_too_much() {
        let t0 = Instant::now();
        for (refused, expected) in [(2.5, 0.95 * 2.4), (2.9, 0.95 * 2.4), (3.1, 0.48 * 3.1), (2.3, 0.48 * 2.3)] {
            let mut memory = memory();
            memory.over(5.0, 31 * SECOND, t0);
            assert!(!memory.holds(t0 + 121 * SECOND));
            let pace = memory.over(refused, 31 * SECOND, t0 + 200 * SECOND).unwrap();
            assert!((pace - expected).abs() < 1e-9, "{refused}: {pace}");
        }
    }

    #[test]
    fn refused_soon_after_it_there_was_no_ban() {
        let t0 = Instant::now();
        for (seconds, pace) in [(1, Some(5.0)), (9, Some(5.0)), (10, None), (60, None)] {
            let mut memory = memory();
            memory.over(5.0, 12 * SECOND, t0);
            assert_eq!(memory.was_none(t0 + SECOND * seconds), pace, "{seconds} s");
            assert_eq!(memory.was_none(t0 + SECOND * seconds), None, "once");
            assert_eq!(memory.holds(t0 + SECOND * seconds), pace.is_none() && seconds < 48, "{seconds} s");
        }
    }
}
