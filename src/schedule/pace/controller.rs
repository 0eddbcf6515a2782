//! Shares the limit with unknown others: faster with every call that passes, slower when one is refused (AIMD).
//!
//! Never above the ceiling, which stays the hard limit. Knows nothing of freezes.

use std::time::{Duration, Instant};

use super::ceiling::Ceiling;
use crate::settings::rate::Limit;

/// Part of the limit by which the pace grows per window: +0.03 calls/s per second for 50/10 s.
const GROWTH: f64 = 0.06;

/// What is left of the pace after a refusal.
const CUT: f64 = 0.85;

/// The slowest pace, as a part of the limit: 0.1 calls/s for 50/10 s.
const SLOWEST: f64 = 0.02;

/// Growth is per window and cuts are once per window, but nobody can wait for windows of an hour.
const LONGEST_WINDOW: Duration = Duration::from_secs(60);

/// The pace aimed at.
#[derive(Debug)]
pub(super) struct Controller {
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
    last_cut: Option<Instant>,
}

impl Controller {
    /// Starts at the ceiling's pace: most often nobody else is there.
    pub(super) fn new(limit: Limit, ceiling: &Ceiling) -> Self {
        let window = limit.window.min(LONGEST_WINDOW);
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
        }
    }

    /// Keeps the relation of pace and limit.
    pub(super) fn set_limit(&mut self, limit: Limit, ceiling: &Ceiling) {
        let relation = self.pace / self.fastest;
        let (next, last_cut) = (self.next, self.last_cut);
        *self = Self::new(limit, ceiling);
        (self.next, self.last_cut) = (next, last_cut);
        self.pace = (self.fastest * relation).max(self.slowest);
    }

    /// When the next call may leave.
    pub(super) fn earliest(&self) -> Option<Instant> {
        self.next
    }

    pub(super) fn send(&mut self, now: Instant) {
        if self.pace >= self.fastest {
            self.next = None;
            return;
        }
        let from = now.checked_sub(self.slack).unwrap_or(now);
        let from = self.next.map_or(from, |next| next.max(from));
        self.next = Some(from + Duration::from_secs_f64(self.pace.recip()));
    }

    /// A call was not refused. Growth per call is such that a second of calls makes `growth`.
    pub(super) fn passed(&mut self) {
        self.pace = (self.pace + self.growth / self.pace).min(self.fastest);
    }

    /// A call that left at `left` was refused. Refusals of one window have one cause and cut once.
    pub(super) fn throttled(&mut self, left: Instant, now: Instant) {
        if self.last_cut.is_none_or(|cut| left >= cut && now.saturating_duration_since(cut) >= self.window) {
            self.pace = (self.pace * CUT).max(self.slowest);
            self.last_cut = Some(now);
        }
    }

    pub(super) fn pace(&self) -> f64 {
        self.pace
    }
}
