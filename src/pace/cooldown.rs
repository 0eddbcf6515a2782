//! Quiet after a refusal: short for one, longer for each that follows, and as long as the network asks.
//!
//! One freeze holds every call, since the limit is shared. Each is a little longer than it has to be, by chance: freezes
//! of exact length fall in step with whoever else calls at regular times, and then every call meets the same refusal.

use std::time::{Duration, Instant};

/// After a single refusal.
const FIRST: Duration = Duration::from_secs(2);

/// After a single one where refusals come by chance: see [`Cooldown::learn`].
const SHORTEST_FIRST: Duration = Duration::from_millis(250);

/// So many passes or fewer between two refusals are no pace at which a limit is kept.
const FEW: u32 = 4;

/// For so many rows of refusals it is remembered that a silence was not enough.
const IN_VAIN: u32 = 4;

/// After so many passes without a refusal a limit is kept again.
const MANY: u32 = 12;

/// However many refusals follow each other.
const LONGEST: Duration = Duration::from_secs(60);

/// Up to so much longer is each freeze by chance, as a part of it.
const JITTER: f64 = 0.25;

/// At least by up to so much, which is more than the gaps that limiters ask for and the periods of most clients.
const SHORTEST_JITTER: Duration = Duration::from_millis(400);

/// And at most so much.
const LONGEST_JITTER: Duration = Duration::from_secs(3);

/// And at most so much where the network has said when to come back.
const JITTER_AS_ASKED: Duration = Duration::from_secs(1);

/// A `Retry-After` is taken as at most this, far beyond what any caller waits for, so that times cannot overflow.
const FOREVER: Duration = Duration::from_secs(10 * 365 * 86_400);

/// Until when the network wants to hear nothing.
#[derive(Debug)]
pub(crate) struct Cooldown {
    until: Option<Instant>,
    /// Refusals in a row of calls that left after the freeze before them.
    refusals: u32,
    /// The silence after the next single refusal.
    first: Duration,
    /// Calls that passed since the last refusal, and between the last two rows of refusals.
    passes: u32,
    passes_before: u32,
    /// For so many rows more it is remembered that a silence was not enough.
    in_vain: u32,
    window: Duration,
    random: fastrand::Rng,
}

impl Cooldown {
    /// For a limit with this window.
    pub(crate) fn new(window: Duration) -> Self {
        // Before the first refusal nothing is known.
        let (passes, passes_before) = (MANY, MANY);
        Self {
            until: None,
            refusals: 0,
            first: FIRST,
            passes,
            passes_before,
            in_vain: 0,
            window,
            random: fastrand::Rng::with_seed(0),
        }
    }

    pub(crate) fn seed(&mut self, seed: u64) {
        self.random.seed(seed);
    }

    /// The end of the latest freeze, over or not.
    pub(crate) fn until(&self) -> Option<Instant> {
        self.until
    }

    /// A call sent at `sent_at` was not refused. One from before the freeze proves nothing about the time after.
    pub(crate) fn passed(&mut self, sent_at: Instant) {
        if self.is_after(sent_at) {
            self.learn();
            self.refusals = 0;
            self.passes = self.passes.saturating_add(1);
            if self.passes >= MANY {
                self.first = FIRST;
            }
        }
    }

    /// Something passes after a row of refusals. Where a few calls later one is refused again, and a silence is enough at
    /// one time and not at another, it is not how much was called that matters but when, such as beside a regular client
    /// at a limiter that keeps calls apart: then long silences help nobody. Where they are too short, they grow again.
    fn learn(&mut self) {
        match self.refusals {
            1 if self.passes_before <= FEW && self.in_vain > 0 => {
                self.in_vain -= 1;
                self.first = self.first.mul_f64(0.5).max(SHORTEST_FIRST);
            }
            0 | 1 => {}
            _ => {
                self.in_vain = if self.passes_before <= FEW { IN_VAIN } else { 0 };
                self.first = self.first.mul_f64(1.2).min(FIRST);
            }
        }
    }

    /// A call sent at `sent_at` was refused, and the answer read at `now`. Gives back for how long.
    pub(crate) fn throttled(&mut self, sent_at: Instant, now: Instant, retry_after: Option<Duration>) -> Duration {
        if self.is_after(sent_at) {
            if self.refusals == 0 {
                self.passes_before = std::mem::take(&mut self.passes);
            }
            self.refusals = self.refusals.saturating_add(1);
        }
        let own = self.own();
        let asked = retry_after.unwrap_or_default().min(FOREVER);
        let longest = if asked > own { JITTER_AS_ASKED } else { LONGEST_JITTER };
        let quiet = own.max(asked);
        let jitter = quiet.mul_f64(JITTER).max(SHORTEST_JITTER).min(longest);
        let quiet = quiet + jitter.mul_f64(self.random.f64());
        let until = now + quiet;
        self.until = Some(self.until.map_or(until, |before| before.max(until)));
        quiet
    }

    /// Doubles, but first stops at the window: when it is over, most limits have forgotten all there was. Only who bans
    /// for longer, or anew with each call, refuses after that.
    fn own(&self) -> Duration {
        let mut own = self.first;
        for _ in 1..self.refusals.min(16) {
            let next = 2 * own;
            own = if own < self.window && next > self.window { self.window + self.window / 20 } else { next };
        }
        own.min(LONGEST)
    }

    /// Several calls may be refused for one and the same reason; only what left after the freeze is news.
    fn is_after(&self, sent_at: Instant) -> bool {
        self.until.is_none_or(|until| sent_at >= until)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn freeze() -> Cooldown {
        Cooldown::new(Duration::from_secs(10))
    }

    /// That it lasts so many seconds from `now`, and up to so much longer.
    fn assert_lasts(freeze: &Cooldown, now: Instant, seconds: f64, longer: f64) {
        let lasts = freeze.until().map(|until| (until - now).as_secs_f64());
        assert!(lasts.is_some_and(|lasts| (seconds..=seconds + longer).contains(&lasts)), "{lasts:?}, not {seconds}");
    }

    #[test]
    fn refusals_in_a_row_double_the_silence_up_to_a_minute_with_a_stop_at_the_window() {
        for (window, freezes) in [
            (10, [2.0, 4.0, 8.0, 10.5, 21.0, 42.0, 60.0, 60.0]),
            (60, [2.0, 4.0, 8.0, 16.0, 32.0, 60.0, 60.0, 60.0]),
            (3600, [2.0, 4.0, 8.0, 16.0, 32.0, 60.0, 60.0, 60.0]),
        ] {
            let mut now = Instant::now();
            let mut freeze = Cooldown::new(Duration::from_secs(window));
            for seconds in freezes {
                freeze.throttled(now, now, None);
                assert_lasts(&freeze, now, seconds, 0.25 * seconds);
                now = freeze.until().unwrap();
            }
            freeze.passed(now);
            freeze.throttled(now, now, None);
            assert_lasts(&freeze, now, 2.0, 0.5);
        }
    }

    /// Rows of so many refusals with so many passes between them; the silence after the next single one.
    fn after_rows(rows: &[(u32, u32)]) -> Duration {
        let (mut freeze, mut now) = (freeze(), Instant::now());
        for (refusals, passes) in rows {
            for _ in 0..*refusals {
                freeze.throttled(now, now, None);
                now = freeze.until().unwrap();
            }
            (0..*passes).for_each(|_| freeze.passed(now));
        }
        freeze.first
    }

    #[test]
    fn silences_get_shorter_only_where_refusals_come_by_chance() {
        let chance =
            [(2, 1), (2, 1), (1, 1), (2, 2), (1, 1), (1, 2), (3, 1), (1, 1), (1, 1), (1, 1), (2, 1), (1, 1), (1, 2)];
        assert!(after_rows(&chance) < Duration::from_millis(400));
        assert!(after_rows(&[chance.as_slice(), &[(1, MANY)]].concat()) == FIRST, "a pace that is kept");
        assert!(after_rows(&[(1, 7); 20]) == FIRST, "somebody else uses the limit up");
        assert!(after_rows(&[(1, 1); 20]) == FIRST, "too fast: each silence is enough, and the pace is to be cut");
        assert!(after_rows(&[(1, 50), (1, 40)]) == FIRST, "a window");
        assert!(after_rows(&[(4, 1); 20]) == FIRST, "a ban");
        assert!(after_rows(&[(1, 1)]) == FIRST, "nothing is known of the time before");
    }

    #[test]
    fn calls_from_before_the_freeze_neither_double_nor_end_it() {
        let t0 = Instant::now();
        let mut freeze = freeze();
        freeze.throttled(t0, t0, None);
        freeze.throttled(t0, t0, None);
        assert_lasts(&freeze, t0, 2.0, 0.5);
        let later = freeze.until().unwrap();
        freeze.passed(t0);
        freeze.throttled(later, later, None);
        assert_lasts(&freeze, later, 4.0, 1.0);
    }

    #[test]
    fn the_network_may_ask_for_longer_but_not_for_shorter() {
        let t0 = Instant::now();
        for (asked, seconds, longer) in
            [(0, 2.0, 0.5), (3, 3.0, 0.75), (5, 5.0, 1.0), (600, 600.0, 1.0), (u64::MAX, FOREVER.as_secs_f64(), 1.0)]
        {
            let mut freeze = freeze();
            freeze.throttled(t0, t0, Some(Duration::from_secs(asked)));
            assert_lasts(&freeze, t0, seconds, longer);
        }
    }

    #[test]
    fn freezes_of_one_kind_end_at_all_places_of_a_second() {
        for asked in [None, Some(Duration::from_secs(4))] {
            let t0 = Instant::now();
            let mut freeze = freeze();
            let mut places = [0; 5];
            for _ in 0..500 {
                (freeze.until, freeze.refusals) = (None, 1);
                let quiet = freeze.throttled(t0, t0, asked);
                places[(quiet.subsec_millis() % 500 / 100) as usize] += 1;
            }
            assert!(places.iter().all(|count| *count > 50), "{places:?}");
        }
    }
}
