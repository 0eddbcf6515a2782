//! Chance: when the others call, and how long a call is on its way. The same seed gives the same run.

use std::time::Duration;

use offerlinks::settings::rate::Limit;

use super::{Case, Traffic};

/// The other users of the limit.
pub(super) struct Others {
    case: Case,
    /// Calls that are left of the burst under way.
    in_burst: u32,
}

impl Others {
    pub(super) fn new(case: Case) -> Self {
        Self { case, in_burst: 0 }
    }

    /// With 2.5 s at 10 calls/s, an absent export leaves 0.6, 2.4 and 6.8 % of the others' calls refused on average
    /// at 30, 60 and 90 %: the traffic behind the table in the reliability notes.
    const BURST: u32 = 25;
    const GAP: Duration = Duration::from_millis(100);
    /// How often the absent look whether they are back.
    pub(super) const AWAY: Duration = Duration::from_secs(1);

    /// The time until their next call, `None` while they are away.
    pub(super) fn pause(&mut self, now: Duration, dice: &mut Dice) -> Option<Duration> {
        let percent = (self.case.others)(now);
        if percent == 0 {
            return None;
        }
        let gap = 1.0 / (Limit::PUBLISHED.per_second() * f64::from(percent) / 100.0);
        if self.case.traffic == Traffic::Poisson {
            return Some(dice.pause(gap));
        }
        if self.in_burst > 0 {
            self.in_burst -= 1;
            return Some(Self::GAP);
        }
        self.in_burst = Self::BURST - 1;
        let mean = f64::from(Self::BURST) * gap - f64::from(Self::BURST - 1) * Self::GAP.as_secs_f64();
        Some(dice.pause(mean))
    }
}

/// `SplitMix64`: small, and the same everywhere.
pub(super) struct Dice(pub(super) u64);

impl Dice {
    /// In (0, 1].
    fn roll(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^= bits >> 31;
        ((bits >> 11) + 1) as f64 / (1_u64 << 53) as f64
    }

    /// Evenly from zero to `whole`.
    pub(super) fn part(&mut self, whole: Duration) -> Duration {
        whole.mul_f64(self.roll())
    }

    /// Exponential, so that calls come at random.
    pub(super) fn pause(&mut self, mean: f64) -> Duration {
        Duration::from_secs_f64(-mean * self.roll().ln())
    }

    /// One way: 50 ms and a bit; 3 % set up a connection, 1 % lose a packet.
    pub(super) fn way(&mut self) -> Duration {
        let bit = (-2.0 * self.roll().ln()).sqrt() * (std::f64::consts::TAU * self.roll()).cos();
        let mut millis = 50.0 + 20.0 * bit.abs();
        match self.roll() {
            kind if kind < 0.01 => millis += 200.0 + 200.0 * self.roll(),
            kind if kind < 0.04 => millis += 100.0,
            _ => {}
        }
        Duration::from_secs_f64(millis / 1000.0)
    }
}
