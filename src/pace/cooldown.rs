//! Silence after a refusal: short for one, longer for each that follows, and as long as the network asks.
//!
//! One cooldown holds every call, since the limit is shared. Each is longer by a random amount: cooldowns of exact length
//! fall in step with another client that calls at regular times, and then every call meets the same refusal.

use std::time::{Duration, Instant};

use crate::pace::ban_length::BanLength;

/// After a single refusal.
const FIRST: Duration = Duration::from_secs(2);

/// How much longer each one is than the one before, until a window is over.
const GROWTH: f64 = 1.65;

/// However many refusals follow each other.
const LONGEST: Duration = Duration::from_secs(60);

/// Each is longer by a random part of this much of it, within bounds: more than the gaps that limiters ask for and the
/// periods of most clients, and little beside a window.
const JITTER: f64 = 0.25;
const SHORTEST_JITTER: Duration = Duration::from_millis(400);
const LONGEST_JITTER: Duration = Duration::from_secs(1);

/// A `Retry-After` is taken as at most this, far beyond what any caller waits for, so that times cannot overflow.
const FOREVER: Duration = Duration::from_secs(10 * 365 * 86_400);

/// Until when the network wants to hear nothing.
#[derive(Debug)]
pub(crate) struct Cooldown {
    until: Option<Instant>,
    /// Refusals in a row, each of a call that left after the cooldown before it.
    refusals: i32,
    /// The cooldown after the last of them, and all of the row together, without jitter.
    own: Duration,
    total: Duration,
    window: Duration,
    bans: BanLength,
    random: fastrand::Rng,
}

impl Cooldown {
    /// For a limit with this window.
    pub(crate) fn new(window: Duration) -> Self {
        Self {
            until: None,
            refusals: 0,
            own: FIRST,
            total: Duration::ZERO,
            window,
            bans: BanLength::new(window),
            random: fastrand::Rng::with_seed(0),
        }
    }

    pub(crate) fn seed(&mut self, seed: u64) {
        self.random.seed(seed);
    }

    /// The end of the latest cooldown, over or not.
    pub(crate) fn until(&self) -> Option<Instant> {
        self.until
    }

    /// A call that left at `left` was not refused. One from before the cooldown proves nothing about the time after.
    pub(crate) fn passed(&mut self, left: Instant) {
        if self.is_after(left) {
            self.refusals = 0;
            self.total = Duration::ZERO;
            self.bans.passed(left);
        }
    }

    /// A call that left at `left` was refused, and the answer read at `now`. Returns the length of the cooldown.
    pub(crate) fn throttled(&mut self, left: Instant, now: Instant, retry_after: Option<Duration>) -> Duration {
        self.begin(left, now, retry_after, None)
    }

    /// The same for a refusal that looks like a ban.
    pub(crate) fn banned(&mut self, left: Instant, now: Instant, asked: Option<Duration>) -> Duration {
        let known = if self.is_after(left) { self.bans.refused(left) } else { None };
        self.begin(left, now, asked, known)
    }

    fn begin(&mut self, left: Instant, now: Instant, asked: Option<Duration>, known: Option<Duration>) -> Duration {
        if self.is_after(left) {
            self.own = known.map_or_else(|| self.next(), |known| known.clamp(FIRST, LONGEST));
            self.total += self.own;
            self.refusals = self.refusals.saturating_add(1);
        }
        let quiet = self.own.max(asked.unwrap_or_default().min(FOREVER));
        let jitter = quiet.mul_f64(JITTER).clamp(SHORTEST_JITTER, LONGEST_JITTER);
        let quiet = quiet + jitter.mul_f64(self.random.f64());
        let until = now + quiet;
        self.until = Some(self.until.map_or(until, |before| before.max(until)));
        quiet
    }

    /// The next one of a row. The first few end just after a window, when most limits have forgotten all there was. Only
    /// bans are left then: many last for one, two or three windows, and some begin anew with each call.
    fn next(&self) -> Duration {
        let next = if self.total < self.window {
            let end = self.window.mul_f64(1.1);
            FIRST.mul_f64(GROWTH.powi(self.refusals.min(16))).min(end.saturating_sub(self.total))
        } else if self.total < 3 * self.window {
            self.window.mul_f64(1.05)
        } else {
            self.total
        };
        next.clamp(FIRST, LONGEST)
    }

    /// Several calls may be refused for one and the same reason; only what left after the cooldown is news.
    fn is_after(&self, sent_at: Instant) -> bool {
        self.until.is_none_or(|until| sent_at >= until)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cooldown() -> Cooldown {
        Cooldown::new(Duration::from_secs(10))
    }

    /// That it lasts this many seconds from `now`, and at most `longer` more.
    fn assert_lasts(cooldown: &Cooldown, now: Instant, seconds: f64, longer: f64) {
        let lasts = cooldown.until().map(|until| (until - now).as_secs_f64());
        assert!(lasts.is_some_and(|lasts| (seconds..=seconds + longer).contains(&lasts)), "{lasts:?}, not {seconds}");
    }

    #[test]
    fn refusals_in_a_row_lengthen_the_silence_up_to_a_minute_with_stops_at_windows() {
        for (window, cooldowns) in [
            (10, [2.0, 3.3, 5.445, 10.5, 10.5, 31.745, 60.0, 60.0]),
            (60, [2.0, 3.3, 5.445, 8.984, 14.824, 24.459, 6.987, 60.0]),
            (3600, [2.0, 3.3, 5.445, 8.984, 14.824, 24.459, 40.358, 60.0]),
        ] {
            let mut now = Instant::now();
            let mut cooldown = Cooldown::new(Duration::from_secs(window));
            for seconds in cooldowns {
                cooldown.throttled(now, now, None);
                assert_lasts(&cooldown, now, seconds, (0.25 * seconds).min(1.0));
                now = cooldown.until().unwrap();
            }
            cooldown.passed(now);
            cooldown.throttled(now, now, None);
            assert_lasts(&cooldown, now, 2.0, 0.5);
        }
    }

    #[test]
    fn calls_from_before_the_cooldown_neither_lengthen_nor_end_it() {
        let t0 = Instant::now();
        let mut cooldown = cooldown();
        cooldown.throttled(t0, t0, None);
        cooldown.throttled(t0, t0, None);
        assert_lasts(&cooldown, t0, 2.0, 0.5);
        let later = cooldown.until().unwrap();
        cooldown.passed(t0);
        cooldown.throttled(later, later, None);
        assert_lasts(&cooldown, later, 3.3, 0.825);
    }

    #[test]
    fn the_network_may_ask_for_longer_but_not_for_shorter() {
        let t0 = Instant::now();
        for (asked, seconds, longer) in
            [(0, 2.0, 0.5), (3, 3.0, 0.75), (5, 5.0, 1.0), (600, 600.0, 1.0), (u64::MAX, FOREVER.as_secs_f64(), 1.0)]
        {
            let mut cooldown = cooldown();
            cooldown.throttled(t0, t0, Some(Duration::from_secs(asked)));
            assert_lasts(&cooldown, t0, seconds, longer);
        }
    }

    #[test]
    fn cooldowns_of_one_kind_end_at_all_places_of_a_second() {
        for asked in [None, Some(Duration::from_secs(4))] {
            let t0 = Instant::now();
            let mut cooldown = cooldown();
            let mut places = [0; 5];
            for _ in 0..500 {
                (cooldown.until, cooldown.refusals) = (None, 1);
                let quiet = cooldown.throttled(t0, t0, asked);
                places[(quiet.subsec_millis() % 500 / 100) as usize] += 1;
            }
            assert!(places.iter().all(|count| *count > 50), "{places:?}");
        }
    }
}
