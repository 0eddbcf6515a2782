//! What a budget allows a run. The pace keeps to it.
//!
//! Values only.

use std::num::NonZeroU32;
use std::time::{Duration, Instant};

use crate::settings::rate::Limit;

/// The part of the limit that is a run's own until the next terms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Terms {
    /// One of this many equal parts of the limit.
    Part(NonZeroU32),
    /// Places of the window, leased from other hosts.
    Lease(Lease),
}

impl Terms {
    /// The whole limit.
    pub(crate) const ALL: Self = Self::Part(NonZeroU32::MIN);
}

/// Places of the window. Whoever keeps to them may send when it likes; the slots are there to space out the calls of
/// all hosts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Lease {
    /// Calls that may count at the server at once. None is a pause.
    pub(crate) places: u32,
    /// The limit that all hosts share.
    pub(crate) limit: Limit,
    /// One slot in this many is this run's.
    pub(crate) stride: NonZeroU32,
    /// One of this run's slots; unknown where nobody hands them out.
    pub(crate) slot: Option<Instant>,
}

impl Lease {
    /// How many times as long as the window divided by the calls a slot is.
    pub(crate) const MARGIN: f64 = 1.0 + Limit::MARGIN;

    /// The time from one slot of this run to its next.
    pub(crate) fn period(&self) -> Duration {
        let slot = self.limit.window.mul_f64(Self::MARGIN / f64::from(self.limit.calls.get()));
        slot.saturating_mul(self.stride.get())
    }
}
