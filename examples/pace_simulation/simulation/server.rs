//! The server of the simulation: remembers the calls it counts, and refuses what is too much.

use std::collections::VecDeque;
use std::time::Duration;

use offerlinks::settings::rate::Limit;

use super::{Case, Refused, Window};

/// The server's memory of the calls it counts.
pub(super) struct Server {
    case: Case,
    counted: VecDeque<Duration>,
    tokens: f64,
    refilled: Duration,
}

impl Server {
    const CALLS: usize = 50;
    const WINDOW: Duration = Duration::from_secs(10);

    pub(super) fn new(case: Case) -> Self {
        Self { case, counted: VecDeque::new(), tokens: Self::CALLS as f64, refilled: Duration::ZERO }
    }

    /// `Err` holds the time until there is room.
    pub(super) fn admit(&mut self, now: Duration) -> Result<(), Duration> {
        let room = match self.case.window {
            Window::Bucket => self.room_in_bucket(now),
            Window::Sliding | Window::Fixed => self.room_in_window(now),
        };
        if room.is_ok() || self.case.refused == Refused::Counted {
            self.counted.push_back(now);
            self.tokens = (self.tokens - 1.0).max(-(Self::CALLS as f64));
        }
        room
    }

    fn room_in_window(&mut self, now: Duration) -> Result<(), Duration> {
        let end = |counted: Duration| match self.case.window {
            Window::Fixed => Self::WINDOW * u32::try_from(counted.as_secs() / 10 + 1).unwrap_or(u32::MAX),
            _ => counted + Self::WINDOW,
        };
        while self.counted.front().is_some_and(|counted| end(*counted) <= now) {
            self.counted.pop_front();
        }
        match self.counted.len().checked_sub(Self::CALLS) {
            None => Ok(()),
            Some(excess) => {
                Err(self.counted.get(excess).map_or(Duration::ZERO, |counted| end(*counted).saturating_sub(now)))
            }
        }
    }

    fn room_in_bucket(&mut self, now: Duration) -> Result<(), Duration> {
        let rate = Limit::PUBLISHED.per_second();
        self.tokens = (self.tokens + rate * now.saturating_sub(self.refilled).as_secs_f64()).min(Self::CALLS as f64);
        self.refilled = now;
        if self.tokens >= 1.0 { Ok(()) } else { Err(Duration::from_secs_f64((1.0 - self.tokens) / rate)) }
    }
}
